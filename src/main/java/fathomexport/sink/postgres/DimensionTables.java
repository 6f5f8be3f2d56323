package fathomexport.sink.postgres;

import fathomexport.dimension.Dimensions;
import fathomexport.dimension.EventRow;
import fathomexport.dimension.Listing;
import fathomexport.dimension.Retirement;
import fathomexport.dimension.SiteRow;
import fathomexport.dimension.SiteSpan;
import fathomexport.report.Milestone;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.db.Row;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads the tables of sites, events and milestones, and what pipelines list. */
final class DimensionTables {
  private DimensionTables() {}

  /** Returns what is stored, with the lists of one pipeline. */
  static Dimensions read(Connection connection, String pipeline) throws SQLException {
    Map<SiteId, SiteRow> sites = new LinkedHashMap<>();
    for (SiteRow row :
        Queries.list(
            connection,
            """
            SELECT site_id, name, time_zone, created_at,
                   coalesce(domains, '{}') AS domains, first_seen_at, last_seen_at,
                   account
              FROM fathom.site\
            """,
            p -> {},
            r ->
                new SiteRow(
                    site(r),
                    r.textOrNull("name"),
                    r.textOrNull("time_zone"),
                    r.instantOrNull("created_at"),
                    r.texts("domains"),
                    r.instant("first_seen_at"),
                    r.instant("last_seen_at"),
                    r.textOrNull("account")))) {
      sites.put(row.id(), row);
    }
    Map<SiteId, List<SiteSpan>> history = new LinkedHashMap<>();
    for (SiteSpan span :
        Queries.list(
            connection,
            """
            SELECT site_id, name, time_zone, valid_from, valid_to
              FROM fathom.site_history
             ORDER BY site_id, valid_from\
            """,
            p -> {},
            r ->
                new SiteSpan(
                    site(r),
                    r.textOrNull("name"),
                    r.textOrNull("time_zone"),
                    r.instant("valid_from"),
                    r.instantOrNull("valid_to")))) {
      history.computeIfAbsent(span.site(), s -> new ArrayList<>()).add(span);
    }
    Map<Slice, EventRow> events = new LinkedHashMap<>();
    for (EventRow row :
        Queries.list(
            connection,
            """
            SELECT site_id, event_name, currency, first_seen_at, last_seen_at
              FROM fathom.event\
            """,
            p -> {},
            r ->
                new EventRow(
                    new Slice(site(r), r.text("event_name")),
                    r.textOrNull("currency"),
                    r.instant("first_seen_at"),
                    r.instant("last_seen_at")))) {
      events.put(row.event(), row);
    }
    Map<SiteId, List<Milestone>> milestones = new LinkedHashMap<>();
    Queries.list(
        connection,
        "SELECT site_id, milestone_id, date, name FROM fathom.milestone",
        p -> {},
        r ->
            milestones
                .computeIfAbsent(site(r), s -> new ArrayList<>())
                .add(new Milestone(r.text("milestone_id"), r.day("date"), r.text("name"))));
    Map<SiteId, Instant> askedAt = new LinkedHashMap<>();
    Queries.list(
        connection,
        "SELECT site_id, asked_at FROM fathom_ops.milestone_check",
        p -> {},
        r -> {
          Instant at = r.instant("asked_at");
          askedAt.put(site(r), at);
          return at;
        });
    Map<Slice, Listing> listings = new LinkedHashMap<>();
    listings(connection, pipeline).forEach(l -> listings.put(l.slice(), l));
    return new Dimensions(sites, history, events, milestones, askedAt, listings);
  }

  /** Returns what the lists of a pipeline contained. */
  static List<Listing> listings(Connection connection, String pipeline) throws SQLException {
    return Queries.list(
        connection,
        """
        SELECT site_id, event_name, first_listed_at, unlisted_at, last_day, events_listed_at
          FROM fathom_ops.listing
         WHERE pipeline = ?\
        """,
        p -> p.text(pipeline),
        r ->
            new Listing(
                slice(r),
                r.instant("first_listed_at"),
                r.instantOrNull("unlisted_at"),
                r.dayOrNull("last_day"),
                r.instantOrNull("events_listed_at")));
  }

  /**
   * Returns what no pipeline lists any more. The rule is that of the view {@code
   * fathom_ops.retired}, which a role that loads need not be able to read.
   */
  static List<Retirement> retired(Connection connection) throws SQLException {
    return Queries.list(
        connection,
        """
        SELECT l.site_id, l.event_name, max(l.last_day) AS last_day
          FROM fathom_ops.listing l
          LEFT JOIN fathom.site s ON s.site_id = l.site_id AND l.event_name = ''
          LEFT JOIN fathom.event e ON e.site_id = l.site_id AND e.event_name = l.event_name
         WHERE l.unlisted_at > coalesce(s.last_seen_at, e.last_seen_at, '-infinity')
         GROUP BY l.site_id, l.event_name\
        """,
        p -> {},
        r -> new Retirement(slice(r), r.dayOrNull("last_day")));
  }

  private static Slice slice(Row row) throws SQLException {
    String event = row.text("event_name");
    return new Slice(site(row), event.isEmpty() ? null : event);
  }

  private static SiteId site(Row row) throws SQLException {
    return new SiteId(row.text("site_id"));
  }
}
