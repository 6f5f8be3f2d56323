package fathomexport.sink.postgres.views;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.sink.postgres.db.Sql;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The view of a report by channel. */
final class ChannelView {
  static final String SUFFIX = "_channel";

  /** The fields that {@code fathom.channel_rule} needs at least one of. */
  private static final Set<String> ORIGINS =
      Set.of("referrer_hostname", "referrer_source", "utm_source", "utm_medium", "utm_campaign");

  /** All fields that a rule may be about. */
  private static final Set<String> RULED =
      Set.of(
          "hostname",
          "pathname",
          "referrer_hostname",
          "referrer_pathname",
          "referrer_source",
          "utm_source",
          "utm_medium",
          "utm_campaign",
          "utm_content",
          "utm_term",
          "keyword",
          "ref");

  private static final Set<String> HOST_NAMES = Set.of("hostname", "referrer_hostname");

  private final KnownReport report;
  private final ReportColumns shared;
  private final SummedColumns sums;

  ChannelView(KnownReport report) {
    this.report = report;
    this.shared = new ReportColumns(report);
    this.sums = new SummedColumns(report);
  }

  /** Returns whether a report has a field that a rule needs. */
  static boolean serves(KnownReport report) {
    return report.fields().stream().anyMatch(ORIGINS::contains);
  }

  ViewDefinition view() {
    List<ViewColumn> columns = new ArrayList<>(shared.site("x"));
    columns.addAll(shared.time("x"));
    columns.add(shared.state());
    columns.add(
        new ViewColumn(
            "channel",
            Measures.TEXT,
            "x.channel",
            "Channel by the first matching rule of fathom.channel_rule; (none) where no rule"
                + " matches"
                + unknown()));
    columns.addAll(
        sums.of(
            "groups",
            measure ->
                measure == Aggregate.VALUE || measure == Aggregate.BOUNCE_RATE
                    ? ReportSums.isUnknownInRow(report, measure)
                    : ""));
    columns.addAll(shared.newest());
    String times =
        report.grouping() == DateGrouping.NONE
            ? "t.date_from, t.date_to"
            : "t." + report.timeColumn();
    String group = "t.site_id" + sums.event(", t.") + ", " + times;
    List<String> ruled = report.fields().stream().filter(RULED::contains).toList();
    String from =
        """
        FROM (SELECT %s, coalesce(h.channel, '(none)') AS channel%s
                FROM %s t
                LEFT JOIN LATERAL
                     (SELECT r.channel
                        FROM (SELECT %s) n, fathom.channel_rule r
                       WHERE %s
                       ORDER BY r.position
                       LIMIT 1) h ON true
               GROUP BY %s, coalesce(h.channel, '(none)')) x%s%s%s\
        """
            .formatted(
                group,
                ReportSums.columns(ReportSums.of(report)),
                report.table(),
                ruled.stream()
                    .map(f -> normalised(f) + " AS " + Sql.name(f))
                    .collect(Collectors.joining(", ")),
                ruled.stream().map(this::matches).collect(Collectors.joining("\n          OR ")),
                group,
                shared.evidence("x")
                    + ReportSums.definitions(report, Aggregate.VALUE, Aggregate.BOUNCE_RATE),
                sums.addsUp("over_groups"),
                sums.currency());
    return new ViewDefinition(
        report.name() + SUFFIX,
        "Report "
            + report.name()
            + " by channel (fathom.channel_rule): one row per site"
            + (report.ofEvents() ? ", event" : "")
            + ", "
            + report.each()
            + " and channel. Sums only: what does not add up over groups is null or left out"
            + ReportViews.aboutRanges(report),
        columns,
        from);
  }

  /** Returns words on the channels that the report's fields cannot tell. */
  private String unknown() {
    List<String> words = new ArrayList<>();
    if (report.fields().contains("referrer_source")
        && !ChannelRules.knowsEmpty("referrer_source", report.fields())) {
      words.add(
          "Rows with an empty referrer_source are (none), not direct: a referral may have a host"
              + " name and no source, and the report does not ask for referrer_hostname");
    }
    if (report.fields().stream().noneMatch(f -> f.startsWith("utm_"))) {
      words.add(
          "The report has no utm field, so that visits which a campaign, paid links or emails"
              + " brought are under the channels of their referrers");
    }
    if (!words.isEmpty()) {
      words.add(
          "A report with referrer_hostname, referrer_source, utm_source, utm_medium and"
              + " utm_campaign can tell all channels");
    }
    return words.stream().map(w -> ". " + w).collect(Collectors.joining());
  }

  private static String normalised(String field) {
    String text = "lower(t." + Sql.name(field) + ")";
    return HOST_NAMES.contains(field)
        ? "regexp_replace(" + text + ", '^([a-z][a-z0-9+.-]*://)?(www\\.)?', '')"
        : text;
  }

  private String matches(String field) {
    String value = "n." + Sql.name(field);
    return "(r.field = "
        + Sql.literal(field)
        + " AND CASE WHEN r.pattern = '' THEN "
        + (ChannelRules.knowsEmpty(field, report.fields())
            ? "coalesce(" + value + ", '') = ''"
            : "false")
        + " ELSE "
        + value
        + " <> '' AND ("
        + value
        + " LIKE r.like_pattern"
        + (HOST_NAMES.contains(field) ? " OR " + value + " LIKE '%.' || r.like_pattern" : "")
        + ") END)";
  }
}
