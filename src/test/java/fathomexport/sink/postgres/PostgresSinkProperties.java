package fathomexport.sink.postgres;

import fathomexport.sink.Sink;
import fathomexport.sink.SinkModelContract;
import fathomexport.testing.TestDatabase;
import net.jqwik.api.lifecycle.AfterTry;
import org.jspecify.annotations.Nullable;

class PostgresSinkProperties extends SinkModelContract {
  private @Nullable TestDatabase database;

  @Override
  protected Sink openEmpty() {
    TestDatabase fresh = TestDatabase.migrated();
    database = fresh;
    return fresh.sink();
  }

  @AfterTry
  void dropDatabase() {
    if (database != null) {
      database.close();
    }
  }
}
