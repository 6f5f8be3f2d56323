package fathomexport.sink.postgres;

import fathomexport.ledger.Ledger;
import fathomexport.report.DayRange;
import fathomexport.report.Program;
import fathomexport.report.Report;
import fathomexport.report.SecretUnavailableException;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.TableSchema;
import fathomexport.report.Window;
import fathomexport.report.rows.RowReader;
import fathomexport.report.rows.RowSource;
import fathomexport.sink.CommitResult;
import fathomexport.sink.Damage;
import fathomexport.sink.DimensionStore;
import fathomexport.sink.Fence;
import fathomexport.sink.Migrated;
import fathomexport.sink.Removal;
import fathomexport.sink.SampleStore;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sink.WindowConfirmation;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.postgres.commit.OldPeriods;
import fathomexport.sink.postgres.commit.TableRows;
import fathomexport.sink.postgres.commit.WindowTransaction;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.DatabaseFailure;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.ledger.PostgresLedger;
import fathomexport.sink.postgres.schema.LoaderRights;
import fathomexport.sink.postgres.schema.Migrations;
import fathomexport.sink.postgres.schema.ReportTable;
import fathomexport.sink.postgres.schema.StoredReports;
import fathomexport.sink.postgres.views.Additivity;
import fathomexport.sink.postgres.views.MonthSums;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sink for PostgreSQL 14 or later. One transaction commits one window: COPY, replacement of the
 * periods that differ, journal, ledger.
 */
public final class PostgresSink implements Sink {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresSink.class);
  private static final Duration SETTLE_WITHIN = Duration.ofSeconds(30);
  private static final Duration SETTLE_PAUSE = Duration.ofMillis(500);

  /**
   * As many as a {@code Database} keeps connections. A run with many accounts has two lanes for
   * each, and the server a limited number of connections for everybody.
   */
  private static final int COMMITS_AT_ONCE = 4;

  private static final String INSUFFICIENT_PRIVILEGE = "42501";
  private static final String UNIQUE_VIOLATION = "23505";

  /** The server's SQLSTATE for the id of a transaction that it has not assigned yet. */
  private static final String IN_THE_FUTURE = "22023";

  private static final String NOT_GIVEN = "not given yet";

  /** SQLSTATEs for a missing table, column or schema. */
  private static final Set<String> NOT_READY = Set.of("42P01", "42703", "3F000");

  private final Database database;
  private final PostgresLedger ledger;
  private final Duration settleWithin;
  private final Semaphore commits = new Semaphore(COMMITS_AT_ONCE, true);
  private volatile @Nullable Fence fence;

  /**
   * Creates the sink without connecting to the database.
   *
   * @throws SecretUnavailableException if the password is not where the settings say
   */
  public PostgresSink(PostgresSettings settings, Map<String, String> environment) {
    this(settings, environment, SETTLE_WITHIN);
  }

  PostgresSink(PostgresSettings settings, Map<String, String> environment, Duration settleWithin) {
    this.database = new Database(settings, environment, settleWithin.multipliedBy(2));
    this.ledger = new PostgresLedger(database);
    this.settleWithin = settleWithin;
  }

  @Override
  public String name() {
    return "postgres";
  }

  @Override
  public Migrated migrate(List<Report> reports) {
    try {
      return new Migrations(database).run(reports);
    } catch (SQLException e) {
      throw database.unavailable(e);
    }
  }

  @Override
  public void runEnded(BooleanSupplier stopped) {
    try {
      database.with(
          connection -> {
            new Additivity(connection).measure();
            new MonthSums(connection, MonthSums.LEAST_ROWS).update(stopped);
            return true;
          });
    } catch (SQLException e) {
      SinkException failure = database.unavailable(e);
      List<String> grants = INSUFFICIENT_PRIVILEGE.equals(e.getSQLState()) ? lacking() : List.of();
      throw new SinkException(
          grants.isEmpty() ? failure.kind() : SinkException.Kind.ACCESS,
          "whether measures add up could not be measured, or the sums of months not be made: "
              + failure.getMessage()
              + (grants.isEmpty()
                  ? ""
                  : ". As an administrator of the database, run: " + String.join(" ", grants)),
          e);
    }
  }

  /** Returns the statements that let the role derive what readers need; empty if not known. */
  private List<String> lacking() {
    try {
      return database.with(c -> LoaderRights.lacking(c, List.of()).forReaders());
    } catch (SQLException e) {
      LOG.warn("the missing rights cannot be looked up: {}", e.getMessage());
      return List.of();
    }
  }

  @Override
  public Map<String, String> refusals(List<Report> reports, Map<String, String> renamed) {
    try {
      return database.with(c -> StoredReports.refusals(c, reports, renamed));
    } catch (SQLException e) {
      throw new Migrations(database).explained(e);
    }
  }

  @Override
  public Optional<String> moveAway(String report) {
    try {
      return database.with(c -> StoredReports.moveAway(c, report));
    } catch (SQLException e) {
      throw database.unavailable(e);
    }
  }

  @Override
  public void rename(Map<String, String> renamed) {
    if (renamed.isEmpty()) {
      return;
    }
    try {
      new Migrations(database).rename(renamed);
    } catch (SQLException e) {
      throw database.unavailable(e);
    }
  }

  @Override
  public Set<String> reports() {
    try {
      return database.with(StoredReports::names);
    } catch (SQLException e) {
      throw database.unavailable(e);
    }
  }

  @Override
  public void fence(Fence required) {
    fence = required;
  }

  /**
   * Commits a window, and retries while the database is briefly unavailable, because the fetched
   * rows were paid for.
   */
  @Override
  public CommitResult commit(WindowLoad load) {
    return commit(
        load.window(),
        new Work() {
          @Override
          public CommitResult run(Connection connection) throws SQLException, IOException {
            return new WindowTransaction(connection, fence).commit(load);
          }

          @Override
          public boolean isDone(Connection connection) throws SQLException {
            return new WindowTransaction(connection, fence).isCommitted(load);
          }

          @Override
          public boolean repeatsKey() {
            return PostgresSink.repeatsKey(load);
          }
        });
  }

  @Override
  public void confirm(WindowConfirmation confirmation) {
    commit(
        confirmation.window(),
        new Work() {
          @Override
          public CommitResult run(Connection connection) throws SQLException {
            new WindowTransaction(connection, fence).confirm(confirmation);
            return new CommitResult(0, List.of(), List.of());
          }

          @Override
          public boolean isDone(Connection connection) throws SQLException {
            return new WindowTransaction(connection, fence).isConfirmed(confirmation);
          }
        });
  }

  @Override
  public Removal.Removed remove(Removal removal) {
    try {
      return database.with(
          connection -> {
            connection.setAutoCommit(false);
            return new OldPeriods(connection, fence, removal).remove();
          });
    } catch (SQLException e) {
      if (INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())) {
        String table = ReportTable.qualified(removal.report().name());
        throw new SinkException(SinkException.Kind.REFUSED, DatabaseFailure.refusal(e, table), e);
      }
      throw database.unavailable(e);
    }
  }

  /** The work of a window's transaction, without its commit. */
  private interface Work {
    CommitResult run(Connection connection) throws SQLException, IOException;

    /** Returns whether the ledger contains what the transaction has written. */
    boolean isDone(Connection connection) throws SQLException;

    /** Returns whether the rows themselves violate the grain, rather than an added unique index. */
    default boolean repeatsKey() {
      return false;
    }
  }

  private CommitResult commit(Window window, Work work) {
    commits.acquireUninterruptibly();
    try {
      return commitNow(window, work);
    } finally {
      commits.release();
    }
  }

  private CommitResult commitNow(Window window, Work work) {
    Database.Outage outage = database.outage();
    Connection connection;
    try {
      connection = database.borrow(outage);
    } catch (SQLException e) {
      throw database.unavailable(e);
    }
    while (true) {
      try {
        return commit(window, work, connection);
      } catch (Repeatable failure) {
        LOG.warn("committing window {} again: {}", window, failure.getMessage());
        try {
          connection = outage.reconnect(failure.getCause());
        } catch (SQLException e) {
          throw database.unavailable(e);
        }
      }
    }
  }

  /** Nothing was stored, and a retry on a new connection may succeed. */
  private static final class Repeatable extends Exception {
    private static final long serialVersionUID = 1L;
    private final SQLException cause;

    Repeatable(SQLException cause) {
      super(cause.getMessage(), cause);
      this.cause = cause;
    }

    @Override
    public synchronized SQLException getCause() {
      return cause;
    }
  }

  private CommitResult commit(Window window, Work work, Connection connection) throws Repeatable {
    CommitResult result;
    String transaction;
    boolean clean = false;
    try {
      connection.setAutoCommit(false);
      result = work.run(connection);
      transaction = transactionId(connection);
      clean = true;
    } catch (SQLException e) {
      if (Database.worthRepeating(e)) {
        throw new Repeatable(e);
      }
      throw translate(window, work, e);
    } catch (IOException e) {
      throw new SinkException(
          SinkException.Kind.UNAVAILABLE,
          "the rows of window " + window + " cannot be read back: " + e.getMessage(),
          e);
    } finally {
      if (!clean) {
        database.discard(connection);
      }
    }
    try {
      connection.commit();
    } catch (SQLException e) {
      database.discard(connection);
      if (!Database.lost(e)) {
        throw translate(window, work, e);
      }
      return switch (settle(window, work, transaction)) {
        case COMMITTED -> result;
        case ABORTED -> throw new Repeatable(e);
        case UNKNOWN ->
            throw new SinkException(
                SinkException.Kind.UNKNOWN,
                "PostgreSQL at "
                    + database.place()
                    + " did not confirm the commit of window "
                    + window
                    + ", and its outcome could not be determined; the next run will check",
                e);
      };
    }
    database.giveBack(connection);
    return result;
  }

  private static String transactionId(Connection connection) throws SQLException {
    return Queries.first(
            connection, "SELECT pg_current_xact_id()::text AS id", p -> {}, r -> r.text("id"))
        .orElseThrow();
  }

  private enum Outcome {
    COMMITTED,
    ABORTED,
    UNKNOWN
  }

  /** Determines the outcome of a commit whose response was lost. Never guesses. */
  private Outcome settle(Window window, Work work, String transaction) {
    LOG.warn(
        "the server did not confirm the commit of window {}; checking transaction {}",
        window,
        transaction);
    long deadline = System.nanoTime() + settleWithin.toNanos();
    while (true) {
      try (Connection connection = database.connect()) {
        return outcome(connection, window, work, transaction);
      } catch (SQLException e) {
        LOG.warn("the outcome of transaction {} is not known yet: {}", transaction, e.getMessage());
      }
      if (System.nanoTime() - deadline > 0) {
        return Outcome.UNKNOWN;
      }
      try {
        Thread.sleep(SETTLE_PAUSE.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return Outcome.UNKNOWN;
      }
    }
  }

  /**
   * Determines the outcome of a transaction. The ledger, which is written together with the rows,
   * decides. The server's status of the transaction id is trusted only if the ledger agrees: after
   * a failover to a lagging standby, the id may belong to another transaction, or may not be
   * assigned yet.
   */
  private Outcome outcome(Connection connection, Window window, Work work, String transaction)
      throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL lock_timeout = " + settleWithin.toMillis());
    }
    // The transaction holds the window's lock as long as it is in progress.
    WindowTransaction.lock(connection, window);
    if (work.isDone(connection)) {
      return Outcome.COMMITTED;
    }
    return switch (status(connection, transaction)) {
      case "aborted", NOT_GIVEN -> Outcome.ABORTED;
      case "committed" -> {
        LOG.warn(
            "the server reports transaction {} as committed, but the ledger has no entry of window"
                + " {}: the transaction was lost, as may happen in a failover",
            transaction,
            window);
        yield Outcome.ABORTED;
      }
      default -> Outcome.UNKNOWN;
    };
  }

  private static String status(Connection connection, String transaction) throws SQLException {
    try {
      return Queries.first(
              connection,
              "SELECT coalesce(pg_xact_status(?::xid8), '') AS status",
              p -> p.text(transaction),
              r -> r.text("status"))
          .orElse("");
    } catch (SQLException e) {
      if (IN_THE_FUTURE.equals(e.getSQLState())) {
        return NOT_GIVEN;
      }
      throw e;
    }
  }

  @Override
  public RowSource stored(Report report, Slice slice, DayRange days) {
    try {
      return new TableRows(database, report, slice, days);
    } catch (SQLException e) {
      throw database.unavailable(e);
    }
  }

  @Override
  public List<Damage> damages(Report report, Collection<SiteId> sites, DayRange days) {
    // The server detects damage when it reads the pages, and reports it then.
    return List.of();
  }

  @Override
  public Ledger ledger() {
    return ledger.ledger();
  }

  @Override
  public SampleStore samples() {
    return new PostgresSamples(database);
  }

  @Override
  public DimensionStore dimensions() {
    return new PostgresDimensions(database);
  }

  @Override
  public void close() {
    try {
      ledger.close();
    } finally {
      database.close();
    }
  }

  private SinkException translate(Window window, Work work, SQLException e) {
    String table = ReportTable.SCHEMA + "." + window.report();
    String state = String.valueOf(e.getSQLState());
    if (UNIQUE_VIOLATION.equals(state) && work.repeatsKey()) {
      return new SinkException(
          SinkException.Kind.INTEGRITY,
          "window "
              + window
              + " contains two rows with the same key; nothing was stored: "
              + e.getMessage(),
          e);
    }
    if (DatabaseFailure.refuses(e)) {
      return new SinkException(
          SinkException.Kind.REFUSED,
          "PostgreSQL at "
              + database.place()
              + ": table "
              + table
              + " rejects the rows of report "
              + window.report()
              + "; nothing was stored: "
              + DatabaseFailure.refusal(e, table),
          e);
    }
    if (NOT_READY.contains(state)) {
      return new SinkException(
          SinkException.Kind.DEFINITION,
          "PostgreSQL at "
              + database.place()
              + " is not ready for report "
              + window.report()
              + ": run `"
              + Program.command("migrate")
              + "` ("
              + e.getMessage()
              + ")",
          e);
    }
    return database.unavailable(e);
  }

  private static boolean repeatsKey(WindowLoad load) {
    TableSchema schema = load.report().schema();
    RowReader row = new RowReader(schema);
    int keys = schema.keyColumns().size();
    byte[] previous = new byte[0];
    int previousLength = -1;
    try (RowSource rows = load.rows().read()) {
      while (rows.next()) {
        row.read(rows.buffer(), rows.length());
        int length = row.prefixLength(keys);
        if (length == previousLength
            && Arrays.equals(previous, 0, length, row.bytes(), 0, length)) {
          return true;
        }
        previous = Arrays.copyOf(row.bytes(), length);
        previousLength = length;
      }
      return false;
    } catch (IOException e) {
      throw new SinkException(
          SinkException.Kind.UNAVAILABLE,
          "the rows of window " + load.window() + " cannot be read back: " + e.getMessage(),
          e);
    }
  }
}
