package fathomexport.sink.parquet.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a crash leaves of a journal is neither an entry nor in the way of the next one. */
class DocumentsTest {
  @TempDir Path directory;

  private final Documents documents = new Documents();

  private Path journal() {
    return directory.resolve("journal.jsonl");
  }

  private ObjectNode entry(int number) {
    return documents.object().put("number", number);
  }

  private List<Integer> numbers() throws IOException {
    return documents.journal(journal()).stream().map(e -> e.path("number").intValue()).toList();
  }

  @Test
  void whatIsNotThereIsEmpty() throws IOException {
    assertThat(documents.journal(journal())).isEmpty();
    assertThat(documents.read(journal())).isNull();
  }

  @Test
  void aLastLineWithoutAnEndIsSkippedAndReplaced() throws IOException {
    documents.append(journal(), List.of(entry(1), entry(2)));
    String whole = Files.readString(journal());
    for (int cut = whole.length() - 1; cut >= 0; cut--) {
      Files.writeString(journal(), whole.substring(0, cut));
      List<Integer> kept = cut > whole.indexOf('\n') ? List.of(1) : List.of();
      assertThat(numbers()).as("%s bytes", cut).isEqualTo(kept);

      documents.append(journal(), List.of(entry(3)));

      assertThat(numbers()).hasSize(kept.size() + 1).endsWith(3);
    }
  }

  @Test
  void aDamagedLineIsReportedWithItsNumber() throws IOException {
    Files.writeString(journal(), "{\"number\":1}\n{\"num\n{\"number\":3}\n");
    assertThatThrownBy(this::numbers)
        .isInstanceOf(IOException.class)
        .hasMessage(journal() + " line 2 is not JSON: move the file away");
  }

  @Test
  void keysAreSortedSoThatEqualContentsAreEqualBytes() throws IOException {
    Path one = directory.resolve("one.json");
    Path other = directory.resolve("other.json");
    documents.write(one, documents.object().put("b", 1).put("a", 2));
    documents.write(other, documents.object().put("a", 2).put("b", 1));
    assertThat(one).hasSameBinaryContentAs(other);
  }
}
