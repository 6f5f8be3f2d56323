package fathomexport.sink.postgres.db;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.SecretRef;
import fathomexport.testing.TestDatabase;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Collections;
import org.junit.jupiter.api.Test;
import org.postgresql.Driver;

/** The JVM of a cluster's worker lists drivers for longer than the program is loaded there. */
class ListOfDriversTest {
  @Test
  void connectionsNeedNoDriverInTheList() throws SQLException {
    try (TestDatabase database = TestDatabase.create();
        Database connections =
            new Database(
                new PostgresSettings(
                    database.url(),
                    database.user(),
                    new SecretRef.Env(TestDatabase.PASSWORD_VARIABLE)),
                database.environment())) {
      Database.forgetDriver();
      try {
        Database.forgetDriver();
        assertThat(Collections.list(DriverManager.getDrivers()))
            .noneMatch(Driver.class::isInstance);
        boolean answers = connections.with(c -> c.isValid(10));
        assertThat(answers).isTrue();
      } finally {
        Driver.register();
      }
    }
  }
}
