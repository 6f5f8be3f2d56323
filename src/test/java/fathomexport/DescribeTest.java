package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.SimulatedMilestone;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import fathomexport.testing.TwoSites;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.util.PGobject;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The descriptions for other tools, read by those tools, over one exported world. */
class DescribeTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 9, 29);
  private static final LocalDate LAST = LocalDate.of(2025, 11, 2);

  /** With nanoseconds, which neither sink stores. */
  private static final Instant NOW = Instant.parse("2025-11-03T14:00:00.504147800Z");

  private static final String BERLIN = "BERLIN";
  private static final String NEW_YORK = "123";

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "hostname", "pathname"),
          Question.pageviews("referrers_daily", "day", "referrer_hostname", "referrer_source"),
          Question.pageviews("campaigns_daily", "day", "utm_source", "utm_medium", "utm_campaign"),
          Question.pageviews("blog_daily", "day").where("pathname", "is like", "/blog*"),
          Question.pageviews("traffic_monthly", "month"),
          // Two reports can be the source of site_day, and each site is taken from one of them.
          Question.pageviews("traffic_more", "day").measuring("pageviews"),
          Question.pageviews("traffic_hourly", "hour"),
          Question.pageviews("sources_ranges", "none", "referrer_source"),
          Question.events("goals_daily", "day", "referrer_source"));

  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir static Path directory;
  private static TestDatabase database;
  private static FathomSimulator api;
  private static Installation installation;

  private static World world() {
    return new TwoSites(BERLIN, NEW_YORK, "purchase", "/", 5)
        .world(
            FIRST,
            LAST,
            (view, n) ->
                switch (n) {
                  case 0 -> view;
                  case 1 ->
                      view.with(Dimension.REFERRER_HOSTNAME, "https://www.google.de")
                          .with(Dimension.REFERRER_SOURCE, "Google");
                  case 2 -> view.with(Dimension.UTM_MEDIUM, "my_paid");
                  case 3 -> view.with(Dimension.UTM_MEDIUM, "myXpaid");
                  default -> view.with(Dimension.UTM_MEDIUM, "(none)");
                })
        .putMilestone(BERLIN, new SimulatedMilestone("m1", LocalDate.of(2025, 10, 10), "Launch"));
  }

  @BeforeAll
  static void export() throws IOException {
    database = TestDatabase.migrated();
    api = FathomSimulator.start(world(), Behaviour.unlimited());
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .inRealTime()
            .pipeline("all", REPORTS);
    database.executeAsSuperuser(
        "ALTER DATABASE " + database.name() + " SET fathom.as_of = '" + NOW + "'");
    Installation.Ended ended =
        installation.run("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString());
    assertThat(ended.code()).as(ended.said()).isZero();
  }

  @AfterAll
  static void close() {
    api.close();
    database.close();
  }

  private static String describe(String... more) {
    List<String> arguments = new ArrayList<>(List.of("describe", "--format"));
    arguments.addAll(List.of(more));
    Installation.Ended ended = installation.run(arguments.toArray(String[]::new));
    assertThat(ended.code()).as(ended.said()).isZero();
    return ended.out();
  }

  private static List<String> views() {
    return database
        .query(
            "SELECT relname FROM pg_class WHERE relnamespace = 'fathom_bi'::regnamespace ORDER BY"
                + " relname COLLATE \"C\"")
        .stream()
        .map(r -> String.valueOf(r.get(0)))
        .toList();
  }

  private static List<String> columns(String view) {
    return database
        .query(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'fathom_bi."
                + view
                + "'::regclass AND attnum > 0 ORDER BY attnum")
        .stream()
        .map(r -> String.valueOf(r.get(0)))
        .toList();
  }

  // --- DuckDB

  /** Equal documents are equal text. */
  private static String json(String text) {
    try {
      return JSON.writer(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .writeValueAsString(JSON.readValue(text, Object.class));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> duckDbsColumns(Statement statement, String view) throws SQLException {
    try (ResultSet result =
        statement.executeQuery("SELECT column_name FROM (DESCRIBE fathom_bi." + view + ")")) {
      List<String> names = new ArrayList<>();
      while (result.next()) {
        names.add(result.getString(1));
      }
      return names;
    }
  }

  private static String shown(@Nullable Object value) {
    if (value instanceof PGobject || value instanceof org.duckdb.JsonNode) {
      return json(value.toString());
    }
    if (value instanceof Number n) {
      return new BigDecimal(n.toString())
          .round(new MathContext(12))
          .stripTrailingZeros()
          .toPlainString();
    }
    if (value instanceof OffsetDateTime t) {
      return t.toInstant().toString();
    }
    if (value instanceof Timestamp t) {
      return t.toInstant().toString();
    }
    return String.valueOf(value);
  }

  private static List<String> rows(Statement statement, String sql) throws SQLException {
    try (ResultSet result = statement.executeQuery(sql)) {
      List<String> rows = new ArrayList<>();
      while (result.next()) {
        List<String> cells = new ArrayList<>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
          cells.add(shown(result.getObject(i)));
        }
        rows.add(String.join("|", cells));
      }
      return rows.stream().sorted().toList();
    }
  }

  /** Every view that the files allow has PostgreSQL's columns and rows. */
  @Test
  void duckDbHasTheSameViewsOverTheFiles() throws SQLException {
    String script = describe("duckdb");
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement()) {
      statement.execute(script);
      statement.execute("SET VARIABLE fathom_as_of = '" + NOW + "'");
      List<String> compared = new ArrayList<>();
      for (String view : views()) {
        String columns = String.join(", ", columns(view));
        // When a definition was first migrated is the database's to tell; the files know the first
        // fetch under it.
        String sql = "SELECT " + columns.replace("valid_from, ", "") + " FROM fathom_bi." + view;
        assertThat(duckDbsColumns(statement, view)).as(view).isEqualTo(columns(view));
        List<String> wanted =
            database.query(sql).stream()
                .map(r -> String.join("|", r.stream().map(DescribeTest::shown).toList()))
                .sorted()
                .toList();
        assertThat(rows(statement, sql)).as(view).isEqualTo(wanted).isNotEmpty();
        compared.add(view);
      }
      assertThat(compared)
          .contains("site_day", "site_month", "pages_daily", "goals_daily", "freshness")
          .contains("referrers_daily_channel", "pages_daily_month", "calendar", "metric");
      assertThat(
              rows(
                  statement,
                  "SELECT view_name FROM duckdb_views() WHERE schema_name = 'fathom_bi' AND comment"
                      + " IS NULL"))
          .isEmpty();
    }
  }

  /** Without files the script makes the same views, empty. */
  @Test
  void duckDbHasEmptyViewsBeforeTheFirstRun(@TempDir Path elsewhere) throws SQLException {
    Installation fresh =
        new Installation(elsewhere, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .pipeline("all", REPORTS);
    Installation.Ended ended = fresh.run("describe", "--format", "duckdb", "--out", "views.sql");
    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(ended.out()).contains("views.sql");
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement()) {
      statement.execute(read(elsewhere.resolve("views.sql")));
      assertThat(rows(statement, "SELECT * FROM fathom_bi.site_month")).isEmpty();
      assertThat(rows(statement, "SELECT * FROM fathom_bi.goals_daily")).isEmpty();
    }
  }

  @Test
  void duckDbNeedsFiles() {
    installation.pipeline("database", "all", "[postgres]", REPORTS.subList(0, 1));
    Installation.Ended ended = installation.run("describe", "database", "--format", "duckdb");
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err()).contains("none of the pipelines has parquet in sinks");
  }

  // --- dbt

  private static JsonNode yaml(String text) {
    return JSON.valueToTree(new Load(LoadSettings.builder().build()).loadFromString(text));
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The schema is dbt's own, which refuses keys that it does not know. */
  @Test
  void dbtAcceptsTheDocument() throws IOException {
    JsonNode published =
        JSON.readTree(
            read(Path.of("src/test/resources/fathomexport/dbt/dbt_yml_files-latest.json")));
    // This keyword is about arrays only, but the validator applies it to the values of an object.
    assertThat(published.at("/$defs/column_properties/type").textValue()).isEqualTo("object");
    ((ObjectNode) published.at("/$defs/column_properties")).remove("uniqueItems");
    Schema schema =
        SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_7).getSchema(published);
    JsonNode document = yaml(describe("dbt", "all"));
    assertThat(schema.validate(document)).isEmpty();
    ((ObjectNode) document.required("metrics").required(0)).put("kind", "simple");
    assertThat(schema.validate(document)).as("an unknown key").isNotEmpty();
  }

  @Test
  void dbtDescribesEveryViewAsItIs() {
    JsonNode source = yaml(describe("dbt", "all")).required("sources").required(0);
    assertThat(source.required("name").textValue()).isEqualTo("fathom_bi");
    Map<String, List<String>> described = new TreeMap<>();
    for (JsonNode table : source.required("tables")) {
      List<String> columns = new ArrayList<>();
      for (JsonNode column : table.required("columns")) {
        columns.add(
            column.required("name").textValue() + " " + column.required("data_type").textValue());
        assertThat(column.required("description").textValue()).isNotBlank();
      }
      described.put(table.required("name").textValue(), columns);
    }
    Map<String, List<String>> present = new TreeMap<>();
    for (String view : views()) {
      present.put(
          view,
          database
              .query(
                  "SELECT attname || ' ' || format_type(atttypid, atttypmod) FROM pg_attribute WHERE"
                      + " attrelid = 'fathom_bi."
                      + view
                      + "'::regclass AND attnum > 0 ORDER BY attnum")
              .stream()
              .map(r -> String.valueOf(r.get(0)))
              .toList());
    }
    assertThat(described).isEqualTo(present);
  }

  /** The view with two nights missing of one report of one site. */
  private static final String LATE =
      "(SELECT report, site_id, event_name, last_day, yesterday, days_behind + CASE WHEN report ="
          + " 'pages_daily' AND site_id = '"
          + BERLIN
          + "' THEN 2 ELSE 0 END AS days_behind FROM fathom_bi.freshness) late";

  /** Rows may have been fetched after a confirmation, and then there may be none at all. */
  @Test
  void dbtTakesTheLaterOfFetchAndConfirmation() {
    JsonNode document = yaml(describe("dbt", "all"));
    List<String> loaded = document.findValuesAsText("loaded_at_field");
    assertThat(loaded).hasSize(1);
    assertThat(
            database.query(
                "SELECT max("
                    + loaded.get(0)
                    + ") FROM (VALUES (date '2025-10-01', date '2025-10-09')) f (confirmed_at,"
                    + " fetched_at) UNION ALL SELECT max("
                    + loaded.get(0)
                    + ") FROM (VALUES (NULL::date, date '2025-10-07')) f (confirmed_at,"
                    + " fetched_at)"))
        .hasToString("[[2025-10-09], [2025-10-07]]");
  }

  /** What dbt would send to the server: its tests, its models, its freshness, its metrics. */
  @Test
  void dbtsQueriesRunAndItsTestsPass(@TempDir Path elsewhere) throws IOException {
    describe("dbt", "all", "--out", elsewhere.resolve("dbt").toString());
    List<Path> files;
    try (Stream<Path> walk = Files.walk(elsewhere.resolve("dbt"))) {
      files = walk.filter(f -> f.toString().endsWith(".sql")).sorted().toList();
    }
    int tests = 0;
    int behind = 0;
    for (Path file : files) {
      String sql = read(file).replaceAll("\\{\\{ source\\('(\\w+)', '(\\w+)'\\) }}", "$1.$2");
      List<List<@Nullable Object>> rows = database.query(sql);
      if (file.getFileName().toString().endsWith("_has_one_row_per_grain.sql")) {
        assertThat(rows).as(sql).isEmpty();
        tests++;
      } else if (file.getFileName().toString().equals("freshness_of_each_site_and_report.sql")) {
        assertThat(rows).as(sql).isEmpty();
        behind++;
        // One site that has fallen behind is found, however fresh the others are.
        String late = sql.replace("fathom_bi.freshness", LATE);
        assertThat(database.query("SELECT report, site_id FROM (" + late + ") x"))
            .as(late)
            .containsExactly(List.of("pages_daily", BERLIN));
      } else {
        assertThat(rows).as(sql).isNotEmpty();
      }
    }
    assertThat(tests).isEqualTo(views().size());
    assertThat(behind).isEqualTo(1);
    JsonNode document = yaml(read(elsewhere.resolve("dbt/models/fathom/fathom.yml")));
    for (JsonNode table : document.required("sources").required(0).required("tables")) {
      String view = "fathom_bi." + table.required("name").textValue();
      if (table.has("freshness")) {
        assertThat(
                database
                    .query(
                        "SELECT max("
                            + table.required("loaded_at_field").textValue()
                            + ") FROM "
                            + view)
                    .get(0)
                    .get(0))
            .isNotNull();
      }
      List<String> broken = new ArrayList<>(List.of("false"));
      for (JsonNode column : table.required("columns")) {
        String name = column.required("name").textValue();
        for (JsonNode test : column.path("data_tests")) {
          broken.add(
              test.isTextual()
                  ? name + " IS NULL"
                  : name + " NOT IN (" + values(test.required("accepted_values")) + ")");
        }
      }
      assertThat(database.query("SELECT * FROM " + view + " WHERE " + String.join(" OR ", broken)))
          .as(view)
          .isEmpty();
    }
    Set<String> measures = new TreeSet<>();
    for (JsonNode model : document.required("semantic_models")) {
      String view = "fathom_bi." + model.required("name").textValue();
      List<String> selected = new ArrayList<>();
      for (JsonNode measure : model.required("measures")) {
        measures.add(measure.required("name").textValue());
        assertThat(measure.required("agg").textValue()).isEqualTo("sum");
        selected.add("sum(" + measure.required("expr").textValue() + ")");
      }
      for (JsonNode dimension : model.required("dimensions")) {
        selected.add("max(" + dimension.required("name").textValue() + ")");
      }
      database.query("SELECT " + String.join(", ", selected) + " FROM " + view);
    }
    assertThat(measures)
        .contains("site_day_visits", "pages_daily_pageviews", "goals_daily_conversions")
        .noneMatch(m -> m.contains("uniques") || m.contains("rate") || m.contains("duration"));
    for (JsonNode metric : document.required("metrics")) {
      JsonNode params = metric.required("type_params");
      if (params.has("measure")) {
        assertThat(measures).contains(params.required("measure").textValue());
      }
    }
  }

  /** What dbt looks for after it has read the files, and stops at if it is not there. */
  @Test
  void dbtsReferencesResolve(@TempDir Path elsewhere) throws IOException {
    describe("dbt", "all", "--out", elsewhere.resolve("dbt").toString());
    JsonNode document = yaml(read(elsewhere.resolve("dbt/models/fathom/fathom.yml")));
    List<String> known = new ArrayList<>();
    for (JsonNode source : document.required("sources")) {
      for (JsonNode table : source.required("tables")) {
        known.add(
            "source('%s', '%s')"
                .formatted(
                    source.required("name").textValue(), table.required("name").textValue()));
      }
    }
    for (JsonNode model : document.required("models")) {
      String name = model.required("name").textValue();
      known.add("ref('" + name + "')");
      assertThat(elsewhere.resolve("dbt/models/fathom/" + name + ".sql")).isRegularFile();
    }
    for (JsonNode metric : document.required("metrics")) {
      known.add("metric " + metric.required("name").textValue());
    }
    assertThat(known).doesNotHaveDuplicates();

    List<String> used = new ArrayList<>();
    for (JsonNode model : document.required("semantic_models")) {
      used.add(model.required("model").textValue());
    }
    for (JsonNode metric : document.required("metrics")) {
      JsonNode params = metric.required("type_params");
      for (String side : List.of("numerator", "denominator")) {
        if (params.has(side)) {
          used.add("metric " + params.required(side).textValue());
        }
      }
    }
    try (Stream<Path> walk = Files.walk(elsewhere.resolve("dbt"))) {
      for (Path file : walk.filter(f -> f.toString().endsWith(".sql")).toList()) {
        Matcher call = Pattern.compile("\\{\\{ (.*?) }}").matcher(read(file));
        while (call.find()) {
          used.add(call.group(1));
        }
      }
    }
    assertThat(used).hasSizeGreaterThan(20);
    assertThat(known).containsAll(used);
  }

  /** Where the bounces of some days are not known, their visits would make the rate too small. */
  @Test
  void dbtsRatiosAreRightWhereADayIsKnownInPart() {
    JsonNode document = yaml(describe("dbt", "all"));
    Map<String, String> expressions = new TreeMap<>();
    document
        .required("semantic_models")
        .forEach(
            model ->
                model
                    .required("measures")
                    .forEach(
                        m ->
                            expressions.put(
                                m.required("name").textValue(), m.required("expr").textValue())));
    Map<String, String> sums = new TreeMap<>();
    Map<String, String> ratios = new TreeMap<>();
    for (JsonNode metric : document.required("metrics")) {
      JsonNode params = metric.required("type_params");
      String name = metric.required("name").textValue();
      if (params.has("measure")) {
        sums.put(
            name, "sum(" + expressions.get(params.required("measure").textValue()) + ")::float8");
      } else {
        ratios.put(
            name,
            sums.get(params.required("numerator").textValue())
                + " / "
                + sums.get(params.required("denominator").textValue()));
      }
    }
    assertThat(ratios.keySet()).containsExactlyInAnyOrder("bounce_rate", "pageviews_per_visit");
    ratios.forEach(
        (name, ratio) ->
            assertThat(database.query("SELECT " + ratio + " FROM " + KNOWN_IN_PART))
                .as(name)
                .containsExactly(List.of(name.equals("bounce_rate") ? 0.5 : 2.0)));
  }

  /** Days of which one side of a ratio is not known, since an aggregate was added later. */
  private static final String KNOWN_IN_PART =
      "(VALUES (10, 20, 5), (30, 60, NULL), (NULL, 99, NULL), (50, NULL, 25))"
          + " d (visits, pageviews, bounces)";

  /** Amounts in several currencies have no sum, and no metric can require that they are grouped. */
  @Test
  void dbtHasNoMetricThatAddsUpCurrencies() {
    JsonNode document = yaml(describe("dbt", "all"));
    List<String> metrics = new ArrayList<>();
    document.required("metrics").forEach(m -> metrics.add(m.required("name").textValue()));
    assertThat(metrics).contains("goals_daily_conversions").noneMatch(m -> m.contains("value"));
    for (JsonNode model : document.required("semantic_models")) {
      if (model.required("name").textValue().equals("goals_daily")) {
        assertThat(model.required("dimensions").findValuesAsText("name")).contains("currency");
        JsonNode value =
            model.required("measures").findParents("name").stream()
                .filter(m -> m.required("name").textValue().equals("goals_daily_value"))
                .findFirst()
                .orElseThrow();
        assertThat(value.required("description").textValue()).contains("group by currency");
      }
    }
  }

  private static String values(JsonNode accepted) {
    List<String> values = new ArrayList<>();
    accepted.required("values").forEach(v -> values.add("'" + v.textValue() + "'"));
    return String.join(", ", values);
  }

  // --- Grafana

  /** Returns a query as Grafana sends it, for all sites and the exported days. */
  private static String sent(String sql) {
    return sql.replace("$__timeFrom()", "'" + FIRST + "T00:00:00Z'")
        .replace("$__timeTo()", "'" + LAST + "T23:59:59Z'")
        .replace("${site:sqlstring}", "'" + BERLIN + "','" + NEW_YORK + "'");
  }

  @Test
  void grafanasQueriesAnswer() throws IOException {
    JsonNode dashboard = JSON.readTree(read(Path.of("conf/grafana/fathom.json")));
    List<String> queries = new ArrayList<>(dashboard.findValuesAsText("rawSql"));
    dashboard.at("/templating/list").forEach(v -> queries.add(v.path("query").asText()));
    queries.removeIf(q -> !q.startsWith("SELECT"));
    assertThat(queries).hasSize(dashboard.required("panels").size() + 2);
    for (String query : queries) {
      String sql = sent(query);
      assertThat(sql).doesNotContain("$");
      assertThat(database.query(sql)).as(sql).isNotEmpty();
    }
    String visits =
        queries.stream().filter(q -> q.contains("visits AS value")).findFirst().orElseThrow();
    assertThat(database.query("SELECT sum(value) FROM (" + sent(visits) + ") x"))
        .isEqualTo(database.query("SELECT sum(visits) FROM fathom.traffic_daily"));
  }

  /** Both sides of a ratio are of the same days, and all are in percent or counts alike. */
  @Test
  void grafanasRatiosAreOfTheDaysThatBothSidesAreKnownOf() throws IOException {
    JsonNode dashboard = JSON.readTree(read(Path.of("conf/grafana/fathom.json")));
    List<String> ratios = new ArrayList<>();
    for (String query : dashboard.findValuesAsText("rawSql")) {
      Matcher ratio =
          Pattern.compile("(?:100 \\* )?\\(?sum\\([^,]*? / nullif\\([^,]*?, 0\\) AS (\\w+)")
              .matcher(query);
      while (ratio.find()) {
        ratios.add(ratio.group(1));
        assertThat(database.query("SELECT " + ratio.group() + " FROM " + KNOWN_IN_PART))
            .as(query)
            .containsExactly(List.of(ratio.group(1).equals("bounce_rate") ? 50.0 : 2.0));
      }
    }
    assertThat(ratios).containsExactly("bounce_rate", "pageviews_per_visit", "bounce_rate");
    for (JsonNode panel : dashboard.required("panels")) {
      if (panel.findValuesAsText("rawSql").stream().anyMatch(q -> q.contains("bounce_rate"))) {
        assertThat(panel.required("fieldConfig").findValuesAsText("value"))
            .as(panel.required("title").textValue())
            .isSubsetOf("percent");
        assertThat(panel.required("fieldConfig").toString())
            .as(panel.required("title").textValue())
            .contains("\"percent\"");
      }
    }
  }

  /** Names are the owners' choice: two sites may have the same. */
  @Test
  void sitesOfOneNameAreDistinguishedInGrafana() throws IOException {
    JsonNode dashboard = JSON.readTree(read(Path.of("conf/grafana/fathom.json")));
    List<String> queries = new ArrayList<>(dashboard.findValuesAsText("rawSql"));
    dashboard.at("/templating/list").forEach(v -> queries.add(v.path("query").asText()));
    queries.removeIf(
        q -> !q.contains(" AS metric") && !q.contains(" AS site") && !q.contains("__text"));
    assertThat(queries).hasSize(6);
    database.execute(
        "CREATE TABLE public.names AS SELECT site_id, name FROM fathom.site",
        "UPDATE fathom.site SET name = 'Shop'");
    try {
      for (String query : queries) {
        assertThat(database.query(sent(query)))
            .as(query)
            .flatExtracting(row -> row)
            .doesNotContain("Shop")
            .contains("Shop (" + BERLIN + ")");
      }
    } finally {
      database.execute(
          "UPDATE fathom.site s SET name = n.name FROM public.names n WHERE n.site_id = s.site_id",
          "DROP TABLE public.names");
    }
    for (String query : queries) {
      assertThat(database.query(sent(query)))
          .as(query)
          .flatExtracting(row -> row)
          .doesNotContain("Shop (" + BERLIN + ")");
    }
  }

  @Test
  void grafanasPanelsAreDistinctAndReadTheChosenDatabase() throws IOException {
    JsonNode dashboard = JSON.readTree(read(Path.of("conf/grafana/fathom.json")));
    Set<Integer> ids = new TreeSet<>();
    Set<String> taken = new TreeSet<>();
    for (JsonNode panel : dashboard.required("panels")) {
      assertThat(ids.add(panel.required("id").intValue())).isTrue();
      assertThat(panel.at("/datasource/uid").textValue()).isEqualTo("${datasource}");
      assertThat(panel.required("description").textValue()).isNotBlank();
      JsonNode place = panel.required("gridPos");
      int right = place.required("x").intValue() + place.required("w").intValue();
      assertThat(right).isBetween(1, 24);
      for (int x = place.required("x").intValue(); x < right; x++) {
        int below = place.required("y").intValue() + place.required("h").intValue();
        for (int y = place.required("y").intValue(); y < below; y++) {
          assertThat(taken.add(x + "," + y)).as("cell %s,%s", x, y).isTrue();
        }
      }
      // A line through days that are not known would be an invented number.
      if (panel.required("type").textValue().equals("timeseries")) {
        assertThat(panel.at("/fieldConfig/defaults/custom/spanNulls")).isEqualTo(BooleanNode.FALSE);
      }
    }
  }

  // --- Markdown

  @Test
  void thePageExplainsEveryViewAndColumn() {
    List<String> page = describe("markdown", "all").lines().toList();
    for (String view : views()) {
      int at = page.indexOf("## fathom_bi." + view);
      assertThat(at).as(view).isPositive();
      List<String> named =
          page.stream()
              .skip(at + 1L)
              .takeWhile(line -> !line.startsWith("## "))
              .filter(line -> line.startsWith("| `"))
              .map(line -> line.split("`", -1)[1])
              .toList();
      assertThat(named).as(view).isEqualTo(columns(view));
    }
    assertThat(page).contains("## fathom.pages_daily");
  }

  @Test
  void anUnknownFormatIsRefused() {
    Installation.Ended ended = installation.run("describe", "--format", "tableau");
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err()).contains("dbt").contains("markdown").contains("duckdb");
  }
}
