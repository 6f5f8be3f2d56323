package fathomexport.sink.postgres.db;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/** A time span in which connections break, or cannot be opened. */
public final class DatabaseOutage {
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

  private final Database database;
  private final Duration patience;
  private final long since = System.nanoTime();
  private Duration pause = Duration.ZERO;

  DatabaseOutage(Database database, Duration patience) {
    this.database = database;
    this.patience = patience;
  }

  /**
   * Opens a new connection: immediately the first time, after a pause later.
   *
   * @param failure the exception that broke the previous connection
   * @throws SQLException if the database was unavailable for too long
   */
  public Connection reconnect(SQLException failure) throws SQLException {
    SQLException last = failure;
    while (true) {
      boolean again = !pause.isZero();
      if (again && (!database.mayComeBack() || System.nanoTime() - since > patience.toNanos())) {
        throw last;
      }
      rest(last);
      try {
        return database.connect();
      } catch (SQLException e) {
        if (e != failure) {
          e.addSuppressed(failure);
        }
        if (!DatabaseFailure.lost(e) || DatabaseFailure.isPermanent(e)) {
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
