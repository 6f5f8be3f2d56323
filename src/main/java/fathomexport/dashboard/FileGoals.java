package fathomexport.dashboard;

import fathomexport.dashboard.Facts.Period;
import fathomexport.dashboard.Facts.Slice;
import fathomexport.report.Report;
import fathomexport.report.TableSchema;
import java.io.IOException;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** How often the goals were reached, by site, event and period. */
final class FileGoals {
  private final FileTables tables;
  private final FileCoverage coverage;
  private final List<Report> reports;
  private final Facts facts;

  FileGoals(FileTables tables, FileCoverage coverage, List<Report> reports, Facts facts) {
    this.tables = tables;
    this.coverage = coverage;
    this.reports = reports;
    this.facts = facts;
  }

  private record GoalKey(int period, String site, String event) {}

  private static final class Achieved {
    private long conversions;
    private @Nullable Long cents;
  }

  /** Adds the goals of each period. */
  void add(List<Period> periods) throws IOException {
    Map<List<String>, String> currencies = new HashMap<>();
    tables.dimension(
        FileTables.EVENT,
        row -> {
          String currency = row.text(2);
          if (currency != null) {
            currencies.put(List.of(FileTables.text(row, 0), FileTables.text(row, 1)), currency);
          }
        });
    List<Report> candidates = ListKind.goals(reports);
    Map<Slice, Report> chosen = facts.chosen(candidates, coverage.slices());
    facts.goalsFrom(chosen);
    for (Report report : candidates) {
      TableSchema schema = report.schema();
      int conversions = schema.indexOf("conversions");
      int value = schema.indexOf("value");
      Map<GoalKey, Achieved> all = new HashMap<>();
      tables.rows(
          report,
          coverage.sites(report),
          facts.readFrom(),
          row -> {
            Slice slice = new Slice("", FileTables.text(row, 0), FileTables.text(row, 1));
            if (!report.equals(chosen.get(slice))) {
              return;
            }
            LocalDate day = LocalDate.ofEpochDay(row.integer(2));
            for (int n = 0; n < periods.size(); n++) {
              if (!facts.shows(periods.get(n), day)) {
                continue;
              }
              Achieved sum =
                  all.computeIfAbsent(
                      new GoalKey(n, slice.site(), slice.event()), k -> new Achieved());
              sum.conversions += Objects.requireNonNullElse(FileTables.count(row, conversions), 0L);
              sum.cents = Totals.plusKnown(sum.cents, FileTables.count(row, value));
            }
          });
      all.forEach(
          (key, sum) ->
              facts.goals.add(
                  new Facts.Goal(
                      key.period(),
                      key.site(),
                      key.event(),
                      currencies.get(List.of(key.site(), key.event())),
                      sum.conversions,
                      sum.cents)));
    }
  }
}
