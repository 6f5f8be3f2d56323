package fathomexport.cluster;

import fathomexport.api.RequestTally;
import fathomexport.ledger.LedgerException;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sink.postgres.db.Queries;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The notice board of one run on several machines: tables through which the process that was
 * started, and the workers of the cluster, tell each other how the run gets on and what ends it.
 * Each statement is retried for a minute while the database restarts. Thread-safe.
 */
public final class RunBoard implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /**
   * After this time without a sign of the process that was started, workers end the run: longer
   * than that process waits for the database.
   */
  private static final int GONE_AFTER_SECONDS = 120;

  private static final int EVENTS_AT_A_TIME = 1_000;

  private static final ObjectInputFilter OWN_CLASSES =
      ObjectInputFilter.Config.createFilter("fathomexport.**;java.base/*;!*");

  private final Database database;
  private final String runId;

  /**
   * Creates a board without connecting to the database.
   *
   * @throws fathomexport.report.SecretUnavailableException if there is no password
   */
  public RunBoard(PostgresSettings settings, Map<String, String> variables, String runId) {
    this.database = new Database(settings, variables, PATIENCE);
    this.runId = runId;
  }

  /** An attempt at a lane, as the table has it. */
  record LaneState(int lane, String attempt, String host, boolean ended) {}

  /** An event that a worker has reported. */
  record Reported(long id, int lane, String attempt, WorkerEvent event) {}

  /** What the process that was started finds. */
  record News(List<Reported> events, List<LaneState> lanes, List<Halt> halts) {}

  /**
   * What a worker finds.
   *
   * @param over whether the run has ended, or the process that was started is gone
   * @param replaced whether another worker has begun the lane since
   */
  record Standing(boolean over, boolean replaced, List<Halt> halts) {}

  /** Begins the run. What killed runs of the pipeline have left is removed. */
  public void begin(String pipeline) {
    with(
        c -> {
          Queries.update(
              c,
              "DELETE FROM fathom_ops.cluster_run"
                  + " WHERE (pipeline = ? AND run_id <> ?)"
                  + " OR seen_at < pg_catalog.now() - interval '7 days'",
              p -> p.text(pipeline).text(runId));
          return Queries.update(
              c,
              "INSERT INTO fathom_ops.cluster_run (run_id, pipeline) VALUES (?, ?)"
                  + " ON CONFLICT (run_id) DO NOTHING",
              p -> p.text(runId).text(pipeline));
        });
  }

  /** Ends the run: workers that are still about it end, and its rows are removed. */
  public void end() {
    with(
        c ->
            Queries.update(
                c, "DELETE FROM fathom_ops.cluster_run WHERE run_id = ?", p -> p.text(runId)));
  }

  /** Removes the events that were heard, and returns what is new. Shows that this process lives. */
  News hear(Collection<Long> heard) {
    return with(
        c -> {
          Queries.update(
              c,
              "UPDATE fathom_ops.cluster_run SET seen_at = pg_catalog.now() WHERE run_id = ?",
              p -> p.text(runId));
          if (!heard.isEmpty()) {
            Queries.update(
                c,
                "DELETE FROM fathom_ops.cluster_event WHERE id = ANY (?::text[]::bigint[])",
                p -> p.texts(heard.stream().map(String::valueOf).toList()));
          }
          // The events before the lanes: an attempt begins its lane before it reports.
          List<Reported> events =
              Queries.list(
                  c,
                  """
                  SELECT id, lane, attempt, pg_catalog.encode(event, 'hex') AS event
                    FROM fathom_ops.cluster_event WHERE run_id = ? ORDER BY id LIMIT ?\
                  """,
                  p -> p.text(runId).integer(EVENTS_AT_A_TIME),
                  r ->
                      new Reported(
                          r.number("id"),
                          r.integer("lane"),
                          r.text("attempt"),
                          read(r.text("event"))));
          List<LaneState> lanes =
              Queries.list(
                  c,
                  """
                  SELECT lane, attempt, host, ended_at IS NOT NULL AS ended
                    FROM fathom_ops.cluster_lane WHERE run_id = ? ORDER BY lane\
                  """,
                  p -> p.text(runId),
                  r ->
                      new LaneState(
                          r.integer("lane"), r.text("attempt"), r.text("host"), r.flag("ended")));
          return new News(events, lanes, halts(c));
        });
  }

  /** Ends the run, or the queries about an account, for all workers. The first reason stays. */
  void halt(Halt halt) {
    halt(halt, -1, "");
  }

  /**
   * Does the same for a worker, unless another one has begun its lane again: what such a worker
   * meets is no reason for the others.
   */
  void halt(Halt halt, int lane, String attempt) {
    with(
        c ->
            Queries.update(
                c,
                """
                INSERT INTO fathom_ops.cluster_halt (run_id, reach, kind, source, message)
                SELECT r.run_id, ?, ?, ?, ? FROM fathom_ops.cluster_run r
                 WHERE r.run_id = ?
                   AND NOT EXISTS (SELECT FROM fathom_ops.cluster_lane l
                                    WHERE l.run_id = r.run_id AND l.lane = ? AND l.attempt <> ?)
                ON CONFLICT (run_id, reach) DO NOTHING\
                """,
                p ->
                    p.text(halt.reach())
                        .text(halt.kind().name())
                        .text(halt.source().replace('\0', '\uFFFD'))
                        .text(halt.message().replace('\0', '\uFFFD'))
                        .text(runId)
                        .integer(lane)
                        .text(attempt)));
  }

  /** Begins an attempt at a lane; returns false if the run is over. */
  boolean beginLane(int lane, String attempt, String host) {
    return with(
            c ->
                Queries.update(
                    c,
                    """
                    INSERT INTO fathom_ops.cluster_lane (run_id, lane, attempt, host)
                    SELECT run_id, ?, ?, ? FROM fathom_ops.cluster_run WHERE run_id = ?
                    ON CONFLICT (run_id, lane) DO UPDATE
                       SET attempt = excluded.attempt, host = excluded.host,
                           begun_at = excluded.begun_at, ended_at = NULL\
                    """,
                    p -> p.integer(lane).text(attempt).text(host).text(runId)))
        > 0;
  }

  /** Ends an attempt at a lane, all of whose events are reported. */
  void endLane(int lane, String attempt) {
    with(
        c ->
            Queries.update(
                c,
                """
                UPDATE fathom_ops.cluster_lane SET ended_at = pg_catalog.now()
                 WHERE run_id = ? AND lane = ? AND attempt = ?\
                """,
                p -> p.text(runId).integer(lane).text(attempt)));
  }

  /** Stores events, in their order: all of them, or none if the run is over. */
  void report(int lane, String attempt, List<WorkerEvent> events) {
    List<String> texts = events.stream().map(RunBoard::write).toList();
    with(
        c ->
            Queries.update(
                c,
                """
                INSERT INTO fathom_ops.cluster_event (run_id, lane, attempt, event)
                SELECT r.run_id, ?, ?, pg_catalog.decode(e.event, 'hex')
                  FROM fathom_ops.cluster_run r, ROWS FROM (pg_catalog.unnest(?::text[]))
                       WITH ORDINALITY AS e (event, number)
                 WHERE r.run_id = ?
                 ORDER BY e.number\
                """,
                p -> p.integer(lane).text(attempt).texts(texts).text(runId)));
  }

  /** Returns how the run stands for an attempt at a lane. */
  Standing standing(int lane, String attempt) {
    return with(
        c -> {
          Optional<Boolean> alive =
              Queries.first(
                  c,
                  "SELECT seen_at > pg_catalog.now() - ? * interval '1 second' AS alive"
                      + " FROM fathom_ops.cluster_run WHERE run_id = ?",
                  p -> p.integer(GONE_AFTER_SECONDS).text(runId),
                  r -> r.flag("alive"));
          Optional<String> current =
              Queries.first(
                  c,
                  "SELECT attempt FROM fathom_ops.cluster_lane WHERE run_id = ? AND lane = ?",
                  p -> p.text(runId).integer(lane),
                  r -> r.text("attempt"));
          return new Standing(
              !alive.orElse(false), current.filter(a -> !a.equals(attempt)).isPresent(), halts(c));
        });
  }

  private List<Halt> halts(Connection c) throws SQLException {
    return Queries.list(
        c,
        "SELECT reach, kind, source, message FROM fathom_ops.cluster_halt WHERE run_id = ?",
        p -> p.text(runId),
        r -> Halt.read(r.text("reach"), r.text("kind"), r.text("source"), r.text("message")));
  }

  /** Returns the tally of an account's requests over all workers. */
  public RequestTally tally(String account) {
    return new RequestTally() {
      @Override
      public boolean take(long most) {
        return with(
                c ->
                    Queries.update(
                        c,
                        """
                        INSERT INTO fathom_ops.cluster_budget AS b (run_id, account, requests)
                        SELECT run_id, ?, 1 FROM fathom_ops.cluster_run WHERE run_id = ?
                        ON CONFLICT (run_id, account) DO UPDATE SET requests = b.requests + 1
                         WHERE b.requests < ?\
                        """,
                        p -> p.text(account).text(runId).number(most)))
            > 0;
      }

      @Override
      public void giveBack() {
        with(
            c ->
                Queries.update(
                    c,
                    "UPDATE fathom_ops.cluster_budget SET requests = requests - 1"
                        + " WHERE run_id = ? AND account = ?",
                    p -> p.text(runId).text(account)));
      }

      @Override
      public long taken() {
        return with(
            c ->
                Queries.first(
                        c,
                        "SELECT requests FROM fathom_ops.cluster_budget"
                            + " WHERE run_id = ? AND account = ?",
                        p -> p.text(runId).text(account),
                        r -> r.number("requests"))
                    .orElse(0L));
      }
    };
  }

  private <T> T with(Database.Work<T> work) {
    try {
      return database.with(work);
    } catch (SQLException e) {
      throw database.failure(e).kind() == SinkException.Kind.UNAVAILABLE
          ? new LedgerException(database.describe(e), e)
          : database.unavailable(e);
    }
  }

  private static String write(WorkerEvent event) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(event);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return HexFormat.of().formatHex(bytes.toByteArray());
  }

  private static WorkerEvent read(String hex) {
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(HexFormat.of().parseHex(hex)))) {
      in.setObjectInputFilter(OWN_CLASSES);
      return (WorkerEvent) in.readObject();
    } catch (IOException | ClassNotFoundException e) {
      throw new LedgerException("an event of a worker cannot be read: " + e, e);
    }
  }

  @Override
  public void close() {
    database.close();
  }
}
