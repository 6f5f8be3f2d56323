package fathomexport.cluster;

import fathomexport.api.PaidAnswers;
import fathomexport.api.pacing.RequestTally;
import fathomexport.ledger.LedgerException;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sink.postgres.db.Queries;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The notice board of one run on several machines: tables through which the process that was
 * started, and the workers of the cluster, tell each other how the run gets on and what ends it.
 * Each statement is retried for a minute while the database restarts. Thread-safe.
 */
public final class RunBoard implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RunBoard.class);
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /**
   * After this time without a sign of the process that was started, workers end the run: longer
   * than that process waits for the database.
   */
  private static final int GONE_AFTER_SECONDS = 120;

  private static final int EVENTS_AT_A_TIME = 1_000;

  /** Workers show this often that they live. */
  private static final int SIGN_SECONDS = 5;

  /** After this time without a sign, a worker is no longer waited for. */
  private static final int SILENT_SECONDS = 15;

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

  /**
   * An attempt at a lane, as the table has it.
   *
   * @param alive whether its worker was seen lately
   */
  record LaneState(int lane, String attempt, String host, boolean alive, boolean ended) {}

  /**
   * An event that a worker has reported.
   *
   * @param number its number among the events of the attempt. The statement that stores events is
   *     repeated if its reply is lost, so the same event may be there twice
   */
  record Reported(long id, int lane, String attempt, long number, WorkerEvent event) {}

  /** What the process that was started finds: the events that are new, and all lanes. */
  record Updates(List<Reported> events, List<LaneState> lanes) {}

  /**
   * What a worker finds.
   *
   * @param over whether the run has ended, or the process that was started is gone
   * @param replaced whether another worker has begun the lane since
   */
  record Standing(boolean over, boolean replaced, List<Halt> halts) {}

  /**
   * Begins the run, and removes what any run has left a week ago. A killed run of the same pipeline
   * was ended before, by {@link #end}, under the pipeline's lock. The name of the pipeline does not
   * tell such runs: another project may share this database and have a pipeline of that name.
   */
  public void begin(String pipeline) {
    with(
        c -> {
          Queries.update(
              c,
              "DELETE FROM fathom_ops.cluster_run"
                  + " WHERE seen_at < pg_catalog.now() - interval '7 days'",
              p -> {});
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

  /**
   * Removes the events that were processed, and returns what is new. Shows that this process lives.
   *
   * @param requests of the run, as far as they were reported: if this process is killed, they are
   *     known
   * @throws LedgerException if the run is no longer on the board, so that its workers end
   */
  Updates takeUpdates(Collection<Long> processed, long requests) {
    return with(
        c -> {
          int known =
              Queries.update(
                  c,
                  """
              WITH processed AS
                   (DELETE FROM fathom_ops.cluster_event WHERE id = ANY (?::text[]::bigint[]))
              UPDATE fathom_ops.cluster_run SET seen_at = pg_catalog.now(), requests = ?
               WHERE run_id = ?\
              """,
                  p ->
                      p.texts(processed.stream().map(String::valueOf).toList())
                          .number(requests)
                          .text(runId));
          if (known == 0) {
            throw new LedgerException(
                "run "
                    + runId
                    + " is no longer in the table fathom_ops.cluster_run, from which only the end"
                    + " of the run removes it; its workers end",
                null);
          }
          // The events before the lanes: an attempt begins its lane before it reports.
          List<Reported> events = events(c, -1);
          List<LaneState> lanes =
              Queries.list(
                  c,
                  """
                  SELECT lane, attempt, host, ended_at IS NOT NULL AS ended,
                         seen_at > pg_catalog.now() - ? * interval '1 second' AS alive
                    FROM fathom_ops.cluster_lane WHERE run_id = ? ORDER BY lane\
                  """,
                  p -> p.integer(SILENT_SECONDS).text(runId),
                  r ->
                      new LaneState(
                          r.integer("lane"),
                          r.text("attempt"),
                          r.text("host"),
                          r.flag("alive"),
                          r.flag("ended")));
          return new Updates(events, lanes);
        });
  }

  /** Returns the next events after one, in their order; not all if there are many. */
  private List<Reported> events(Connection c, long after) throws SQLException {
    return Queries.list(
        c,
        """
        SELECT id, lane, attempt, number, pg_catalog.encode(event, 'hex') AS event
          FROM fathom_ops.cluster_event WHERE run_id = ? AND id > ? ORDER BY id LIMIT ?\
        """,
        p -> p.text(runId).number(after).integer(EVENTS_AT_A_TIME),
        r ->
            new Reported(
                r.number("id"),
                r.integer("lane"),
                r.text("attempt"),
                r.number("number"),
                Serialized.read(r.text("event"), WorkerEvent.class)));
  }

  /**
   * Returns the requests of a run whose process was killed: those that were reported to it, and
   * those that its workers have reported since.
   */
  public long requestsOfKilled() {
    long sum =
        with(
            c ->
                Queries.first(
                        c,
                        "SELECT requests FROM fathom_ops.cluster_run WHERE run_id = ?",
                        p -> p.text(runId),
                        r -> r.number("requests"))
                    .orElse(0L));
    Map<String, Long> last = new HashMap<>();
    List<Reported> events = with(c -> events(c, -1));
    while (!events.isEmpty()) {
      for (Reported event : events) {
        if (event.number() > last.getOrDefault(event.attempt(), 0L)) {
          last.put(event.attempt(), event.number());
          sum += event.event() instanceof WorkerEvent.Sent ? 1 : 0;
        }
      }
      long after = events.get(events.size() - 1).id();
      events = with(c -> events(c, after));
    }
    return sum;
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
                           begun_at = excluded.begun_at, seen_at = excluded.seen_at,
                           ended_at = NULL\
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

  /**
   * Stores events, in their order: all of them, or none if the run is over.
   *
   * @param before number of events of the attempt that were stored before
   */
  void report(int lane, String attempt, long before, List<WorkerEvent> events) {
    List<String> texts = events.stream().map(Serialized::write).toList();
    with(
        c ->
            Queries.update(
                c,
                """
                INSERT INTO fathom_ops.cluster_event (run_id, lane, attempt, number, event)
                SELECT r.run_id, ?, ?, ? + e.number, pg_catalog.decode(e.event, 'hex')
                  FROM fathom_ops.cluster_run r, ROWS FROM (pg_catalog.unnest(?::text[]))
                       WITH ORDINALITY AS e (event, number)
                 WHERE r.run_id = ?
                 ORDER BY e.number\
                """,
                p -> p.integer(lane).text(attempt).number(before).texts(texts).text(runId)));
  }

  /**
   * Returns the answers that the earlier attempts at a lane have kept, for a new one.
   *
   * @param age if the last of them ended longer ago, its answers are removed
   */
  PaidAnswers answers(int lane, String attempt, Duration age) {
    return KeptAnswers.of(this, runId, lane, attempt, age);
  }

  /** Returns how the run stands for an attempt at a lane. Shows that its worker lives. */
  Standing standing(int lane, String attempt) {
    return with(
        c -> {
          Queries.update(
              c,
              """
              UPDATE fathom_ops.cluster_lane SET seen_at = pg_catalog.now()
               WHERE run_id = ? AND lane = ? AND attempt = ?
                 AND seen_at < pg_catalog.now() - ? * interval '1 second'\
              """,
              p -> p.text(runId).integer(lane).text(attempt).integer(SIGN_SECONDS));
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
    return new SharedTally(this, runId, account);
  }

  /**
   * Does work at most once, which must not be done twice and may be left out: if the connection
   * breaks, it is not known whether it was done.
   */
  void once(Database.ConnectionWork<?> work) {
    try {
      Connection connection = database.borrow(database.outage());
      try {
        var unused = work.on(connection);
      } catch (SQLException e) {
        database.discard(connection);
        throw e;
      }
      database.giveBack(connection);
    } catch (SQLException e) {
      LOG.debug("not repeated, since it may be done", e);
    }
  }

  <T> T with(Database.ConnectionWork<T> work) {
    try {
      return database.with(work);
    } catch (SQLException e) {
      throw database.failure(e).kind() == SinkException.Kind.UNAVAILABLE
          ? new LedgerException(database.describe(e), e)
          : database.unavailable(e);
    }
  }

  @Override
  public void close() {
    database.close();
  }
}
