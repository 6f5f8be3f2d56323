package fathomexport.dashboard;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.Report;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowReader;
import java.io.IOException;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/** Compares sums of parts with their whole, to find out which measures add up. */
final class FileAgreements {
  private final FileTables tables;
  private final FileCoverage coverage;
  private final List<Report> reports;
  private final Facts facts;

  FileAgreements(FileTables tables, FileCoverage coverage, List<Report> reports, Facts facts) {
    this.tables = tables;
    this.coverage = coverage;
    this.reports = reports;
    this.facts = facts;
  }

  /** Adds what is found, by report, site and measure. */
  void add() throws IOException {
    for (Report parts : reports) {
      for (Report whole : reports) {
        boolean comparable =
            parts.entity() == Entity.PAGEVIEW
                && whole.entity() == Entity.PAGEVIEW
                && parts.dateGrouping() == DateGrouping.DAY
                && Set.copyOf(parts.filters()).equals(Set.copyOf(whole.filters()));
        boolean groups =
            whole.dateGrouping() == DateGrouping.DAY
                && !parts.fields().isEmpty()
                && whole.fields().isEmpty();
        boolean days =
            whole.dateGrouping() == DateGrouping.MONTH
                && Set.copyOf(parts.fields()).equals(Set.copyOf(whole.fields()));
        if (comparable && (groups || days)) {
          compare(parts, whole);
        }
      }
    }
  }

  private record SitePeriod(String site, LocalDate period) {}

  /** The sums of a group, or of all groups, in a period: of the parts, and the whole's own. */
  private static final class Sums {
    private final long[] summed = new long[3];
    private final int[] parts = new int[3];
    private final long[] own = new long[3];
  }

  private void compare(Report parts, Report whole) throws IOException {
    List<Aggregate> measures =
        Stream.of(Aggregate.VISITS, Aggregate.UNIQUES, Aggregate.PAGEVIEWS)
            .filter(a -> parts.aggregates().contains(a) && whole.aggregates().contains(a))
            .toList();
    if (measures.isEmpty()) {
      return;
    }
    boolean overDays = parts.dateGrouping() != whole.dateGrouping();
    Map<SitePeriod, Map<List<String>, Sums>> all = new HashMap<>();
    for (Report report : List.of(parts, whole)) {
      TableSchema schema = report.schema();
      Set<String> sites = new HashSet<>();
      coverage.slices().stream()
          .filter(s -> s.report().equals(report.name()))
          .forEach(s -> sites.add(s.site()));
      tables.rows(
          report,
          sites,
          facts.readFrom(),
          row -> {
            SitePeriod period =
                new SitePeriod(
                    FileTables.text(row, 0),
                    whole.dateGrouping().periodStart(LocalDate.ofEpochDay(row.integer(1))));
            Sums sums =
                all.computeIfAbsent(period, p -> new HashMap<>())
                    .computeIfAbsent(
                        overDays ? group(whole.fields(), schema, row) : List.of(), g -> new Sums());
            for (int i = 0; i < measures.size(); i++) {
              long value =
                  Objects.requireNonNullElse(
                      FileTables.count(row, schema.indexOf(measures.get(i).apiName())), 0L);
              if (report.equals(whole)) {
                sums.own[i] += value;
              } else {
                sums.summed[i] += value;
                sums.parts[i] += value > 0 ? 1 : 0;
              }
            }
          });
    }
    all.forEach(
        (period, groups) -> {
          if (!certified(parts, whole, period)) {
            return;
          }
          int witness = measures.indexOf(Aggregate.PAGEVIEWS);
          if (witness >= 0
              && groups.values().stream().mapToLong(s -> s.summed[witness] - s.own[witness]).sum()
                  != 0) {
            return; // The numbers of one side changed after those of the other were fetched.
          }
          for (int i = 0; i < measures.size(); i++) {
            int place = i;
            if (groups.values().stream().anyMatch(s -> s.parts[place] > 1)) {
              boolean agrees =
                  groups.values().stream().allMatch(s -> s.summed[place] == s.own[place]);
              facts.agreements.merge(
                  new Facts.Sum(
                      parts.name(),
                      period.site(),
                      measures.get(i).apiName(),
                      overDays ? Facts.OVER_DAYS : Facts.OVER_GROUPS),
                  new Facts.Agreement(1, agrees ? 1 : 0),
                  (a, b) ->
                      new Facts.Agreement(a.periods() + b.periods(), a.agreed() + b.agreed()));
            }
          }
        });
  }

  private static List<String> group(List<Field> fields, TableSchema schema, RowReader row) {
    return fields.stream()
        .map(f -> Labelling.shown(row.text(schema.indexOf(f.apiName()))))
        .toList();
  }

  /** Returns whether both sides of a period are certified, and the whole has traffic. */
  private boolean certified(Report parts, Report whole, SitePeriod period) {
    FileCoverage.Covered own = coverage.of(whole, period.site(), period.period());
    if (own == null || !own.state().equals("complete")) {
      return false;
    }
    LocalDate end = whole.dateGrouping().periodEnd(period.period());
    for (LocalDate day = period.period(); !day.isAfter(end); day = day.plusDays(1)) {
      // A month may be over at a site before it is on the page.
      FileCoverage.Covered part = coverage.of(parts, period.site(), day);
      if (part == null || !Set.of("complete", "empty").contains(part.state())) {
        return false;
      }
    }
    return true;
  }
}
