package fathomexport.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.config.Settings.Api;
import fathomexport.report.Aggregate;
import fathomexport.report.Currencies;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.EventSelection;
import fathomexport.report.ExpectBy;
import fathomexport.report.Field;
import fathomexport.report.Keep;
import fathomexport.report.Operator;
import fathomexport.report.Report;
import fathomexport.report.SecretRef;
import fathomexport.report.SiteId;
import fathomexport.report.StoredText;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigLoaderTest {
  private static final String REPORT =
      """
      sites: all
      sinks: [parquet]
      reports:
        - name: traffic
          entity: pageview
          aggregates: [visits]
      """;

  @TempDir Path directory;
  private ConfigLoader loader;

  @BeforeEach
  void setUp() {
    loader = new ConfigLoader(directory);
  }

  private Loaded<Settings> settings(String yaml) {
    return loader.settings(write("settings.yaml", yaml));
  }

  private Loaded<PipelineDefinition> pipeline(String yaml) {
    return loader.pipeline(write("p.yaml", yaml).toString());
  }

  private Path write(String name, String text) {
    return write(name, text.getBytes(StandardCharsets.UTF_8));
  }

  private Path write(String name, byte[] bytes) {
    try {
      Path file = directory.resolve(name);
      Files.createDirectories(file.getParent());
      return Files.write(file, bytes);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static List<String> lines(Loaded<?> loaded) {
    return loaded.problems().stream().map(Problem::render).toList();
  }

  @Test
  void anEarlierNameIsReadWhereNoReportHasIt() {
    assertThat(
            pipeline(REPORT.replace("traffic\n", "traffic\n    renamed_from: visits_daily\n"))
                .orThrow()
                .renamed())
        .containsExactly(Map.entry("traffic", "visits_daily"));

    assertThat(
            lines(
                pipeline(
                    """
                    sites: all
                    sinks: [parquet]
                    reports:
                      - {name: a, renamed_from: a, entity: pageview, aggregates: [visits]}
                      - {name: b, renamed_from: d, entity: pageview, aggregates: [visits]}
                      - {name: c, renamed_from: x, entity: pageview, aggregates: [visits]}
                      - {name: d, renamed_from: x, entity: pageview, aggregates: [visits]}
                      - {name: e, renamed_from: 1-x, entity: pageview, aggregates: [visits]}
                    """)))
        .satisfiesExactlyInAnyOrder(
            line -> assertThat(line).contains(":4: reports[0].renamed_from: 'a' is the report's"),
            line ->
                assertThat(line).contains(":5: reports[1].renamed_from: 'd'").contains("line 7"),
            line -> assertThat(line).contains(":7: reports[3].renamed_from: another report"),
            line -> assertThat(line).contains(":8: reports[4].renamed_from: '1-x' cannot be"));
  }

  @Test
  void theShippedExamplesAreInOrder() {
    ConfigLoader shipped = new ConfigLoader(Path.of(""));
    Settings settings = shipped.settings().orThrow();
    assertThat(settings.sinks()).containsExactly("postgres", "parquet");
    assertThat(settings.api())
        .isEqualTo(Api.withDefaults(Api.DEFAULT_BASE_URL, new SecretRef.Env("FATHOM_API_TOKEN")));
    assertThat(shipped.pipelineNames()).contains("hourly", "monthly", "nightly");

    PipelineDefinition nightly = shipped.pipeline("nightly", settings).orThrow();
    assertThat(nightly.reports())
        .extracting(Report::name)
        .containsExactly(
            "traffic_daily",
            "pages_daily",
            "referrers_daily",
            "countries_daily",
            "devices_daily",
            "campaigns_daily",
            "goals_daily");
    assertThat(nightly.reports()).allMatch(r -> r.filters().isEmpty());
    assertThat(nightly.lookbackDays()).isEqualTo(3);
    assertThat(nightly.sinks()).containsExactly("postgres", "parquet");

    PipelineDefinition hourly = shipped.pipeline("pipelines/hourly.yaml", settings).orThrow();
    assertThat(hourly.lookbackDays()).isEqualTo(6);
    assertThat(hourly.reports()).allMatch(r -> r.dateGrouping() == DateGrouping.HOUR);

    PipelineDefinition monthly = shipped.pipeline("monthly", settings).orThrow();
    assertThat(monthly.reports())
        .extracting(Report::dateGrouping)
        .contains(DateGrouping.MONTH, DateGrouping.YEAR)
        .doesNotContain(DateGrouping.DAY);
  }

  @Test
  void whatIsLeftOutHasItsDefault() {
    Settings settings = settings("api: {token: {env: T}}").orThrow();
    assertThat(settings.api())
        .isEqualTo(
            new Api(
                URI.create("https://api.usefathom.com/v1"),
                new SecretRef.Env("T"),
                10,
                1,
                1_000,
                Duration.ofSeconds(60),
                180,
                "default",
                Duration.ofMinutes(10),
                null));
    assertThat(settings.sinks()).isEmpty();
    assertThat(pipeline(REPORT).orThrow().lookbackDays()).isEqualTo(3);
    assertThat(pipeline(REPORT).orThrow().fetched()).isEmpty();
    assertThat(pipeline(REPORT).orThrow().reports().get(0).dateGrouping())
        .isEqualTo(DateGrouping.NONE);
  }

  @Test
  void everySettingIsTaken() {
    Settings settings =
        settings(
                """
                api:
                  base_url: http://127.0.0.1:8080/v1/
                  token: {file: secrets/../token.txt}
                  requests_per_minute: 1000000000
                  max_in_flight: 2
                  row_limit: 1000000
                  timeout: 500ms
                  max_range_days: 366
                  account: second
                  patience: 0s
                  ca_certificates: certs/company.pem
                postgres:
                  url: jdbc:postgresql://127.0.0.1:5432/analytics?sslmode=disable
                  user: "123"
                parquet:
                  root: /var/../srv/warehouse
                lineage:
                  url: https://catalogue.example.org/openlineage/
                  api_key: {env: CATALOGUE_KEY}
                  namespace: web
                  timeout: 2s
                currencies:
                  - {currency: EUR}
                  - {site: CDBUGS, currency: USD}
                  - {site: CDBUGS, event: "buy \\u0000", currency: GBP}
                """)
            .orThrow();
    assertThat(settings)
        .isEqualTo(
            new Settings(
                directory.resolve("settings.yaml").toString(),
                new Api(
                    URI.create("http://127.0.0.1:8080/v1"),
                    new SecretRef.File(directory.resolve("token.txt").toString()),
                    1_000_000_000,
                    2,
                    1_000_000,
                    Duration.ofMillis(500),
                    366,
                    "second",
                    Duration.ZERO,
                    directory.resolve("certs/company.pem").toString()),
                List.of(),
                new Settings.Postgres(
                    "jdbc:postgresql://127.0.0.1:5432/analytics?sslmode=disable", "123", null),
                new Settings.Parquet("/srv/warehouse"),
                new Settings.Lineage(
                    new LineageTarget.Server(
                        URI.create("https://catalogue.example.org/openlineage"),
                        new SecretRef.Env("CATALOGUE_KEY")),
                    "web",
                    Duration.ofSeconds(2)),
                new Currencies(
                    List.of(
                        new Currencies.CurrencyRule(null, null, "EUR"),
                        new Currencies.CurrencyRule(new SiteId("CDBUGS"), null, "USD"),
                        new Currencies.CurrencyRule(
                            new SiteId("CDBUGS"), StoredText.encode("buy \0"), "GBP")))));
  }

  @Test
  void lineageGoesToAFile() {
    Settings settings =
        settings("api: {token: {env: T}}\nlineage: {file: lineage.ndjson}\n").orThrow();
    assertThat(settings.lineage())
        .isEqualTo(
            new Settings.Lineage(
                new LineageTarget.Lines(directory.resolve("lineage.ndjson").toString()),
                "fathom-export",
                Duration.ofSeconds(5)));
  }

  /** In a cluster a server is often reached without encryption; then no key is sent. */
  @Test
  void lineageWithoutAKeyMayGoUnencrypted() {
    Settings settings =
        settings("api: {token: {env: T}}\nlineage: {url: 'http://marquez:5000'}\n").orThrow();
    assertThat(settings.lineage())
        .extracting(Settings.Lineage::target)
        .isEqualTo(new LineageTarget.Server(URI.create("http://marquez:5000"), null));
  }

  @Test
  void relativePathsAreRelativeToTheWorkingDirectory() {
    write("conf/a.yaml", "api: {token: {env: T}}\nparquet: {root: warehouse}\n");
    Settings.Parquet parquet = loader.settings(Path.of("conf/a.yaml")).orThrow().parquet();
    assertThat(parquet).isEqualTo(new Settings.Parquet(directory.resolve("warehouse").toString()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://example.com",
        "http://localhost:1/x",
        "http://127.0.0.1",
        "http://127.9.9.9:80",
        "http://[::1]:8080/v1"
      })
  void takesHttpsAndThisMachine(String url) {
    assertThat(settings("api: {token: {env: T}, base_url: '" + url + "'}").problems()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "ftp://127.0.0.1",
        "api.usefathom.com/v1",
        "https://example.com?x=1",
        "https:///v1",
        "http://[::2]",
        "ht tp://x"
      })
  void refusesOtherBases(String url) {
    assertThat(settings("api: {token: {env: T}, base_url: '" + url + "'}").problems())
        .singleElement()
        .satisfies(p -> assertThat(p.key()).isEqualTo("api.base_url"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://h/db?user=x",
        "jdbc:postgresql://h/db?ssl=true&PASSWORD=x",
        "jdbc:postgresql://h/db?sslpassword=x",
        "jdbc:postgresql://me:pw@h/db",
        "jdbc:postgresql:"
      })
  void refusesDatabaseUrls(String url) {
    assertThat(
            settings("api: {token: {env: T}}\npostgres: {user: u, url: '" + url + "'}").problems())
        .singleElement()
        .satisfies(p -> assertThat(p.key()).isEqualTo("postgres.url"));
  }

  @Test
  void idsAndNamesAreTheTextThatIsWritten() {
    PipelineDefinition pipeline =
        pipeline(
                """
                sites: [123456, NO, 1e5, 007, true, 2024-01-01, "null", all]
                sinks: [parquet]
                reports:
                  - name: goals
                    entity: event
                    events: [yes, 2024-01-01, 1_000, "purchase: large", Off]
                    aggregates: [value]
                    filters:
                      - {property: utm_source, operator: is not, value: 010}
                      - {property: pathname, operator: is not, value: ""}
                """)
            .orThrow();
    assertThat(pipeline.sites())
        .isEqualTo(
            new SiteSelection.Listed(
                List.of("123456", "NO", "1e5", "007", "true", "2024-01-01", "null", "all").stream()
                    .map(SiteId::new)
                    .toList()));
    Report report = pipeline.reports().get(0);
    assertThat(report.events())
        .isEqualTo(
            new EventSelection.Named(
                List.of("yes", "2024-01-01", "1_000", "purchase: large", "Off")));
    assertThat(report.filters()).extracting(f -> f.value()).containsExactly("010", "");
  }

  @ParameterizedTest
  @EnumSource(Entity.class)
  void everyAggregateIsTaken(Entity entity) {
    List<Aggregate> all = new ArrayList<>(List.of(Aggregate.values()));
    all.removeIf(a -> a.entity() != entity);
    String events = entity == Entity.EVENT ? ", events: all" : "";
    String names = all.stream().map(Aggregate::apiName).toList().toString();
    assertThat(
            pipeline(
                    "sites: all\nsinks: [parquet]\nreports:\n  - {name: a, entity: "
                        + entity.apiName()
                        + events
                        + ", aggregates: "
                        + names
                        + "}\n")
                .orThrow()
                .reports()
                .get(0)
                .aggregates())
        .isEqualTo(all);
  }

  @ParameterizedTest
  @EnumSource(DateGrouping.class)
  void everyDateGroupingIsTaken(DateGrouping grouping) {
    assertThat(
            pipeline(REPORT + "    date_grouping: " + grouping.apiName() + "\n")
                .orThrow()
                .reports()
                .get(0)
                .dateGrouping())
        .isEqualTo(grouping);
  }

  @ParameterizedTest
  @EnumSource(Field.class)
  void everyFieldIsTakenWhereTheApiTakesIt(Field field) {
    Loaded<PipelineDefinition> grouped =
        pipeline(REPORT + "    field_grouping: [" + field.apiName() + "]\n");
    assertThat(grouped.problems().isEmpty()).isEqualTo(field.groupable());
    for (Operator operator : Operator.values()) {
      Loaded<PipelineDefinition> filtered =
          pipeline(
              REPORT
                  + "    filters:\n      - property: "
                  + field.apiName()
                  + "\n        operator: "
                  + operator.apiName()
                  + "\n        value: x\n");
      assertThat(filtered.problems().isEmpty())
          .as(field + " " + operator)
          .isEqualTo(field.operators().contains(operator));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"\n", "\r\n", "\r"})
  void linesEndAsTheyLike(String end) {
    String yaml = (REPORT + "    oops: 1\n").replace("\n", end);
    assertThat(pipeline(yaml).problems())
        .singleElement()
        .satisfies(
            p -> {
              assertThat(p.line()).isEqualTo(7);
              assertThat(p.column()).isEqualTo(5);
            });
    assertThat(pipeline(REPORT.replace("\n", end)).problems()).isEmpty();
  }

  @Test
  void aByteOrderMarkIsPassedOver() {
    assertThat(pipeline('\uFEFF' + REPORT).orThrow().reports()).hasSize(1);
  }

  @Test
  void aTabIsSaidToBeATab() {
    assertThat(lines(pipeline("sites: all\nreports:\n\t- name: a\n")))
        .containsExactly(
            "p.yaml:3: is not YAML: a tab is used where only spaces are allowed: indent with spaces");
  }

  @Test
  void whatIsNotTextIsRefused() {
    write("p.yaml", new byte[] {'a', ':', ' ', (byte) 0xC3, (byte) 0x28});
    assertThat(lines(loader.pipeline("p.yaml")))
        .containsExactly("p.yaml: is not text in UTF-8; save it as UTF-8");
    assertThat(lines(pipeline("sites: all\r\nsinks: \u0007\n")))
        .containsExactly("p.yaml:2: holds the character U+0007, which YAML does not allow");
    assertThat(lines(pipeline("# ".repeat(600_000))))
        .containsExactly("p.yaml: is larger than a configuration can be; allowed: up to 1 MiB");
    write("d.yaml/x", "");
    assertThat(lines(loader.pipeline("d.yaml")))
        .containsExactly(
            "d.yaml: is a directory, not a file; there is none in pipelines/ of the working"
                + " directory");
    assertThat(lines(loader.pipeline("/")))
        .containsExactly(
            "/: is a directory, not a file; there is none in pipelines/ of the working directory");
    assertThat(lines(loader.settings(Path.of("d.yaml"))))
        .containsExactly("d.yaml: is a directory, not a file");
  }

  @Test
  void anEmptyFileSaysWhatToWrite() {
    for (String text : List.of("", "\n\n", "# nothing\n", "---\n")) {
      assertThat(lines(pipeline(text)))
          .containsExactly("p.yaml: is empty; write sites and reports");
    }
  }

  @Test
  void missingSettingsSayWhatToCreate() {
    assertThat(lines(loader.settings()))
        .containsExactly(
            "conf/fathom-export.yaml: no such file: `fathom-export init` writes one; or create it with at least"
                + " 'api: {token: {env: FATHOM_API_TOKEN}}' and 'parquet: {root: warehouse}',"
                + " each on a separate line; or name another file with --config FILE");
    assertThatThrownBy(() -> loader.settings().orThrow())
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("no such file");
  }

  @Test
  void whatMissingSettingsSayIsValid() {
    assertThat(
            settings("api: {token: {env: FATHOM_API_TOKEN}}\nparquet: {root: warehouse}\n")
                .problems())
        .isEmpty();
  }

  @Test
  void aMissingPipelineSaysWhichThereAre() {
    assertThat(lines(loader.pipeline("nightly")))
        .containsExactly(
            "pipelines/nightly.yaml: no such pipeline;"
                + " there is none in pipelines/ of the working directory");
    write("pipelines/nightly.yaml", REPORT);
    write("pipelines/hourly.yaml", REPORT);
    write("pipelines/README.md", "");
    assertThat(lines(loader.pipeline("nihgtly")))
        .containsExactly(
            "pipelines/nihgtly.yaml: no such pipeline (did you mean 'nightly'?);"
                + " in pipelines/ there are: hourly.yaml, nightly.yaml");
    assertThat(loader.pipelineNames()).containsExactly("hourly", "nightly");
  }

  @Test
  void aPipelineIsNamedByItsFile() {
    Path file = write("pipelines/week-2.v1.yaml", REPORT);
    for (String given : List.of("week-2.v1", "pipelines/week-2.v1.yaml", file.toString())) {
      PipelineDefinition pipeline = loader.pipeline(given).orThrow();
      assertThat(pipeline.name()).isEqualTo("week-2.v1");
      assertThat(pipeline.path()).isEqualTo(file);
    }
    write("pipelines/my pipeline.yaml", REPORT);
    assertThat(lines(loader.pipeline("my pipeline")))
        .containsExactly(
            "pipelines/my pipeline.yaml: a pipeline is named by its file, and cannot be named"
                + " 'my pipeline'; allowed: up to 63 letters, digits, _, - and ., beginning with a"
                + " letter or digit");
    assertThat(lines(loader.pipeline("a\0b")))
        .singleElement()
        .asString()
        .contains("cannot be a path");
  }

  @Test
  void aRootThatIsNoDirectoryOfThisMachineIsRefused() {
    for (String root :
        List.of("s3://bucket/x", "file:/srv/x", "gs://b", "$HOME/x", "/srv/${WAREHOUSE}")) {
      assertThat(lines(settings("api: {token: {env: T}}\nparquet: {root: '" + root + "'}\n")))
          .singleElement()
          .asString()
          .startsWith("settings.yaml:2: parquet.root: '" + root + "' ")
          .endsWith("allowed: a directory of this machine such as warehouse or /srv/warehouse");
    }
    assertThat(settings("api: {token: {env: T}}\nparquet: {root: './a:b'}\n").problems()).isEmpty();
  }

  @Test
  void aRunIsExpectedByATimeOfDay() {
    Map<String, ExpectBy> read =
        Map.of(
            "13:00", new ExpectBy(LocalTime.of(13, 0), ZoneId.of("UTC")),
            "'00:05 UTC'", new ExpectBy(LocalTime.of(0, 5), ZoneId.of("UTC")),
            "23:59 America/Argentina/Buenos_Aires",
                new ExpectBy(LocalTime.of(23, 59), ZoneId.of("America/Argentina/Buenos_Aires")));
    read.forEach(
        (text, expected) ->
            assertThat(pipeline(REPORT + "expect_by: " + text + "\n").orThrow().expectBy())
                .isEqualTo(expected));
    assertThat(pipeline(REPORT).orThrow().expectBy()).isNull();
    for (String text :
        List.of("noon", "24:00", "9:00", "13:00:00", "13:00 Berlin", "13:00 +02:00")) {
      assertThat(lines(pipeline(REPORT + "expect_by: " + text + "\n")))
          .singleElement()
          .asString()
          .contains("expect_by: '" + text + "' is not a time of day; allowed: hours and minutes");
    }
  }

  @Test
  void retentionIsWholeMonthsOrYears() {
    String days = REPORT + "    date_grouping: day\n";
    assertThat(pipeline(days).orThrow().keep()).isEmpty();
    Map.of("1 month", 1, "25 months", 25, "'3 years'", 36, "100 years", 1200)
        .forEach(
            (text, months) ->
                assertThat(pipeline(days + "keep: " + text + "\n").orThrow().keep())
                    .isEqualTo(Map.of("traffic", new Keep(months))));
    for (String text :
        List.of("400 days", "25", "0 months", "1.5 years", "25 Months", "-1 month")) {
      assertThat(lines(pipeline(days + "keep: " + text + "\n")))
          .singleElement()
          .asString()
          .contains(
              ":8: keep: '"
                  + text
                  + "' is not a number of whole months or years; allowed: 1 month to 100 years");
    }
    assertThat(lines(pipeline(days + "keep: 101 years\n")))
        .singleElement()
        .asString()
        .contains("keep: '101 years' is too long; allowed: 1 month to 100 years");
  }

  @Test
  void aReportsOwnRetentionGoesFirst() {
    String day = "    date_grouping: day\n";
    assertThat(pipeline("keep: 2 years\n" + REPORT + day + "    keep: 7 months\n").orThrow().keep())
        .isEqualTo(Map.of("traffic", new Keep(7)));
    // Ranges of days are kept, whatever the file says for all its reports.
    assertThat(pipeline("keep: 2 years\n" + REPORT).orThrow().keep()).isEmpty();
    assertThat(lines(pipeline(REPORT + "    keep: 7 months\n")))
        .singleElement()
        .asString()
        .contains("reports[0].keep: is only for reports with date_grouping: leave it out");
  }

  @Test
  void anUnconfiguredSinkNamesBothFiles() {
    Settings settings = settings("api: {token: {env: T}}").orThrow();
    write("pipelines/nightly.yaml", REPORT);
    assertThat(lines(loader.pipeline("nightly", settings)))
        .containsExactly(
            "pipelines/nightly.yaml:2: sinks[0]: 'parquet' is not configured:"
                + " add parquet to settings.yaml, or take it out here");
    assertThat(loader.pipeline("nightly").problems()).isEmpty();
  }

  @Test
  void withoutSinksRowsGoToAllThatAreConfigured() {
    String least = "sites: all\n" + REPORT.substring(REPORT.indexOf("reports:"));
    write("pipelines/nightly.yaml", least);
    String postgres = "postgres: {url: 'jdbc:postgresql://127.0.0.1:5432/a', user: u}\n";
    for (String sinks : List.of("parquet: {root: w}\n", postgres + "parquet: {root: w}\n")) {
      Settings settings = settings("api: {token: {env: T}}\n" + sinks).orThrow();
      assertThat(loader.pipeline("nightly", settings).orThrow().sinks())
          .containsExactlyElementsOf(settings.sinks())
          .isNotEmpty();
    }
    Settings none = settings("api: {token: {env: T}}").orThrow();
    assertThat(lines(loader.pipeline("nightly", none)))
        .containsExactly(
            "pipelines/nightly.yaml: has no sinks, and settings.yaml configures none:"
                + " add postgres or parquet there");
  }

  @Test
  void theExceptionPrintsAllProblems() {
    assertThatThrownBy(() -> pipeline("sites: 1\nsinks: x\n").orThrow())
        .isInstanceOf(ConfigException.class)
        .message()
        .hasLineCount(3);
  }

  @Test
  void whatIsResolvedCanBeSentToAWorker() throws Exception {
    Settings settings =
        settings(
                """
                api: {token: {env: T}}
                parquet: {root: w}
                postgres: {url: 'jdbc:postgresql:a', user: u, password: {file: p}}
                """)
            .orThrow();
    PipelineDefinition pipeline = pipeline(REPORT.replace("all", "[A, B]")).orThrow();
    assertThat(copied(settings)).isEqualTo(settings);
    assertThat(copied(pipeline)).isEqualTo(pipeline);
    assertThat(copied(new ConfigException(pipeline("").problems())))
        .isInstanceOf(ConfigException.class);
  }

  private static Object copied(Object original) throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(original);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return in.readObject();
    }
  }
}
