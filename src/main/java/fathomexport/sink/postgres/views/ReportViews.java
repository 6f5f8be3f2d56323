package fathomexport.sink.postgres.views;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The views of one report: its rows, its months, and its channels. */
final class ReportViews {
  /** What may follow a report's name in the names of its views. */
  static final List<String> SUFFIXES = List.of("", MonthView.SUFFIX, ChannelView.SUFFIX);

  private final KnownReport report;
  private final List<KnownReport> all;
  private final SiteSources sources;
  private final ReportColumns shared;

  private ReportViews(KnownReport report, List<KnownReport> all, SiteSources sources) {
    this.report = report;
    this.all = all;
    this.sources = sources;
    this.shared = new ReportColumns(report);
  }

  /** Returns the views of a report; none if only {@link SiteViews} show it. */
  static List<ViewDefinition> of(KnownReport report, List<KnownReport> all, SiteSources sources) {
    ReportViews views = new ReportViews(report, all, sources);
    List<ViewDefinition> made = new ArrayList<>();
    if (sources.serves(report) && report.grouping() != DateGrouping.NONE) {
      return made;
    }
    if (!report.ofEvents() && !report.grouped() && report.grouping() == DateGrouping.DAY) {
      made.add(
          SiteViews.days(
              report.name(),
              "Report "
                  + report.name()
                  + " with its filters, dense: one row per site and day from the first stored day"
                  + " to the site's yesterday, and further where later days are stored, whatever"
                  + " fathom.as_of is. A day on which nothing was measured is 0, a day that was"
                  + " not measured is null",
              SiteSources.densePerDay(report),
              report.byPage()));
    } else {
      made.add(views.rows());
    }
    if (MonthSums.serves(report)) {
      made.add(new MonthView(report).view());
    }
    if (ChannelView.serves(report)) {
      made.add(new ChannelView(report).view());
    }
    return made;
  }

  /** Returns the words on the ranges of a report without date grouping, empty for other reports. */
  static String aboutRanges(KnownReport report) {
    return report.grouping() == DateGrouping.NONE
        ? ". Each run or backfill stores its own range of days, and ranges may overlap: never sum up"
            + " rows of several ranges. Choose one by date_from and date_to, or filter on is_newest,"
            + " which may be another range for each site"
            + (report.ofEvents() ? " and event" : "")
            + ";"
            + " for sums over time, define a report with date_grouping day. fathom_bi.calendar has"
            + " no row of this report: fathom_ops.ledger has one per stored range (period to period_end),"
            + " those without rows included"
        : "";
  }

  private ViewDefinition rows() {
    List<ViewColumn> columns = new ArrayList<>(shared.site("t"));
    columns.addAll(shared.time("t"));
    columns.add(shared.state());
    columns.addAll(shared.fields("t"));
    StringBuilder from = new StringBuilder("FROM " + report.table() + " t" + shared.evidence("t"));
    if (report.ofEvents()) {
      columns.addAll(new ConversionColumns(report, all, sources).columns(from));
    } else {
      for (Aggregate a : report.aggregates()) {
        columns.add(
            new ViewColumn(
                a.apiName(), Measures.type(a), "t." + a.apiName(), Measures.meaning(report, a)));
      }
      boolean rated = report.has(Aggregate.VISITS) && report.has(Aggregate.BOUNCE_RATE);
      if (rated) {
        from.append(ReportSums.definitions(report, Aggregate.BOUNCE_RATE));
      }
      columns.add(
          new ViewColumn(
              "bounces",
              Measures.BIGINT,
              rated
                  ? "CASE WHEN t.visits = 0 AND "
                      + ReportSums.isUnknownInRow(report, Aggregate.BOUNCE_RATE)
                      + " THEN NULL ELSE "
                      + Measures.bounces("t.visits", "t.bounce_rate")
                      + " END"
                  : "NULL",
              rated
                  ? Measures.bounces(report.grouping(), report.byPage())
                      + "; null for all groups of a period that was stored without the bounce rate"
                  : "Always null: the report does not ask for visits and bounce_rate"));
      boolean counted = report.has(Aggregate.PAGEVIEWS);
      columns.add(
          new ViewColumn(
              "share_of_pageviews",
              Measures.DOUBLE,
              counted ? Measures.ratio("t.pageviews", "l.pageviews_sum") : "NULL",
              counted
                  ? "Pageviews of the group, of all pageviews of the site"
                      + (report.filtered() ? " that pass the report's filters" : "")
                      + " in the "
                      + (report.grouping() == DateGrouping.HOUR ? "day" : report.each())
                      + ": the shares add up to 1. Do not add it up over "
                      + (report.grouping() == DateGrouping.HOUR ? "days" : "time")
                  : "Always null: the report does not ask for pageviews"));
    }
    columns.addAll(shared.newest());
    return new ViewDefinition(
        report.name(),
        "Report "
            + report.name()
            + ": one row per site"
            + (report.ofEvents() ? ", event" : "")
            + ", "
            + report.each()
            + report.fields().stream().map(f -> ", " + f).collect(Collectors.joining())
            + " with traffic"
            + (report.grouping() == DateGrouping.NONE
                ? aboutRanges(report)
                : ". fathom_bi.calendar says of a "
                    + (report.grouping() == DateGrouping.HOUR ? "day" : report.each())
                    + " without rows whether it is empty or missing")
            + (report.filtered() ? ". Only what passes the report's filters" : ""),
        columns,
        from.toString());
  }
}
