package fathomexport.dashboard;

import fathomexport.dashboard.Facts.ListKey;
import fathomexport.dashboard.Facts.Period;
import fathomexport.dashboard.Facts.Row;
import fathomexport.report.Field;
import fathomexport.report.Report;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowReader;
import java.io.IOException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The lists of pages, channels, referrers, campaigns and countries. */
final class FileLists {
  private final FileTables tables;
  private final FileCoverage coverage;
  private final List<Report> reports;
  private final Facts facts;

  FileLists(FileTables tables, FileCoverage coverage, List<Report> reports, Facts facts) {
    this.tables = tables;
    this.coverage = coverage;
    this.reports = reports;
    this.facts = facts;
  }

  /** The row of a list that rows of a report are added to. */
  private record Label(String main, String sub) {}

  private interface Labeller {
    /** Returns null for a row that is not in the list, and counts in its total only. */
    @Nullable Label of(RowReader row);
  }

  private static Labeller labeller(ListKind kind, Report report) {
    TableSchema schema = report.schema();
    List<Field> fields = report.fields();
    return switch (kind) {
      case PAGES -> {
        int path = schema.indexOf(Field.PATHNAME.apiName());
        int host = schema.indexOf(Field.HOSTNAME.apiName());
        yield row ->
            new Label(
                Labelling.shown(row.text(path)),
                host < 0 ? FileTables.text(row, 0) : Labelling.shown(row.text(host)));
      }
      case CHANNELS -> {
        Channels channels = new Channels(fields);
        yield row ->
            new Label(
                channels.of(
                    fields.stream()
                        .map(f -> FileTables.text(row, schema.indexOf(f.apiName())))
                        .toList()),
                "");
      }
      case REFERRERS -> {
        List<Integer> columns =
            Stream.of(Field.REFERRER_SOURCE, Field.REFERRER_HOSTNAME)
                .filter(fields::contains)
                .map(f -> schema.indexOf(f.apiName()))
                .toList();
        yield row ->
            new Label(
                columns.stream()
                    .map(c -> Labelling.shown(row.text(c)))
                    .filter(Labelling::present)
                    .findFirst()
                    .orElse(Labelling.noReferrer(fields)),
                "");
      }
      case CAMPAIGNS -> {
        List<Integer> columns =
            Labelling.CAMPAIGN.stream()
                .filter(fields::contains)
                .map(f -> schema.indexOf(f.apiName()))
                .toList();
        yield row -> {
          List<String> parts = columns.stream().map(c -> Labelling.shown(row.text(c))).toList();
          return parts.stream().anyMatch(Labelling::present)
              ? new Label(parts.get(0), String.join(" / ", parts.subList(1, parts.size())))
              : null;
        };
      }
      case COUNTRIES -> {
        int country = schema.indexOf(Field.COUNTRY_CODE.apiName());
        yield row -> new Label(Labelling.shown(row.text(country)), "");
      }
    };
  }

  private static final class Counted {
    private long pageviews;
    private @Nullable Long visits;
  }

  /** Adds a list of each site, and that of all sites. */
  void add(ListKind kind, List<Period> periods) throws IOException {
    Map<Report, Set<String>> shared = facts.sitesOf(kind.candidates(reports), coverage.slices());
    for (Map.Entry<Report, Set<String>> share : shared.entrySet()) {
      Report report = share.getKey();
      facts.listReports.merge(kind, Labelling.source(report), (a, b) -> a + ", " + b);
      facts.fills(kind, report.name(), share.getValue());
      TableSchema schema = report.schema();
      int pageviews = schema.indexOf("pageviews");
      int visits = schema.indexOf("visits");
      Labeller labeller = labeller(kind, report);
      Map<ListKey, Map<Label, Counted>> counted = new HashMap<>();
      Map<ListKey, Long> totals = new HashMap<>();
      tables.rows(
          report,
          share.getValue(),
          facts.readFrom(),
          row -> {
            Label label = labeller.of(row);
            long viewed = Objects.requireNonNullElse(FileTables.count(row, pageviews), 0L);
            LocalDate day = LocalDate.ofEpochDay(row.integer(1));
            for (int n = 0; n < periods.size(); n++) {
              if (!facts.shows(periods.get(n), day)) {
                continue;
              }
              for (String site : List.of(FileTables.text(row, 0), Facts.ALL_SITES)) {
                ListKey key = new ListKey(kind, n, site);
                totals.merge(key, viewed, Long::sum);
                Map<Label, Counted> labels = counted.computeIfAbsent(key, k -> new HashMap<>());
                if (label == null) {
                  continue;
                }
                Counted sum = labels.computeIfAbsent(label, l -> new Counted());
                sum.pageviews += viewed;
                sum.visits = Totals.plusKnown(sum.visits, FileTables.count(row, visits));
              }
            }
          });
      counted.forEach(
          (key, labels) -> {
            List<Row> rows = new ArrayList<>();
            labels.forEach(
                (label, sum) ->
                    rows.add(new Row(label.main(), label.sub(), sum.pageviews, sum.visits)));
            // Lists of several reports are merged, for which their first rows do not suffice.
            List<Row> kept = shared.size() == 1 ? Facts.top(rows) : rows;
            facts.addList(
                key,
                new Facts.Ranking(
                    totals.getOrDefault(key, 0L),
                    Labelling.withVisits(facts, kind, report, share.getValue(), key.site(), kept)));
          });
    }
  }
}
