package fathomexport.sink.parquet.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.ledger.Learned;
import fathomexport.ledger.LedgerException;
import fathomexport.ledger.OffsetSupport;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.FileLocks;
import fathomexport.sink.parquet.file.Layout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The file of lessons is read however old it is, and reported where it is damaged. */
class LessonDocumentTest {
  private static final String SHAPE = "pageview:day:pathname:";

  @TempDir Path root;
  private Path file = Path.of("");
  private FileLocks locks;
  private LessonDocument lessons;

  @BeforeEach
  void open() throws IOException {
    Layout layout = new Layout(root);
    Files.createDirectories(layout.own());
    file = layout.own().resolve("learned.json");
    locks = new FileLocks(layout.own().resolve("locks"));
    lessons = new LessonDocument(layout, locks, new Documents(), new LedgerAnswers(layout));
  }

  @AfterEach
  void close() throws IOException {
    locks.close();
  }

  /** Before there were limits per account. */
  @Test
  void aFileOfTheFirstVersion() throws IOException {
    Files.writeString(
        file, "{\"max_days\":{\"" + SHAPE + "\":45},\"most_rows\":700,\"row_cap\":null}");
    Learned read = lessons.learned();
    assertThat(read)
        .isEqualTo(new Learned(Map.of(SHAPE, 45), Optional.empty(), 700, Map.of(), Map.of()));

    lessons.learn(new Learned.Lesson.Limit("a", SHAPE, 500));
    lessons.learn(new Learned.Lesson.Offset("a", OffsetSupport.IGNORED));

    assertThat(lessons.learned())
        .isEqualTo(
            new Learned(
                Map.of(SHAPE, 45),
                Optional.empty(),
                700,
                Map.of(new Learned.Whose("a", SHAPE), 500),
                Map.of("a", OffsetSupport.IGNORED)));
  }

  @Test
  void whatIsKnownAlreadyIsNotWrittenAgain() throws IOException {
    lessons.learn(new Learned.Lesson.MaxDays(SHAPE, 45));
    String written = Files.readString(file);
    Files.writeString(file, written + "\n\n");
    lessons.learn(new Learned.Lesson.MaxDays(SHAPE, 60));
    assertThat(file).hasContent(written + "\n\n");
    lessons.learn(new Learned.Lesson.MaxDays(SHAPE, 44));
    assertThat(Files.readString(file)).contains("44").doesNotEndWith("\n\n");
  }

  /** Cut off, empty, of another kind, and with an answer that no version knows. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"max_days\":{",
        "",
        "[]",
        "{\"max_days\":{}}",
        "{\"max_days\":{},\"most_rows\":1,\"offset\":{\"a\":\"perhaps\"}}"
      })
  void aDamagedFileIsReportedAndKept(String text) throws IOException {
    Files.writeString(file, text);
    assertThatThrownBy(lessons::learned)
        .isInstanceOf(LedgerException.class)
        .hasMessageContaining(root.toString());
    assertThatThrownBy(() -> lessons.learn(new Learned.Lesson.MostRows(5)))
        .isInstanceOf(LedgerException.class);
    assertThat(Files.readString(file)).isEqualTo(text);
  }
}
