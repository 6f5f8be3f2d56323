package fathomexport.sink.postgres.ledger;

import fathomexport.ledger.Attempt;
import fathomexport.ledger.Audit;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.JournalCount;
import fathomexport.ledger.Learned;
import fathomexport.ledger.Ledger;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.LedgerException;
import fathomexport.ledger.OffsetSupport;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.Provenance;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.ledger.RequestCount;
import fathomexport.ledger.Restatement;
import fathomexport.ledger.RunRecord;
import fathomexport.ledger.Weight;
import fathomexport.report.Aggregate;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.DatabaseFailure;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The control tables in schema {@code fathom_ops}. */
public final class PostgresLedger implements Ledger, AutoCloseable {
  /** The measures of which the ledger has columns, in their order: sum, then control. */
  public static final List<Aggregate> SUMMED =
      List.of(Aggregate.PAGEVIEWS, Aggregate.CONVERSIONS, Aggregate.VALUE);

  private static final Logger LOG = LoggerFactory.getLogger(PostgresLedger.class);
  private static final String LOCK_NOT_AVAILABLE = "55P03";
  private static final String LOST = "08006";
  private static final int ANSWER_SECONDS = 10;
  private static final int TRIES = 20;
  private static final Duration BETWEEN_TRIES = Duration.ofMillis(250);
  private static final String UNDEFINED_TABLE = "42P01";
  private static final String UNDEFINED_SCHEMA = "3F000";
  private static final String UNDEFINED_COLUMN = "42703";

  private final Database database;
  private final Set<Lock> locks = ConcurrentHashMap.newKeySet();

  public PostgresLedger(Database database) {
    this.database = database;
  }

  @Override
  public List<LedgerEntry> entries(String report, Collection<SiteId> sites, LocalDate from) {
    return query(
        """
        SELECT report, site_id, event_name, period, covers_to, status, rows,
               pageviews_sum, pageviews_control, conversions_sum, conversions_control,
               value_sum, value_control, store_if_absent, reason, run_id, definition, fetched_at,
               zone, requests, control_requests, splits, window_id, stored, rows_digest,
               control_digest, confirmed_at, confirmed_run
          FROM fathom_ops.ledger
         WHERE report = ? AND covers_to >= ? AND (? OR site_id = ANY (?))\
        """,
        (connection, q) -> {
          q.setString(1, report);
          q.setObject(2, from);
          q.setBoolean(3, sites.isEmpty());
          q.setArray(
              4,
              connection.createArrayOf(
                  "text", sites.stream().map(SiteId::value).distinct().toArray()));
        },
        PostgresLedger::entry);
  }

  private static LedgerEntry entry(ResultSet r) throws SQLException {
    Map<Aggregate, Long> sums = new EnumMap<>(Aggregate.class);
    Map<Aggregate, Long> control = new EnumMap<>(Aggregate.class);
    for (Aggregate a : SUMMED) {
      put(sums, a, r, a.apiName() + "_sum");
      put(control, a, r, a.apiName() + "_control");
    }
    return new LedgerEntry(
        r.getString("report"),
        slice(r),
        new PeriodCertificate(
            r.getObject("period", LocalDate.class),
            r.getObject("covers_to", LocalDate.class),
            CertificateStatus.ofLabel(r.getString("status")),
            r.getLong("rows"),
            sums,
            control,
            r.getBoolean("store_if_absent"),
            r.getString("reason"),
            r.getString("rows_digest"),
            r.getString("control_digest")),
        new Provenance(
            r.getString("run_id"),
            r.getString("definition"),
            instant(r, "fetched_at"),
            r.getString("zone"),
            r.getInt("requests"),
            r.getInt("control_requests"),
            r.getInt("splits")),
        r.getString("window_id"),
        r.getBoolean("stored"),
        confirmed(r));
  }

  private static LedgerEntry.@Nullable Confirmed confirmed(ResultSet r) throws SQLException {
    OffsetDateTime at = r.getObject("confirmed_at", OffsetDateTime.class);
    return at == null
        ? null
        : new LedgerEntry.Confirmed(at.toInstant(), r.getString("confirmed_run"));
  }

  private static void put(Map<Aggregate, Long> map, Aggregate a, ResultSet r, String column)
      throws SQLException {
    long value = r.getLong(column);
    if (!r.wasNull()) {
      map.put(a, value);
    }
  }

  @Override
  public Weight weight(String report) {
    return query(
            """
            SELECT coalesce(sum(rows) FILTER (WHERE stored), 0)::bigint,
                   coalesce(pg_catalog.pg_total_relation_size(
                     pg_catalog.to_regclass('fathom.' || pg_catalog.quote_ident(?))), 0)
              FROM fathom_ops.ledger
             WHERE report = ?\
            """,
            (connection, q) -> {
              q.setString(1, report);
              q.setString(2, report);
            },
            r -> new Weight(r.getLong(1), r.getLong(2)))
        .stream()
        .findFirst()
        .orElse(new Weight(0, 0));
  }

  @Override
  public List<Attempt> openAttempts(String report) {
    return query(
        """
        SELECT report, site_id, event_name, period, covers_to, window_id, at, run_id, reason, kept
          FROM fathom_ops.attempt
         WHERE report = ?
         ORDER BY site_id COLLATE "C", event_name COLLATE "C", period, period_end\
        """,
        (connection, q) -> q.setString(1, report),
        r ->
            new Attempt(
                r.getString("report"),
                slice(r),
                r.getObject("period", LocalDate.class),
                r.getObject("covers_to", LocalDate.class),
                r.getString("window_id"),
                instant(r, "at"),
                r.getString("run_id"),
                r.getString("reason"),
                r.getBoolean("kept")));
  }

  @Override
  public Learned learned() {
    record Row(String kind, String account, String shape, int number, @Nullable String answer) {}
    List<Row> rows =
        query(
            "SELECT kind, account, shape, number, answer FROM fathom_ops.learned",
            (connection, q) -> {},
            r ->
                new Row(
                    r.getString(1), r.getString(2), r.getString(3), r.getInt(4), r.getString(5)));
    Map<String, Integer> maxDays = new HashMap<>();
    Optional<Integer> rowCap = Optional.empty();
    int mostRows = 0;
    Map<Learned.Whose, Integer> limits = new HashMap<>();
    Map<String, OffsetSupport> offsets = new HashMap<>();
    for (Row row : rows) {
      switch (row.kind()) {
        case "max_days" -> maxDays.put(row.shape(), row.number());
        case "row_cap" -> rowCap = Optional.of(row.number());
        case "most_rows" -> mostRows = row.number();
        case "limit" -> limits.put(new Learned.Whose(row.account(), row.shape()), row.number());
        case "offset" -> offsets.put(row.account(), OffsetSupport.of(String.valueOf(row.answer())));
        default -> throw new LedgerException("a lesson of an unknown kind: " + row.kind(), null);
      }
    }
    return new Learned(maxDays, rowCap, mostRows, limits, offsets);
  }

  @Override
  public void learn(Learned.Lesson lesson) {
    if (lesson instanceof Learned.Lesson.MaxDays max) {
      learn("max_days", "", max.shapeKey(), max.days(), "least");
    } else if (lesson instanceof Learned.Lesson.RowCap cap) {
      learn("row_cap", "", "", cap.rows(), "least");
    } else if (lesson instanceof Learned.Lesson.MostRows most) {
      learn("most_rows", "", "", most.rows(), "greatest");
    } else if (lesson instanceof Learned.Lesson.Limit limit) {
      learn("limit", limit.account(), limit.shapeKey(), limit.rows(), "least");
    } else if (lesson instanceof Learned.Lesson.Offset offset) {
      update(
          "INSERT INTO fathom_ops.learned AS known (kind, account, shape, answer)"
              + " VALUES ('offset', ?, '', ?)"
              + " ON CONFLICT (kind, account, shape) DO UPDATE SET answer = excluded.answer,"
              + " learned_at = pg_catalog.now() WHERE known.answer <> excluded.answer",
          (connection, s) -> {
            s.setString(1, offset.account());
            s.setString(2, offset.support().label());
            s.addBatch();
          });
    } else if (lesson instanceof Learned.Lesson.OffsetUnknown offset) {
      update(
          "DELETE FROM fathom_ops.learned WHERE kind = 'offset' AND account = ?",
          (connection, s) -> {
            s.setString(1, offset.account());
            s.addBatch();
          });
    }
  }

  private void learn(String kind, String account, String shape, int number, String keep) {
    update(
        "INSERT INTO fathom_ops.learned AS known (kind, account, shape, number) VALUES (?, ?, ?, ?)"
            + " ON CONFLICT (kind, account, shape) DO UPDATE SET number = "
            + keep
            + "(known.number, excluded.number), learned_at = pg_catalog.now()"
            + " WHERE known.number <> "
            + keep
            + "(known.number, excluded.number)",
        (connection, s) -> {
          s.setString(1, kind);
          s.setString(2, account);
          s.setString(3, shape);
          s.setInt(4, number);
          s.addBatch();
        });
  }

  @Override
  public List<Audit> audits() {
    return query(
        "SELECT site_id, agreed, report, event_name, period, audited_at, run_id"
            + " FROM fathom_ops.audit",
        (connection, q) -> {},
        r ->
            new Audit(
                r.getString("report"),
                slice(r),
                r.getObject("period", LocalDate.class),
                r.getBoolean("agreed"),
                instant(r, "audited_at"),
                r.getString("run_id")));
  }

  @Override
  public void audited(Audit audit) {
    update(
        """
        INSERT INTO fathom_ops.audit
          (site_id, agreed, report, event_name, period, audited_at, run_id)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (site_id, agreed) DO UPDATE
           SET report = excluded.report, event_name = excluded.event_name,
               period = excluded.period, audited_at = excluded.audited_at,
               run_id = excluded.run_id\
        """,
        (connection, s) -> {
          s.setString(1, audit.slice().site().value());
          s.setBoolean(2, audit.agreed());
          s.setString(3, audit.report());
          s.setString(4, audit.slice().eventKey());
          s.setObject(5, audit.period());
          s.setObject(6, audit.at().atOffset(ZoneOffset.UTC));
          s.setString(7, audit.runId());
          s.addBatch();
        });
  }

  /** For {@link #addQuarantined}. */
  public static final String INSERT_QUARANTINED =
      """
      INSERT INTO fathom_ops.quarantine
        (report, site_id, event_name, window_id, run_id, at, raw_text, reason)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)\
      """;

  public static void addQuarantined(PreparedStatement insert, List<QuarantinedRow> rows)
      throws SQLException {
    for (QuarantinedRow row : rows) {
      insert.setString(1, row.report());
      insert.setString(2, row.slice().site().value());
      insert.setString(3, row.slice().eventKey());
      insert.setString(4, row.windowId());
      insert.setString(5, row.runId());
      insert.setObject(6, row.at().atOffset(ZoneOffset.UTC));
      insert.setString(7, storable(row.rawText()));
      insert.setString(8, storable(row.reason()));
      insert.addBatch();
    }
  }

  /** PostgreSQL's text holds no U+0000, and damaged rows may. */
  private static String storable(String text) {
    return text.replace('\0', '\uFFFD');
  }

  @Override
  public List<QuarantinedRow> quarantined(String report, int limit) {
    return query(
        """
        SELECT report, site_id, event_name, window_id, run_id, at, raw_text, reason
          FROM fathom_ops.quarantine
         WHERE report = ? AND settled_at IS NULL
         ORDER BY at DESC, id DESC
         LIMIT ?\
        """,
        (connection, q) -> {
          q.setString(1, report);
          q.setInt(2, limit);
        },
        PostgresLedger::quarantinedRow);
  }

  @Override
  public List<QuarantinedRow> quarantined(
      String report, Slice slice, Collection<String> windowIds) {
    return query(
        """
        SELECT report, site_id, event_name, window_id, run_id, at, raw_text, reason
          FROM fathom_ops.quarantine
         WHERE report = ? AND site_id = ? AND event_name = ? AND window_id = ANY (?)
           AND settled_at IS NULL
         ORDER BY at DESC, id DESC\
        """,
        (connection, q) -> {
          q.setString(1, report);
          q.setString(2, slice.site().value());
          q.setString(3, slice.eventKey());
          q.setArray(4, connection.createArrayOf("text", windowIds.toArray()));
        },
        PostgresLedger::quarantinedRow);
  }

  private static QuarantinedRow quarantinedRow(ResultSet r) throws SQLException {
    return new QuarantinedRow(
        r.getString("report"),
        slice(r),
        r.getString("window_id"),
        r.getString("run_id"),
        instant(r, "at"),
        r.getString("raw_text"),
        r.getString("reason"));
  }

  @Override
  public List<Restatement> restatements(String report, int limit) {
    return query(
        """
        SELECT report, site_id, event_name, day, measure, before, after, restated_at, run_id
          FROM fathom_ops.restatement
         WHERE report = ?
         ORDER BY restated_at DESC, id DESC
         LIMIT ?\
        """,
        (connection, q) -> {
          q.setString(1, report);
          q.setInt(2, limit);
        },
        PostgresLedger::restatement);
  }

  @Override
  public List<Restatement> restatements(String report, Slice slice, LocalDate period) {
    return query(
        """
        SELECT report, site_id, event_name, day, measure, before, after, restated_at, run_id
          FROM fathom_ops.restatement
         WHERE report = ? AND site_id = ? AND event_name = ? AND day = ?
         ORDER BY restated_at DESC, id DESC\
        """,
        (connection, q) -> {
          q.setString(1, report);
          q.setString(2, slice.site().value());
          q.setString(3, slice.eventKey());
          q.setObject(4, period);
        },
        PostgresLedger::restatement);
  }

  @Override
  public Map<Slice, JournalCount> journalCounts(String report) {
    record Row(Slice slice, JournalCount count) {}
    return query(
            """
            SELECT site_id, event_name, count(*) AS quarantined, 0 AS restated
              FROM fathom_ops.quarantine
             WHERE report = ? AND settled_at IS NULL
             GROUP BY site_id, event_name
            UNION ALL
            SELECT site_id, event_name, 0, count(DISTINCT day)
              FROM fathom_ops.restatement
             WHERE report = ?
             GROUP BY site_id, event_name\
            """,
            (connection, q) -> {
              q.setString(1, report);
              q.setString(2, report);
            },
            r ->
                new Row(
                    slice(r), new JournalCount(r.getLong("quarantined"), r.getLong("restated"))))
        .stream()
        .collect(Collectors.toMap(Row::slice, Row::count, JournalCount::plus));
  }

  private static Restatement restatement(ResultSet r) throws SQLException {
    return new Restatement(
        r.getString("report"),
        slice(r),
        r.getObject("day", LocalDate.class),
        r.getString("measure"),
        real(r, "before"),
        real(r, "after"),
        instant(r, "restated_at"),
        r.getString("run_id"));
  }

  private static @Nullable Double real(ResultSet r, String column) throws SQLException {
    double value = r.getDouble(column);
    return r.wasNull() ? null : value;
  }

  @Override
  public void record(RunRecord run) {
    update(
        """
        INSERT INTO fathom_ops.run
          (run_id, pipeline, command, started_at, finished_at, exit_code, windows_planned,
           windows_committed, windows_unchanged, windows_incomplete, windows_failed,
           windows_skipped, rows, quarantined, requests, messages)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (run_id) DO UPDATE
           SET pipeline = excluded.pipeline, command = excluded.command,
               started_at = excluded.started_at, finished_at = excluded.finished_at,
               exit_code = excluded.exit_code, windows_planned = excluded.windows_planned,
               windows_committed = excluded.windows_committed,
               windows_unchanged = excluded.windows_unchanged,
               windows_incomplete = excluded.windows_incomplete,
               windows_failed = excluded.windows_failed,
               windows_skipped = excluded.windows_skipped, rows = excluded.rows,
               quarantined = excluded.quarantined, requests = excluded.requests,
               messages = excluded.messages\
        """,
        (connection, s) -> {
          s.setString(1, run.runId());
          s.setString(2, run.pipeline());
          s.setString(3, run.command());
          s.setObject(4, run.startedAt().atOffset(ZoneOffset.UTC));
          Instant finished = run.finishedAt();
          s.setObject(
              5,
              finished == null ? null : finished.atOffset(ZoneOffset.UTC),
              Types.TIMESTAMP_WITH_TIMEZONE);
          s.setObject(6, run.exitCode(), Types.INTEGER);
          s.setLong(7, run.windowsPlanned());
          s.setLong(8, run.windowsCommitted());
          s.setLong(9, run.windowsUnchanged());
          s.setLong(10, run.windowsIncomplete());
          s.setLong(11, run.windowsFailed());
          s.setLong(12, run.windowsSkipped());
          s.setLong(13, run.rows());
          s.setLong(14, run.quarantined());
          s.setLong(15, run.requests());
          s.setArray(
              16,
              connection.createArrayOf(
                  "text", run.messages().stream().map(PostgresLedger::storable).toArray()));
          s.addBatch();
        });
  }

  private static final String RUN =
      """
      SELECT run_id, pipeline, command, started_at, finished_at, exit_code, windows_planned,
             windows_committed, windows_unchanged, windows_incomplete, windows_failed,
             windows_skipped, rows, quarantined, requests, messages
        FROM fathom_ops.run
      """;

  @Override
  public Optional<RunRecord> run(String runId) {
    return query(
            RUN + " WHERE run_id = ?",
            (connection, q) -> q.setString(1, runId),
            PostgresLedger::run)
        .stream()
        .findFirst();
  }

  @Override
  public List<RunRecord> runs(int limit) {
    return query(
        RUN + " ORDER BY started_at DESC, run_id DESC LIMIT ?",
        (connection, q) -> q.setInt(1, limit),
        PostgresLedger::run);
  }

  private static RunRecord run(ResultSet r) throws SQLException {
    OffsetDateTime finished = r.getObject("finished_at", OffsetDateTime.class);
    int exitCode = r.getInt("exit_code");
    @Nullable Integer exit = r.wasNull() ? null : exitCode;
    return new RunRecord(
        r.getString("run_id"),
        r.getString("pipeline"),
        r.getString("command"),
        instant(r, "started_at"),
        finished == null ? null : finished.toInstant(),
        exit,
        r.getLong("windows_planned"),
        r.getLong("windows_committed"),
        r.getLong("windows_unchanged"),
        r.getLong("windows_incomplete"),
        r.getLong("windows_failed"),
        r.getLong("windows_skipped"),
        r.getLong("rows"),
        r.getLong("quarantined"),
        r.getLong("requests"),
        List.of((String[]) r.getArray("messages").getArray()));
  }

  @Override
  public List<RequestCount> requestCounts(LocalDate from) {
    return query(
        """
        SELECT account, day, requests, limited
          FROM fathom_ops.request_count
         WHERE day >= ?
         ORDER BY account COLLATE "C", day\
        """,
        (connection, q) -> q.setObject(1, from),
        r ->
            new RequestCount(
                r.getString("account"),
                r.getObject("day", LocalDate.class),
                r.getLong("requests"),
                r.getLong("limited")));
  }

  // --- The lock on a pipeline

  @Override
  public Optional<RunLock> tryLock(String pipeline) {
    try {
      Connection connection = database.connect();
      boolean kept = false;
      try {
        if (!locked(connection, pipeline)) {
          return Optional.empty();
        }
        Lock lock = new Lock(pipeline, connection, nextEpoch(connection, pipeline));
        locks.add(lock);
        kept = true;
        return Optional.of(lock);
      } finally {
        if (!kept) {
          database.discard(connection);
        }
      }
    } catch (SQLException e) {
      if (LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
        // A commit of a run that has lost its lock, and does not know it yet, does not end.
        return Optional.empty();
      }
      throw translate(e);
    }
  }

  private static long nextEpoch(Connection connection, String pipeline) throws SQLException {
    try (PreparedStatement next =
        connection.prepareStatement(
            "INSERT INTO fathom_ops.pipeline_lock AS l (pipeline, epoch, taken_at)"
                + " VALUES (?, 1, clock_timestamp()) ON CONFLICT (pipeline)"
                + " DO UPDATE SET epoch = l.epoch + 1, taken_at = excluded.taken_at"
                + " RETURNING epoch")) {
      next.setString(1, pipeline);
      try (ResultSet row = next.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  private static boolean isEpoch(Connection connection, String pipeline, long epoch)
      throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT epoch FROM fathom_ops.pipeline_lock WHERE pipeline = ?")) {
      query.setString(1, pipeline);
      try (ResultSet row = query.executeQuery()) {
        return row.next() && row.getLong(1) == epoch;
      }
    }
  }

  /**
   * Locks for as long as the session lives: the server frees the lock when the process dies. The
   * session has nothing else to do, and must not be ended for that.
   */
  private static boolean locked(Connection connection, String pipeline) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      // That this machine is gone shows within a minute.
      statement.execute(
          "SET idle_session_timeout = 0; SET lock_timeout = '10s'; SET tcp_keepalives_idle = 20;"
              + " SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3");
    }
    try (PreparedStatement query =
        connection.prepareStatement("SELECT pg_try_advisory_lock(hashtextextended(?, 0))")) {
      query.setString(1, "fathom-export:" + pipeline);
      try (ResultSet row = query.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    }
  }

  private final class Lock implements RunLock {
    private final String pipeline;
    private final long epoch;
    private Connection connection;
    private boolean superseded;
    private boolean closed;

    Lock(String pipeline, Connection connection, long epoch) {
      this.pipeline = pipeline;
      this.connection = connection;
      this.epoch = epoch;
    }

    @Override
    public long epoch() {
      return epoch;
    }

    @Override
    public synchronized boolean stillHeld() {
      if (closed || superseded) {
        return false;
      }
      try {
        if (connection.isValid(ANSWER_SECONDS)) {
          return true;
        }
        LOG.warn("the connection that locks pipeline {} is lost; taking the lock again", pipeline);
        database.discard(connection);
        superseded = !takeAgain();
        return !superseded;
      } catch (SQLException e) {
        throw translate(e);
      }
    }

    /**
     * The lock of the lost session may outlive it for a while. Meanwhile the epoch tells that
     * nobody has taken over, and fences the commits.
     */
    private boolean takeAgain() throws SQLException {
      Connection next =
          database.outage().reconnect(new SQLException("the connection is lost", LOST));
      boolean kept = false;
      try {
        for (int tries = 0; !locked(next, pipeline) && tries < TRIES; tries++) {
          pause();
        }
        connection = next;
        kept = isEpoch(next, pipeline, epoch);
        return kept;
      } finally {
        if (!kept) {
          database.discard(next);
        }
      }
    }

    private void pause() {
      try {
        Thread.sleep(BETWEEN_TRIES.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public synchronized void close() {
      if (closed) {
        return;
      }
      closed = true;
      locks.remove(this);
      // Asked for, and not only by ending the session: that the server notices a little later.
      try (Statement statement = connection.createStatement()) {
        statement.execute("SELECT pg_advisory_unlock_all()");
      } catch (SQLException e) {
        // The lock went with its session.
        LOG.debug("the lock on pipeline {} was lost before it was freed", pipeline, e);
      } finally {
        database.discard(connection);
      }
    }
  }

  @Override
  public void close() {
    List.copyOf(locks).forEach(Lock::close);
  }

  // --- Statements

  @FunctionalInterface
  private interface Binding {
    void bind(Connection connection, PreparedStatement statement) throws SQLException;
  }

  @FunctionalInterface
  private interface Reading<T> {
    T read(ResultSet row) throws SQLException;
  }

  private <T> List<T> query(String sql, Binding binding, Reading<T> reading) {
    try {
      return database.with(
          connection -> {
            List<T> answer = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
              binding.bind(connection, statement);
              try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                  answer.add(reading.read(rows));
                }
              }
            }
            return answer;
          });
    } catch (SQLException e) {
      if (undefined(e) && neverMigrated(e)) {
        // Asked before the first run, as a plan is: nothing is stored, so nothing is known.
        return List.of();
      }
      throw translate(e);
    }
  }

  private static boolean undefined(SQLException e) {
    String state = String.valueOf(e.getSQLState());
    return state.equals(UNDEFINED_TABLE)
        || state.equals(UNDEFINED_SCHEMA)
        || state.equals(UNDEFINED_COLUMN);
  }

  /** Whether the database holds none of the ledger's tables, rather than only some. */
  private boolean neverMigrated(SQLException first) {
    try {
      return database.with(
          connection -> {
            try (Statement statement = connection.createStatement();
                ResultSet none =
                    statement.executeQuery(
                        "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_tables"
                            + " WHERE schemaname = 'fathom_ops')")) {
              return none.next() && none.getBoolean(1);
            }
          });
    } catch (SQLException e) {
      e.addSuppressed(first);
      throw translate(e);
    }
  }

  /** All of the binding's batch in one transaction. */
  private void update(String sql, Binding binding) {
    try {
      database.with(
          connection -> {
            connection.setAutoCommit(false);
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
              binding.bind(connection, statement);
              statement.executeBatch();
            }
            connection.commit();
            return true;
          });
    } catch (SQLException e) {
      throw translate(e);
    }
  }

  private RuntimeException translate(SQLException e) {
    if (undefined(e)) {
      return new LedgerException(
          "PostgreSQL at "
              + database.place()
              + " has no ledger yet, or one of an older version: run `fathom-export migrate`, or any"
              + " export",
          e);
    }
    DatabaseFailure failure = database.failure(e);
    return failure.kind() == SinkException.Kind.UNAVAILABLE
        ? new LedgerException(failure.message(), e)
        : new SinkException(failure.kind(), failure.message(), e);
  }

  private static Slice slice(ResultSet r) throws SQLException {
    String event = r.getString("event_name");
    return new Slice(new SiteId(r.getString("site_id")), event.isEmpty() ? null : event);
  }

  private static Instant instant(ResultSet r, String column) throws SQLException {
    return r.getObject(column, OffsetDateTime.class).toInstant();
  }
}
