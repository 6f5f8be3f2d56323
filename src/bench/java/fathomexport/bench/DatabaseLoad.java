package fathomexport.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** What a PostgreSQL server on this machine takes for one of its databases. */
final class DatabaseLoad {
  /** Ticks of the kernel's clock for the times in {@code /proc}. */
  private static final double TICKS = 100;

  private static final int PARENT = 1;
  private static final int FIRST_TIME = 11;

  private final Connection admin;
  private final String database;
  private final long server;

  /**
   * @param admin a connection to another database of the server
   */
  DatabaseLoad(Connection admin, String database) throws SQLException, IOException {
    this.admin = admin;
    this.database = database;
    this.server = Long.parseLong(stat(number("SELECT pg_backend_pid()"))[PARENT]);
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

  /** Returns the fields of a process's state after its name. */
  private static String[] stat(long process) throws IOException {
    String text = Files.readString(Path.of("/proc", Long.toString(process), "stat"));
    return text.substring(text.lastIndexOf(')') + 2).split(" ");
  }

  /** Returns the seconds of processor time of the server so far, with its ended processes. */
  double busy() throws IOException {
    String[] own = stat(server);
    long ticks = 0;
    for (int i = FIRST_TIME; i < FIRST_TIME + 4; i++) {
      ticks += Long.parseLong(own[i]);
    }
    try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
      for (Path process : processes.filter(p -> p.getFileName().toString().matches("\\d+")).toList()) {
        try {
          String[] fields = stat(Long.parseLong(process.getFileName().toString()));
          if (Long.parseLong(fields[PARENT]) == server) {
            ticks += Long.parseLong(fields[FIRST_TIME]) + Long.parseLong(fields[FIRST_TIME + 1]);
          }
        } catch (IOException e) {
          // The process has ended since; its time belongs to the server now.
        }
      }
    }
    return ticks / TICKS;
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
