package fathomexport.sink.postgres.views;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.sink.postgres.db.Sql;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The views of one report: its rows, its months, and its channels. */
final class ReportViews {
  private static final String MONTH = "_month";
  private static final String CHANNEL = "_channel";

  /** What may follow a report's name in the names of its views. */
  static final List<String> SUFFIXES = List.of("", MONTH, CHANNEL);

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
  private final List<KnownReport> all;
  private final SiteSources sources;

  private ReportViews(KnownReport report, List<KnownReport> all, SiteSources sources) {
    this.report = report;
    this.all = all;
    this.sources = sources;
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
              SiteSources.densePerDay(report)));
    } else {
      made.add(views.rows());
    }
    if (MonthSums.serves(report)) {
      made.add(views.months());
    }
    if (report.fields().stream().anyMatch(ORIGINS::contains)) {
      made.add(views.channels());
    }
    return made;
  }

  /** Returns the qualified expression that shows a field: null becomes (none). */
  private static String shown(String column) {
    // A real "(none)" is put in quotes, one more than it has, so that two groups never become one.
    // Its first character, a quote or a parenthesis, is looked at first: that costs little per row.
    return ("CASE WHEN %s IS NULL THEN '(none)' WHEN ascii(%s) IN (34, 40) AND %s ~ '^\"*\\(none\\)\"*$'"
            + " THEN '\"' || %s || '\"' ELSE %s END")
        .formatted(column, column, column, column, column);
  }

  private List<ViewColumn> site(String row) {
    List<ViewColumn> columns = new ArrayList<>();
    columns.add(new ViewColumn("site_id", Measures.TEXT, row + ".site_id", "The site's id"));
    columns.add(
        new ViewColumn(
            "site_name",
            Measures.TEXT,
            "s.name",
            "The site's present name; null until the API has listed the site"));
    if (report.ofEvents()) {
      columns.add(
          new ViewColumn(
              "event_name",
              Measures.TEXT,
              row + ".event_name",
              "The event's name within the site"));
    }
    return columns;
  }

  private List<ViewColumn> time(String row) {
    return switch (report.grouping()) {
      case HOUR ->
          List.of(
              new ViewColumn(
                  "hour",
                  "timestamp without time zone",
                  row + ".hour",
                  "The hour, in the site's time zone"));
      case DAY ->
          List.of(
              new ViewColumn(
                  "date", Measures.DATE, row + ".date", "The day, in the site's time zone"));
      case MONTH, YEAR ->
          List.of(
              new ViewColumn(
                  "date",
                  Measures.DATE,
                  row + ".date",
                  "First day of the " + report.each() + ", in the site's time zone"));
      case NONE ->
          List.of(
              new ViewColumn(
                  "date_from", Measures.DATE, row + ".date_from", "First day of the range"),
              new ViewColumn("date_to", Measures.DATE, row + ".date_to", "Last day of the range"));
    };
  }

  private ViewColumn state() {
    return new ViewColumn(
        "state",
        Measures.TEXT,
        "fathom_ops.period_state(l.site_id IS NOT NULL, a.site_id IS NOT NULL, l.status,"
            + " coalesce(l.definition <> "
            + Sql.literal(report.definition())
            + ", false) OR coalesce(l.zone <> s.time_zone, false), l.covers_to < l.period_end,"
            + " l.rows)",
        SiteViews.stateOfDay());
  }

  /**
   * Returns the joins for {@link #state} and the site's name. Queries that use neither skip them.
   */
  private String evidence(String row) {
    return "\nLEFT JOIN fathom.site s ON s.site_id = "
        + row
        + ".site_id"
        + evidence("fathom_ops.ledger l", "l", row)
        + evidence("fathom_ops.attempt a", "a", row);
  }

  private String evidence(String table, String alias, String row) {
    return ("\nLEFT JOIN %s ON %s.report = %s AND %s.site_id = %s.site_id AND %s.event_name = %s"
            + " AND %s.period = %s AND %s.period_end = %s")
        .formatted(
            table,
            alias,
            Sql.literal(report.name()),
            alias,
            row,
            alias,
            report.eventKey(row),
            alias,
            report.period(row),
            alias,
            report.periodEnd(row));
  }

  /**
   * Returns the name that a field has in the views: its own, except for the visitor's state, since
   * {@code state} says how complete the row's period is.
   */
  static String column(String field) {
    return field.equals("state") ? "visitor_state" : field;
  }

  private List<ViewColumn> fields(String row) {
    List<ViewColumn> columns = new ArrayList<>();
    for (String field : report.fields()) {
      columns.add(
          new ViewColumn(
              column(field),
              Measures.TEXT,
              shown(row + "." + Sql.name(field)),
              "As the API reports it, with (none) where it has no value; '' is a separate group,"
                  + " and a real (none) stands in quotes"));
    }
    return columns;
  }

  private ViewDefinition rows() {
    List<ViewColumn> columns = new ArrayList<>(site("t"));
    columns.addAll(time("t"));
    columns.add(state());
    columns.addAll(fields("t"));
    StringBuilder from = new StringBuilder("FROM " + report.table() + " t" + evidence("t"));
    if (report.ofEvents()) {
      columns.addAll(conversions(from));
    } else {
      for (Aggregate a : report.aggregates()) {
        columns.add(
            new ViewColumn(a.apiName(), Measures.type(a), "t." + a.apiName(), Measures.meaning(a)));
      }
      boolean rated = report.has(Aggregate.VISITS) && report.has(Aggregate.BOUNCE_RATE);
      columns.add(
          new ViewColumn(
              "bounces",
              Measures.BIGINT,
              rated
                  ? "CASE WHEN t.visits = 0 AND "
                      + ReportSums.isUnknown(report, Aggregate.BOUNCE_RATE)
                      + " THEN NULL ELSE "
                      + Measures.bounces("t.visits", "t.bounce_rate")
                      + " END"
                  : "NULL",
              rated
                  ? Measures.BOUNCES
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
    return new ViewDefinition(
        report.name(),
        "Report "
            + report.name()
            + ": one row per site"
            + (report.ofEvents() ? ", event" : "")
            + ", "
            + report.each()
            + report.fields().stream().map(f -> ", " + f).collect(Collectors.joining())
            + " with traffic. fathom_bi.calendar says of a day without rows whether it is empty or"
            + " missing"
            + (report.filtered() ? ". Only what passes the report's filters" : ""),
        columns,
        from.toString());
  }

  /** Returns the measures of an event report, and adds the joins that they need. */
  private List<ViewColumn> conversions(StringBuilder from) {
    List<ViewColumn> columns = new ArrayList<>();
    for (Aggregate a : List.of(Aggregate.CONVERSIONS, Aggregate.UNIQUE_CONVERSIONS)) {
      if (report.has(a)) {
        columns.add(
            new ViewColumn(a.apiName(), Measures.BIGINT, "t." + a.apiName(), Measures.meaning(a)));
      }
    }
    columns.addAll(money(report.has(Aggregate.VALUE) ? "t.value" : "NULL::bigint"));
    from.append(
        "\nLEFT JOIN fathom.event e ON e.site_id = t.site_id AND e.event_name = t.event_name");
    String rate = "NULL";
    String groupRate = "NULL";
    String groupWords = "Always null: no report on pageviews by day has the same fields";
    if (report.has(Aggregate.UNIQUE_CONVERSIONS)) {
      String visits = siteVisits();
      if (!visits.isEmpty()) {
        rate = Measures.ratio("t.unique_conversions", "v.visits");
        from.append(visits);
      }
      Optional<KnownReport> same = sameGroups();
      if (same.isPresent()) {
        KnownReport groups = same.get();
        groupRate = Measures.ratio("t.unique_conversions", "g.visits");
        groupWords =
            "Unique conversions divided by the visits of the same group, from report "
                + groups.name()
                + "; null where they are not known. A ratio: do not add it up or average it";
        from.append("\nLEFT JOIN ")
            .append(groups.table())
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
      } else {
        groupWords =
            "Always null: no report on pageviews by "
                + report.grouping().apiName()
                + " has the same fields and filters";
      }
    }
    columns.add(
        new ViewColumn(
            "conversion_rate",
            Measures.DOUBLE,
            rate,
            rate.equals("NULL")
                ? "Always null: the site's visits or the unique conversions are not measured by "
                    + report.grouping().apiName()
                : "Unique conversions divided by the site's visits of the "
                    + report.each()
                    + "; null where they are not known. A ratio: do not add it up or average it"));
    columns.add(new ViewColumn("conversion_rate_of_group", Measures.DOUBLE, groupRate, groupWords));
    return columns;
  }

  private static List<ViewColumn> money(String cents) {
    return List.of(
        new ViewColumn(
            "value",
            Measures.NUMERIC,
            "round(" + cents + " / 100.0, 2)",
            Measures.meaning(Aggregate.VALUE)),
        new ViewColumn("value_cents", Measures.BIGINT, cents, Measures.VALUE_CENTS),
        new ViewColumn("currency", Measures.TEXT, "e.currency", Measures.CURRENCY));
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

  private static String sumOfDays(String view) {
    return "\nLEFT JOIN "
        + view
        + " v ON v.site_id = t.site_id AND v.first_day = t.date AND v.complete_days = v.days";
  }

  private Optional<KnownReport> sameGroups() {
    return report.grouped()
        ? all.stream()
            .filter(
                r ->
                    !r.ofEvents()
                        && r.grouping() == report.grouping()
                        && r.sameFields(report)
                        && r.filters().equals(report.filters())
                        && r.has(Aggregate.VISITS))
            .min(KnownReport.PREFERRED)
        : Optional.empty();
  }

  // --- Sums: per month, and per channel.

  /** Says of a measure whether rows of a sum were stored without it. */
  private interface Unknown {
    /** Returns the condition; empty if all groups of a sum are null then anyway. */
    String of(Aggregate measure);
  }

  /** Returns a sum, or null for all groups alike if some of their rows lack the measure. */
  private static String whereKnown(String sum, String... unknown) {
    String conditions =
        Arrays.stream(unknown)
            .filter(condition -> !condition.isEmpty())
            .map(condition -> "NOT coalesce(" + condition + ", false)")
            .collect(Collectors.joining(" AND "));
    return conditions.isEmpty() ? sum : "(CASE WHEN " + conditions + " THEN " + sum + " END)";
  }

  /** Returns the columns for {@link ReportSums} of a subquery {@code x}. */
  private List<ViewColumn> summed(String parts, Unknown unknown) {
    List<ViewColumn> columns = new ArrayList<>();
    for (Aggregate a : report.aggregates()) {
      String name = a.apiName();
      String sum = whereKnown("x." + (a == Aggregate.VALUE ? "value_cents" : name), unknown.of(a));
      switch (a) {
        case VISITS ->
            columns.add(
                new ViewColumn(
                    name,
                    Measures.BIGINT,
                    "CASE WHEN coalesce(u.visits, true) THEN " + sum + " END",
                    "Sum of the visits of the "
                        + parts
                        + "; null where visits were measured not to add up"));
        case UNIQUES, UNIQUE_CONVERSIONS ->
            columns.add(
                new ViewColumn(
                    name,
                    Measures.BIGINT,
                    "CASE WHEN coalesce(u.%s, false) THEN %s END".formatted(name, sum),
                    "Sum over the "
                        + parts
                        + " where fathom_bi.additivity shows that it is the number of the whole;"
                        + " otherwise null"));
        case PAGEVIEWS, CONVERSIONS ->
            columns.add(new ViewColumn(name, Measures.BIGINT, sum, "Sum over the " + parts));
        case VALUE -> columns.addAll(money(sum));
        // Averages have no weight; the bounce rate has one, and comes with the bounces.
        case AVG_DURATION, BOUNCE_RATE -> {}
      }
    }
    if (report.has(Aggregate.VISITS) && report.has(Aggregate.BOUNCE_RATE)) {
      columns.add(
          new ViewColumn(
              "bounces",
              Measures.BIGINT,
              whereKnown(
                  "x.bounces", unknown.of(Aggregate.VISITS), unknown.of(Aggregate.BOUNCE_RATE)),
              "Visits that bounced. "
                  + Measures.BOUNCES
                  + "; null for all groups alike where rows were stored without the bounce rate"));
      columns.add(
          new ViewColumn(
              "bounce_rate",
              Measures.DOUBLE,
              "100 * " + Measures.ratio("x.bounces", "x.rated_visits"),
              "Bounce rate in percent: the rates of the " + parts + " weighted with their visits"));
    }
    return columns;
  }

  private String addsUp(String direction) {
    return "\nLEFT JOIN fathom_ops.adds_up u ON u.report = "
        + Sql.literal(report.name())
        + " AND u.site_id = x.site_id AND u.direction = "
        + Sql.literal(direction);
  }

  /** Returns the join for the months of which a day was stored without a measure. */
  private String unknownInMonth() {
    List<Aggregate> measures = unknownMeasures();
    return measures.isEmpty()
        ? ""
        : """
        \nLEFT JOIN (SELECT q.site_id, q.event_name, q.month%s
                     FROM (SELECT l.site_id, l.event_name, date_trunc('month', l.period::timestamp)::date AS month%s
                             FROM fathom_ops.ledger l
                            WHERE l.report = %s AND l.stored AND l.definition <> %s) q
                    GROUP BY q.site_id, q.event_name, q.month) w
          ON w.site_id = x.site_id AND w.month = x.month AND w.event_name = x.event_name\
        """
            .formatted(
                measures.stream()
                    .map(a -> ", bool_or(q.no_%s) AS no_%s".formatted(a.apiName(), a.apiName()))
                    .collect(Collectors.joining()),
                measures.stream()
                    .map(a -> ", (" + ReportSums.isUnknown(report, a) + ") AS no_" + a.apiName())
                    .collect(Collectors.joining()),
                Sql.literal(report.name()),
                Sql.literal(report.definition()));
  }

  /** Returns the measures that a month of a group may lack in part. */
  private List<Aggregate> unknownMeasures() {
    return report.aggregates().stream().filter(a -> a != Aggregate.AVG_DURATION).toList();
  }

  private String currency() {
    return report.has(Aggregate.VALUE)
        ? "\nLEFT JOIN fathom.event e ON e.site_id = x.site_id AND e.event_name = x.event_name"
        : "";
  }

  private String event(String prefix) {
    return report.ofEvents() ? prefix + "event_name" : "";
  }

  private ViewDefinition months() {
    List<ViewColumn> columns = new ArrayList<>(site("x"));
    columns.add(new ViewColumn("month", Measures.DATE, "x.month", "First day of the month"));
    columns.add(
        new ViewColumn(
            "days",
            "integer",
            "(x.month + interval '1 month')::date - x.month",
            "Number of days of the month, measured or not"));
    columns.add(
        new ViewColumn(
            "complete_days",
            "integer",
            "c.complete_days",
            "Number of its days that are complete or empty; the sums are whole where it equals"
                + " days"));
    columns.add(
        new ViewColumn(
            "state",
            Measures.TEXT,
            "coalesce(c.state, 'missing')",
            "complete: every day of the month is complete or empty; provisional: not over yet;"
                + " stale: a day is stale; otherwise incomplete, such as where the first stored day"
                + " lies within it, and the sums are those of the measured days"));
    columns.addAll(fields("x"));
    columns.addAll(summed("days", measure -> "w.no_" + measure.apiName()));
    String evidence =
        """
        LEFT JOIN fathom.site s ON s.site_id = x.site_id
        LEFT JOIN (SELECT k.site_id, k.event_name, k.month, k.complete_days,
                          fathom_ops.state_of_days((k.month + interval '1 month')::date - k.month, k.due_days,
                                                   k.newest_day >= (k.month + interval '1 month' - interval '1 day')::date OR k.oldest_day > k.month,
                                                   k.known_days, k.complete_days, k.empty_days, k.stale_days) AS state
                     FROM (SELECT o.site_id, o.event_name, date_trunc('month', o.date::timestamp)::date AS month,
                                  min(o.date) AS oldest_day,
                                  max(o.date) AS newest_day,
                                  count(*) AS due_days,
                                  count(*) FILTER (WHERE o.state <> 'missing') AS known_days,
                                  count(*) FILTER (WHERE o.state IN ('complete', 'empty')) AS complete_days,
                                  count(*) FILTER (WHERE o.state = 'empty') AS empty_days,
                                  count(*) FILTER (WHERE o.state = 'stale') AS stale_days
                             FROM fathom_ops.calendar o
                            WHERE o.report = %s
                            GROUP BY o.site_id, o.event_name, date_trunc('month', o.date::timestamp)::date) k) c
          ON c.site_id = x.site_id AND c.month = x.month AND c.event_name = x.event_name%s%s%s\
        """
            .formatted(
                Sql.literal(report.name()), unknownInMonth(), addsUp("over_days"), currency());
    return new ViewDefinition(
        report.name() + MONTH,
        "Report "
            + report.name()
            + " by month: one row per site"
            + (report.ofEvents() ? ", event" : "")
            + ", month"
            + report.fields().stream().map(f -> ", " + f).collect(Collectors.joining())
            + ". Sums only: what does not add up over days is null or left out",
        columns,
        "FROM (" + MonthSums.query(report) + ") x\n" + evidence,
        "FROM (" + MonthSums.ofRows(report) + ") x\n" + evidence);
  }

  private ViewDefinition channels() {
    List<ViewColumn> columns = new ArrayList<>(site("x"));
    columns.addAll(time("x"));
    columns.add(state());
    columns.add(
        new ViewColumn(
            "channel",
            Measures.TEXT,
            "x.channel",
            "Channel by the first matching rule of fathom.channel_rule; (none) where no rule"
                + " matches"));
    columns.addAll(
        summed(
            "groups",
            measure ->
                measure == Aggregate.VALUE || measure == Aggregate.BOUNCE_RATE
                    ? ReportSums.isUnknown(report, measure)
                    : ""));
    String times =
        report.grouping() == DateGrouping.NONE
            ? "t.date_from, t.date_to"
            : "t." + report.timeColumn();
    String group = "t.site_id" + event(", t.") + ", " + times;
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
                ruled.stream()
                    .map(ReportViews::matches)
                    .collect(Collectors.joining("\n          OR ")),
                group,
                evidence("x"),
                addsUp("over_groups"),
                currency());
    return new ViewDefinition(
        report.name() + CHANNEL,
        "Report "
            + report.name()
            + " by channel (fathom.channel_rule): one row per site"
            + (report.ofEvents() ? ", event" : "")
            + ", "
            + report.each()
            + " and channel. Sums only: what does not add up over groups is null or left out",
        columns,
        from);
  }

  private static String normalised(String field) {
    String text = "lower(t." + Sql.name(field) + ")";
    return HOST_NAMES.contains(field)
        ? "regexp_replace(" + text + ", '^([a-z][a-z0-9+.-]*://)?(www\\.)?', '')"
        : text;
  }

  private static String matches(String field) {
    String value = "n." + Sql.name(field);
    return "(r.field = "
        + Sql.literal(field)
        + " AND CASE WHEN r.pattern = '' THEN coalesce("
        + value
        + ", '') = '' ELSE "
        + value
        + " <> '' AND ("
        + value
        + " LIKE r.like_pattern"
        + (HOST_NAMES.contains(field) ? " OR " + value + " LIKE '%.' || r.like_pattern" : "")
        + ") END)";
  }
}
