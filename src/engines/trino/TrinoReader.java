import fathomexport.testing.EngineAnswers;
import io.trino.Session;
import io.trino.plugin.hive.HivePlugin;
import io.trino.testing.DistributedQueryRunner;
import io.trino.testing.MaterializedRow;
import io.trino.testing.QueryRunner;
import io.trino.testing.TestingSession;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Answers queries over the Parquet files with Trino and its Hive connector, in a process started
 * from this source on a newer Java than the product's.
 */
public final class TrinoReader {
  private TrinoReader() {}

  public static void main(String[] args) throws Exception {
    EngineAnswers answers = new EngineAnswers();
    Path metastore = Files.createTempDirectory("metastore");
    Session session =
        TestingSession.testSessionBuilder().setCatalog("files").setSchema("fathom").build();
    try (QueryRunner runner = DistributedQueryRunner.builder(session).setWorkerCount(0).build()) {
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
      answers.answer(
          sql ->
              runner.execute(sql).getMaterializedRows().stream()
                  .map(MaterializedRow::getFields)
                  .toList());
    }
  }
}
