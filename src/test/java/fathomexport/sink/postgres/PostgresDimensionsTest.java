package fathomexport.sink.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import fathomexport.dimension.Sighting;
import fathomexport.sink.DimensionStoreContract;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.testing.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The contract, and what only PostgreSQL has. */
class PostgresDimensionsTest extends DimensionStoreContract {
  private TestDatabase database = TestDatabase.migrated();

  @Override
  protected Sink open() {
    return new PostgresSink(database.settings(), database.environment(), Duration.ofSeconds(30));
  }

  @Override
  protected Sink openUnprepared() {
    database.close();
    database = TestDatabase.create();
    return open();
  }

  @AfterEach
  void dropDatabase() {
    database.close();
  }

  @Override
  protected List<List<@Nullable String>> query(String sql) {
    List<List<@Nullable String>> rows = new ArrayList<>();
    for (List<@Nullable Object> row : database.query(sql.replaceAll("\\{(\\w+)\\}", "fathom.$1"))) {
      List<@Nullable String> cells = new ArrayList<>();
      row.forEach(cell -> cells.add(cell == null ? null : cell.toString()));
      rows.add(cells);
    }
    return rows;
  }

  private static Sighting seen(Instant at) {
    return new Sighting(at, List.of(site(A, "a", "UTC")), Map.of(), Map.of(), null);
  }

  @Test
  void whatHasNotChangedIsNotWritten() {
    try (Sink sink = open()) {
      sink.migrate(List.of());
      var unused = sink.dimensions().record(seen(FIRST));
      String places =
          "SELECT 's', ctid, xmin FROM {site} UNION ALL SELECT 'h', ctid, xmin FROM {site_history}";
      List<List<@Nullable String>> before = query(places);
      unused = sink.dimensions().record(seen(FIRST));
      assertThat(query(places)).isEqualTo(before);

      unused = sink.dimensions().record(seen(SECOND));
      assertThat(query("SELECT ctid, xmin FROM {site_history}"))
          .containsExactly(before.get(1).subList(1, 3));
    }
  }

  /** An export must not wait for a table that somebody has locked. */
  @Test
  void aLockedTableIsGivenUpSoon() throws Exception {
    try (Sink sink = open()) {
      sink.migrate(List.of());
      try (var connection = database.connect()) {
        connection.setAutoCommit(false);
        try (var statement = connection.createStatement()) {
          statement.execute("LOCK TABLE fathom.site IN ACCESS EXCLUSIVE MODE");
        }
        SinkException refused =
            catchThrowableOfType(SinkException.class, () -> sink.dimensions().record(seen(FIRST)));
        assertThat(refused).hasMessageContaining("lock timeout");
      }
      assertThat(sink.dimensions().record(seen(FIRST))).isEmpty();
    }
    assertThat(query("SELECT site_id FROM {site}")).hasSize(1);
  }
}
