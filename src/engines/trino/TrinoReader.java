import io.trino.Session;
import io.trino.plugin.hive.HivePlugin;
import io.trino.testing.DistributedQueryRunner;
import io.trino.testing.MaterializedRow;
import io.trino.testing.QueryRunner;
import io.trino.testing.TestingSession;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Answers queries over the Parquet files with Trino and its Hive connector. A separate process,
 * started from its source on a newer Java than the product's.
 *
 * <p>Each line of the input is a statement ({@code do SQL}) or a query ({@code query SQL}); each row
 * of an answer is a line, its cells separated by tabs, and a line {@code .} ends an answer.
 */
public final class TrinoReader {
  /** Trino's logging takes {@code System.out} for itself. */
  private static final PrintStream OUT = System.out;

  private TrinoReader() {}

  public static void main(String[] args) throws Exception {
    Path metastore = Files.createTempDirectory("metastore");
    Session session =
        TestingSession.testSessionBuilder().setCatalog("files").setSchema("fathom").build();
    try (QueryRunner runner =
            DistributedQueryRunner.builder(session).setWorkerCount(0).build();
        BufferedReader in =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      runner.installPlugin(new HivePlugin());
      runner.createCatalog(
          "files",
          "hive",
          Map.of(
              "hive.metastore", "file",
              "hive.metastore.catalog.dir", "local://" + metastore,
              "fs.local.enabled", "true",
              "local.location", "/",
              "hive.timestamp-precision", "MICROSECONDS",
              "hive.parquet.time-zone", "UTC"));
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] words = line.split("\t", -1);
        if (words[0].equals("do")) {
          runner.execute(words[1]);
          continue;
        }
        for (MaterializedRow row : runner.execute(words[1]).getMaterializedRows()) {
          List<String> cells = new ArrayList<>();
          for (int i = 0; i < row.getFieldCount(); i++) {
            cells.add(shown(row.getField(i)));
          }
          print(String.join("\t", cells));
        }
        print(".");
      }
    }
  }

  private static void print(String line) {
    byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
    OUT.write(bytes, 0, bytes.length);
    OUT.flush();
  }

  private static String shown(Object value) {
    if (value instanceof Number) {
      BigDecimal number = new BigDecimal(value.toString()).round(new MathContext(12));
      return number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString();
    }
    return value == null ? "NULL" : value instanceof String ? "'" + value + "'" : value.toString();
  }
}
