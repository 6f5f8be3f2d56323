package fathomexport.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * The commands of a document with what they print: blocks that begin with {@code $
 * ./fathom-export}, in the order in which a test shows them. A block that differs fails the test;
 * with the switch of {@link Golden} it is written instead. Identifiers of runs and windows, and how
 * long something took, may differ.
 */
public final class DocumentedOutput {
  private static final String FENCE = "```";
  private static final String OMITTED = "[...]";

  private final Path document;
  private final List<String> lines;
  private int next;

  /** Reads a document. */
  public DocumentedOutput(Path document) throws IOException {
    this.document = document;
    this.lines = new ArrayList<>(Files.readAllLines(document));
  }

  /** Compares the next block with a command and all that it printed to standard output. */
  public void shows(String command, Installation.Ended ended) throws IOException {
    shows(command, ended, line -> true);
  }

  /**
   * Compares the next block with a command and some of the lines that it printed.
   *
   * @param shown selects the lines; {@code [...]} stands for the others
   */
  public void shows(String command, Installation.Ended ended, Predicate<String> shown)
      throws IOException {
    List<String> block = new ArrayList<>();
    block.add("$ ./fathom-export " + command);
    for (String line : ended.out().stripTrailing().lines().toList()) {
      if (shown.test(line)) {
        block.add(line.stripTrailing());
      } else if (!block.get(block.size() - 1).equals(OMITTED)) {
        block.add(OMITTED);
      }
    }
    block.add("(exit " + ended.code() + ")");
    while (next < lines.size() && !lines.get(next).startsWith("$ ./fathom-export ")) {
      next++;
    }
    assertThat(next).as("%s has no block left for %s", document, command).isLessThan(lines.size());
    List<String> written = lines.subList(next, next + lengthOfBlock());
    if (Golden.isWritten() && !comparable(written).equals(comparable(block))) {
      written.clear();
      lines.addAll(next, block);
      Files.write(document, lines);
    } else {
      assertThat(comparable(written))
          .as("%s, %s; %s", document, command, Golden.TO_ACCEPT)
          .isEqualTo(comparable(block));
    }
    next += block.size();
  }

  /** Fails if the document has a block that was not shown. */
  public void endsHere() {
    assertThat(lines.subList(next, lines.size()))
        .as("%s has more blocks", document)
        .noneMatch(line -> line.startsWith("$ ./fathom-export "));
  }

  private int lengthOfBlock() {
    int length = lines.subList(next, lines.size()).indexOf(FENCE);
    assertThat(length).as("the block at line %s of %s has no end", next + 1, document).isPositive();
    return length;
  }

  private static List<String> comparable(List<String> block) {
    return block.stream()
        .map(
            line ->
                line.replaceAll("(\\d{8}T\\d{6}Z)-[0-9a-f]{8}", "$1-RUN")
                    .replaceAll("window [0-9a-f]{16}", "window ID")
                    .replaceAll("took .*", "took TIME"))
        .toList();
  }
}
