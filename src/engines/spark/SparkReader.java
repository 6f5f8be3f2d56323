import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Answers queries over the Parquet files with Spark. A separate process, started from its source:
 * Spark's class path never meets the product's.
 *
 * <p>Each line of the input is a statement ({@code do SQL}) or a query ({@code query SQL}); each row
 * of an answer is a line, its cells separated by tabs, and a line {@code .} ends an answer. Settings
 * are system properties.
 */
public final class SparkReader {
  private SparkReader() {}

  public static void main(String[] args) throws Exception {
    try (SparkSession spark =
            SparkSession.builder()
                .master("local[1]")
                .config("spark.ui.enabled", "false")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.sql.shuffle.partitions", "1")
                .config("spark.sql.session.timeZone", "UTC")
                .config("spark.sql.datetime.java8API.enabled", "true")
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
          for (int i = 0; i < row.length(); i++) {
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
    System.out.write(bytes, 0, bytes.length);
    System.out.flush();
  }

  private static String shown(Object value) {
    if (value instanceof Number) {
      BigDecimal number = new BigDecimal(value.toString()).round(new MathContext(12));
      return number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString();
    }
    return value == null ? "NULL" : value instanceof String ? "'" + value + "'" : value.toString();
  }
}
