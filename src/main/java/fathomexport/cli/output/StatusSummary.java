package fathomexport.cli.output;

import fathomexport.inspect.StatusOverview;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The status of many sites on one screen: one row per report with its totals, then what is most
 * urgent, with like rows folded into one.
 */
public final class StatusSummary {
  private static final int URGENT = 8;
  private static final int PROBLEMS = 3;

  /** Orders rows that need attention: those that lack the most come first. */
  static final Comparator<StatusOverview.Line> MOST_URGENT =
      Comparator.comparing((StatusOverview.Line line) -> line.daysBehind() != null)
          .thenComparing(StatusOverview.Line::late, Comparator.reverseOrder())
          .thenComparing(line -> line.failed() + line.incomplete(), Comparator.reverseOrder())
          .thenComparing(StatusOverview.Line::missing, Comparator.reverseOrder())
          .thenComparing(StatusOverview.Line::stale, Comparator.reverseOrder());

  private StatusSummary() {}

  /** What rows have in common that are folded into one. */
  private record Alike(String report, @Nullable LocalDate freshTo, String state) {}

  /** Prints the rows of a status as totals. */
  public static void print(
      Printer printer, StatusOverview status, List<StatusOverview.Line> lines) {
    Map<String, List<StatusOverview.Line>> byReport = new LinkedHashMap<>();
    lines.forEach(l -> byReport.computeIfAbsent(l.report(), r -> new ArrayList<>()).add(l));
    List<List<String>> rows = new ArrayList<>();
    byReport.forEach((report, ofReport) -> rows.add(totals(report, ofReport)));
    if (rows.size() > 1) {
      rows.add(totals("all", lines));
    }
    table(
        printer,
        List.of(
            "report",
            "sites",
            "complete",
            "earliest fresh to",
            "never stored",
            "retired",
            "days late",
            "missing",
            "incomplete",
            "failed",
            "stale",
            "quarantined",
            "rows"),
        rows);
    List<StatusOverview.Line> wanting =
        lines.stream().filter(StatusOverview.Line::attention).sorted(MOST_URGENT).toList();
    if (!wanting.isEmpty()) {
      printer.line("");
      urgent(printer, status, wanting);
      problems(printer, status, wanting);
    }
  }

  private static List<String> totals(String name, List<StatusOverview.Line> lines) {
    List<String> row = new ArrayList<>();
    row.add(name);
    List<StatusOverview.Line> listed = lines.stream().filter(l -> !l.retired()).toList();
    Set<String> complete = sites(listed.stream());
    complete.removeAll(sites(listed.stream().filter(l -> l.attention() || l.neverStored())));
    row.add(Printer.number(sites(listed.stream()).size()));
    row.add(Printer.number(complete.size()));
    // Of the earliest site: to this day, all that is stored is fresh. The next column has the rest.
    row.add(
        listed.stream()
            .flatMap(l -> Stream.ofNullable(l.freshTo()))
            .min(Comparator.naturalOrder())
            .map(LocalDate::toString)
            .orElse("-"));
    row.add(Printer.number(listed.stream().filter(StatusOverview.Line::neverStored).count()));
    row.add(Printer.number(lines.size() - (long) listed.size()));
    List<ToLongFunction<StatusOverview.Line>> counts =
        List.of(
            StatusOverview.Line::late,
            StatusOverview.Line::missing,
            line -> line.retired() ? 0 : line.incomplete(),
            StatusOverview.Line::failed,
            StatusOverview.Line::stale,
            StatusOverview.Line::quarantined,
            StatusOverview.Line::rows);
    counts.forEach(count -> row.add(Printer.number(lines.stream().mapToLong(count).sum())));
    return row;
  }

  private static Set<String> sites(Stream<StatusOverview.Line> lines) {
    return lines.map(StatusOverview.Line::site).collect(Collectors.toCollection(HashSet::new));
  }

  /** Prints a table without the columns of counts that are zero in every row. */
  private static void table(Printer printer, List<String> header, List<List<String>> rows) {
    List<Integer> shown =
        IntStream.range(0, header.size())
            .filter(i -> i <= 2 || rows.stream().anyMatch(row -> !row.get(i).equals("0")))
            .boxed()
            .toList();
    printer.table(
        shown.stream().map(header::get).toList(),
        rows.stream().map(row -> shown.stream().map(row::get).toList()).toList());
  }

  /** Prints the rows that need attention, with those folded that are alike but for their site. */
  private static void urgent(
      Printer printer, StatusOverview status, List<StatusOverview.Line> wanting) {
    Map<Alike, List<StatusOverview.Line>> alike = new LinkedHashMap<>();
    for (StatusOverview.Line line : wanting) {
      alike
          .computeIfAbsent(
              new Alike(line.report(), line.freshTo(), LineWords.state(line)),
              a -> new ArrayList<>())
          .add(line);
    }
    List<List<String>> rows = new ArrayList<>();
    alike.entrySet().stream()
        .limit(URGENT)
        .forEach(
            e ->
                rows.add(
                    List.of(
                        e.getKey().report(),
                        slice(status, e.getValue().get(0))
                            + (e.getValue().size() == 1
                                ? ""
                                : " and " + Printer.number(e.getValue().size() - 1L) + " more"),
                        e.getKey().freshTo() == null ? "-" : e.getKey().freshTo().toString(),
                        e.getKey().state())));
    printer.table(List.of("most urgent", "site", "fresh to", "state"), rows);
    if (alike.size() > URGENT) {
      long rest = alike.values().stream().skip(URGENT).mapToLong(List::size).sum();
      printer.line(
          "and " + Printer.number(rest) + " more rows: list them with --attention or --all");
    }
  }

  /** Prints why attempts failed: each reason once, with the number of rows that it stopped. */
  private static void problems(
      Printer printer, StatusOverview status, List<StatusOverview.Line> wanting) {
    Map<String, List<StatusOverview.Line>> byReason = new LinkedHashMap<>();
    for (StatusOverview.Line line : wanting) {
      String problem = line.problem();
      if (problem != null) {
        byReason.computeIfAbsent(reason(problem), r -> new ArrayList<>()).add(line);
      }
    }
    byReason.entrySet().stream()
        .sorted(Comparator.comparing(e -> -e.getValue().size()))
        .limit(PROBLEMS)
        .forEach(
            e ->
                printer.line(
                    "! "
                        + e.getValue().get(0).report()
                        + " "
                        + slice(status, e.getValue().get(0))
                        + (e.getValue().size() == 1
                            ? ""
                            : " and " + Printer.number(e.getValue().size() - 1L) + " more rows")
                        + ": "
                        + e.getKey()));
    if (byReason.size() > PROBLEMS) {
      printer.line("! and " + (byReason.size() - PROBLEMS) + " other reasons: see --all");
    }
  }

  /** Returns a problem without the period that it begins with. */
  private static String reason(String problem) {
    int colon = problem.indexOf(": ");
    return colon < 0 ? problem : problem.substring(colon + 2);
  }

  /** Names rows: the first one, and how many more. */
  public static String rows(StatusOverview status, List<StatusOverview.Line> rows) {
    return rows.get(0).report()
        + " "
        + slice(status, rows.get(0))
        + (rows.size() == 1
            ? ""
            : " and "
                + Printer.number(rows.size() - 1L)
                + (rows.size() == 2 ? " more row" : " more rows"));
  }

  /** Returns the site of a row with its name, and its event. */
  public static String slice(StatusOverview status, StatusOverview.Line line) {
    String site = status.named(line.site());
    return line.event() == null ? site : site + " / " + line.event();
  }
}
