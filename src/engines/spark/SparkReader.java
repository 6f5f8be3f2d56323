import fathomexport.testing.EngineAnswers;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Answers queries over the Parquet files with Spark SQL, in a process started from this source. */
public final class SparkReader {
  private SparkReader() {}

  public static void main(String[] args) throws Exception {
    EngineAnswers answers = new EngineAnswers();
    try (SparkSession spark =
        SparkSession.builder()
            .master("local[1]")
            .appName("files")
            .config("spark.ui.enabled", false)
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.sql.shuffle.partitions", 1)
            .config("spark.sql.session.timeZone", "UTC")
            .getOrCreate()) {
      answers.answer(
          sql -> {
            List<List<Object>> rows = new ArrayList<>();
            for (Row row : spark.sql(sql).collectAsList()) {
              rows.add(IntStream.range(0, row.size()).mapToObj(row::get).toList());
            }
            return rows;
          });
    }
  }
}
