package fathomexport.sink.postgres;

import fathomexport.dimension.Change;
import fathomexport.dimension.Dimensions;
import fathomexport.dimension.EventRow;
import fathomexport.dimension.Listing;
import fathomexport.dimension.Merge;
import fathomexport.dimension.Retirement;
import fathomexport.dimension.Sighting;
import fathomexport.dimension.SiteRow;
import fathomexport.dimension.SiteSpan;
import fathomexport.report.Milestone;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.DimensionStore;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.Parameters;
import fathomexport.sink.postgres.db.Queries;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Stores dimensions in the tables of {@code sql/V010}. Each merge is one transaction under one
 * lock, so that two runs at once see each other's changes.
 */
final class PostgresDimensions implements DimensionStore {
  private static final String LOCK = "fathom-export/dimensions";

  /** An export must not wait for its dimensions for longer than this. */
  private static final Duration LONGEST_LOCK = Duration.ofSeconds(5);

  private static final Duration LONGEST_STATEMENT = Duration.ofSeconds(20);

  private final Database database;

  PostgresDimensions(Database database) {
    this.database = database;
  }

  @Override
  public boolean isPrepared() {
    return run(PostgresDimensions::isPrepared);
  }

  private static boolean isPrepared(Connection connection) throws SQLException {
    return Queries.first(
            connection,
            "SELECT pg_catalog.to_regclass('fathom_ops.listing') IS NOT NULL AS prepared",
            p -> {},
            r -> r.flag("prepared"))
        .orElse(false);
  }

  @Override
  public Dimensions read(String pipeline) {
    return run(
        connection ->
            isPrepared(connection) ? DimensionTables.read(connection, pipeline) : Dimensions.EMPTY);
  }

  @Override
  public List<Listing> listings(String pipeline) {
    return run(
        connection ->
            isPrepared(connection) ? DimensionTables.listings(connection, pipeline) : List.of());
  }

  @Override
  public List<Retirement> retired() {
    return run(
        connection -> isPrepared(connection) ? DimensionTables.retired(connection) : List.of());
  }

  @Override
  public List<Change> record(Sighting sighting) {
    return run(
        connection -> {
          connection.setAutoCommit(false);
          try (Statement statement = connection.createStatement()) {
            statement.execute("SET LOCAL lock_timeout = " + LONGEST_LOCK.toMillis());
            statement.execute("SET LOCAL statement_timeout = " + LONGEST_STATEMENT.toMillis());
          }
          Queries.list(
              connection,
              "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(?, 0))::text"
                  + " AS locked",
              p -> p.text(LOCK),
              r -> r.text("locked"));
          Dimensions before = DimensionTables.read(connection, sighting.pipeline());
          Merge.Result merged = Merge.of(before, sighting);
          write(connection, sighting.pipeline(), before, merged.dimensions());
          connection.commit();
          return merged.changes();
        });
  }

  private <T> T run(Database.ConnectionWork<T> work) {
    try {
      return database.with(work);
    } catch (SQLException e) {
      throw new SinkException(
          database.failure(e).kind(),
          database.describe(e) + " (the tables of sites, events and milestones)",
          e);
    }
  }

  // --- Writing what differs

  private static void write(
      Connection connection, String pipeline, Dimensions before, Dimensions after)
      throws SQLException {
    history(connection, before, after);
    sites(connection, before, after);
    events(connection, before, after);
    milestones(connection, before, after);
    listings(connection, pipeline, before, after);
  }

  private static void sites(Connection connection, Dimensions before, Dimensions after)
      throws SQLException {
    Queries.batch(
        connection,
        """
        INSERT INTO fathom.site
               (site_id, name, time_zone, created_at, domains, first_seen_at, last_seen_at,
                account)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (site_id) DO UPDATE
           SET name = excluded.name, time_zone = excluded.time_zone,
               created_at = excluded.created_at, domains = excluded.domains,
               first_seen_at = excluded.first_seen_at, last_seen_at = excluded.last_seen_at,
               account = excluded.account\
        """,
        after.sites().values().stream()
            .filter(s -> !s.saysTheSameAs(before.sites().get(s.id())))
            .toList(),
        (p, s) -> {
          p.text(s.id().value()).text(s.name()).text(s.zone()).instant(s.createdAt());
          if (s.domains().isEmpty()) {
            p.noTexts();
          } else {
            p.texts(s.domains());
          }
          p.instant(s.firstSeenAt()).instant(s.lastSeenAt()).text(s.account());
        });
    // All sightings of a merge are of the same moment.
    Map<Instant, List<String>> again = new LinkedHashMap<>();
    for (SiteRow s : after.sites().values()) {
      if (s.saysTheSameAs(before.sites().get(s.id())) && !s.equals(before.sites().get(s.id()))) {
        again.computeIfAbsent(s.lastSeenAt(), at -> new ArrayList<>()).add(s.id().value());
      }
    }
    for (Map.Entry<Instant, List<String>> e : again.entrySet()) {
      Queries.update(
          connection,
          "UPDATE fathom.site SET last_seen_at = ? WHERE site_id = ANY (?)",
          p -> p.instant(e.getKey()).texts(e.getValue()));
    }
  }

  private static void history(Connection connection, Dimensions before, Dimensions after)
      throws SQLException {
    Queries.batch(
        connection,
        """
        INSERT INTO fathom.site_history (site_id, name, time_zone, valid_from, valid_to)
        VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (site_id, valid_from) DO UPDATE
           SET name = excluded.name, time_zone = excluded.time_zone,
               valid_to = excluded.valid_to\
        """,
        after.history().entrySet().stream()
            .flatMap(
                e -> {
                  List<SiteSpan> known = before.history().getOrDefault(e.getKey(), List.of());
                  return e.getValue().stream().filter(span -> !known.contains(span));
                })
            .toList(),
        (p, s) ->
            p.text(s.site().value())
                .text(s.name())
                .text(s.zone())
                .instant(s.validFrom())
                .instant(s.validTo()));
  }

  private static void events(Connection connection, Dimensions before, Dimensions after)
      throws SQLException {
    Queries.batch(
        connection,
        """
        INSERT INTO fathom.event (site_id, event_name, currency, first_seen_at, last_seen_at)
        VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (site_id, event_name) DO UPDATE
           SET currency = excluded.currency, first_seen_at = excluded.first_seen_at,
               last_seen_at = excluded.last_seen_at\
        """,
        after.events().values().stream()
            .filter(e -> !e.saysTheSameAs(before.events().get(e.event())))
            .toList(),
        (p, e) ->
            slice(p, e.event())
                .text(e.currency())
                .instant(e.firstSeenAt())
                .instant(e.lastSeenAt()));
    Map<Instant, List<Slice>> again = new LinkedHashMap<>();
    for (EventRow e : after.events().values()) {
      if (e.saysTheSameAs(before.events().get(e.event()))
          && !e.equals(before.events().get(e.event()))) {
        again.computeIfAbsent(e.lastSeenAt(), at -> new ArrayList<>()).add(e.event());
      }
    }
    for (Map.Entry<Instant, List<Slice>> e : again.entrySet()) {
      Queries.update(
          connection,
          """
          UPDATE fathom.event t SET last_seen_at = ?
            FROM unnest(?::text[], ?::text[]) AS seen (site_id, event_name)
           WHERE t.site_id = seen.site_id AND t.event_name = seen.event_name\
          """,
          p ->
              p.instant(e.getKey())
                  .texts(e.getValue().stream().map(s -> s.site().value()).toList())
                  .texts(e.getValue().stream().map(Slice::eventKey).toList()));
    }
  }

  private static void milestones(Connection connection, Dimensions before, Dimensions after)
      throws SQLException {
    Map<SiteId, List<Milestone>> changed = new LinkedHashMap<>();
    after
        .milestones()
        .forEach(
            (site, list) -> {
              if (!sameMilestones(list, before.milestones().getOrDefault(site, List.of()))) {
                changed.put(site, list);
              }
            });
    Queries.batch(
        connection,
        "DELETE FROM fathom.milestone WHERE site_id = ?",
        changed.keySet(),
        (p, site) -> p.text(site.value()));
    Queries.batch(
        connection,
        "INSERT INTO fathom.milestone (site_id, milestone_id, date, name) VALUES (?, ?, ?, ?)",
        changed.entrySet().stream()
            .flatMap(e -> e.getValue().stream().map(m -> Map.entry(e.getKey(), m)))
            .toList(),
        (p, e) ->
            p.text(e.getKey().value())
                .text(e.getValue().id())
                .day(e.getValue().date())
                .text(e.getValue().name()));
    Queries.batch(
        connection,
        """
        INSERT INTO fathom_ops.milestone_check (site_id, asked_at) VALUES (?, ?)
        ON CONFLICT (site_id) DO UPDATE SET asked_at = excluded.asked_at\
        """,
        after.milestonesAskedAt().entrySet().stream()
            .filter(e -> !e.getValue().equals(before.milestonesAskedAt().get(e.getKey())))
            .toList(),
        (p, e) -> p.text(e.getKey().value()).instant(e.getValue()));
  }

  private static boolean sameMilestones(List<Milestone> a, List<Milestone> b) {
    return a.size() == b.size() && a.containsAll(b);
  }

  private static void listings(
      Connection connection, String pipeline, Dimensions before, Dimensions after)
      throws SQLException {
    Queries.batch(
        connection,
        """
        INSERT INTO fathom_ops.listing
               (pipeline, site_id, event_name, first_listed_at, unlisted_at, last_day,
                events_listed_at)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (pipeline, site_id, event_name) DO UPDATE
           SET unlisted_at = excluded.unlisted_at, last_day = excluded.last_day,
               events_listed_at = excluded.events_listed_at\
        """,
        after.listings().values().stream()
            .filter(l -> !l.equals(before.listings().get(l.slice())))
            .toList(),
        (p, l) -> {
          LocalDate last = l.lastDay();
          slice(p.text(pipeline), l.slice()).instant(l.firstListedAt()).instant(l.unlistedAt());
          p.dayOrNull(last).instant(l.eventsListedAt());
        });
  }

  private static Parameters slice(Parameters parameters, Slice slice) throws SQLException {
    return parameters.text(slice.site().value()).text(slice.eventKey());
  }
}
