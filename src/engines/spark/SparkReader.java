import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Answers queries over the Parquet files with Spark SQL. A separate process, started from its
 * source.
 *
 * <p>Each line of the input is a statement ({@code do SQL}) or a query ({@code query SQL}); each row
 * of an answer is a line, its cells separated by tabs, and a line {@code .} ends an answer.
 */
public final class SparkReader {
  private static final PrintStream OUT = System.out;

  private SparkReader() {}

  public static void main(String[] args) throws Exception {
    System.setOut(System.err);
    try (SparkSession spark =
            SparkSession.builder()
                .master("local[1]")
                .appName("files")
                .config("spark.ui.enabled", false)
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.sql.shuffle.partitions", 1)
                .config("spark.sql.session.timeZone", "UTC")
                .getOrCreate();
        BufferedReader in =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] words = line.split("\t", -1);
        if (words[0].equals("do")) {
          spark.sql(words[1]);
          continue;
        }
        for (Row row : spark.sql(words[1]).collectAsList()) {
          List<String> cells = new ArrayList<>();
          for (int i = 0; i < row.size(); i++) {
            cells.add(shown(row.get(i)));
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
