package fathomexport.sink.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import fathomexport.dimension.Sighting;
import fathomexport.sink.DimensionStoreContract;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sink.parquet.file.ParquetSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract, read back by DuckDB, and what only files have. */
class ParquetDimensionsTest extends DimensionStoreContract {
  @TempDir Path root;

  @Override
  protected Sink open() {
    return new ParquetSink(new ParquetSettings(root));
  }

  @Override
  protected List<List<@Nullable String>> query(String sql) {
    String place = Matcher.quoteReplacement("read_parquet('" + root) + "/$1/data.parquet')";
    List<List<@Nullable String>> rows = new ArrayList<>();
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement();
        ResultSet result =
            statement.executeQuery(
                Pattern.compile("\\{(\\w+)\\}").matcher(sql).replaceAll(place))) {
      int columns = result.getMetaData().getColumnCount();
      while (result.next()) {
        List<@Nullable String> cells = new ArrayList<>();
        for (int i = 1; i <= columns; i++) {
          cells.add(result.getString(i));
        }
        rows.add(cells);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return rows;
  }

  private static Sighting seen() {
    return new Sighting(
        FIRST, List.of(site(A, "a", "UTC", "a.example", "b.example")), Map.of(), Map.of(), null);
  }

  @Test
  void everyTableIsAFileFromTheFirstRunOn() {
    try (Sink sink = open()) {
      sink.migrate(List.of());
      var unused = sink.dimensions().record(seen());
    }
    assertThat(query("SELECT domains FROM {site}")).containsExactly(row("a.example,b.example"));
    assertThat(query("SELECT * FROM {event}")).isEmpty();
    assertThat(query("SELECT * FROM {milestone}")).isEmpty();
    assertThat(query("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {site})"))
        .containsExactly(
            row("site_id", "VARCHAR"),
            row("name", "VARCHAR"),
            row("time_zone", "VARCHAR"),
            row("created_at", "TIMESTAMP WITH TIME ZONE"),
            row("domains", "VARCHAR"),
            row("first_seen_at", "TIMESTAMP WITH TIME ZONE"),
            row("last_seen_at", "TIMESTAMP WITH TIME ZONE"),
            row("account", "VARCHAR"));
  }

  @Test
  void aDamagedFileIsNamedAndComesBackOnceItIsDeleted() throws IOException {
    Path file = root.resolve("site/data.parquet");
    try (Sink sink = open()) {
      sink.migrate(List.of());
      var unused = sink.dimensions().record(seen());
      Files.writeString(file, "PAR1 this is not a file of fathom-export");
      SinkException damaged =
          catchThrowableOfType(SinkException.class, () -> sink.dimensions().record(seen()));
      assertThat(damaged).hasMessageContaining(file.toString()).hasMessageContaining("delete it");
      assertThat(damaged.kind()).isEqualTo(SinkException.Kind.DAMAGED);

      Files.delete(file);
      assertThat(sink.dimensions().record(seen())).isEmpty();
    }
    assertThat(query("SELECT site_id FROM {site}")).containsExactly(row("AAAA"));
  }
}
