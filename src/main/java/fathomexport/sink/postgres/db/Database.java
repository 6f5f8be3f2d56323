package fathomexport.sink.postgres.db;

import fathomexport.report.SecretRef;
import fathomexport.sink.SinkException;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingDeque;
import java.util.concurrent.LinkedBlockingDeque;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connections to one database, a few of which are kept for the next use. Not a pool that limits:
 * who asks for a connection gets one. Thread-safe.
 */
public final class Database implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Database.class);
  private static final int KEPT = 4;
  private static final int CONNECT_SECONDS = 10;

  /** Longer than any statement of a window takes: what ends the wait for an answer. */
  private static final int SOCKET_SECONDS = 600;

  /** What one write of some dozen kilobytes may take: longer only into a network that stalls. */
  private static final int WRITE_SECONDS = 120;

  /**
   * On the server, so that a session whose client stands still holds its locks for minutes at the
   * most, one whose client is gone for one, and nobody waits for a lock for ever. Not Flyway's: its
   * lock is a transaction that is idle while an index is built.
   *
   * <p>A commit is reported only when it outlives a crash of the server, whatever the operator has
   * set for others: the lock's epoch must not be given twice, and a window not be lost that a run
   * has called committed.
   */
  private static final String SESSION =
      "SET idle_in_transaction_session_timeout = '5min'; SET lock_timeout = '5min';"
          + " SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10;"
          + " SET tcp_keepalives_count = 3;"
          + " SELECT pg_catalog.set_config('synchronous_commit', 'on', false)"
          + " WHERE pg_catalog.current_setting('synchronous_commit') = 'off'";

  private static final Set<String> SHUTTING_DOWN = Set.of("57P01", "57P02", "57P03", "57P05");
  private static final Set<String> WORTH_REPEATING = Set.of("40001", "40P01");

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

  private final Source source;
  private final Duration patience;
  private final BlockingDeque<Connection> kept = new LinkedBlockingDeque<>(KEPT);
  private volatile boolean closed;

  /** Whether the database has answered: only then is it worth waiting for it to come back. */
  private volatile boolean answered;

  /** Gives up when a connection breaks twice. */
  public Database(PostgresSettings settings, Map<String, String> environment) {
    this(settings, environment, Duration.ZERO);
  }

  /**
   * @param patience how long a database that was there may be away, as while it is restarted
   */
  public Database(PostgresSettings settings, Map<String, String> environment, Duration patience) {
    this.patience = patience;
    source = new Source();
    source.setUrl(settings.url());
    source.setUser(settings.user());
    SecretRef password = settings.password();
    if (password != null) {
      source.setPassword(password.resolve(environment));
    }
    source.setApplicationName("fathom-export");
    source.setTcpKeepAlive(true);
    // Temporary tables come and go, and a statement is rarely repeated: named statements on the
    // server win nothing.
    source.setPrepareThreshold(0);
    if (!settings.url().contains(PGProperty.CONNECT_TIMEOUT.getName() + "=")) {
      source.setConnectTimeout(CONNECT_SECONDS);
    }
    if (!settings.url().contains(PGProperty.SOCKET_TIMEOUT.getName() + "=")) {
      source.setSocketTimeout(SOCKET_SECONDS);
    }
    if (!settings.url().contains(PGProperty.SOCKET_FACTORY.getName() + "=")) {
      // Whoever sets the driver's timeout means both ways; 0 is none.
      int seconds = Math.min(WRITE_SECONDS, source.getSocketTimeout());
      if (seconds > 0) {
        source.setSocketFactory(BoundedSockets.class.getName());
        source.setSocketFactoryArg(Long.toString(seconds * 1000L));
      }
    }
  }

  /** Something done on a connection. */
  @FunctionalInterface
  public interface Work<T> {
    T on(Connection connection) throws SQLException;
  }

  /** {@code host:port/database}, for messages. */
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

  /** For Flyway, which opens and closes its own. */
  public DataSource source() {
    return source;
  }

  /** A new connection in autocommit mode. */
  public Connection connect() throws SQLException {
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

  /** Begins to count how long the database is away. */
  public Outage outage() {
    return new Outage();
  }

  /** A time in which connections break, or cannot be made. */
  public final class Outage {
    private final long since = System.nanoTime();
    private Duration pause = Duration.ZERO;

    /**
     * A new connection: at once the first time, later after a pause.
     *
     * @param failure what broke the one before
     * @throws SQLException when the database was away for too long
     */
    public Connection reconnect(SQLException failure) throws SQLException {
      SQLException last = failure;
      while (true) {
        boolean again = !pause.isZero();
        if (again && (!answered || closed || System.nanoTime() - since > patience.toNanos())) {
          throw last;
        }
        rest(last);
        try {
          return connect();
        } catch (SQLException e) {
          if (e != failure) {
            e.addSuppressed(failure);
          }
          if (!lost(e) || DatabaseFailure.isPermanent(e)) {
            throw e;
          }
          last = e;
        }
      }
    }

    private void rest(SQLException last) throws SQLException {
      try {
        Thread.sleep(pause.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw last;
      }
      Duration twice = pause.isZero() ? FIRST_PAUSE : pause.multipliedBy(2);
      pause = twice.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : twice;
    }
  }

  /** A kept connection, or a new one, in autocommit mode. A kept one may turn out to be broken. */
  public Connection borrow() throws SQLException {
    Connection connection = kept.pollFirst();
    return connection == null ? connect() : connection;
  }

  /** The same, but waits for a database that was there. */
  public Connection borrow(Outage outage) throws SQLException {
    try {
      return borrow();
    } catch (SQLException e) {
      if (!answered || !lost(e) || DatabaseFailure.isPermanent(e)) {
        throw e;
      }
      return outage.reconnect(e);
    }
  }

  /** Ends what is under way on the connection and keeps it for the next use. */
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
   * Does something that can be done twice: on a kept connection, and when that is broken on new
   * ones, for as long as the database may be away.
   */
  public <T> T with(Work<T> work) throws SQLException {
    Outage outage = outage();
    Connection connection = borrow(outage);
    while (true) {
      try {
        T result = work.on(connection);
        giveBack(connection);
        return result;
      } catch (SQLException e) {
        discard(connection);
        if (!worthRepeating(e)) {
          throw e;
        }
        connection = outage.reconnect(e);
      } catch (RuntimeException e) {
        discard(connection);
        throw e;
      }
    }
  }

  /** Whether the connection is gone, so that it is open whether its last statement was done. */
  public static boolean lost(SQLException e) {
    String state = e.getSQLState();
    return state == null
        || state.startsWith("08")
        || SHUTTING_DOWN.contains(state)
        || e.getCause() instanceof IOException;
  }

  /** Whether the same may well succeed on a new connection. */
  public static boolean worthRepeating(SQLException e) {
    return lost(e) || WORTH_REPEATING.contains(String.valueOf(e.getSQLState()));
  }

  /** What a failed statement or connection means. */
  public DatabaseFailure failure(SQLException e) {
    return DatabaseFailure.of(e, place(), user());
  }

  /** The message for a failed statement or connection: where, the server's words, what to do. */
  public String describe(SQLException e) {
    return failure(e).message();
  }

  /** A failed statement or connection as a sink's failure. */
  public SinkException unavailable(SQLException e) {
    DatabaseFailure failure = failure(e);
    return new SinkException(failure.kind(), failure.message(), e);
  }

  @Override
  public void close() {
    closed = true;
    for (Connection c = kept.pollFirst(); c != null; c = kept.pollFirst()) {
      discard(c);
    }
  }

  /**
   * Connections that do not depend on what the role or the database was told: names are looked up
   * where they are qualified, and a statement sees what was committed before it.
   */
  private static final class Source extends PGSimpleDataSource {
    private static final long serialVersionUID = 1L;

    @Override
    public Connection getConnection(@Nullable String user, @Nullable String password)
        throws SQLException {
      Connection connection = super.getConnection(user, password);
      try (Statement statement = connection.createStatement()) {
        statement.execute(
            "SET search_path = pg_catalog;"
                + " SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED");
      } catch (SQLException e) {
        connection.close();
        throw e;
      }
      return connection;
    }
  }
}
