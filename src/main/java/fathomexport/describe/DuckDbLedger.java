package fathomexport.describe;

import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.Report;
import fathomexport.sink.postgres.views.ViewCatalog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The schema {@code fathom_ops} of the script for DuckDB: the ledger, from the footers of the
 * Parquet files and the notes beside them, and what the views of {@code fathom_bi} read besides it.
 */
final class DuckDbLedger {
  private final List<Report> reports;
  private final Path root;
  private final StringBuilder sql = new StringBuilder();

  private DuckDbLedger(List<Report> reports, Path root) {
    this.reports = reports;
    this.root = root;
  }

  /**
   * Returns the statements.
   *
   * @param root the directory of the Parquet files, absolute
   * @throws IOException if the directory cannot be read
   */
  static String of(List<Report> reports, Path root) throws IOException {
    DuckDbLedger ledger = new DuckDbLedger(reports, root);
    ledger.ledger();
    ledger.layer();
    return ledger.sql.toString();
  }

  private void ledger() throws IOException {
    List<String> footers = new ArrayList<>();
    for (Report report : reports) {
      String files = DuckDbTables.files(root, report);
      if (!files.isEmpty()) {
        footers.add(
            "SELECT %s AS report, %s AS date_grouping, decode(value) AS document FROM parquet_kv_metadata(%s) WHERE decode(key) = 'fathom_export.ledger'"
                .formatted(
                    DuckDbText.literal(report.name()),
                    DuckDbText.literal(report.dateGrouping().apiName()),
                    files));
      }
    }
    if (footers.isEmpty()) {
      footers.add(
          "SELECT NULL::VARCHAR AS report, NULL::VARCHAR AS date_grouping, NULL::VARCHAR AS"
              + " document WHERE false");
    }
    sql.append(
        """

        -- The ledger, from the footers of the files.
        CREATE OR REPLACE VIEW fathom_ops.ledger AS
        SELECT x.report, x.site_id, coalesce(x.p.event, '') AS event_name, x.p.period AS period,
               CASE x.date_grouping WHEN 'month' THEN (x.p.period + INTERVAL 1 MONTH - INTERVAL 1 DAY)::DATE
                                    WHEN 'year' THEN (x.p.period + INTERVAL 1 YEAR - INTERVAL 1 DAY)::DATE
                                    WHEN 'none' THEN x.p.covers_to
                                    ELSE x.p.period END AS period_end,
               x.p.covers_to AS covers_to, x.p.status AS status, x.p.rows AS rows, x.p.stored AS stored,
               x.c.definition AS definition, x.c.zone AS zone, x.c.fetched_at AS fetched_at,
               x.p.confirmed_at AS confirmed_at, x.p.sums.pageviews AS pageviews_sum,
               x.p.sums.conversions AS conversions_sum
          FROM (SELECT y.report, y.date_grouping, y.site_id, y.p, y.commits[y.p."commit" + 1] AS c
                  FROM (SELECT z.report, z.date_grouping, z.d.site_id AS site_id, z.d.commits AS commits, unnest(z.d.periods) AS p
                          FROM (SELECT f.report, f.date_grouping,
                                       from_json(f.document, '{"commits": [{"definition": "VARCHAR", "fetched_at": "TIMESTAMPTZ", "zone": "VARCHAR"}],
                                                  "periods": [{"commit": "INTEGER", "confirmed_at": "TIMESTAMPTZ", "covers_to": "DATE", "event": "VARCHAR",
                                                               "period": "DATE", "rows": "BIGINT", "status": "VARCHAR", "stored": "BOOLEAN",
                                                               "sums": {"pageviews": "BIGINT", "conversions": "BIGINT"}}],
                                                  "site_id": "VARCHAR"}') AS d
                                  FROM (%s) f) z) y) x;
        """
            .formatted(
                String.join("\n                                        UNION ALL ", footers)));
  }

  private void layer() throws IOException {
    sql.append(
        """

        CREATE OR REPLACE VIEW fathom_ops.attempt AS
        SELECT NULL::VARCHAR AS report, NULL::VARCHAR AS site_id, NULL::VARCHAR AS event_name, NULL::DATE AS period, NULL::DATE AS period_end
         WHERE false;

        -- Whether measures add up, measured when this script runs: run it again to measure what has come since.
        CREATE OR REPLACE TABLE fathom_ops.additivity AS
        %s;

        CREATE OR REPLACE VIEW fathom_ops.adds_up AS
        SELECT a.report, a.site_id, a.direction,
               coalesce(sum(a.periods - a.agreed) FILTER (WHERE a.measure = 'visits') = 0, true) AS visits,
               coalesce(sum(a.periods) FILTER (WHERE a.measure = 'uniques') > 0
                        AND sum(a.periods - a.agreed) FILTER (WHERE a.measure = 'uniques') = 0, false) AS uniques,
               coalesce(sum(a.periods) FILTER (WHERE a.measure = 'unique_conversions') > 0
                        AND sum(a.periods - a.agreed) FILTER (WHERE a.measure = 'unique_conversions') = 0, false) AS unique_conversions
          FROM fathom_ops.additivity a
         GROUP BY a.report, a.site_id, a.direction;

        CREATE OR REPLACE VIEW fathom_ops.report AS
        SELECT * FROM (VALUES
          %s
        ) r (report, entity, date_grouping, fields, aggregates, definition);

        -- Footers contain digests of definitions, the notes beside the files what they stand for. The present definition is
        -- valid since the first fetch under it that follows those under all others.
        CREATE OR REPLACE VIEW fathom_ops.report_definition AS
        SELECT n.report,
               (SELECT min(l.fetched_at)
                  FROM fathom_ops.ledger l
                 WHERE l.report = n.report AND l.definition = n.digest
                   AND (n.digest <> n.present
                        OR l.fetched_at > coalesce((SELECT max(o.first) FROM (SELECT k.report, k.definition, min(k.fetched_at) AS first
                                                                                FROM fathom_ops.ledger k
                                                                               GROUP BY k.report, k.definition) o
                                                     WHERE o.report = n.report AND o.definition <> n.present),
                                                   '-infinity'::TIMESTAMPTZ))) AS valid_from,
               n.digest, n.content ->> 'entity' AS entity, n.content ->> 'date_grouping' AS date_grouping,
               n.content -> 'field_grouping' AS fields, n.content -> 'aggregates' AS aggregates, n.content -> 'filters' AS filters
          FROM (%s) n
         WHERE n.digest = n.present
            OR EXISTS (SELECT 1 FROM fathom_ops.ledger l WHERE l.report = n.report AND l.definition = n.digest);

        CREATE OR REPLACE MACRO fathom_ops.known_zone(zone_name) AS
          (SELECT k.name FROM pg_timezone_names() k WHERE k.name = zone_name);

        CREATE OR REPLACE MACRO fathom_ops.as_of() AS coalesce(getvariable('fathom_as_of')::TIMESTAMPTZ, now()::TIMESTAMPTZ);

        CREATE OR REPLACE MACRO fathom_ops.period_state(known, failed, status, stale, provisional, "rows", ended) AS
          CASE WHEN failed THEN 'incomplete'
               WHEN NOT known THEN 'missing'
               WHEN status <> 'certified' AND status <> 'uncertified' THEN 'incomplete'
               WHEN stale THEN 'stale'
               WHEN ended THEN 'incomplete'
               WHEN provisional THEN 'provisional'
               WHEN "rows" > 0 THEN 'complete'
               WHEN status = 'certified' THEN 'empty'
               ELSE 'incomplete' END;

        CREATE OR REPLACE MACRO fathom_ops.state_of_days(length, due, over_, known, done, empty, stale) AS
          CASE WHEN known = 0 THEN 'missing'
               WHEN stale > 0 THEN 'stale'
               WHEN empty = length THEN 'empty'
               WHEN done = length THEN 'complete'
               WHEN done = due AND NOT over_ THEN 'provisional'
               ELSE 'incomplete' END;

        -- What no pipeline's list has contained since it was last seen.
        CREATE OR REPLACE VIEW fathom_ops.retired AS
        SELECT l.site_id, coalesce(l.event, '') AS event_name, max(l.unlisted_at) AS retired_at, max(l.last_day) AS last_day
          FROM (SELECT t.l.site_id AS site_id, t.l.event AS event, t.l.unlisted_at AS unlisted_at, t.l.last_day AS last_day FROM (%s) t) l
          LEFT JOIN fathom.site s ON s.site_id = l.site_id AND l.event IS NULL
          LEFT JOIN fathom.event e ON e.site_id = l.site_id AND e.event_name = l.event
         WHERE l.unlisted_at > coalesce(s.last_seen_at, e.last_seen_at, '-infinity'::TIMESTAMPTZ)
         GROUP BY 1, 2;

        CREATE OR REPLACE MACRO fathom_ops.has_ended(of_site, of_event) AS
          EXISTS (SELECT 1 FROM fathom_ops.retired d
                   WHERE d.site_id = of_site AND d.event_name IN ('', of_event) AND d.last_day IS NOT NULL);

        CREATE OR REPLACE VIEW fathom_ops.stored AS
        SELECT q.*, least((timezone(q.zone, fathom_ops.as_of()))::DATE - 1,
                          (SELECT min(d.last_day) FROM fathom_ops.retired d
                            WHERE d.site_id = q.site_id AND (d.event_name = '' OR d.event_name = q.event_name))) AS yesterday
          FROM (SELECT s.report, r.date_grouping, r.definition, s.site_id, x.name AS site_name, s.event_name, s.first_day, s.last_day,
                       x.time_zone, coalesce(k.name, 'Etc/GMT+12') AS zone, s.fetched_at, s.confirmed_at
                  FROM (SELECT l.report, l.site_id, l.event_name, min(l.period) AS first_day, max(l.covers_to) AS last_day,
                               max(l.fetched_at) AS fetched_at, max(l.confirmed_at) AS confirmed_at, arg_max(l.zone, l.period) AS last_zone
                          FROM fathom_ops.ledger l
                         WHERE l.stored
                         GROUP BY l.report, l.site_id, l.event_name) s
                  JOIN fathom_ops.report r ON r.report = s.report
                  LEFT JOIN fathom.site x ON x.site_id = s.site_id
                  LEFT JOIN pg_timezone_names() k ON k.name = coalesce(x.time_zone, s.last_zone)) q;

        CREATE OR REPLACE VIEW fathom_ops.calendar AS
        SELECT s.report, s.site_id, s.site_name, s.event_name, s.day AS date,
               fathom_ops.period_state(l.site_id IS NOT NULL, false, l.status,
                                       coalesce(l.definition <> s.definition, false) OR coalesce(l.zone <> s.time_zone, false),
                                       l.covers_to < l.period_end, l.rows,
                                       l.covers_to < l.period_end AND fathom_ops.has_ended(s.site_id, s.event_name)) AS state,
               coalesce(l.stored AND l.status = 'certified', false) AS measured,
               l.covers_to, coalesce(l.zone, s.zone) AS zone, l.fetched_at, l.confirmed_at,
               coalesce(l.covers_to < l.period_end AND fathom_ops.has_ended(s.site_id, s.event_name), false) AS ended
          FROM (SELECT t.*, unnest(generate_series(t.first_day::TIMESTAMP, greatest(t.yesterday, t.last_day)::TIMESTAMP,
                                                   CASE t.date_grouping WHEN 'month' THEN INTERVAL 1 MONTH
                                                                        WHEN 'year' THEN INTERVAL 1 YEAR
                                                                        ELSE INTERVAL 1 DAY END))::DATE AS day
                  FROM fathom_ops.stored t
                 WHERE t.date_grouping <> 'none') s
          LEFT JOIN fathom_ops.ledger l
            ON l.report = s.report AND l.site_id = s.site_id AND l.event_name = s.event_name AND l.period = s.day;

        CREATE OR REPLACE MACRO fathom_ops.source_of_missing(of_reports, of_site, of_day) AS
          (SELECT s.report
             FROM fathom_ops.stored s
            WHERE list_contains(of_reports, s.report) AND s.site_id = of_site AND s.event_name = '' AND s.first_day < of_day
            ORDER BY (s.last_day < of_day), list_position(of_reports, s.report)
            LIMIT 1);

        CREATE OR REPLACE MACRO fathom_ops.state_on(of_reports, of_site, of_day) AS
          coalesce((SELECT c.state
                      FROM fathom_ops.calendar c
                     WHERE list_contains(of_reports, c.report) AND c.site_id = of_site AND c.date = of_day
                     ORDER BY (c.state = 'missing'), c.report
                     LIMIT 1), 'missing');

        -- The hours of the days of hourly reports, from the quarters of an hour that bear their labels: more than four of
        -- them are a repeated hour.
        CREATE OR REPLACE VIEW fathom_ops.local_hour AS
        SELECT q.zone, q.hour, q.hour::DATE AS day, min(q.instant) AS hour_utc, count(*) > 4 AS is_repeated
          FROM (SELECT z.zone, z.instant, date_trunc('hour', timezone(z.tz, z.instant)) AS hour
                  FROM (SELECT d.zone, d.tz, timezone('UTC', unnest(generate_series(d.first_day - INTERVAL 1 DAY, d.last_day + INTERVAL 2 DAY,
                                                                              INTERVAL 15 MINUTE))) AS instant
                          FROM (SELECT c.zone, coalesce(fathom_ops.known_zone(c.zone), 'Etc/GMT+12') AS tz,
                                       min(c.date)::TIMESTAMP AS first_day, max(c.date)::TIMESTAMP AS last_day
                                  FROM fathom_ops.calendar c
                                  JOIN fathom_ops.report r ON r.report = c.report AND r.date_grouping = 'hour'
                                 GROUP BY 1, 2) d) z) q
         GROUP BY q.zone, q.hour;
        """
            .formatted(
                ViewCatalog.additivity(reports),
                reports.stream().map(DuckDbLedger::row).collect(Collectors.joining(",\n  ")),
                definitions(),
                listings()));
  }

  /** Returns a query for what the notes beside the files say of the API's lists. */
  private String listings() throws IOException {
    String columns =
        "{\"site_id\": \"VARCHAR\", \"event\": \"VARCHAR\", \"unlisted_at\": \"TIMESTAMPTZ\","
            + " \"last_day\": \"DATE\"}";
    Path folder = root.resolve("_fathom").resolve("listings");
    if (Files.isDirectory(folder)) {
      try (Stream<Path> notes = Files.list(folder)) {
        if (notes.anyMatch(note -> note.toString().endsWith(".json"))) {
          return "SELECT unnest(from_json(content::JSON -> 'listings', '[%s]')) AS l FROM read_text(%s)"
              .formatted(columns, DuckDbText.literal(folder + "/*.json"));
        }
      }
    }
    return "SELECT from_json(NULL::JSON, '%s') AS l WHERE false".formatted(columns);
  }

  /** Returns a query for the definitions that the notes beside the files contain. */
  private String definitions() {
    List<String> notes = new ArrayList<>();
    for (Report report : reports) {
      Path note = root.resolve("_fathom").resolve("reports").resolve(report.name() + ".json");
      if (Files.isRegularFile(note)) {
        notes.add(
            """
            SELECT %s AS report, %s AS present, unnest(json_keys(t.note)) AS digest, t.note
              FROM (SELECT content::JSON -> 'definitions' AS note FROM read_text(%s)) t"""
                .formatted(
                    DuckDbText.literal(report.name()),
                    DuckDbText.literal(report.definition()),
                    DuckDbText.literal(note.toString())));
      }
    }
    return notes.isEmpty()
        ? "SELECT NULL::VARCHAR AS report, NULL::VARCHAR AS present, NULL::VARCHAR AS digest,"
            + " NULL::JSON AS content WHERE false"
        : "SELECT d.report, d.present, d.digest, json_extract(d.note, d.digest) AS content FROM ("
            + String.join("\nUNION ALL\n", notes)
            + ") d";
  }

  private static String row(Report report) {
    // The fields are the text of a PostgreSQL array, with which a view compares them.
    String fields =
        report.fields().stream().map(Field::apiName).collect(Collectors.joining(",", "{", "}"));
    String aggregates =
        report.aggregates().stream()
            .map(a -> DuckDbText.literal(a.apiName()))
            .collect(Collectors.joining(", ", "[", "]"));
    return "(%s, %s, %s, %s, %s, %s)"
        .formatted(
            DuckDbText.literal(report.name()),
            DuckDbText.literal(report.entity() == Entity.EVENT ? "event" : "pageview"),
            DuckDbText.literal(report.dateGrouping().apiName()),
            DuckDbText.literal(fields),
            aggregates,
            DuckDbText.literal(report.definition()));
  }
}
