package fathomexport.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * What faults left behind, one row per fault, over all test classes of this JVM that it extends:
 * written to {@code target/faults-N.txt}, N being the number of the JVM that runs the tests, and
 * printed.
 */
public final class FaultTable implements BeforeAllCallback {
  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(FaultTable.class);

  /** The system property in which Surefire says which of its JVMs this is. */
  private static final String FORK = "surefire.forkNumber";

  private static final String FORMAT = "%-58s %6s  %-18s %5s %8s %5s %9s%n";

  /** The rows of all classes of a JVM; a drill adds to them. */
  private static final Map<String, Row> ROWS = new LinkedHashMap<>();

  /**
   * What trials of one fault came to.
   *
   * @param codes how often the disturbed runs ended with which exit code
   * @param lost rows that an undisturbed run has and this one, after its second run, has not
   * @param doubled rows that it has more than once, or that the undisturbed one has not
   * @param torn periods whose rows were not what the ledger said of them, at any time
   * @param repeated requests for periods that were committed
   */
  public record Row(
      int times, Map<String, Integer> codes, int lost, int doubled, int torn, int repeated) {
    Row plus(Row other) {
      Map<String, Integer> sum = new TreeMap<>(codes);
      other.codes.forEach((code, n) -> sum.merge(code, n, Integer::sum));
      return new Row(
          times + other.times,
          sum,
          lost + other.lost,
          doubled + other.doubled,
          torn + other.torn,
          repeated + other.repeated);
    }
  }

  static void add(String fault, Row row) {
    synchronized (ROWS) {
      ROWS.merge(fault, row, Row::plus);
    }
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    // Closed with the root: when all classes are over.
    context.getRoot().getStore(NAMESPACE).computeIfAbsent("printer", k -> new Printer());
  }

  private static final class Printer implements AutoCloseable {
    @Override
    public void close() {
      String table = text();
      System.out.print(table);
      try {
        Files.createDirectories(Path.of("target"));
        Files.writeString(
            Path.of("target", "faults-" + System.getProperty(FORK, "0") + ".txt"), table);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static String text() {
    List<String> lines = new ArrayList<>();
    lines.add(
        FORMAT.formatted("fault", "times", "exit codes", "lost", "doubled", "torn", "repeated"));
    synchronized (ROWS) {
      ROWS.forEach(
          (fault, row) -> {
            List<String> codes = new ArrayList<>();
            row.codes().forEach((code, n) -> codes.add(code + (n > 1 ? " x" + n : "")));
            lines.add(
                FORMAT.formatted(
                    fault,
                    row.times(),
                    String.join(", ", codes),
                    row.lost(),
                    row.doubled(),
                    row.torn(),
                    row.repeated()));
          });
    }
    return String.join("", lines);
  }
}
