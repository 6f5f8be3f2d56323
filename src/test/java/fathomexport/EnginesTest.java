package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.testing.DocumentedTable;
import fathomexport.testing.EngineAnswers;
import fathomexport.testing.EngineData;
import fathomexport.testing.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** DuckDB reads the files by the documented statement, and answers what PostgreSQL answers. */
class EnginesTest {
  private static final Path DOCUMENT = Path.of("docs/warehouse.md");

  @TempDir static Path directory;
  private static EngineData data;
  private static Connection duck;

  @BeforeAll
  static void export() throws IOException, SQLException {
    data = EngineData.export(directory);
    duck = DriverManager.getConnection("jdbc:duckdb:");
    for (String name : data.dataSets()) {
      try (Statement statement = duck.createStatement()) {
        statement.execute(documented("DuckDB", name));
      }
    }
  }

  @AfterAll
  static void close() throws SQLException {
    duck.close();
    data.close();
  }

  /** Returns the documented statement, for this data set and the test's files. */
  private static String documented(String engine, String dataSet) throws IOException {
    String text = Files.readString(DOCUMENT);
    int section = text.indexOf("\n### " + engine + "\n");
    assertThat(section).as(engine).isNotNegative();
    int start = text.indexOf("```sql\n", section) + 7;
    return text.substring(start, text.indexOf("```", start))
        .replace("pages_daily", dataSet)
        .replace("'warehouse/", "'" + data.installation().warehouse() + "/");
  }

  private static List<List<@Nullable Object>> duckRows(String sql) throws SQLException {
    try (Statement statement = duck.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      List<List<@Nullable Object>> rows = new ArrayList<>();
      while (result.next()) {
        List<@Nullable Object> row = new ArrayList<>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
          row.add(result.getObject(i));
        }
        rows.add(row);
      }
      return rows;
    }
  }

  private static List<String> duckDb(String sql) throws SQLException {
    return duckRows(EngineData.inFiles(sql, "CAST(floor(epoch(#)) AS BIGINT)")).stream()
        .map(EngineAnswers::line)
        .sorted()
        .toList();
  }

  @Test
  void duckDbReadsEveryRowOfEveryTable() throws SQLException {
    assertThat(data.dataSets())
        .contains("traffic_hourly", "traffic_monthly", "site", "event", "current_visitors");
    for (String name : data.dataSets()) {
      String sql = data.wholeTable(name);
      assertThat(duckDb(sql)).as(name).isEqualTo(data.postgres(sql));
    }
  }

  @Test
  void duckDbHasTheTypesOfPostgres() throws SQLException {
    Map<String, String> names =
        Map.of(
            "text", "VARCHAR",
            "ARRAY", "VARCHAR",
            "bigint", "BIGINT",
            "double precision", "DOUBLE",
            "date", "DATE",
            "timestamp without time zone", "TIMESTAMP",
            "timestamp with time zone", "TIMESTAMP WITH TIME ZONE");
    for (String name : data.dataSets()) {
      List<String> wanted =
          data.columns(name).entrySet().stream()
              .map(c -> "'" + c.getKey() + "'\t'" + names.get(c.getValue()) + "'")
              .sorted()
              .toList();
      assertThat(duckDb("SELECT column_name, column_type FROM (DESCRIBE {" + name + "})"))
          .as(name)
          .containsAll(wanted);
    }
  }

  @Test
  void sumsAreEqual() throws IOException, SQLException {
    List<String> questions = new ArrayList<>();
    List<List<String>> answers = new ArrayList<>();
    for (EngineData.Asked asked : EngineData.QUESTIONS) {
      questions.add(asked.question());
      String postgres = String.join(", ", data.postgres(asked.sql()));
      String files = String.join(", ", duckDb(asked.sql()));
      assertThat(files).as(asked.sql()).isEqualTo(postgres).isNotEqualTo("NULL").isNotEqualTo("0");
      answers.add(List.of(postgres, files));
    }
    new DocumentedTable(DOCUMENT, "answers")
        .hasColumns("question", questions, List.of("PostgreSQL", "DuckDB"), answers);
  }

  /** The columns of the paths, for readers that ask for them. */
  @Test
  void partitionsAreColumnsOfTheirOwn() throws SQLException {
    String files = "read_parquet('%s/%s/**/*.parquet', hive_partitioning = true)";
    assertThat(
            duckRows(
                "SELECT DISTINCT typeof(site_id)::VARCHAR, site_id, month::VARCHAR FROM "
                    + files.formatted(data.installation().warehouse(), "traffic_daily")
                    + " WHERE site_id = '007' ORDER BY 3"))
        .containsExactly(
            List.of("VARCHAR", "007", "2025-10"), List.of("VARCHAR", "007", "2025-11"));
    assertThat(
            duckRows(
                "SELECT DISTINCT year::VARCHAR FROM "
                    + files.formatted(data.installation().warehouse(), "traffic_monthly")))
        .containsExactly(List.of("2025"));
  }

  /** A question with the obvious query, and what answers it. */
  private record Trap(String question, String naive, String right) {}

  private static final List<Trap> TRAPS =
      List.of(
          new Trap(
              "bounce rate of BERLIN in October",
              "SELECT round(avg(bounce_rate)::numeric, 2) FROM fathom.pages_daily WHERE site_id ="
                  + " 'BERLIN' AND date BETWEEN '2025-10-01' AND '2025-10-31'",
              "SELECT round(bounce_rate::numeric, 2) FROM fathom_bi.site_month WHERE site_id ="
                  + " 'BERLIN' AND first_day = '2025-10-01'"),
          new Trap(
              "visits of BERLIN per day in October",
              "SELECT round(avg(visits), 2) FROM fathom.traffic_daily WHERE site_id = 'BERLIN' AND"
                  + " date BETWEEN '2025-10-01' AND '2025-10-31'",
              "SELECT round(avg(visits), 2) FROM fathom_bi.site_day WHERE site_id = 'BERLIN' AND"
                  + " date BETWEEN '2025-10-01' AND '2025-10-31'"),
          new Trap(
              "unique visitors of BERLIN in October",
              "SELECT sum(uniques) FROM fathom.traffic_daily WHERE site_id = 'BERLIN' AND date"
                  + " BETWEEN '2025-10-01' AND '2025-10-31'",
              "SELECT uniques FROM fathom_bi.site_month WHERE site_id = 'BERLIN' AND first_day ="
                  + " '2025-10-01'"),
          new Trap(
              "unique visitors of BERLIN on 2 October",
              "SELECT sum(uniques) FROM fathom.pages_daily WHERE site_id = 'BERLIN' AND date ="
                  + " '2025-10-02'",
              "SELECT uniques FROM fathom_bi.site_day WHERE site_id = 'BERLIN' AND date ="
                  + " '2025-10-02'"),
          new Trap(
              "days of BERLIN in October that are missing",
              "SELECT 31 - count(DISTINCT date) FROM fathom.traffic_daily WHERE site_id = 'BERLIN'"
                  + " AND date BETWEEN '2025-10-01' AND '2025-10-31'",
              "SELECT count(*) FROM fathom_bi.site_day WHERE site_id = 'BERLIN' AND state ="
                  + " 'missing' AND date BETWEEN '2025-10-01' AND '2025-10-31'"),
          new Trap(
              "average duration in October, BERLIN",
              "SELECT round(avg(avg_duration)::numeric, 2) FROM fathom.pages_daily WHERE site_id ="
                  + " 'BERLIN' AND date BETWEEN '2025-10-01' AND '2025-10-31'",
              "SELECT round(avg_duration::numeric, 2) FROM fathom_bi.site_month WHERE site_id ="
                  + " 'BERLIN' AND first_day = '2025-10-01'"),
          new Trap(
              "visits that do not come from `cpc`",
              "SELECT sum(visits) FROM fathom.campaigns_daily WHERE utm_medium <> 'cpc'",
              "SELECT sum(visits) FROM fathom_bi.campaigns_daily WHERE utm_medium <> 'cpc'"),
          new Trap(
              "value of `Käufe`",
              "SELECT sum(value) FROM fathom.goals_daily",
              "SELECT sum(value) FROM fathom_bi.goals_daily"),
          new Trap(
              "conversions of `Käufe` per day in October",
              "SELECT round(avg(conversions), 2) FROM (SELECT date, sum(conversions) AS conversions"
                  + " FROM fathom.goals_daily WHERE event_name = 'Käufe' AND date BETWEEN"
                  + " '2025-10-01' AND '2025-10-31' GROUP BY date) d",
              "SELECT round(avg(coalesce(g.conversions, 0)), 2) FROM fathom_bi.calendar c LEFT JOIN"
                  + " (SELECT site_id, event_name, date, sum(conversions) AS conversions FROM"
                  + " fathom_bi.goals_daily GROUP BY 1, 2, 3) g USING (site_id, event_name, date)"
                  + " WHERE c.report = 'goals_daily' AND event_name = 'Käufe' AND c.state IN"
                  + " ('complete', 'empty') AND date BETWEEN '2025-10-01' AND '2025-10-31'"));

  @Test
  void theViewAnswersWhereTheObviousQueryErrs() throws IOException, SQLException {
    Installation.Ended ended = data.installation().run("describe", "--format", "duckdb");
    assertThat(ended.code()).as(ended.said()).isZero();
    List<List<String>> rows = new ArrayList<>();
    try (Connection described = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = described.createStatement()) {
      statement.execute(ended.out());
      statement.execute("SET VARIABLE fathom_as_of = '" + EngineData.NOW + "'");
      for (Trap trap : TRAPS) {
        String naive = String.join(", ", data.postgres(trap.naive()));
        String right = String.join(", ", data.postgres(trap.right()));
        assertThat(naive).as(trap.question()).isNotEqualTo(right);
        try (ResultSet answer = statement.executeQuery(trap.right())) {
          assertThat(answer.next()).isTrue();
          List<@Nullable Object> row = new ArrayList<>();
          row.add(answer.getObject(1));
          assertThat(EngineAnswers.line(row)).as("DuckDB: " + trap.right()).isEqualTo(right);
        }
        rows.add(
            List.of(
                trap.question(), "`" + trap.naive() + "`", naive, "`" + trap.right() + "`", right));
      }
    }
    new DocumentedTable(DOCUMENT, "traps")
        .hasRows(
            List.of("question", "obvious query", "it answers", "query of a view", "it answers"),
            rows);
  }
}
