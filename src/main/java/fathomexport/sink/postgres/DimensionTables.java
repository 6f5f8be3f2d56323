package fathomexport.sink.postgres;

import fathomexport.dimension.Dimensions;
import fathomexport.dimension.EventRow;
import fathomexport.dimension.Listing;
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
        SELECT site_id, event_name, first_listed_at, unlisted_at, last_day
          FROM fathom_ops.listing
         WHERE pipeline = ?\
        """,
        p -> p.text(pipeline),
        r -> {
          String event = r.text("event_name");
          return new Listing(
              new Slice(site(r), event.isEmpty() ? null : event),
              r.instant("first_listed_at"),
              r.instantOrNull("unlisted_at"),
              r.dayOrNull("last_day"));
        });
  }

  private static SiteId site(Row row) throws SQLException {
    return new SiteId(row.text("site_id"));
  }
}
