package fathomexport.sink.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import fathomexport.ledger.RunRecord;
import fathomexport.report.VisitorSample;
import fathomexport.sink.SampleStoreContract;
import fathomexport.sink.SampleTable;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.testing.Landed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract, read back by DuckDB, and what only files have. */
class ParquetSamplesTest extends SampleStoreContract {
  @TempDir Path root;

  @Override
  protected Sink open() {
    return new ParquetSink(new ParquetSettings(root));
  }

  @Override
  protected List<List<@Nullable Object>> stored(SampleTable table) {
    if (Landed.files(root.resolve(table.tableName())).isEmpty()) {
      return List.of();
    }
    List<List<@Nullable Object>> rows = new ArrayList<>();
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT * FROM read_parquet('"
                    + root.resolve(table.tableName())
                    + "/**/*.parquet', hive_partitioning=false)")) {
      int columns = result.getMetaData().getColumnCount();
      while (result.next()) {
        List<@Nullable Object> row = new ArrayList<>();
        for (int i = 1; i <= columns; i++) {
          Object cell = result.getObject(i);
          row.add(cell instanceof OffsetDateTime time ? time.toInstant() : cell);
        }
        rows.add(Collections.unmodifiableList(row));
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return rows;
  }

  private Path note() {
    return root.resolve("_fathom/samples/site_id=CDBUGS.json");
  }

  private Path file(SampleTable table) {
    return root.resolve(table.tableName() + "/site_id=CDBUGS/date=2026-06-11/data.parquet");
  }

  @Test
  void filesLieByTableSiteAndDayInUtc() {
    try (Sink sink = open()) {
      sink.samples().prepare();
      sink.samples().append(sample(SITE, NOON, 8));
      sink.samples().append(sample(SITE, Instant.parse("2026-06-12T00:00:00Z"), 8));
    }
    assertThat(Landed.files(root).keySet())
        .extracting(Path::toString)
        .containsExactlyInAnyOrder(
            "current_pages/site_id=CDBUGS/date=2026-06-11/data.parquet",
            "current_pages/site_id=CDBUGS/date=2026-06-12/data.parquet",
            "current_referrers/site_id=CDBUGS/date=2026-06-11/data.parquet",
            "current_referrers/site_id=CDBUGS/date=2026-06-12/data.parquet",
            "current_visitors/site_id=CDBUGS/date=2026-06-11/data.parquet",
            "current_visitors/site_id=CDBUGS/date=2026-06-12/data.parquet");
    assertThat(note()).as("nothing is to be stored yet").doesNotExist();
  }

  @Test
  void equalSamplesMakeEqualBytesInAnyOrder(@TempDir Path other) {
    VisitorSample one = sample(SITE, NOON, 8);
    VisitorSample two = sample(SITE, NOON.plusSeconds(60), 9);
    try (Sink sink = open();
        Sink backwards = new ParquetSink(new ParquetSettings(other))) {
      sink.samples().prepare();
      sink.samples().append(one);
      sink.samples().append(two);
      backwards.samples().prepare();
      backwards.samples().append(two);
      backwards.samples().append(one);
    }
    var files = Landed.files(root);
    var others = Landed.files(other);
    assertThat(others.keySet()).isEqualTo(files.keySet());
    files.forEach((path, bytes) -> assertThat(others.get(path)).as("%s", path).isEqualTo(bytes));
  }

  /** UTC-adjusted microseconds, as another program sees the column. */
  @Test
  void timeIsAnInstantToOtherPrograms() throws SQLException {
    try (Sink sink = open()) {
      sink.samples().prepare();
      sink.samples().append(sample(SITE, NOON, 8));
    }
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement();
        ResultSet type =
            statement.executeQuery(
                "SELECT typeof(sampled_at), epoch_us(sampled_at) FROM '"
                    + file(SampleTable.VISITORS)
                    + "'")) {
      assertThat(type.next()).isTrue();
      assertThat(type.getString(1)).isEqualTo("TIMESTAMP WITH TIME ZONE");
      assertThat(type.getLong(2)).isEqualTo(SampleTable.micros(NOON));
    }
  }

  /** Killed after any of its files: the note that is left brings the sample to its end. */
  @Test
  void aSampleThatWasCutOffIsFinishedByTheNextPreparation() throws IOException {
    VisitorSample before = sample(SITE, NOON, 8);
    VisitorSample cut = sample(SITE, NOON.plusSeconds(60), 9);
    for (int written = 0; written <= SampleTable.values().length; written++) {
      wipe();
      List<byte[]> old = new ArrayList<>();
      try (Sink sink = open()) {
        sink.samples().prepare();
        sink.samples().append(before);
        for (SampleTable table : SampleTable.values()) {
          old.add(Files.readAllBytes(file(table)));
        }
        // Its note, as it is before the first file: on a folder that cannot be written.
        Path blocked = file(SampleTable.PAGES).getParent();
        Path aside = root.resolve("aside");
        Files.move(blocked, aside);
        Files.writeString(blocked, "in the way");
        assertThat(
                catchThrowableOfType(SinkException.class, () -> sink.samples().append(cut)).kind())
            .isEqualTo(SinkException.Kind.UNAVAILABLE);
        Files.delete(blocked);
        Files.move(aside, blocked);
        byte[] note = Files.readAllBytes(note());
        sink.samples().prepare();
        // Back to where a kill after so many files leaves it.
        Files.write(note(), note);
        List<SampleTable> inOrder = List.of(SampleTable.values());
        for (int i = written; i < inOrder.size(); i++) {
          Files.write(file(inOrder.get(i)), old.get(i));
        }
        Files.write(
            file(SampleTable.PAGES).resolveSibling(".data.parquet.0123456789abcdef.tmp"), note);
      }
      if (written < SampleTable.values().length) {
        assertThat(stored(SampleTable.VISITORS))
            .as("a reader that starts from current_visitors sees whole samples")
            .isEqualTo(rows(SampleTable.VISITORS, before));
      }

      try (Sink sink = open()) {
        sink.samples().prepare();
      }

      assertHolds(before, cut);
      assertThat(note()).doesNotExist();
      try (var left = Files.walk(root)) {
        assertThat(left.filter(p -> p.toString().endsWith(".tmp"))).isEmpty();
      }
    }
  }

  private void wipe() throws IOException {
    try (var all = Files.walk(root)) {
      for (Path path : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
        if (!path.equals(root)) {
          Files.delete(path);
        }
      }
    }
  }

  /** Started every few minutes, snapshots would bury the other runs, which are read whole. */
  @Test
  void ofSnapshotRunsTheNewestRecordsAreKept() {
    try (Sink sink = open()) {
      sink.ledger().record(run("nightly-1", "run", NOON.minusSeconds(999_999)));
      for (int i = 0; i < 103; i++) {
        sink.ledger().record(run("snapshot-" + i, "snapshot", NOON.plusSeconds(i)));
      }
      sink.samples().prepare();
      assertThat(sink.ledger().runs(1000))
          .extracting(RunRecord::runId)
          .hasSize(101)
          .startsWith("snapshot-102")
          .endsWith("snapshot-3", "nightly-1");
    }
  }

  private static RunRecord run(String id, String command, Instant at) {
    return new RunRecord(
        id, "nightly", command, at, at, 0, 1, 1, 0, 0, 0, 0, 1, 0, 1, List.of(), 0, null);
  }
}
