package fathomexport.sink.postgres.ledger;

import fathomexport.ledger.Attempt;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.PeriodLedger;
import fathomexport.ledger.PeriodSum;
import fathomexport.ledger.Provenance;
import fathomexport.ledger.RateUnit;
import fathomexport.ledger.StillStored;
import fathomexport.ledger.StoredRange;
import fathomexport.ledger.Stretch;
import fathomexport.ledger.Weight;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.postgres.db.Row;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The tables {@code ledger} and {@code attempt}, which only a window's transaction writes. */
public final class PeriodTables implements PeriodLedger {
  /** The measures with columns in the ledger, in their order: first the sum, then the control. */
  public static final List<Aggregate> SUMMED =
      List.of(Aggregate.PAGEVIEWS, Aggregate.CONVERSIONS, Aggregate.VALUE);

  private final LedgerQueries queries;

  PeriodTables(LedgerQueries queries) {
    this.queries = queries;
  }

  @Override
  public List<LedgerEntry> entries(String report, Collection<SiteId> sites, LocalDate from) {
    return queries.list(
        """
        SELECT report, site_id, event_name, period, covers_to, status, rows,
               pageviews_sum, pageviews_control, conversions_sum, conversions_control,
               value_sum, value_control, store_if_absent, reason, run_id, definition, fetched_at,
               zone, requests, control_requests, splits, window_id, stored, rows_digest,
               control_digest, confirmed_at, confirmed_run, rate_unit, account
          FROM fathom_ops.ledger
         WHERE report = ? AND covers_to >= ? AND (? OR site_id = ANY (?))\
        """,
        p ->
            p.text(report)
                .day(from)
                .flag(sites.isEmpty())
                .texts(sites.stream().map(SiteId::value).distinct().toList()),
        PeriodTables::entry);
  }

  private static LedgerEntry entry(Row r) throws SQLException {
    Map<Aggregate, Long> sums = new EnumMap<>(Aggregate.class);
    Map<Aggregate, Long> control = new EnumMap<>(Aggregate.class);
    for (Aggregate a : SUMMED) {
      put(sums, a, r.numberOrNull(a.apiName() + "_sum"));
      put(control, a, r.numberOrNull(a.apiName() + "_control"));
    }
    return new LedgerEntry(
        r.text("report"),
        LedgerQueries.slice(r),
        new PeriodCertificate(
            r.day("period"),
            r.day("covers_to"),
            CertificateStatus.ofLabel(r.text("status")),
            r.number("rows"),
            sums,
            control,
            r.flag("store_if_absent"),
            r.textOrNull("reason"),
            r.textOrNull("rows_digest"),
            r.textOrNull("control_digest")),
        new Provenance(
            r.text("run_id"),
            r.text("definition"),
            r.instant("fetched_at"),
            r.textOrNull("zone"),
            r.integer("requests"),
            r.integer("control_requests"),
            r.integer("splits"),
            rateUnit(r),
            r.textOrNull("account")),
        r.text("window_id"),
        r.flag("stored"),
        confirmed(r));
  }

  /** Returns the unit in a row with column {@code rate_unit}. */
  public static @Nullable RateUnit rateUnit(Row r) throws SQLException {
    String label = r.textOrNull("rate_unit");
    return label == null ? null : RateUnit.ofLabel(label);
  }

  private static LedgerEntry.@Nullable Confirmed confirmed(Row r) throws SQLException {
    Instant at = r.instantOrNull("confirmed_at");
    return at == null ? null : new LedgerEntry.Confirmed(at, r.text("confirmed_run"));
  }

  private static void put(Map<Aggregate, Long> map, Aggregate a, @Nullable Long value) {
    if (value != null) {
      map.put(a, value);
    }
  }

  @Override
  public List<StoredRange> storedRanges(
      String report, DateGrouping grouping, Collection<SiteId> sites) {
    return queries.list(
        """
        SELECT site_id, event_name, min(period) AS first, max(period_end) AS last
          FROM (SELECT site_id, event_name, period, period_end,
                       count(*) FILTER (WHERE begins)
                         OVER (PARTITION BY site_id, event_name ORDER BY period) AS range
                  FROM (SELECT site_id, event_name, period, period_end,
                               coalesce(period > lag(period_end)
                                 OVER (PARTITION BY site_id, event_name ORDER BY period) + 1,
                                 true) AS begins
                          FROM fathom_ops.ledger
                         WHERE report = ? AND stored AND (? OR site_id = ANY (?))) AS p) AS r
         GROUP BY site_id, event_name, range\
        """,
        p ->
            p.text(report)
                .flag(sites.isEmpty())
                .texts(sites.stream().map(SiteId::value).distinct().toList()),
        r -> new StoredRange(LedgerQueries.slice(r), new DayRange(r.day("first"), r.day("last"))));
  }

  /** The aggregates of a stretch; what is alike in all of its periods is grouped by. */
  private static final String STRETCH =
      """
      SELECT site_id, event_name, min(period) AS first, max(covers_to) AS covers_to, partial,
             status, stored, empty, definition, zone, count(*) AS periods,
             sum(rows)::bigint AS rows, max(fetched_at) AS fetched_at,
             sum(period_end - period + 1) = max(period_end) - min(period) + 1
               AND (NOT partial OR count(*) = 1) AS whole, %s AS digest
      """;

  /** The digest of a {@link Stretch}, so that it can be compared with other sinks'. */
  private static final String DIGEST =
      """
      sum(('x' || pg_catalog.encode(pg_catalog.substr(pg_catalog.sha256(pg_catalog.convert_to(
        (period - DATE '1970-01-01') || ' ' || digest, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint)\
      """;

  /**
   * Most slices are whole: their periods of each kind follow each other without a hole. Then
   * grouping by the kind suffices, without sorting. Only the others are taken apart in the order of
   * their periods.
   */
  private static final String STRETCHES =
      """
      WITH period AS NOT MATERIALIZED (
        SELECT site_id, event_name, period, period_end, covers_to, covers_to < period_end AS partial,
               status, stored, rows, rows = 0 AS empty, definition, zone, fetched_at,
               coalesce(rows_digest, '-') AS digest
          FROM fathom_ops.ledger
         WHERE report = ? AND (? OR site_id = ANY (?))),
      kind AS (
        %1$s
          FROM period
         GROUP BY site_id, event_name, partial, status, stored, empty, definition, zone),
      broken AS (
        SELECT site_id, event_name FROM kind GROUP BY site_id, event_name
        HAVING NOT bool_and(whole)),
      marked AS (
        SELECT period.*,
               period <> lag(covers_to) OVER w + 1 OR partial <> lag(partial) OVER w
                 OR status <> lag(status) OVER w OR stored <> lag(stored) OVER w
                 OR empty <> lag(empty) OVER w OR definition <> lag(definition) OVER w
                 OR zone IS DISTINCT FROM lag(zone) OVER w AS begins
          FROM period JOIN broken USING (site_id, event_name)
        WINDOW w AS (PARTITION BY site_id, event_name ORDER BY period, period_end)),
      numbered AS (
        SELECT *, count(*) FILTER (WHERE begins)
                    OVER (PARTITION BY site_id, event_name ORDER BY period, period_end) AS stretch
          FROM marked)
      SELECT kind.* FROM kind
       WHERE NOT EXISTS (
         SELECT FROM broken
          WHERE broken.site_id = kind.site_id AND broken.event_name = kind.event_name)
      UNION ALL
      %1$s
        FROM numbered
       GROUP BY site_id, event_name, stretch, partial, status, stored, empty, definition, zone\
      """;

  @Override
  public List<Stretch> stretches(
      String report, DateGrouping grouping, Collection<SiteId> sites, boolean digests) {
    if (grouping == DateGrouping.NONE) {
      return Stretch.of(entries(report, sites, LocalDate.EPOCH), grouping);
    }
    return queries.list(
        STRETCHES.formatted(STRETCH.formatted(digests ? DIGEST : "0::numeric")),
        p ->
            p.text(report)
                .flag(sites.isEmpty())
                .texts(sites.stream().map(SiteId::value).distinct().toList()),
        r ->
            new Stretch(
                LedgerQueries.slice(r),
                r.day("first"),
                r.day("covers_to"),
                r.flag("partial"),
                CertificateStatus.ofLabel(r.text("status")),
                r.flag("stored"),
                r.flag("empty"),
                r.text("definition"),
                r.textOrNull("zone"),
                r.number("periods"),
                r.number("rows"),
                r.instant("fetched_at"),
                // The sum may have more than 64 bits, of which the lowest count.
                r.decimal("digest").longValue()));
  }

  @Override
  public List<PeriodSum> sums(
      String report,
      DateGrouping grouping,
      DateGrouping unit,
      Collection<SiteId> sites,
      LocalDate since) {
    return queries.list(
        """
        SELECT site_id, event_name, date_trunc(?, period::timestamp)::date AS first, definition, zone,
               min(period) AS "from", max(period_end) AS "to",
               sum(period_end - period + 1)::bigint AS days, sum(pageviews_sum)::bigint AS pageviews,
               max(greatest(fetched_at, confirmed_at)) AS known_at
          FROM fathom_ops.ledger
         WHERE report = ? AND (? OR site_id = ANY (?)) AND period >= ?
           AND stored AND status = 'certified' AND covers_to = period_end AND pageviews_sum IS NOT NULL
         GROUP BY 1, 2, 3, 4, 5\
        """,
        p ->
            p.text(unit.apiName())
                .text(report)
                .flag(sites.isEmpty())
                .texts(sites.stream().map(SiteId::value).distinct().toList())
                .day(since),
        r ->
            new PeriodSum(
                LedgerQueries.slice(r),
                r.day("first"),
                r.text("definition"),
                r.textOrNull("zone"),
                r.day("from"),
                r.day("to"),
                r.number("days"),
                r.number("pageviews"),
                r.instant("known_at")));
  }

  @Override
  public StillStored committed(String runId, Collection<String> reports) {
    return queries
        .first(
            """
            SELECT count(DISTINCT window_id) AS windows, coalesce(sum(rows), 0)::bigint AS rows
              FROM fathom_ops.ledger
             WHERE run_id = ? AND stored AND report = ANY (?)\
            """,
            p -> p.text(runId).texts(reports),
            r -> new StillStored(r.number("windows"), r.number("rows")))
        .orElse(StillStored.NOTHING);
  }

  @Override
  public Set<Slice> slices(String report) {
    return Set.copyOf(
        queries.list(
            "SELECT DISTINCT site_id, event_name FROM fathom_ops.ledger WHERE report = ?",
            p -> p.text(report),
            LedgerQueries::slice));
  }

  @Override
  public Weight weight(String report) {
    return queries
        .first(
            """
            SELECT coalesce(sum(rows) FILTER (WHERE stored), 0)::bigint AS rows,
                   coalesce(pg_catalog.pg_total_relation_size(
                     pg_catalog.to_regclass('fathom.' || pg_catalog.quote_ident(?))), 0) AS bytes
              FROM fathom_ops.ledger
             WHERE report = ?\
            """,
            p -> p.text(report).text(report),
            r -> new Weight(r.number("rows"), r.number("bytes")))
        .orElse(new Weight(0, 0));
  }

  @Override
  public List<Attempt> openAttempts(String report) {
    return queries.list(
        """
        SELECT report, site_id, event_name, period, covers_to, window_id, at, run_id, reason, kept
          FROM fathom_ops.attempt
         WHERE report = ?
         ORDER BY site_id COLLATE "C", event_name COLLATE "C", period, period_end\
        """,
        p -> p.text(report),
        r ->
            new Attempt(
                r.text("report"),
                LedgerQueries.slice(r),
                r.day("period"),
                r.day("covers_to"),
                r.text("window_id"),
                r.instant("at"),
                r.text("run_id"),
                r.text("reason"),
                r.flag("kept")));
  }
}
