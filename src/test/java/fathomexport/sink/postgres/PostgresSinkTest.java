package fathomexport.sink.postgres;

import fathomexport.report.SecretRef;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkContract;
import fathomexport.testing.TestDatabase;
import org.junit.jupiter.api.AfterEach;

/** The contract, and what only PostgreSQL has. */
class PostgresSinkTest extends SinkContract {
  private final TestDatabase database = TestDatabase.create();

  @Override
  protected Sink open() {
    return new PostgresSink(
        new PostgresSettings(
            database.url(), database.user(), new SecretRef.Env(TestDatabase.PASSWORD_VARIABLE)),
        database.environment());
  }

  @AfterEach
  void dropDatabase() {
    database.close();
  }
}
