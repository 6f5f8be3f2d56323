package fathomexport.inspect;

import fathomexport.ledger.RequestCount;
import fathomexport.ledger.RunRecord;
import fathomexport.run.Account;
import fathomexport.sinks.Sinks;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The use of the quota in the last days, from the ledger's counts or its records of runs. */
final class QuotaUse {
  /** How many days an overview shows. */
  static final int DAYS = 31;

  private static final int RUNS_OF_A_MONTH = 10_000;

  private QuotaUse() {}

  /** Reads how many requests all accounts have used. */
  static StatusOverview.Usage of(Sinks sinks, LocalDate today, List<Account> accounts) {
    Map<String, Integer> quotas = new LinkedHashMap<>();
    accounts.stream()
        .filter(Account::isNamed)
        .forEach(account -> quotas.put(account.name(), account.requestsPerMinute()));
    LocalDate from = today.minusDays(DAYS - 1L);
    LocalDate month = today.withDayOfMonth(1);
    List<RequestCount> counts = sinks.ledger().requestCounts(from);
    Map<LocalDate, Long> requests = new TreeMap<>();
    from.datesUntil(today.plusDays(1)).forEach(day -> requests.put(day, 0L));
    // Days before the first counted one are known from their run records.
    LocalDate counted =
        counts.stream().map(RequestCount::day).min(LocalDate::compareTo).orElse(LocalDate.MAX);
    for (RunRecord run : sinks.ledger().runs(RUNS_OF_A_MONTH)) {
      LocalDate day = LocalDate.ofInstant(run.startedAt(), ZoneOffset.UTC);
      if (day.isBefore(counted)) {
        requests.computeIfPresent(day, (d, n) -> n + run.requests());
      }
    }
    counts.forEach(c -> requests.computeIfPresent(c.day(), (d, n) -> n + c.requests()));
    return new StatusOverview.Usage(
        counts.isEmpty() ? "runs" : "counted",
        requests.getOrDefault(today, 0L),
        requests.entrySet().stream()
            .filter(e -> !e.getKey().isBefore(month))
            .mapToLong(Map.Entry::getValue)
            .sum(),
        counts.isEmpty()
            ? null
            : Long.valueOf(
                counts.stream()
                    .filter(c -> !c.day().isBefore(month))
                    .mapToLong(RequestCount::limited)
                    .sum()),
        accounts.stream().mapToInt(Account::requestsPerMinute).sum(),
        requests.entrySet().stream()
            .map(e -> new StatusOverview.DayUse(e.getKey(), e.getValue()))
            .toList(),
        quotas,
        byAccount(counts, month, accounts));
  }

  private static Map<String, Long> byAccount(
      List<RequestCount> counts, LocalDate month, List<Account> accounts) {
    Map<String, Long> byKey =
        counts.stream()
            .filter(c -> !c.day().isBefore(month))
            .collect(
                Collectors.groupingBy(
                    RequestCount::account, Collectors.summingLong(RequestCount::requests)));
    Map<String, Long> byName = new LinkedHashMap<>();
    accounts.stream()
        .filter(account -> account.isNamed() && byKey.containsKey(account.key()))
        .forEach(account -> byName.put(account.name(), byKey.get(account.key())));
    return byName;
  }
}
