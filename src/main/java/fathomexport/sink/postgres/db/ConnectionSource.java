package fathomexport.sink.postgres.db;

import fathomexport.report.SecretRef;
import fathomexport.report.SecretUnavailableException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Connections that do not depend on the settings of the role or the database: names are resolved
 * only if qualified, and a statement sees what was committed before it.
 */
final class ConnectionSource extends PGSimpleDataSource {
  private static final long serialVersionUID = 1L;

  static final int CONNECT_SECONDS = 10;

  /** The limit on the wait for a response: longer than any statement of a window takes. */
  private static final int SOCKET_SECONDS = 600;

  /** The limit on one write of a few dozen kilobytes; only a stalled network takes longer. */
  private static final int WRITE_SECONDS = 120;

  /** Apart from the list of drivers in the JVM, so that it works without that. */
  private final transient Driver driver = new Driver();

  /** Null if nothing watches. */
  private transient volatile @Nullable LockWatch watch;

  private ConnectionSource() {}

  /**
   * Returns the source of connections to a database.
   *
   * @throws SecretUnavailableException if the password is not where the settings say
   */
  static ConnectionSource of(PostgresSettings settings, Map<String, String> environment) {
    ConnectionSource source = new ConnectionSource();
    source.setUrl(settings.url());
    source.setUser(settings.user());
    SecretRef password = settings.password();
    if (password != null) {
      source.setPassword(password.resolve(environment));
    }
    source.setApplicationName("fathom-export");
    source.setTcpKeepAlive(true);
    // Temporary tables come and go, and a statement is rarely repeated, so named statements on the
    // server bring no benefit.
    source.setPrepareThreshold(0);
    if (!settings.url().contains(PGProperty.CONNECT_TIMEOUT.getName() + "=")) {
      source.setConnectTimeout(CONNECT_SECONDS);
    }
    if (!settings.url().contains(PGProperty.SOCKET_TIMEOUT.getName() + "=")) {
      source.setSocketTimeout(SOCKET_SECONDS);
    }
    if (!settings.url().contains(PGProperty.SOCKET_FACTORY.getName() + "=")) {
      // A driver timeout in the settings limits both reads and writes; 0 disables it.
      int seconds = Math.min(WRITE_SECONDS, source.getSocketTimeout());
      if (seconds > 0) {
        source.setSocketFactory(BoundedSockets.class.getName());
        source.setSocketFactoryArg(Long.toString(seconds * 1000L));
      }
    }
    return source;
  }

  /** Makes a watch report what the connections wait for. */
  void watchedBy(LockWatch lockWatch) {
    watch = lockWatch;
  }

  @Override
  public Connection getConnection(@Nullable String user, @Nullable String password)
      throws SQLException {
    Connection connection = prepared(open(user, password));
    LockWatch watching = watch;
    if (watching != null) {
      watching.add(connection);
    }
    return connection;
  }

  Connection unwatched() throws SQLException {
    return prepared(open(getUser(), getPassword()));
  }

  private Connection open(@Nullable String user, @Nullable String password) throws SQLException {
    Properties login = new Properties();
    if (user != null) {
      login.setProperty(PGProperty.USER.getName(), user);
    }
    if (password != null) {
      login.setProperty(PGProperty.PASSWORD.getName(), password);
    }
    return Objects.requireNonNull(driver.connect(getUrl(), login));
  }

  private static Connection prepared(Connection connection) throws SQLException {
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
