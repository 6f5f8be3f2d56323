package fathomexport.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A table of a document that tests have measured: between the lines {@code <!-- measured: NAME -->}
 * and {@code <!-- end -->}. With the switch of {@link Golden} the measured cells are written;
 * without it, a cell that differs fails the test.
 */
public final class DocumentedTable {
  private final Path document;
  private final String name;
  private final List<String> before;
  private final List<List<String>> table;
  private final List<String> after;

  /** Reads a table. */
  public DocumentedTable(Path document, String name) throws IOException {
    this.document = document;
    this.name = name;
    List<String> lines = Files.readAllLines(document);
    int start = lines.indexOf("<!-- measured: " + name + " -->");
    assertThat(start).as("%s has no table %s", document, name).isNotNegative();
    int end = start + lines.subList(start, lines.size()).indexOf("<!-- end -->");
    assertThat(end).isGreaterThan(start);
    before = lines.subList(0, start + 1);
    after = lines.subList(end, lines.size());
    table = new ArrayList<>();
    for (String line : lines.subList(start + 1, end)) {
      if (line.startsWith("|") && !line.startsWith("|--")) {
        table.add(
            new ArrayList<>(
                Arrays.stream(line.substring(1, line.length() - 1).split("\\|", -1))
                    .map(String::strip)
                    .toList()));
      }
    }
  }

  /** Compares whole rows, or writes them. */
  public void hasRows(List<String> header, List<List<String>> rows) throws IOException {
    List<List<String>> wanted = new ArrayList<>();
    wanted.add(header);
    wanted.addAll(rows);
    settle(wanted);
  }

  /** Compares some of the rows; writes none. */
  public void hasAmongOthers(List<List<String>> rows) {
    assertThat(table).as("%s, table %s", document, name).containsAll(rows);
  }

  /**
   * Compares columns, or writes them; the other columns stay.
   *
   * @param keys the first column
   * @param columns the names of the columns
   * @param cells per key the cells of these columns
   */
  public void hasColumns(
      String first, List<String> keys, List<String> columns, List<List<String>> cells)
      throws IOException {
    List<String> header = table.isEmpty() ? new ArrayList<>() : new ArrayList<>(table.get(0));
    if (header.isEmpty()) {
      header.add(first);
    }
    for (String column : columns) {
      if (!header.contains(column)) {
        header.add(column);
      }
    }
    List<List<String>> wanted = new ArrayList<>();
    wanted.add(header);
    for (int i = 0; i < keys.size(); i++) {
      String key = keys.get(i);
      List<String> row =
          new ArrayList<>(
              table.stream().filter(r -> r.get(0).equals(key)).findFirst().orElse(List.of(key)));
      while (row.size() < header.size()) {
        row.add("");
      }
      for (int c = 0; c < columns.size(); c++) {
        row.set(header.indexOf(columns.get(c)), cells.get(i).get(c));
      }
      wanted.add(row);
    }
    settle(wanted);
  }

  private void settle(List<List<String>> wanted) throws IOException {
    if (!Golden.isWritten()) {
      assertThat(table).as("%s, table %s; %s", document, name, Golden.TO_ACCEPT).isEqualTo(wanted);
      return;
    }
    List<String> lines = new ArrayList<>(before);
    for (int i = 0; i < wanted.size(); i++) {
      lines.add(wanted.get(i).stream().collect(Collectors.joining(" | ", "| ", " |")));
      if (i == 0) {
        lines.add("|---".repeat(wanted.get(0).size()) + "|");
      }
    }
    lines.addAll(after);
    Files.write(document, lines);
  }
}
