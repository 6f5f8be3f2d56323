package fathomexport.sink.postgres;

import fathomexport.report.SecretRef;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkModelContract;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.testing.TestDatabase;
import net.jqwik.api.lifecycle.AfterTry;
import org.jspecify.annotations.Nullable;

class PostgresSinkProperties extends SinkModelContract {
  private @Nullable TestDatabase database;

  @Override
  protected Sink openEmpty() {
    TestDatabase fresh = TestDatabase.migrated();
    database = fresh;
    return new PostgresSink(
        new PostgresSettings(
            fresh.url(), fresh.user(), new SecretRef.Env(TestDatabase.PASSWORD_VARIABLE)),
        fresh.environment());
  }

  @AfterTry
  void dropDatabase() {
    if (database != null) {
      database.close();
    }
  }
}
