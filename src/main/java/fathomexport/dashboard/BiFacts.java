package fathomexport.dashboard;

import fathomexport.dashboard.Facts.ListKey;
import fathomexport.dashboard.Facts.Period;
import fathomexport.dashboard.Facts.Row;
import fathomexport.dashboard.Facts.Slice;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Field;
import fathomexport.report.Report;
import fathomexport.sink.postgres.db.Parameters;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.db.Sql;
import fathomexport.sink.postgres.views.ViewCatalog;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Reads what a page shows from the views of schema {@code fathom_bi}, as a reader may. */
final class BiFacts {
  private static final String BI = "fathom_bi.";
  private static final String NONE = "'(none)'";

  private final Connection connection;
  private final List<Report> reports;
  private final Facts facts;

  /** What something is stored of. */
  private final Set<Slice> stored = new HashSet<>();

  private BiFacts(Connection connection, List<Report> reports, Facts facts) {
    this.connection = connection;
    this.reports = reports;
    this.facts = facts;
  }

  /**
   * Reads everything in one transaction, so that the numbers fit each other.
   *
   * @param connection of its own, in autocommit mode
   * @param at decides which days are over
   * @throws NoPageException if the views are not there
   */
  static Facts read(Connection connection, List<Report> reports, Instant at, String place)
      throws SQLException, NoPageException {
    Facts facts = new Facts(at, "PostgreSQL", reports);
    connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    connection.setReadOnly(true);
    connection.setAutoCommit(false);
    try {
      Queries.list(
          connection,
          "SELECT set_config('fathom.as_of', ?, true), set_config('jit', 'off', true)",
          p -> p.text(at.toString()),
          r -> 0);
      new BiFacts(connection, reports, facts).all(place);
    } finally {
      connection.rollback();
    }
    return facts;
  }

  private void all(String place) throws SQLException, NoPageException {
    if (!there("site_day")) {
      throw NoPageException.unreadable(
          "the database at "
              + place
              + " has no view fathom_bi.site_day, or its user may not see it");
    }
    sites();
    freshness();
    days();
    calendar();
    additivity();
    List<Period> periods = facts.layPeriods();
    for (ListKind kind : ListKind.values()) {
      list(kind, periods);
    }
    goals(periods);
  }

  private boolean there(String view) throws SQLException {
    return Queries.first(
            connection,
            "SELECT has_table_privilege(c.oid, 'SELECT') AS readable FROM pg_class c WHERE"
                + " c.relnamespace = to_regnamespace('fathom_bi') AND c.relname = ?",
            p -> p.text(view),
            r -> r.flag("readable"))
        .orElse(false);
  }

  private void sites() throws SQLException {
    Queries.list(
        connection,
        "SELECT site_id, name, time_zone FROM fathom.site",
        p -> {},
        r ->
            facts.sites.put(
                r.text("site_id"),
                new Facts.Site(
                    r.text("site_id"), r.textOrNull("name"), r.textOrNull("time_zone"))));
  }

  private void freshness() throws SQLException {
    Set<String> wanted = reports.stream().map(Report::name).collect(Collectors.toSet());
    Queries.list(
            connection,
            "SELECT report, site_id, event_name, last_day, yesterday, state FROM fathom_bi.freshness"
                + " ORDER BY report COLLATE \"C\", site_id COLLATE \"C\", event_name COLLATE \"C\"",
            p -> {},
            r ->
                new Facts.Fresh(
                    r.text("report"),
                    r.text("site_id"),
                    r.textOrNull("event_name"),
                    r.day("last_day"),
                    r.day("yesterday"),
                    r.text("state")))
        .stream()
        .filter(f -> wanted.contains(f.report()))
        .forEach(
            f -> {
              facts.freshness.add(f);
              stored.add(
                  new Slice(f.report(), f.site(), Objects.requireNonNullElse(f.event(), "")));
            });
    facts.endAt(facts.freshness.stream().map(Facts.Fresh::yesterday).toList());
  }

  private void days() throws SQLException {
    Queries.list(
        connection,
        "SELECT site_id, date, state, visits, uniques, pageviews, bounces, report"
            + " FROM fathom_bi.site_day WHERE date BETWEEN ? AND ?",
        p -> p.day(facts.readFrom()).day(facts.endOfMonth()),
        r ->
            facts
                .days
                .computeIfAbsent(r.text("site_id"), s -> new TreeMap<>())
                .put(
                    r.day("date"),
                    new Facts.Day(
                        r.text("state"),
                        r.numberOrNull("visits"),
                        r.numberOrNull("uniques"),
                        r.numberOrNull("pageviews"),
                        r.numberOrNull("bounces"),
                        r.text("report"))));
    facts.cutAtEnd();
    Queries.list(
        connection,
        "SELECT site_id, first_day, uniques FROM fathom_bi.site_month WHERE uniques IS NOT NULL"
            + " AND first_day >= ?",
        p -> p.day(facts.readFrom()),
        r -> {
          String site = r.text("site_id");
          LocalDate month = r.day("first_day");
          if (facts.showsWhole(site, month)) {
            facts
                .monthUniques
                .computeIfAbsent(site, s -> new TreeMap<>())
                .put(month, r.number("uniques"));
          }
          return 0;
        });
  }

  private void calendar() throws SQLException {
    List<String> daily =
        reports.stream()
            .filter(
                r -> r.dateGrouping() == DateGrouping.DAY || r.dateGrouping() == DateGrouping.HOUR)
            .map(Report::name)
            .toList();
    Queries.list(
        connection,
        "SELECT report, site_id, coalesce(event_name, '') AS event_name, date, state FROM fathom_bi.calendar"
            + " WHERE date BETWEEN ? AND ? AND report = ANY (?)",
        p -> p.day(facts.readFrom()).day(facts.end()).texts(daily),
        r -> {
          facts.state(
              new Slice(r.text("report"), r.text("site_id"), r.text("event_name")),
              r.day("date"),
              r.text("state"));
          return 0;
        });
  }

  private void additivity() throws SQLException {
    Queries.list(
        connection,
        "SELECT report, site_id, measure, direction, periods, agreed FROM fathom_bi.additivity",
        p -> {},
        r ->
            facts.agreements.put(
                new Facts.Sum(
                    r.text("report"), r.text("site_id"), r.text("measure"), r.text("direction")),
                new Facts.Agreement(r.number("periods"), r.number("agreed"))));
  }

  // --- Lists

  /**
   * The columns of a list's rows, as SQL over a view's row {@code v}.
   *
   * @param condition holds for the rows that are listed; the others count in the total only
   */
  private record Labels(String view, String main, String sub, String condition) {}

  private static String column(Field field) {
    return "v." + Sql.name(ViewCatalog.column(field));
  }

  private static Labels labels(ListKind kind, Report report) {
    String view = BI + Sql.name(report.name());
    List<Field> fields = report.fields();
    return switch (kind) {
      case PAGES ->
          new Labels(
              view,
              column(Field.PATHNAME),
              fields.contains(Field.HOSTNAME) ? column(Field.HOSTNAME) : "v.site_id",
              "true");
      case CHANNELS ->
          new Labels(BI + Sql.name(report.name() + "_channel"), "v.channel", "''", "true");
      case REFERRERS -> {
        StringBuilder main = new StringBuilder("CASE");
        for (Field field : List.of(Field.REFERRER_SOURCE, Field.REFERRER_HOSTNAME)) {
          if (fields.contains(field)) {
            main.append(
                " WHEN %s NOT IN ('', %s) THEN %s".formatted(column(field), NONE, column(field)));
          }
        }
        yield new Labels(
            view,
            main + " ELSE " + Sql.literal(Labelling.noReferrer(fields)) + " END",
            "''",
            "true");
      }
      case CAMPAIGNS -> {
        List<String> parts =
            Labelling.CAMPAIGN.stream().filter(fields::contains).map(BiFacts::column).toList();
        yield new Labels(
            view,
            parts.get(0),
            parts.size() == 1 ? "''" : String.join(" || ' / ' || ", parts.subList(1, parts.size())),
            parts.stream()
                .map(c -> c + " NOT IN ('', " + NONE + ")")
                .collect(Collectors.joining(" OR ", "(", ")")));
      }
      case COUNTRIES -> new Labels(view, column(Field.COUNTRY_CODE), "''", "true");
    };
  }

  private void list(ListKind kind, List<Period> periods) throws SQLException {
    List<Report> candidates = new ArrayList<>();
    for (Report report : kind.candidates(reports)) {
      if (there(labelsView(kind, report))) {
        candidates.add(report);
      }
    }
    Map<Report, Set<String>> sitesOf = facts.sitesOf(candidates, stored);
    for (Map.Entry<Report, Set<String>> share : sitesOf.entrySet()) {
      Report report = share.getKey();
      facts.listReports.merge(kind, Labelling.source(report), (a, b) -> a + ", " + b);
      facts.fills(kind, report.name(), share.getValue());
      // Lists of several reports are merged, for which their first rows do not suffice.
      int limit = sitesOf.size() == 1 ? Facts.TOP : Integer.MAX_VALUE;
      list(kind, report, share.getValue(), periods, limit);
    }
  }

  private static String labelsView(ListKind kind, Report report) {
    return kind == ListKind.CHANNELS ? report.name() + "_channel" : report.name();
  }

  private void list(
      ListKind kind, Report report, Set<String> sites, List<Period> periods, int limit)
      throws SQLException {
    Labels labels = labels(kind, report);
    boolean visits = report.aggregates().contains(Aggregate.VISITS);
    String sql =
        """
        WITH x AS (
          SELECT p.n, v.site_id, %s AS listed, CASE WHEN %s THEN %s ELSE '' END AS main,
                 CASE WHEN %s THEN %s ELSE '' END AS sub, sum(v.pageviews) AS pageviews, %s AS visits
            FROM %s v
            JOIN unnest(?::date[], ?::date[]) WITH ORDINALITY p (first_day, last_day, n)
              ON v.date BETWEEN p.first_day AND p.last_day
           WHERE v.date BETWEEN ? AND ? AND v.site_id = ANY (?)
           GROUP BY 1, 2, 3, 4, 5),
        y AS (
          SELECT n, coalesce(site_id, '') AS site_id, listed, main, sub,
                 sum(pageviews)::bigint AS pageviews, sum(visits)::bigint AS visits
            FROM x
           GROUP BY GROUPING SETS ((n, site_id, listed, main, sub), (n, listed, main, sub)))
        SELECT *
          FROM (SELECT y.*, (sum(pageviews) OVER (PARTITION BY n, site_id))::bigint AS total,
                       row_number() OVER (PARTITION BY n, site_id, listed
                                          ORDER BY pageviews DESC, main COLLATE "C", sub COLLATE "C") AS place
                  FROM y) z
         WHERE place <= ?
         ORDER BY n, site_id COLLATE "C", place\
        """
            .formatted(
                labels.condition(),
                labels.condition(),
                labels.main(),
                labels.condition(),
                labels.sub(),
                visits ? "sum(v.visits)" : "NULL::bigint",
                labels.view());
    Map<ListKey, List<Row>> rows = new HashMap<>();
    Map<ListKey, Long> totals = new HashMap<>();
    Queries.list(
        connection,
        sql,
        p -> bind(p, periods).texts(sites).integer(limit),
        r -> {
          ListKey key = new ListKey(kind, (int) r.number("n") - 1, r.text("site_id"));
          totals.put(key, r.number("total"));
          List<Row> some = rows.computeIfAbsent(key, k -> new ArrayList<>());
          return r.flag("listed")
              && some.add(
                  new Row(
                      r.text("main"),
                      r.text("sub"),
                      r.number("pageviews"),
                      r.numberOrNull("visits")));
        });
    rows.forEach(
        (key, some) ->
            facts.addList(
                key,
                new Facts.Ranking(
                    totals.getOrDefault(key, 0L),
                    Labelling.withVisits(facts, kind, report, sites, key.site(), some))));
  }

  /**
   * Binds the first and last days of all periods, as far as the page shows them, and the first and
   * last of all their days.
   */
  private Parameters bind(Parameters parameters, List<Period> periods) throws SQLException {
    return parameters
        .days(periods.stream().map(Period::first).toList())
        .days(periods.stream().map(facts::last).toList())
        .day(earliest(periods))
        .day(facts.end());
  }

  private static LocalDate earliest(List<Period> periods) {
    return periods.stream().map(Period::first).min(LocalDate::compareTo).orElse(LocalDate.EPOCH);
  }

  // --- Goals

  private void goals(List<Period> periods) throws SQLException {
    List<Report> candidates = new ArrayList<>();
    for (Report report : ListKind.goals(reports)) {
      if (there(report.name())) {
        candidates.add(report);
      }
    }
    Map<Slice, Report> chosen = facts.chosen(candidates, stored);
    facts.goalsFrom(chosen);
    for (Report report : candidates) {
      String sql =
          """
          SELECT p.n, v.site_id, v.event_name, v.currency, sum(v.conversions)::bigint AS conversions,
                 sum(v.value_cents)::bigint AS cents
            FROM fathom_bi.%s v
            JOIN unnest(?::date[], ?::date[]) WITH ORDINALITY p (first_day, last_day, n)
              ON v.date BETWEEN p.first_day AND p.last_day
           WHERE v.date BETWEEN ? AND ?
           GROUP BY 1, 2, 3, 4\
          """
              .formatted(Sql.name(report.name()));
      Queries.list(
              connection,
              sql,
              p -> bind(p, periods),
              r ->
                  new Facts.Goal(
                      (int) r.number("n") - 1,
                      r.text("site_id"),
                      r.text("event_name"),
                      r.textOrNull("currency"),
                      r.number("conversions"),
                      r.numberOrNull("cents")))
          .stream()
          .filter(g -> report.equals(chosen.get(new Slice("", g.site(), g.event()))))
          .forEach(facts.goals::add);
    }
  }
}
