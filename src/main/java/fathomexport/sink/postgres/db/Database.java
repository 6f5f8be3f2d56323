package fathomexport.sink.postgres.db;

import fathomexport.sink.SinkException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingDeque;
import java.util.concurrent.LinkedBlockingDeque;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connections to one database. A few are kept for reuse, but their number is not limited: each call
 * gets a connection. Thread-safe.
 */
public final class Database implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Database.class);
  private static final int KEPT = 4;

  /**
   * Server-side settings of each session. A session whose client is suspended holds its locks for
   * five minutes at most, one whose client is lost for one minute, and no session waits for a lock
   * forever. They do not apply to Flyway's connections: Flyway's lock is a transaction that is idle
   * while an index is built.
   *
   * <p>A commit is reported only after it is durable on the server, whatever default the operator
   * has set: the lock's epoch must not be assigned twice, and a window that a run has reported as
   * committed must not be lost.
   */
  private static final String SESSION =
      "SET idle_in_transaction_session_timeout = '5min'; SET lock_timeout = '5min';"
          + " SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10;"
          + " SET tcp_keepalives_count = 3;"
          + " SELECT pg_catalog.set_config('synchronous_commit', 'on', false)"
          + " WHERE pg_catalog.current_setting('synchronous_commit') = 'off'";

  private final ConnectionSource source;
  private final LockWatch watch;
  private final Duration patience;
  private final BlockingDeque<Connection> kept = new LinkedBlockingDeque<>(KEPT);
  private volatile boolean closed;

  /** Whether the database has ever answered: only then is it worth waiting for it to come back. */
  private volatile boolean answered;

  /** Whether each connection is known to have a separate session. */
  private volatile boolean sessionsAreOwn;

  /** Creates connections without patience: the second broken connection is a failure. */
  public Database(PostgresSettings settings, Map<String, String> environment) {
    this(settings, environment, Duration.ZERO);
  }

  /**
   * @param patience how long a database that has answered before may be unavailable, for example
   *     during a restart
   */
  public Database(PostgresSettings settings, Map<String, String> environment, Duration patience) {
    this(settings, environment, patience, LockWatch.PAUSE);
  }

  /**
   * @param watchPause how often the server is asked whether a connection waits for a lock
   */
  Database(
      PostgresSettings settings,
      Map<String, String> environment,
      Duration patience,
      Duration watchPause) {
    this.patience = patience;
    source = ConnectionSource.of(settings, environment);
    watch = new LockWatch(source::unwatched, place(), watchPause);
    if (!patience.isZero()) {
      // Connections without patience belong to commands that hold no lock and to the lease, which
      // limits its waits itself.
      source.watchedBy(watch);
    }
  }

  /** Work that runs on a connection. */
  @FunctionalInterface
  public interface ConnectionWork<T> {
    T on(Connection connection) throws SQLException;
  }

  /** Returns {@code host:port/database}, for messages. */
  public String place() {
    return source.getServerNames()[0]
        + ":"
        + source.getPortNumbers()[0]
        + "/"
        + source.getDatabaseName();
  }

  String user() {
    return String.valueOf(source.getUser());
  }

  /** Returns the data source for Flyway, which opens and closes its own connections. */
  public DataSource source() {
    return source;
  }

  /**
   * Opens a new connection in autocommit mode.
   *
   * @throws IllegalStateException if this is closed: nothing would close the connection
   */
  public Connection connect() throws SQLException {
    if (closed) {
      throw new IllegalStateException("the connections to " + place() + " are closed");
    }
    Connection connection = source.getConnection();
    answered = true;
    try (Statement statement = connection.createStatement()) {
      statement.execute(SESSION);
    } catch (SQLException e) {
      discard(connection);
      throw e;
    }
    return connection;
  }

  /**
   * Returns a connection for locks that belong to its session: a kept one if it still answers,
   * otherwise a new one.
   *
   * @throws SinkException {@code SETTINGS} if a connection pooler gives each transaction another
   *     session, see {@link PoolerProbe}
   */
  public Connection session() throws SQLException {
    Connection connection = keptThatAnswers();
    if (connection == null) {
      connection = connect();
    }
    boolean own = false;
    try {
      Optional<String> pooler = pooler(connection);
      if (pooler.isPresent()) {
        throw new SinkException(SinkException.Kind.SETTINGS, pooler.get(), null);
      }
      own = true;
      return connection;
    } finally {
      if (!own) {
        discard(connection);
      }
    }
  }

  private @Nullable Connection keptThatAnswers() throws SQLException {
    for (Connection c = kept.pollFirst(); c != null; c = kept.pollFirst()) {
      if (c.isValid(ConnectionSource.CONNECT_SECONDS)) {
        return c;
      }
      discard(c);
    }
    return null;
  }

  /**
   * Returns why locks cannot belong to the sessions of these connections, and what to do; empty if
   * they can.
   *
   * @param connection an open connection of this database, in autocommit mode
   */
  public Optional<String> pooler(Connection connection) throws SQLException {
    if (sessionsAreOwn) {
      return Optional.empty();
    }
    Connection other = connect();
    try {
      sessionsAreOwn = !PoolerProbe.sharesSessions(connection, other);
    } finally {
      // To open a connection takes the server longer than most statements do.
      if (sessionsAreOwn) {
        giveBack(other);
      } else {
        discard(other);
      }
    }
    return sessionsAreOwn ? Optional.empty() : Optional.of(PoolerProbe.words(place()));
  }

  /** Returns whether the database may come back: it has answered before, and this is not closed. */
  boolean mayComeBack() {
    return answered && !closed;
  }

  /** Starts measuring how long the database is unavailable. */
  public DatabaseOutage outage() {
    return new DatabaseOutage(this, patience);
  }

  /**
   * Returns a kept connection or a new one, in autocommit mode. A kept one may turn out to be
   * broken.
   */
  public Connection borrow() throws SQLException {
    Connection connection = kept.pollFirst();
    return connection == null ? connect() : connection;
  }

  /** Returns a kept connection or a new one, but waits for a database that has answered before. */
  public Connection borrow(DatabaseOutage outage) throws SQLException {
    try {
      return borrow();
    } catch (SQLException e) {
      if (!answered || !DatabaseFailure.lost(e) || DatabaseFailure.isPermanent(e)) {
        throw e;
      }
      return outage.reconnect(e);
    }
  }

  /** Rolls back an open transaction and keeps the connection for reuse. */
  public void giveBack(Connection connection) {
    try {
      if (!connection.getAutoCommit()) {
        connection.rollback();
        connection.setAutoCommit(true);
      }
      if (!closed && kept.offerFirst(connection)) {
        return;
      }
    } catch (SQLException e) {
      LOG.debug("a connection is not kept", e);
    }
    discard(connection);
  }

  /** Closes a connection that is broken, or might be. */
  public void discard(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      LOG.debug("a connection did not close", e);
    }
  }

  /**
   * Runs repeatable work on a kept connection. If that is broken, retries on new ones, for as long
   * as the database may be unavailable.
   */
  public <T> T with(ConnectionWork<T> work) throws SQLException {
    DatabaseOutage outage = outage();
    Connection connection = borrow(outage);
    while (true) {
      try {
        T result = work.on(connection);
        giveBack(connection);
        return result;
      } catch (SQLException e) {
        discard(connection);
        if (!DatabaseFailure.worthRepeating(e)) {
          throw e;
        }
        connection = outage.reconnect(e);
      } catch (RuntimeException e) {
        discard(connection);
        throw e;
      }
    }
  }

  /** Classifies a failed statement or connection. */
  public DatabaseFailure failure(SQLException e) {
    return DatabaseFailure.of(e, place(), user());
  }

  /**
   * Returns the message for a failed statement or connection: the place, the server's message, the
   * remedy.
   */
  public String describe(SQLException e) {
    return failure(e).message();
  }

  /** Translates a failed statement or connection into a sink's exception. */
  public SinkException unavailable(SQLException e) {
    DatabaseFailure failure = failure(e);
    return new SinkException(
        failure.kind(), DatabaseFailure.isDenied(e) ? failure.denial() : failure.message(), e);
  }

  /**
   * Takes the driver from the list of drivers in the JVM, which connections do not need. The JVM of
   * a cluster's worker outlives the program, and that list would keep all of its classes.
   */
  public static void forgetDriver() {
    try {
      if (Driver.isRegistered()) {
        Driver.deregister();
      }
    } catch (SQLException | IllegalStateException e) {
      // Another lane was quicker.
      LOG.debug("the driver stays in the list of drivers", e);
    }
  }

  @Override
  public void close() {
    closed = true;
    watch.close();
    for (Connection c = kept.pollFirst(); c != null; c = kept.pollFirst()) {
      discard(c);
    }
  }
}
