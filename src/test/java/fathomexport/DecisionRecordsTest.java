package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The list of decision records has each of them, and a record says itself what has changed. */
class DecisionRecordsTest {
  private static final Path RECORDS = Path.of("docs/decisions");
  private static final Pattern ROW =
      Pattern.compile("^\\| \\[\\d+]\\(([^)]+)\\) \\| .* \\| ([^|]+) \\|$", Pattern.MULTILINE);

  private static List<MatchResult> rows() throws IOException {
    return ROW.matcher(Files.readString(RECORDS.resolve("README.md"))).results().toList();
  }

  @Test
  void theListHasEachRecordInOrder() throws IOException {
    List<String> records;
    try (Stream<Path> files = Files.list(RECORDS)) {
      records =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> !name.equals("README.md"))
              .sorted()
              .toList();
    }
    assertThat(rows()).extracting(row -> row.group(1)).isEqualTo(records);
  }

  /** Who opens a record from the code does not pass the list. */
  @Test
  void aRecordThatHoldsOnlyInPartSaysSoInItsFirstLines() throws IOException {
    List<String> silent = new ArrayList<>();
    for (MatchResult row : rows()) {
      String record = Files.readString(RECORDS.resolve(row.group(1)));
      if (!row.group(2).equals("holds") && !record.contains("\n> ")) {
        silent.add(row.group(1) + ": " + row.group(2));
      }
    }
    assertThat(silent).isEmpty();
  }
}
