package fathomexport.sink.postgres.views;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.sink.postgres.db.Sql;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The measures of a report on events, with the conversion rates that other reports make known. */
final class ConversionColumns {
  private static final String NULL_RATE =
      "; null where they are not known, or where the two reports cover other days or were measured"
          + " in other time zones. Each report has the numbers of the time when it was fetched. A"
          + " ratio: do not add it up or average it";

  private static final String ENTRANCES =
      ". By page, these visits are entrances (visits that began there): who came in elsewhere and"
          + " completed the event on the page is above the line and not below it, so that the rate"
          + " may exceed 1";

  private static final String NO_UNIQUES =
      "Always null: the report does not ask for unique_conversions";

  private final KnownReport report;
  private final List<KnownReport> all;
  private final SiteSources sources;
  private final ReportColumns shared;

  ConversionColumns(KnownReport report, List<KnownReport> all, SiteSources sources) {
    this.report = report;
    this.shared = new ReportColumns(report);
    this.all = all;
    this.sources = sources;
  }

  /** Returns the measures of an event report, and adds the joins that they need. */
  List<ViewColumn> columns(StringBuilder from) {
    List<ViewColumn> columns = new ArrayList<>();
    for (Aggregate a : List.of(Aggregate.CONVERSIONS, Aggregate.UNIQUE_CONVERSIONS)) {
      if (report.has(a)) {
        columns.add(
            new ViewColumn(
                a.apiName(), Measures.BIGINT, "t." + a.apiName(), Measures.meaning(report, a)));
      }
    }
    columns.addAll(shared.money(report.has(Aggregate.VALUE) ? "t.value" : "NULL::bigint"));
    from.append(
        "\nLEFT JOIN fathom.event e ON e.site_id = t.site_id AND e.event_name = t.event_name");
    String rate = "NULL";
    String groupRate = "NULL";
    String groupWords = NO_UNIQUES;
    if (report.has(Aggregate.UNIQUE_CONVERSIONS)) {
      String visits = siteVisits();
      if (!visits.isEmpty()) {
        rate = ofSameDays("v", Measures.ratio("t.unique_conversions", "v.visits"));
        from.append(visits);
      }
      List<KnownReport> same = sameGroups();
      if (!same.isEmpty()) {
        KnownReport groups = same.get(0);
        boolean several = same.size() > 1;
        groupRate =
            ofSameDays(several ? "g" : "gl", Measures.ratio("t.unique_conversions", "g.visits"));
        groupWords =
            "Unique conversions divided by the visits of the same group, from "
                + SiteSources.names(same)
                + (report.byPage() ? ENTRANCES : "")
                + NULL_RATE;
        from.append("\nLEFT JOIN ")
            .append(several ? "(" + visitsOfGroups(same) + ")" : groups.table())
            .append(" g ON g.site_id = t.site_id AND g.")
            .append(report.timeColumn())
            .append(" = t.")
            .append(report.timeColumn());
        if (report.grouping() == DateGrouping.NONE) {
          from.append(" AND g.date_to = t.date_to");
        }
        for (String field : report.fields()) {
          // Equality that takes null for equal, in a form that can be hashed.
          String name = Sql.name(field);
          from.append(
              " AND coalesce('=' || g.%s, '') = coalesce('=' || t.%s, '')".formatted(name, name));
        }
        if (!several) {
          from.append(groups.entry("gl", "g"));
        }
      } else {
        groupWords =
            report.grouped()
                ? "Always null: no report on pageviews "
                    + by()
                    + " that asks for visits has the same fields and filters"
                : "Always null: the report has no groups. conversion_rate is of the site's visits";
      }
    }
    columns.add(
        new ViewColumn(
            "conversion_rate",
            Measures.DOUBLE,
            rate,
            rate.equals("NULL")
                ? noRate()
                : "Unique conversions divided by the site's visits of the "
                    + report.each()
                    + NULL_RATE));
    columns.add(new ViewColumn("conversion_rate_of_group", Measures.DOUBLE, groupRate, groupWords));
    return columns;
  }

  private String by() {
    return report.grouping() == DateGrouping.NONE
        ? "without date grouping"
        : "by " + report.grouping().apiName();
  }

  private String noRate() {
    if (!report.has(Aggregate.UNIQUE_CONVERSIONS)) {
      return NO_UNIQUES;
    }
    return report.grouping() == DateGrouping.NONE
        ? "Always null: it is not computed for ranges of days. Where a report on pageviews has the"
            + " same range and asks for visits, divide unique_conversions by these"
        : "Always null: no report on pageviews "
            + by()
            + " without fields and filters asks for visits";
  }

  /**
   * Returns the join for the site's visits as {@code v}; empty if nothing measures them. Without a
   * report that measures them by month or year they are the sums of days, if all days are measured.
   */
  private String siteVisits() {
    DateGrouping grouping = report.grouping();
    if (grouping != DateGrouping.NONE
        && sources.of(grouping).stream().anyMatch(r -> r.has(Aggregate.VISITS))) {
      return "\nLEFT JOIN ("
          + sources.visits(grouping)
          + ") v ON v.site_id = t.site_id AND v."
          + report.timeColumn()
          + " = t."
          + report.timeColumn();
    }
    return switch (grouping) {
      case HOUR, DAY, NONE -> "";
      case MONTH -> sumOfDays("fathom_bi.site_month");
      case YEAR -> sumOfDays("fathom_bi.site_year");
    };
  }

  /**
   * Returns a rate, or null where the visits are of other days than the conversions, since one of
   * both was fetched before the period was over, or in another zone.
   *
   * @param visits has the {@code covers_to} and {@code zone} of the visits
   */
  private static String ofSameDays(String visits, String rate) {
    return "CASE WHEN %s.covers_to <> l.covers_to OR %s.zone <> l.zone THEN NULL ELSE %s END"
        .formatted(visits, visits, rate);
  }

  private static String sumOfDays(String view) {
    return "\nLEFT JOIN (SELECT p.site_id, p.first_day, p.visits, p.last_day AS covers_to, NULL::text AS zone FROM "
        + view
        + " p WHERE p.complete_days = p.days) v ON v.site_id = t.site_id AND v.first_day = t.date";
  }

  private String visitsOfGroups(List<KnownReport> same) {
    String fields =
        report.fields().stream().map(f -> ", " + Sql.name(f)).collect(Collectors.joining());
    return SiteSources.visits(same, report.timeColumn() + fields, "");
  }

  /** Returns the reports on the visits of the same groups; of ranges of days the best only. */
  private List<KnownReport> sameGroups() {
    List<KnownReport> same =
        all.stream()
            .filter(
                r ->
                    report.grouped()
                        && !r.ofEvents()
                        && r.grouping() == report.grouping()
                        && r.sameFields(report)
                        && r.filters().equals(report.filters())
                        && r.has(Aggregate.VISITS))
            .sorted(KnownReport.PREFERRED)
            .toList();
    return report.grouping() == DateGrouping.NONE
        ? same.subList(0, Math.min(1, same.size()))
        : same;
  }
}
