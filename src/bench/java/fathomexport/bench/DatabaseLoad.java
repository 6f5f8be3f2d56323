package fathomexport.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;

/** What a PostgreSQL server on this machine takes for one of its databases. */
final class DatabaseLoad {
  /** Ticks of the kernel's clock for the times in {@code /proc}. */
  private static final double TICKS = 100;

  private static final Path PROCESSES = Path.of("/proc");

  private final Connection admin;
  private final String database;
  private final ServerTimes times;

  /**
   * @param admin a connection to another database of the server
   */
  DatabaseLoad(Connection admin, String database) throws SQLException, IOException {
    this.admin = admin;
    this.database = database;
    long server = ServerTimes.serverOf(PROCESSES, number("SELECT pg_backend_pid()"));
    this.times = new ServerTimes(PROCESSES, server);
  }

  private long number(String query) throws SQLException {
    synchronized (admin) {
      try (Statement statement = admin.createStatement();
          ResultSet row = statement.executeQuery(query)) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  /**
   * Returns the seconds of processor time of the server so far, with its ended processes.
   *
   * @throws IOException as {@link ServerTimes#ticks()}
   */
  double busy() throws IOException {
    return times.ticks() / TICKS;
  }

  /** Returns the size of the database, in millions of bytes. */
  double megabytes() throws SQLException {
    return number("SELECT pg_database_size('" + database + "')") / 1e6;
  }

  /** Begins to count the connections to the database. */
  Watch watch() {
    return new Watch();
  }

  /** Counts connections until it is closed. */
  final class Watch implements AutoCloseable {
    private final Thread thread = new Thread(this::count, "connections");
    private volatile int most;
    private volatile boolean closed;

    private Watch() {
      thread.setDaemon(true);
      thread.start();
    }

    private void count() {
      try {
        while (!closed) {
          int now =
              Math.toIntExact(
                  number(
                      "SELECT count(*) FROM pg_stat_activity WHERE datname = '" + database + "'"));
          most = Math.max(most, now);
          TimeUnit.MILLISECONDS.sleep(50);
        }
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    int mostConnections() {
      return most;
    }

    @Override
    public void close() {
      closed = true;
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
