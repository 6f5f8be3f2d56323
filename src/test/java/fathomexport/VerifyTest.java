package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever happens to the rows after they were exported, {@code verify} finds it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class VerifyTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 10, 6);
  private static final LocalDate LAST = LocalDate.of(2025, 10, 26);
  private static final Instant NOW = Instant.parse("2025-10-28T14:00:00Z");

  /** Places that each kind of damage is tried at, per report. */
  private static final int PLACES = 1;

  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");
  private static final Question PAGES =
      Question.pageviews("pages_daily", "day", "hostname", "pathname");
  private static final Question HOURS =
      Question.pageviews("browsers_hourly", "hour", "browser").measuring("pageviews", "uniques");
  private static final Question GOALS = Question.events("goals_daily", "day", "referrer_source");
  private static final List<Question> REPORTS = List.of(TRAFFIC, PAGES, HOURS, GOALS);
  private static final String SITES = "[LDNBOOKS, UTCSTATS, NOVISITS]";

  private final ObjectMapper json = new ObjectMapper();
  private final SplittableRandom random = new SplittableRandom(3);
  private FathomSimulator api;
  private TestDatabase database;
  private Installation installation;

  @BeforeAll
  void export(@TempDir Path directory) throws IOException {
    api =
        FathomSimulator.start(World.dozen(51, FIRST.minusDays(2), LAST, 0), Behaviour.unlimited());
    database = TestDatabase.migrated(REPORTS);
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .pipeline("all", SITES, "[postgres, parquet]", REPORTS);
    Installation.Ended ended =
        installation.run("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString());
    assertThat(ended.code()).as(ended.said()).isZero();
    for (Question report : REPORTS) {
      assertThat(Landed.inPostgres(database, report)).as(report.name()).isNotEmpty();
      // Somebody who doubles a row has first done away with what forbids it.
      for (List<@Nullable Object> index :
          database.query(
              "SELECT indexname FROM pg_indexes WHERE schemaname = 'fathom' AND tablename = '"
                  + report.name()
                  + "'")) {
        database.execute("DROP INDEX fathom." + index.get(0));
      }
      database.execute(
          "CREATE TABLE public." + report.name() + " AS TABLE fathom." + report.name());
    }
  }

  @AfterAll
  void stop() {
    database.close();
    api.close();
  }

  @BeforeEach
  void quiet() {
    api.behave(Behaviour.unlimited());
    api.log().clear();
  }

  /** Where nobody counts requests, the records of runs are what the quota's use is known from. */
  @Test
  void itsRequestsAndItsEndAreOnRecord(@TempDir Path files) throws IOException {
    Installation alone =
        new Installation(files, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .settings(
                """
                api:
                  base_url: %s
                  token: {env: %s}
                  requests_per_minute: 1000
                parquet:
                  root: warehouse
                """
                    .formatted(api.baseUri(), Installation.TOKEN_VARIABLE))
            .pipeline("files", SITES, "[parquet]", List.of(TRAFFIC, PAGES));
    String[] range = {"files", "--from", FIRST.toString(), "--to", LAST.toString()};
    assertThat(alone.run("backfill", range[0], range[1], range[2], range[3], range[4]).code())
        .isZero();
    api.log().clear();
    assertThat(alone.run("verify", range[0], range[1], range[2], range[3], range[4]).code())
        .isZero();
    int asked = api.log().aggregations().size();
    assertThat(asked).isPositive();
    int before = 0;

    JsonNode status = json.readTree(alone.run("status", "files", "--json").out());

    for (JsonNode run : status.path("runs")) {
      if (run.path("command").textValue().equals("verify")) {
        assertThat(run.path("requests").intValue()).isEqualTo(asked);
        assertThat(run.path("exit_code").intValue()).isZero();
        assertThat(run.path("finished_at").isNull()).isFalse();
      } else {
        before += run.path("requests").intValue();
      }
    }
    assertThat(status.path("runs")).hasSize(2);
    assertThat(status.path("usage").path("requests_today").intValue()).isEqualTo(before + asked);

    // One that finds something, with a database.
    database.execute("UPDATE fathom.traffic_daily SET pageviews = pageviews + 1");
    try {
      assertThat(verify().code()).isEqualTo(65);
      assertThat(
              database.query(
                  "SELECT exit_code, requests > 0, finished_at IS NOT NULL, pipeline"
                      + " FROM fathom_ops.run WHERE command = 'verify'"
                      + " ORDER BY exit_code DESC LIMIT 1"))
          .containsExactly(List.of(65, true, true, "all"));
    } finally {
      database.execute("UPDATE fathom.traffic_daily SET pageviews = pageviews - 1");
    }
  }

  /** More sites, or more events of one site, than a run keeps control totals of. */
  @Test
  void eachControlIsAskedOnceHoweverManySitesThereAre(@TempDir Path directory) throws IOException {
    eachControlIsAskedOnce(300, 0, directory);
  }

  @Test
  @Tag("chaos")
  void eachControlIsAskedOnceHoweverManyEventsThereAre(@TempDir Path directory) throws IOException {
    eachControlIsAskedOnce(1, 300, directory);
  }

  private void eachControlIsAskedOnce(int sites, int events, Path directory) throws IOException {
    LocalDate day = LAST;
    World world = World.empty();
    for (int i = 0; i < sites; i++) {
      String site = "SITE" + i;
      world.addSite(site, ZoneId.of("UTC"));
      world.add(site, world.viewAt(site, day.atTime(12, 0)));
      for (int n = 0; n < events; n++) {
        world.addEvent(site, "event " + n);
        world.add(site, Conversion.of("event " + n, world.instant(site, day.atTime(13, 0))));
      }
    }
    List<Question> reports =
        events == 0
            ? List.of(TRAFFIC, PAGES, Question.pageviews("browsers_daily", "day", "browser"))
            : List.of(GOALS, Question.events("goals_by_country_daily", "day", "country_code"));
    try (FathomSimulator many = FathomSimulator.start(world, Behaviour.unlimited())) {
      // Files only: sharing the quota over a database would take most of the time.
      Installation alone =
          new Installation(
                  directory, database, many.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .settings(
                  """
                  api:
                    base_url: %s
                    token: {env: %s}
                    requests_per_minute: 1000
                  parquet:
                    root: warehouse
                  """
                      .formatted(many.baseUri(), Installation.TOKEN_VARIABLE))
              .pipeline("all", "all", "[parquet]", reports);

      Installation.Ended ended =
          alone.run("verify", "all", "--from", day.toString(), "--to", day.toString(), "--json");

      int controls = Math.max(sites, events);
      assertThat(ended.code()).as("nothing was exported: %s", ended.err()).isEqualTo(65);
      assertThat(many.log().aggregations()).hasSize(controls);
      JsonNode said = json.readTree(ended.out());
      // Each report and slice, in the order of the pipeline's reports.
      assertThat(said.path("periods").intValue()).isEqualTo(controls * reports.size());
      List<String> order = new ArrayList<>();
      said.path("differences").forEach(d -> order.add(d.path("report").textValue()));
      assertThat(order.stream().distinct().toList())
          .isEqualTo(reports.stream().map(Question::name).toList());
      assertThat(order)
          .isSortedAccordingTo(
              Comparator.comparing(
                  name -> reports.stream().map(Question::name).toList().indexOf(name)));
    }
  }

  private Installation.Ended verify(String... global) {
    List<String> arguments = new ArrayList<>(Arrays.asList(global));
    arguments.addAll(List.of("verify", "all", "--from", FIRST.toString(), "--to", LAST.toString()));
    return installation.run(arguments.toArray(new String[0]));
  }

  /** One way to damage a table: an SQL statement with {@code T} for the table. */
  private record Damage(String name, String sql) {
    @Override
    public String toString() {
      return name;
    }
  }

  /** What may become of a row of a report, picked by {@code rowid}. */
  private static List<Damage> damages(Question report) {
    String time = report.dateGrouping().equals("hour") ? "hour" : "date";
    List<Damage> damages = new ArrayList<>();
    damages.add(new Damage("dropped", "DELETE FROM T WHERE PICK"));
    damages.add(new Damage("doubled", "INSERT INTO T SELECT * FROM T WHERE PICK"));
    damages.add(
        new Damage(
            "day moved",
            "UPDATE T SET \"" + time + "\" = \"" + time + "\" + INTERVAL 1 DAY WHERE PICK"));
    for (String measure : report.aggregates()) {
      damages.add(
          new Damage(
              measure + " one more",
              "UPDATE T SET " + measure + " = coalesce(" + measure + ", 0) + 1 WHERE PICK"));
    }
    for (String field : report.fields()) {
      damages.add(
          new Damage(
              field + " changed",
              "UPDATE T SET " + field + " = coalesce(" + field + ", '') || 'x' WHERE PICK"));
    }
    return damages;
  }

  /** A damage of each kind. */
  private static final Set<String> ONE_OF_A_KIND =
      Set.of("dropped", "doubled", "day moved", "pageviews one more", "pathname changed");

  private static List<Damage> someDamages() {
    List<Damage> damages =
        damages(PAGES).stream().filter(damage -> ONE_OF_A_KIND.contains(damage.name())).toList();
    assertThat(damages).hasSameSizeAs(ONE_OF_A_KIND);
    return damages;
  }

  static Stream<Question> reports() {
    return REPORTS.stream();
  }

  /** No export fetches days before March 2021: to ask for their totals would be billed in vain. */
  @Test
  void daysThatNoExportFetchesAreNotAskedFor() {
    Installation.Ended ended =
        installation.run("verify", "all", "--from", "2021-02-08", "--to", "2021-02-10");

    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(api.log().aggregations()).isEmpty();
  }

  @Test
  void whatWasExportedAgrees() throws IOException {
    Installation.Ended ended = verify();

    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(ended.out()).contains("all agree.");
    int requests = api.log().aggregations().size();
    assertThat(ended.out()).contains("compared with " + requests + " requests");
    // Of three sites: a control by day, three by hour, one of an event; and where hours seem cut.
    assertThat(requests).isBetween(15, 18);
    JsonNode said = json.readTree(verify("--json").out());
    assertThat(said.path("differences").isEmpty()).isTrue();
    assertThat(said.path("periods").longValue()).isPositive();
  }

  @Test
  void damageInATableIsFound() throws IOException {
    tableIsDamaged(PAGES, someDamages());
  }

  @ParameterizedTest
  @MethodSource("reports")
  @Tag("chaos")
  void anyDamageInAnyTableIsFound(Question report) throws IOException {
    tableIsDamaged(report, damages(report));
  }

  private void tableIsDamaged(Question report, List<Damage> damages) throws IOException {
    for (Damage damage : damages) {
      for (int place = 0; place < PLACES; place++) {
        long count = Landed.inPostgres(database, report).size();
        String row =
            String.valueOf(
                database
                    .query(
                        "SELECT ctid::text FROM fathom."
                            + report.name()
                            + " ORDER BY 1 LIMIT 1 OFFSET "
                            + random.nextLong(count))
                    .get(0)
                    .get(0));
        database.execute(
            damage
                .sql()
                .replace("INTERVAL 1 DAY", "INTERVAL '1 day'")
                .replace("PICK", "ctid = '" + row + "'")
                .replace("T SET", "fathom." + report.name() + " SET")
                .replace("INTO T", "INTO fathom." + report.name())
                .replace("FROM T", "FROM fathom." + report.name()));

        assertFound(report, "postgres", damage + " at " + row);

        database.execute(
            "TRUNCATE fathom." + report.name(),
            "INSERT INTO fathom." + report.name() + " TABLE public." + report.name());
      }
    }
    assertThat(verify().code()).as("the table is as it was").isZero();
  }

  @Test
  void damageInAFileIsFound() throws IOException, SQLException {
    fileIsDamaged(PAGES, someDamages());
  }

  @ParameterizedTest
  @MethodSource("reports")
  @Tag("chaos")
  void anyDamageInAnyFileIsFound(Question report) throws IOException, SQLException {
    fileIsDamaged(report, damages(report));
  }

  private void fileIsDamaged(Question report, List<Damage> damages)
      throws IOException, SQLException {
    List<Path> files =
        Landed.files(installation.warehouse().resolve(report.name())).keySet().stream()
            .map(f -> installation.warehouse().resolve(report.name()).resolve(f))
            .toList();
    for (Damage damage : damages) {
      Path file = files.get(random.nextInt(files.size()));
      byte[] before = Files.readAllBytes(file);
      if (!rewrite(file, damage)) {
        continue;
      }

      if (damage.name().equals("dropped") || damage.name().equals("doubled")) {
        // The file itself contradicts its certificates.
        Installation.Ended ended = verify();
        assertThat(ended.code()).as(ended.said()).isEqualTo(65);
        assertThat(ended.out()).contains("! damaged: " + file);
        assertThat(ended.out()).contains("1 damaged file").contains("move it away");
      } else {
        assertFound(report, "parquet", damage + " in " + file);
      }

      Files.write(file, before);
    }
    assertThat(verify().code()).as("the files are as they were").isZero();
  }

  /**
   * Writes a file again as somebody might who edits it and keeps its metadata.
   *
   * @return false when it has no rows
   */
  private boolean rewrite(Path file, Damage damage) throws SQLException {
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement()) {
      statement.execute("CREATE TABLE t AS FROM read_parquet('" + file + "')");
      long rows = number(statement, "SELECT count(*) FROM t");
      if (rows == 0) {
        return false;
      }
      statement.execute(
          damage
              .sql()
              .replace("PICK", "rowid = " + random.nextLong(rows))
              .replace("T SET", "t SET")
              .replace("INTO T", "INTO t")
              .replace("FROM T", "FROM t"));
      String metadata;
      try (ResultSet pairs =
          statement.executeQuery(
              "SELECT decode(key), decode(value) FROM parquet_kv_metadata('" + file + "')")) {
        List<String> entries = new ArrayList<>();
        while (pairs.next()) {
          entries.add(quoted(pairs.getString(1)) + ": " + quoted(pairs.getString(2)));
        }
        metadata = entries.stream().collect(Collectors.joining(", ", "{", "}"));
      }
      try (PreparedStatement copy =
          duck.prepareStatement(
              "COPY t TO '"
                  + file
                  + "' (FORMAT parquet, COMPRESSION zstd, KV_METADATA "
                  + metadata
                  + ")")) {
        copy.execute();
      }
    }
    return true;
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  private static long number(Statement statement, String sql) throws SQLException {
    try (ResultSet row = statement.executeQuery(sql)) {
      assertThat(row.next()).isTrue();
      return row.getLong(1);
    }
  }

  private void assertFound(Question report, String sink, String what) throws IOException {
    Installation.Ended ended = verify("--json");
    assertThat(ended.code()).as("%s: %s", what, ended.said()).isEqualTo(65);
    JsonNode differences = json.readTree(ended.out()).path("differences");
    assertThat(differences).as(what).isNotEmpty();
    for (JsonNode difference : differences) {
      assertThat(difference.path("report").textValue()).as(what).isEqualTo(report.name());
      assertThat(difference.path("sink").textValue()).as(what).isEqualTo(sink);
      assertThat(difference.path("cause").textValue())
          .as("%s: %s", what, difference)
          .isEqualTo("CHANGED_IN_STORAGE");
    }
    assertThat(database.query("SELECT messages[1] FROM fathom_ops.run WHERE command = 'verify'"))
        .as(what)
        .anyMatch(
            row ->
                String.valueOf(row.get(0))
                    .startsWith("differences, stored rows were changed after the export: "));
  }
}
