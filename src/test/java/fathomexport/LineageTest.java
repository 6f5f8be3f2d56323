package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.LineageServer;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import io.openlineage.server.OpenLineage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What a lineage server hears of a run, and what a run takes from one that does not listen. */
@Timeout(300)
class LineageTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 6, 1);
  private static final LocalDate LAST = LocalDate.of(2026, 6, 8);
  private static final Instant NOW = Instant.parse("2026-06-10T14:00:00Z");
  private static final String SITES = "[INDCRFTS, KTMTRAIL]";
  private static final String KEY_VARIABLE = "LINEAGE_KEY";
  private static final String KEY = "k3y-0f-the-catalogue";

  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");
  private static final Question PAGES = Question.pageviews("pages_daily", "day", "pathname");
  private static final Question GOALS = Question.events("goals_daily", "day");

  private static final ObjectMapper JSON = new ObjectMapper();

  /** How a receiver in Java reads events: with the model of the specification's own project. */
  private static final ObjectMapper RECEIVER =
      new ObjectMapper()
          .registerModule(new SimpleModule().addDeserializer(ZonedDateTime.class, new Times()));

  private static final class Times extends JsonDeserializer<ZonedDateTime> {
    @Override
    public ZonedDateTime deserialize(JsonParser parser, DeserializationContext context)
        throws IOException {
      return ZonedDateTime.parse(parser.getText());
    }
  }

  @TempDir Path directory;

  private final Behaviour normal = Behaviour.unlimited();
  @RegisterExtension final Fixture fixture = new Fixture();
  private FathomSimulator api;
  private TestDatabase database;
  private Installation installation;

  @BeforeEach
  void start() throws IOException {
    api = fixture.api(World.dozen(21, FIRST, LAST, 0), normal);
    database = fixture.database(List.of(TRAFFIC, PAGES, GOALS));
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .pipeline("all", SITES, "[postgres, parquet]", List.of(TRAFFIC, PAGES, GOALS));
  }

  /** Adds a section to the settings. */
  private void lineage(String... lines) throws IOException {
    String settings = Files.readString(directory.resolve("conf/fathom-export.yaml"));
    installation.settings(settings + "lineage:\n  " + String.join("\n  ", lines) + "\n");
  }

  private Installation.Ended backfill(String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString()));
    arguments.addAll(List.of(more));
    return installation.run(arguments.toArray(new String[0]));
  }

  private static List<String> types(List<JsonNode> events) {
    return events.stream().map(e -> e.path("eventType").textValue()).toList();
  }

  private static JsonNode last(List<JsonNode> events) {
    return events.get(events.size() - 1);
  }

  private static List<String> warnings(Installation.Ended ended) throws IOException {
    List<String> warnings = new ArrayList<>();
    // A run that cannot begin says so in plain words, too.
    for (String line : ended.err().lines().filter(l -> l.startsWith("{")).toList()) {
      JsonNode node = JSON.readTree(line);
      if (node.path("event").asText().equals("warning")) {
        warnings.add(node.path("reason").textValue());
      }
    }
    return warnings;
  }

  /** What the specification asks of every event, whatever it is about. */
  private static void assertKeepsToTheSpecification(JsonNode event) throws IOException {
    assertThat(ZonedDateTime.parse(event.path("eventTime").textValue()).toInstant()).isEqualTo(NOW);
    assertThat(URI.create(event.path("producer").textValue()).isAbsolute()).isTrue();
    assertThat(event.path("schemaURL").textValue())
        .startsWith("https://openlineage.io/spec/")
        .endsWith("/OpenLineage.json#/$defs/RunEvent");
    assertThat(UUID.fromString(event.path("run").path("runId").textValue())).isNotNull();
    assertThat(event.path("job").path("namespace").textValue()).isNotBlank();
    assertThat(event.path("job").path("name").textValue()).isNotBlank();
    List<JsonNode> facets = new ArrayList<>();
    event.path("run").path("facets").forEach(facets::add);
    event.path("job").path("facets").forEach(facets::add);
    for (String side : List.of("inputs", "outputs")) {
      for (JsonNode dataset : event.path(side)) {
        assertThat(URI.create(dataset.path("namespace").textValue()).getUserInfo()).isNull();
        assertThat(dataset.path("name").textValue()).isNotBlank();
        dataset.path("facets").forEach(facets::add);
        dataset.path("outputFacets").forEach(facets::add);
      }
    }
    assertThat(facets)
        .isNotEmpty()
        .allSatisfy(
            facet -> {
              assertThat(URI.create(facet.path("_producer").textValue()).isAbsolute()).isTrue();
              assertThat(URI.create(facet.path("_schemaURL").textValue()).isAbsolute()).isTrue();
              assertKeepsToItsSchema(facet);
            });
    OpenLineage.RunEvent read = RECEIVER.treeToValue(event, OpenLineage.RunEvent.class);
    assertThat(read.getRun().getRunId()).hasToString(event.path("run").path("runId").textValue());
    assertThat(read.getOutputs()).hasSize(event.path("outputs").size());
  }

  /** Our own facets: every key is in the schema that the event names, with its type. */
  private static void assertKeepsToItsSchema(JsonNode facet) {
    String url = facet.path("_schemaURL").textValue();
    if (!url.startsWith("urn:")) {
      return;
    }
    JsonNode schemas;
    try {
      schemas = JSON.readTree(Path.of("docs/lineage/FathomExportFacets-1-0-0.json").toFile());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    int fragment = url.indexOf('#');
    assertThat(schemas.path("$id").textValue()).isEqualTo(url.substring(0, fragment));
    JsonNode own = schemas.at(url.substring(fragment + 1)).path("allOf").path(1);
    JsonNode properties = own.path("properties");
    facet
        .fieldNames()
        .forEachRemaining(
            key -> {
              if (!key.startsWith("_")) {
                assertThat(properties.path(key).path("type").textValue())
                    .as(key)
                    .isEqualTo(facet.path(key).isTextual() ? "string" : "integer");
              }
            });
    own.path("required").forEach(key -> assertThat(facet.has(key.textValue())).isTrue());
  }

  @Test
  void aRunIsStartedAndCompleted() throws IOException {
    UUID parent = UUID.randomUUID();
    UUID root = UUID.randomUUID();
    installation
        .variable(KEY_VARIABLE, KEY)
        .variable("OPENLINEAGE_PARENT_ID", "airflow/nights.export/" + parent)
        .variable("OPENLINEAGE_ROOT_PARENT_ID", "airflow/nights/" + root);
    try (LineageServer server = LineageServer.start()) {
      lineage("url: " + server.url(), "api_key: {env: " + KEY_VARIABLE + "}", "namespace: web");

      Installation.Ended ended = backfill("--json");

      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(warnings(ended)).isEmpty();
      assertThat(server.received())
          .hasSize(2)
          .allSatisfy(
              r -> {
                assertThat(r.method()).isEqualTo("POST");
                assertThat(r.path()).isEqualTo("/api/v1/lineage");
                assertThat(r.authorization()).isEqualTo("Bearer " + KEY);
                assertThat(r.type()).startsWith("application/json");
                assertThat(r.body())
                    .doesNotContain(KEY, SimulatorToken.STANDARD.secret(), database.password());
              });
      List<JsonNode> events = server.events();
      assertThat(types(events)).containsExactly("START", "COMPLETE");
      for (JsonNode event : events) {
        assertKeepsToTheSpecification(event);
        assertThat(event.path("job").path("namespace").textValue()).isEqualTo("web");
        assertThat(event.path("job").path("name").textValue()).isEqualTo("fathom-export.all");
        JsonNode parents = event.at("/run/facets/parent");
        assertThat(parents.at("/run/runId").textValue()).isEqualTo(parent.toString());
        assertThat(parents.at("/job/namespace").textValue()).isEqualTo("airflow");
        assertThat(parents.at("/job/name").textValue()).isEqualTo("nights.export");
        assertThat(parents.at("/root/run/runId").textValue()).isEqualTo(root.toString());
        assertThat(parents.at("/root/job/name").textValue()).isEqualTo("nights");
        assertThat(event.at("/run/facets/nominalTime/nominalStartTime").textValue())
            .isEqualTo("2026-06-01T00:00:00Z");
        assertThat(event.at("/run/facets/nominalTime/nominalEndTime").textValue())
            .isEqualTo("2026-06-09T00:00:00Z");
        assertThat(event.at("/run/facets/processing_engine/name").textValue())
            .isEqualTo("Apache Beam");
        assertThat(event.at("/run/facets/processing_engine/version").textValue())
            .matches("\\d+\\.\\d+\\.\\d+");
        assertThat(event.at("/run/facets/errorMessage").isMissingNode()).isTrue();
        assertReadsAndWrites(event);
      }
      assertThat(events.get(0).at("/run/runId")).isEqualTo(events.get(1).at("/run/runId"));
      assertSaysWhatCameOfIt(events.get(1), JSON.readTree(ended.out()));
    }
  }

  private void assertReadsAndWrites(JsonNode event) {
    String authority = "http://127.0.0.1:" + api.baseUri().getPort();
    List<String> inputs = new ArrayList<>();
    event
        .path("inputs")
        .forEach(
            i -> inputs.add(i.path("namespace").textValue() + "/" + i.path("name").textValue()));
    assertThat(inputs)
        .containsExactlyInAnyOrder(
            authority + "/v1/sites/INDCRFTS/pageview",
            authority + "/v1/sites/INDCRFTS/event",
            authority + "/v1/sites/KTMTRAIL/pageview",
            authority + "/v1/sites/KTMTRAIL/event");
    List<String> outputs = new ArrayList<>();
    event
        .path("outputs")
        .forEach(
            o -> outputs.add(o.path("namespace").textValue() + " " + o.path("name").textValue()));
    List<String> expected = new ArrayList<>();
    for (Question report : List.of(TRAFFIC, PAGES, GOALS)) {
      expected.add(
          "postgres://%s:%d %s.fathom.%s"
              .formatted(database.host(), database.port(), database.name(), report.name()));
      expected.add("file " + installation.warehouse().resolve(report.name()));
      assertThat(schema(event, table(report))).isEqualTo(columns(report));
      assertThat(schema(event, installation.warehouse().resolve(report.name()).toString()))
          .containsEntry("site_id", "STRING")
          .containsEntry("date", "DATE")
          .hasSameSizeAs(columns(report));
    }
    assertThat(outputs).containsExactlyInAnyOrderElementsOf(expected);
  }

  private String table(Question report) {
    return database.name() + ".fathom." + report.name();
  }

  private static JsonNode output(JsonNode event, String name) {
    for (JsonNode output : event.path("outputs")) {
      if (output.path("name").textValue().equals(name)) {
        return output;
      }
    }
    throw new AssertionError("no output " + name + " in " + event);
  }

  private static Map<String, String> schema(JsonNode event, String name) {
    Map<String, String> columns = new HashMap<>();
    output(event, name)
        .at("/facets/schema/fields")
        .forEach(f -> columns.put(f.path("name").textValue(), f.path("type").textValue()));
    return columns;
  }

  /** As the database has them. */
  private Map<String, String> columns(Question report) {
    Map<String, String> columns = new HashMap<>();
    database
        .query(
            "SELECT column_name::text, data_type::text FROM information_schema.columns"
                + " WHERE table_schema = 'fathom' AND table_name = '"
                + report.name()
                + "'")
        .forEach(row -> columns.put(String.valueOf(row.get(0)), String.valueOf(row.get(1))));
    assertThat(columns).isNotEmpty();
    return columns;
  }

  private long count(String from) {
    return ((Number) database.query("SELECT count(*) FROM " + from).get(0).get(0)).longValue();
  }

  private void assertSaysWhatCameOfIt(JsonNode event, JsonNode result) {
    for (Question report : List.of(TRAFFIC, PAGES, GOALS)) {
      long rows = count("fathom." + report.name());
      assertThat(rows).isPositive();
      for (String name :
          List.of(table(report), installation.warehouse().resolve(report.name()).toString())) {
        JsonNode facets = output(event, name).path("outputFacets");
        assertThat(facets.at("/outputStatistics/rowCount").longValue()).as(name).isEqualTo(rows);
        assertThat(facets.at("/fathomExport_windows/rows").longValue()).isEqualTo(rows);
        assertThat(facets.at("/fathomExport_windows/periodsCertified").longValue())
            .isEqualTo(
                count(
                    "fathom_ops.ledger WHERE status = 'certified' AND report = '"
                        + report.name()
                        + "'"));
      }
    }
    JsonNode totals = event.at("/run/facets/fathomExport_totals");
    assertThat(totals.path("runId")).isEqualTo(result.path("run_id"));
    assertThat(totals.path("command").textValue()).isEqualTo("backfill");
    assertThat(totals.path("requestsBilled").intValue()).isEqualTo(api.log().aggregations().size());
    assertThat(totals.path("windowsCommitted")).isEqualTo(result.path("windows_committed"));
    assertThat(totals.path("windowsCommitted").longValue()).isPositive();
    assertThat(totals.path("rows")).isEqualTo(result.path("rows"));
    assertThat(totals.path("periodsCertified").longValue())
        .isEqualTo(count("fathom_ops.ledger WHERE status = 'certified'"));
    assertThat(totals.path("periodsIncomplete").longValue()).isZero();
  }

  /** A run that finds nothing to do is the same job with the same datasets, and wrote nothing. */
  @Test
  void whatIsThereAlreadyIsNotWrittenAgain() throws IOException {
    Path file = directory.resolve("lineage.ndjson");
    lineage("file: lineage.ndjson");
    assertThat(backfill().code()).isZero();

    assertThat(backfill().code()).isZero();
    assertThat(backfill("--force").code()).isZero();

    List<JsonNode> events = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      events.add(JSON.readTree(line));
    }
    assertThat(types(events))
        .containsExactly("START", "COMPLETE", "START", "COMPLETE", "START", "COMPLETE");
    assertThat(new TreeSet<>(events.stream().map(e -> e.at("/run/runId").textValue()).toList()))
        .hasSize(3);
    for (JsonNode event : events) {
      assertKeepsToTheSpecification(event);
      assertThat(event.path("job").path("namespace").textValue()).isEqualTo("fathom-export");
      assertReadsAndWrites(event);
    }
    assertThat(events.get(3).at("/run/facets/nominalTime").isMissingNode()).isTrue();
    for (JsonNode again : List.of(events.get(3), events.get(5))) {
      assertThat(
              output(again, table(PAGES)).at("/outputFacets/outputStatistics/rowCount").longValue())
          .isZero();
    }
    assertThat(
            output(events.get(5), table(PAGES))
                .at("/outputFacets/fathomExport_windows/rows")
                .longValue())
        .isEqualTo(count("fathom.pages_daily"));
  }

  @Test
  void aSnapshotIsASeparateJob() throws IOException {
    try (LineageServer server = LineageServer.start()) {
      lineage("url: " + server.url());

      Installation.Ended ended = installation.run("snapshot", "all");

      assertThat(ended.code()).as(ended.said()).isZero();
      List<JsonNode> events = server.events();
      assertThat(types(events)).containsExactly("START", "COMPLETE");
      for (JsonNode event : events) {
        assertKeepsToTheSpecification(event);
        assertThat(event.path("job").path("name").textValue())
            .isEqualTo("fathom-export.all.snapshot");
        assertThat(event.path("inputs").path(0).path("name").textValue())
            .isEqualTo("v1/sites/INDCRFTS/current_visitors");
        assertThat(schema(event, database.name() + ".fathom.current_visitors"))
            .containsEntry("sampled_at", "timestamptz")
            .containsEntry("total", "bigint");
        assertThat(event.path("outputs")).hasSize(6);
      }
      assertThat(events.get(1).at("/run/facets/fathomExport_totals/windowsCommitted").intValue())
          .isEqualTo(2);
    }
  }

  @Test
  void aRunThatCannotBeginFails() throws IOException {
    installation
        .variable(Installation.TOKEN_VARIABLE, "an-0ther-t0k3n")
        .variable("OPENLINEAGE_PARENT_ID", "airflow/not-a-run");
    try (LineageServer server = LineageServer.start()) {
      lineage("url: " + server.url());

      Installation.Ended ended = backfill();

      assertThat(ended.code()).as(ended.said()).isEqualTo(77);
      assertThat(warnings(ended)).singleElement().asString().contains("OPENLINEAGE_PARENT_ID");
      List<JsonNode> events = server.events();
      assertThat(types(events)).containsExactly("START", "FAIL");
      for (JsonNode event : events) {
        assertKeepsToTheSpecification(event);
        assertThat(event.toString()).doesNotContain("an-0ther-t0k3n");
        assertThat(event.at("/run/facets/parent").isMissingNode()).isTrue();
      }
      assertThat(events.get(0).at("/run/runId")).isEqualTo(events.get(1).at("/run/runId"));
      assertThat(events.get(1).at("/run/facets/errorMessage/message").textValue())
          .contains("token");
      assertThat(events.get(1).at("/run/facets/fathomExport_totals/exitCode").intValue())
          .isEqualTo(77);
    }
  }

  /** A table is taken from the role that loads while the second request is under way. */
  @Test
  void aRunWhoseTableIsTakenFromItFails() throws IOException {
    try (LineageServer server = LineageServer.start()) {
      lineage("url: " + server.url());
      assertThat(installation.run("migrate", "all").code()).isZero();
      api.behave(
          normal.withFault(
              FaultRule.when(
                  r -> {
                    if (r.aggregation() == 2) {
                      database.executeAsSuperuser(
                          "ALTER TABLE fathom.pages_daily OWNER TO postgres");
                    }
                    return false;
                  },
                  Fault.empty())));

      Installation.Ended ended = backfill();

      assertThat(ended.code()).as(ended.said()).isEqualTo(74);
      JsonNode event = last(server.events());
      assertKeepsToTheSpecification(event);
      assertThat(types(server.events())).containsExactly("START", "FAIL");
      assertThat(event.at("/run/facets/errorMessage/message").textValue())
          .startsWith("exit code 74")
          .contains("pages_daily");
      assertThat(event.at("/run/facets/fathomExport_totals/windowsFailed").intValue()).isPositive();
    }
  }

  @Test
  void aBudgetThatIsSpentAbortsARun() throws IOException {
    try (LineageServer server = LineageServer.start()) {
      lineage("url: " + server.url());

      Installation.Ended ended = backfill("--max-requests", "1");

      assertThat(ended.code()).as(ended.said()).isEqualTo(75);
      assertThat(types(server.events())).containsExactly("START", "ABORT");
      assertThat(
              last(server.events())
                  .at("/run/facets/fathomExport_totals/windowsNotBegun")
                  .intValue())
          .isPositive();
    }
  }

  @Test
  void aStopAbortsARun() throws IOException {
    try (LineageServer server = LineageServer.start()) {
      lineage("url: " + server.url());

      Installation.Ended ended =
          installation.runUntil(
              api,
              r -> r.aggregation() == 2,
              "backfill",
              "all",
              "--from",
              FIRST.toString(),
              "--to",
              LAST.toString());

      assertThat(ended.code()).as(ended.said()).isEqualTo(143);
      assertThat(types(server.events())).containsExactly("START", "ABORT");
      assertKeepsToTheSpecification(last(server.events()));
    }
  }

  @Test
  void aTargetThatIsDownIsOneWarning() throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    lineage("url: http://127.0.0.1:" + port);

    Installation.Ended ended = backfill();

    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(warnings(ended))
        .singleElement()
        .asString()
        .contains("lineage", "http://127.0.0.1:" + port, "the export continues");
  }

  @Test
  void aTargetThatRefusesIsOneWarning() throws IOException {
    try (LineageServer server = LineageServer.answering(401)) {
      lineage("url: " + server.url());

      Installation.Ended ended = backfill();

      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(warnings(ended)).singleElement().asString().contains("answered 401");
      assertThat(types(server.events())).containsExactly("START", "COMPLETE");
    }
  }

  @Test
  void aKeyThatIsNotThereIsOneWarning() throws IOException {
    try (LineageServer server = LineageServer.start()) {
      lineage("url: " + server.url(), "api_key: {env: " + KEY_VARIABLE + "}");

      Installation.Ended ended = backfill();

      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(warnings(ended)).singleElement().asString().contains(KEY_VARIABLE);
      assertThat(server.received()).isEmpty();
    }
  }

  @Test
  void aFileThatCannotBeWrittenIsOneWarning() throws IOException {
    lineage("file: no/such/directory/lineage.ndjson");

    Installation.Ended ended = backfill();

    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(warnings(ended)).singleElement().asString().contains("no/such/directory");
  }

  @Test
  void aTargetThatNeverAnswersIsNotWaitedForLong() throws IOException {
    try (LineageServer server = LineageServer.mute()) {
      lineage("url: " + server.url(), "timeout: 200ms");

      Installation.Ended ended =
          assertTimeoutPreemptively(Duration.ofSeconds(60), () -> backfill());

      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(warnings(ended)).singleElement().asString().contains("the export continues");
      assertThat(count("fathom.pages_daily")).isPositive();
    }
  }

  @Test
  void validateTellsTheTarget() throws IOException {
    lineage("url: https://lineage.example.org/openapi/openlineage/", "namespace: web");

    Installation.Ended ended = installation.run("validate");

    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(ended.out())
        .contains("to https://lineage.example.org/openapi/openlineage, as jobs of web");
  }
}
