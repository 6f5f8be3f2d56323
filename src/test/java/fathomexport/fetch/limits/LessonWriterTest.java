package fathomexport.fetch.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.ledger.Learned;
import fathomexport.sink.SinkException;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.sinks.Sinks;
import fathomexport.testing.Fixture;
import fathomexport.testing.LogCapture;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What a run learns is known to a later one, whichever of the sinks that one writes to. */
class LessonWriterTest {
  private static final Learned.Lesson LESSON = new Learned.Lesson.RowCap(250);

  @TempDir private Path files;
  @RegisterExtension final Fixture fixture = new Fixture();
  private TestDatabase database;
  private Sinks sinks;

  @BeforeEach
  void open() {
    database = fixture.database();
    sinks = Sinks.open(database.settings(), new ParquetSettings(files), database.environment());
  }

  @AfterEach
  void close() {
    sinks.close();
  }

  private Optional<Integer> known(int sink) {
    return sinks.all().get(sink).ledger().learned().rowCap();
  }

  @Test
  void everyLedgerKnowsALesson() {
    new LessonWriter(sinks).learn(LESSON);
    assertThat(sinks.all()).hasSize(2);
    assertThat(known(0)).contains(250);
    assertThat(known(1)).contains(250);
  }

  @Test
  void aFurtherLedgerThatFailsIsReportedAndTheRunContinues() throws IOException {
    // A directory with something in it stands where the document would be.
    Files.createDirectories(
        new Layout(files).own().resolve("learned.json").resolve("in its place"));
    try (LogCapture log = LogCapture.ofAll()) {
      new LessonWriter(sinks).learn(LESSON);
      assertThat(log.text())
          .contains("could not store what was learned about the API in one of the ledgers");
    }
    assertThat(known(0)).contains(250);
  }

  @Test
  void theFirstLedgerThatFailsIsAFailureOfTheRun() {
    database.execute("DROP TABLE fathom_ops.learned CASCADE");
    assertThatThrownBy(() -> new LessonWriter(sinks).learn(LESSON))
        .isInstanceOf(SinkException.class)
        .hasMessageContaining("lacks tables of this version");
    assertThat(known(1)).contains(250);
  }
}
