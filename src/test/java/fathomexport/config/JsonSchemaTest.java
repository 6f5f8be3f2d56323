package fathomexport.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.dialect.Dialect;
import com.networknt.schema.dialect.Dialects;
import com.networknt.schema.keyword.DisallowUnknownKeywordFactory;
import com.networknt.schema.keyword.NonValidationKeyword;
import fathomexport.report.Aggregate;
import fathomexport.report.ApiNamed;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.Operator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/**
 * The schemas, read by another's validator, say of a file what the decoders say of it, as far as a
 * schema can.
 */
class JsonSchemaTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Map<JsonSchema, Schema> VALIDATORS = validators();
  private static final Pattern MODELINE =
      Pattern.compile("# yaml-language-server: \\$schema=(\\S+)");
  private static final Pattern EXAMPLE = Pattern.compile("(?ms)^```yaml\n(.*?)^```");

  /** Together they give every key. */
  private static final List<Map.Entry<JsonSchema, String>> EXAMPLES =
      List.of(
          Map.entry(
              JsonSchema.SETTINGS,
              """
              {"api": {"base_url": "https://api.example.org/v1", "token": {"env": "T"},
                "requests_per_minute": 10, "max_in_flight": 1, "row_limit": 1000,
                "timeout": "60s", "max_range_days": 180, "account": "a", "patience": "10m", "ca_certificates": "/etc/ca.pem"},
               "postgres": {"url": "jdbc:postgresql://127.0.0.1/a", "user": "u",
                "password": {"file": "/run/pg"}},
               "parquet": {"root": "warehouse"},
               "lineage": {"url": "https://marquez.example.org", "api_key": {"env": "K"},
                "namespace": "web", "timeout": "5s"},
               "notify": {"command": ["/bin/tell", "-v", "-v"],
                "webhook": {"url": "https://chat.example.org/hooks/a?b=c", "header": "X-Key",
                 "secret": {"env": "S"}},
                "exit_codes": [65, 143], "after": ["run", "backfill"], "recovery": "notify",
                "ping": {"url": "https://ping.example.org/1", "fail_url": "http://localhost/2",
                 "after": "run"}, "timeout": "30s"}}
              """),
          Map.entry(
              JsonSchema.SETTINGS,
              """
              {"api": {"token": {"env": "T"}},
               "notify": {"webhook": {"url": {"env": "U"}},
                "ping": {"url": {"file": "u"}, "fail_url": {"env": "F"}}}}
              """),
          Map.entry(
              JsonSchema.SETTINGS,
              """
              {"api": {"token": {"env": "T"}},
               "notify": {"webhook": {"url": {"file": "u"}, "secret": {"file": "s"}},
                "ping": {"url": {"env": "P"}, "fail_url": {"file": "f"}}}}
              """),
          Map.entry(
              JsonSchema.SETTINGS,
              """
              {"api": {"token": {"file": "t"}}, "lineage": {"file": "lineage.ndjson"},
               "currencies": [{"currency": "EUR"},
                {"site": "CDBUGS", "event": "purchase", "currency": "USD"}]}
              """),
          Map.entry(
              JsonSchema.SETTINGS,
              """
              {"api": {"token": {"env": "T"}},
               "postgres": {"url": "jdbc:postgresql:a", "user": "u", "password": {"env": "P"}},
               "lineage": {"url": "http://localhost:5000", "api_key": {"file": "k"}}}
              """),
          Map.entry(
              JsonSchema.SETTINGS,
              """
              {"api": {"token": {"env": "T"}}, "lineage": {"url": "http://marquez:5000"}}
              """),
          Map.entry(
              JsonSchema.SETTINGS,
              """
              {"api": {"max_in_flight": 2},
               "accounts": [
                {"name": "agency", "token": {"env": "AGENCY"}, "requests_per_minute": 5,
                 "max_in_flight": 1, "sites": ["CDBUGS", "ABCDEF"]},
                {"name": "shop", "token": {"file": "shop"}}]}
              """),
          Map.entry(
              JsonSchema.PIPELINE,
              """
              {"sites": ["CDBUGS"], "lookback_days": 3, "lookback": "confirm", "keep": "25 months", "max_events": 500,
               "expect_by": "13:00 Europe/Berlin",
               "sinks": ["postgres"],
               "notify": {"command": ["tell"],
                "webhook": {"url": {"env": "U"}, "header": "X-Key", "secret": {"file": "s"}},
                "exit_codes": [0], "after": ["verify"], "recovery": "ignore",
                "ping": {"url": {"file": "u"}, "fail_url": {"file": "f"}, "after": "snapshot"},
                "timeout": "1m"},
               "reports": [
                {"name": "pages", "entity": "pageview", "aggregates": ["visits"],
                 "date_grouping": "day", "field_grouping": ["hostname"], "lookback": "fetch", "keep": "3 years",
                 "filters": [{"property": "pathname", "operator": "is not", "value": "/login"},
                  {"property": "browser", "operator": "is", "value": "Firefox"}]},
                {"name": "goals", "entity": "event", "events": ["purchase"],
                 "renamed_from": "goals_before", "aggregates": ["value"]}]}
              """),
          Map.entry(
              JsonSchema.PIPELINE,
              """
              {"sites": "all", "sinks": ["parquet"],
               "notify": {"webhook": {"url": {"file": "u"}, "secret": {"env": "S"}},
                "ping": {"url": {"env": "P"}, "fail_url": {"env": "F"}}},
               "reports": [{"name": "a", "entity": "pageview", "aggregates": ["visits"]}]}
              """));

  private static Map<JsonSchema, Schema> validators() {
    Map<JsonSchema, Schema> all = new EnumMap<>(JsonSchema.class);
    // What a schema says beyond the standard is this one word of editors, so that none is misspelt.
    Dialect dialect =
        Dialect.builder(Dialects.getDraft7())
            .keyword(new NonValidationKeyword("patternErrorMessage"))
            .unknownKeywordFactory(DisallowUnknownKeywordFactory.getInstance())
            .build();
    SchemaRegistry registry = SchemaRegistry.withDialect(dialect);
    for (JsonSchema schema : JsonSchema.values()) {
      all.put(schema, registry.getSchema(schema.json()));
    }
    return all;
  }

  /** YAML 1.2 as editors read it: what stands without quotes may be a number or a truth. */
  private static JsonNode read(String yaml) {
    LoadSettings settings = LoadSettings.builder().setSchema(new CoreSchema()).build();
    return JSON.valueToTree(new Load(settings).loadFromString(yaml));
  }

  private static List<Error> errors(JsonSchema schema, String yaml) {
    return Objects.requireNonNull(VALIDATORS.get(schema)).validate(read(yaml));
  }

  /** What comes of a file: settings or a pipeline, or problems. */
  private static Loaded<? extends Record> loaded(JsonSchema schema, String yaml) {
    Path file = Path.of("/f.yaml");
    Problems problems = new Problems(file.toString());
    Optional<? extends Record> value =
        new YamlReader(problems, "")
            .parse(yaml)
            .flatMap(
                root ->
                    schema == JsonSchema.SETTINGS
                        ? new SettingsDecoder(Path.of("/"), problems).decode(file, root)
                        : new PipelineDecoder(Optional.empty(), problems).decode("f", file, root));
    return problems.none()
        ? new Loaded.Valid<>(value.orElseThrow())
        : new Loaded.Refused<>(problems.all());
  }

  private static List<Problem> problems(JsonSchema schema, String yaml) {
    return loaded(schema, yaml).problems();
  }

  @ParameterizedTest
  @EnumSource
  void theShippedFileIsWhatIsGenerated(JsonSchema schema) throws IOException {
    assertThat(Files.readString(Path.of("conf", schema.fileName())))
        .as(
            "run: ./fathom-export validate --schema %s > conf/%s",
            schema.label(), schema.fileName())
        .isEqualTo(schema.json());
  }

  @ParameterizedTest
  @EnumSource
  void isASchema(JsonSchema schema) throws IOException {
    Schema draft7 =
        SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_7)
            .getSchema(SchemaLocation.of(SpecificationVersion.DRAFT_7.getDialectId()));
    assertThat(draft7.validate(JSON.readTree(schema.json()))).isEmpty();
  }

  static List<Path> shipped() throws IOException {
    List<Path> files = new ArrayList<>();
    for (String name : List.of("conf", "pipelines")) {
      try (Stream<Path> found = Files.list(Path.of(name))) {
        found.filter(f -> f.toString().endsWith(".yaml")).sorted().forEach(files::add);
      }
    }
    return files;
  }

  @ParameterizedTest
  @MethodSource("shipped")
  void aShippedFileNamesItsSchemaAndKeepsToIt(Path file) throws IOException {
    String text = Files.readString(file);
    Matcher modeline = MODELINE.matcher(text.lines().findFirst().orElseThrow());
    assertThat(modeline.matches()).as("the first line names the schema").isTrue();
    JsonSchema schema = file.startsWith("conf") ? JsonSchema.SETTINGS : JsonSchema.PIPELINE;
    assertThat(file.resolveSibling(modeline.group(1)).normalize())
        .isEqualTo(Path.of("conf", schema.fileName()));
    assertThat(errors(schema, text)).isEmpty();
  }

  /** The examples of the pages, each with what it leaves out because it is not its subject. */
  @Test
  void theDocumentedExamplesKeepToTheirSchemas() throws IOException {
    List<String> settings = new ArrayList<>();
    List<String> pipelines = new ArrayList<>();
    for (Path page : pages()) {
      Matcher example = EXAMPLE.matcher(Files.readString(page));
      while (example.find()) {
        String yaml = example.group(1);
        JsonNode root = read(yaml);
        if (root.isObject() && root.has(PipelineKeys.REPORTS.name())) {
          pipelines.add(yaml);
        } else if (root.isObject()) {
          String api = root.has(SettingsKeys.API.name()) ? "" : "api: {token: {env: T}}\n";
          settings.add(api + yaml);
        }
      }
    }
    assertThat(settings).hasSizeGreaterThanOrEqualTo(2);
    assertThat(pipelines).isNotEmpty();
    for (String yaml : settings) {
      assertThat(errors(JsonSchema.SETTINGS, yaml)).as(yaml).isEmpty();
      assertThat(problems(JsonSchema.SETTINGS, yaml)).as(yaml).isEmpty();
    }
    for (String yaml : pipelines) {
      assertThat(errors(JsonSchema.PIPELINE, yaml)).as(yaml).isEmpty();
      assertThat(problems(JsonSchema.PIPELINE, yaml)).as(yaml).isEmpty();
    }
  }

  private static List<Path> pages() throws IOException {
    List<Path> pages = new ArrayList<>();
    for (String root : List.of(".", "docs")) {
      try (Stream<Path> found = Files.walk(Path.of(root), root.equals(".") ? 1 : 5)) {
        found.filter(f -> f.toString().endsWith(".md")).sorted().forEach(pages::add);
      }
    }
    return pages;
  }

  /** What stands commented out in the settings is an example, too. */
  @Test
  void theSectionsThatAreCommentedOutKeepToTheSchema() throws IOException {
    String text = Files.readString(Path.of("conf/fathom-export.yaml"));
    String whole =
        text.replaceAll("(?m)^# (\\w+:)$", "$1").replaceAll("(?m)^#   (\\w+:|- )", "  $1");
    for (Key<?> section :
        List.of(SettingsKeys.LINEAGE, SettingsKeys.CURRENCIES, NotifyKeys.NOTIFY)) {
      assertThat(read(whole).has(section.name())).as(section.name()).isTrue();
    }
    assertThat(errors(JsonSchema.SETTINGS, whole)).isEmpty();
    assertThat(problems(JsonSchema.SETTINGS, whole)).isEmpty();
  }

  /** What no schema sees in the bad files, by file: the keys of those problems. */
  private static final Map<String, Set<String>> UNSEEN =
      Map.of(
          // Half of a surrogate pair is a character like any other.
          "pipeline-surrogates", Set.of("sites[0]", "reports[0].filters[0].value"),
          // One name for two reports.
          "pipeline-twice", Set.of("reports[1].name"),
          // The schema compares neither entries of a list nor lists of them with one another.
          "settings-accounts",
              Set.of("accounts[1].name", "accounts[3].sites[0]", "accounts[4].token"),
          // Aliases and tags are resolved before a schema is asked.
          "settings-anchors", Set.of("api", "api.token", "postgres.url", "postgres.password"),
          // The schema compares whole entries, not two keys of them.
          "settings-currencies", Set.of("currencies[4]"),
          // The schema cannot compare durations, and does not see how a number is spelled.
          "settings-lineage", Set.of("lineage.timeout"),
          "settings-notify", Set.of("notify.timeout"),
          "settings-plain-http", Set.of("api.timeout"),
          "settings-ranges", Set.of("api.max_range_days"),
          "settings-more-ranges", Set.of("api.max_range_days"));

  static List<String> badFiles() {
    return BadFilesTest.files();
  }

  /** Each problem that a decoder finds in a bad file, the schema finds at the same key. */
  @ParameterizedTest
  @MethodSource("badFiles")
  void aBadFileIsRefused(String name) throws IOException {
    String yaml = Files.readString(BadFilesTest.BAD.resolve(name + ".yaml"));
    JsonSchema schema = name.startsWith("settings") ? JsonSchema.SETTINGS : JsonSchema.PIPELINE;
    List<Error> errors;
    try {
      errors = errors(schema, yaml);
    } catch (YamlEngineException e) {
      assertThat(problems(schema, yaml)).as("no YAML to any reader").isNotEmpty();
      return;
    }
    Set<String> seen = errors.stream().map(JsonSchemaTest::key).collect(Collectors.toSet());
    Set<String> unseen = new TreeSet<>();
    for (Problem problem : problems(schema, yaml)) {
      if (seen.stream().noneMatch(key -> covers(key, problem.key()))) {
        unseen.add(problem.key());
      }
    }
    assertThat(unseen).as("seen: %s", seen).isEqualTo(UNSEEN.getOrDefault(name, Set.of()));
  }

  /** Whether it is the same key, or one is within the other. */
  private static boolean covers(String seen, String key) {
    return seen.isEmpty() || seen.equals(key) || within(seen, key) || within(key, seen);
  }

  private static boolean within(String outer, String inner) {
    return inner.startsWith(outer + ".") || inner.startsWith(outer + "[");
  }

  /** Where an error is, as problems name it. */
  private static String key(Error error) {
    String at =
        error
            .getInstanceLocation()
            .toString()
            .replaceAll("/([0-9]+)", "[$1]")
            .replaceFirst("^/", "")
            .replace('/', '.');
    String property = error.getProperty();
    return property == null ? at : at.isEmpty() ? property : at + "." + property;
  }

  /** A change of an example: what is written at a place of it. */
  private record Change(JsonSchema schema, String example, String path, String written) {
    String yaml() throws IOException {
      JsonNode root = JSON.readTree(example);
      int last = path.lastIndexOf('/');
      JsonNode parent = root.at(path.substring(0, last));
      String key = path.substring(last + 1);
      if (parent instanceof ObjectNode group && written.equals(NOTHING)) {
        group.remove(key);
      } else if (parent instanceof ObjectNode group) {
        group.put(key, MARK);
      } else {
        ((ArrayNode) parent).set(Integer.parseInt(key), JSON.getNodeFactory().textNode(MARK));
      }
      return root.toString().replace("\"" + MARK + "\"", written);
    }

    JsonNode changed() throws IOException {
      return JSON.readTree(example).at(path);
    }

    @Override
    public String toString() {
      return path + ": " + written;
    }
  }

  private static final String MARK = "@@";
  private static final String NOTHING = "";

  /** What the decoders refuse and a schema cannot, by why. */
  private enum Looser {
    /** {@code 1e2} is a number to a schema as 100 is. */
    SPELLING,
    /** Durations are not compared. */
    DURATION,
    /** {@code True} is the same to a schema as {@code true}, which can name a report. */
    TRUTH,
    /** Two filters by {@code is} on one field. */
    TWO_FILTERS,
    /** A report whose old periods are removed needs date grouping. */
    KEPT;

    static Optional<Looser> of(Change change) throws IOException {
      if (change.changed().isInt() && !change.written().matches("-?(0|[1-9][0-9]*)")) {
        return Optional.of(SPELLING);
      }
      if (change.path().matches(".*/(timeout|patience)")
          && Kind.Span.WRITTEN.matcher(change.written()).matches()) {
        return Optional.of(DURATION);
      }
      if (change.path().matches(".*/(name|renamed_from)") && change.written().equals("True")) {
        return Optional.of(TRUTH);
      }
      if (change.path().contains("/filters/") && change.written().contains("operator: is,")) {
        return Optional.of(TWO_FILTERS);
      }
      if (change.path().equals("/reports/0/date_grouping")
          && (change.written().equals("none") || change.written().equals(NOTHING))) {
        return Optional.of(KEPT);
      }
      return Optional.empty();
    }
  }

  @Test
  void theExamplesGiveEveryKey() throws IOException {
    for (JsonSchema schema : JsonSchema.values()) {
      Set<String> given = new TreeSet<>();
      for (Map.Entry<JsonSchema, String> example : EXAMPLES) {
        if (example.getKey() == schema) {
          paths(JSON.readTree(example.getValue())).stream()
              .map(path -> path.replaceAll("/[0-9]+", ""))
              .filter(path -> !path.isEmpty())
              .forEach(given::add);
        }
      }
      assertThat(given).isEqualTo(declared("", JSON.readTree(schema.json())));
    }
  }

  /** The keys that a schema declares, each with the keys that it is within. */
  private static Set<String> declared(String within, JsonNode schema) {
    Set<String> keys = new TreeSet<>();
    for (Map.Entry<String, JsonNode> property : schema.path("properties").properties()) {
      String path = within + "/" + property.getKey();
      keys.add(path);
      keys.addAll(declared(path, property.getValue()));
    }
    if (schema.has("items")) {
      keys.addAll(declared(within, schema.get("items")));
    }
    for (JsonNode either : schema.path("anyOf")) {
      keys.addAll(declared(within, either));
    }
    return keys;
  }

  /**
   * Whatever is written in the place of a value, the schema takes exactly what the decoder takes.
   * All schemas refuse a list of a list, so that a decoder that does not read a key is found out.
   */
  @Test
  void theDecodersAndTheSchemasAgreeWhateverIsChanged() throws IOException {
    List<Change> stricter = new ArrayList<>();
    List<Change> looser = new ArrayList<>();
    Set<Looser> why = EnumSet.noneOf(Looser.class);
    for (Map.Entry<JsonSchema, String> example : EXAMPLES) {
      JsonSchema schema = example.getKey();
      assertThat(errors(schema, example.getValue())).isEmpty();
      assertThat(problems(schema, example.getValue())).isEmpty();
      for (Change change : changes(schema, example.getValue())) {
        String yaml = change.yaml();
        boolean bySchema = errors(schema, yaml).isEmpty();
        boolean byDecoder = problems(schema, yaml).isEmpty();
        if (byDecoder && !bySchema) {
          stricter.add(change);
        } else if (bySchema && !byDecoder) {
          Looser.of(change).ifPresentOrElse(why::add, () -> looser.add(change));
        }
      }
    }
    assertThat(stricter).as("refused by the schema alone").isEmpty();
    assertThat(looser).as("refused by the decoder alone").isEmpty();
    assertThat(why).containsExactly(Looser.values());
  }

  private static List<Change> changes(JsonSchema schema, String example) throws IOException {
    JsonNode root = JSON.readTree(example);
    List<Change> changes = new ArrayList<>();
    for (String path : paths(root)) {
      for (String written : written(schema, root.at(path))) {
        changes.add(new Change(schema, example, path, written));
      }
      if (!path.matches(".*/[0-9]+")) {
        changes.add(new Change(schema, example, path, NOTHING));
        changes.add(new Change(schema, example, path + "s", "a"));
      }
    }
    return changes;
  }

  /** A key that is given its default says what a file says that leaves the key out. */
  @Test
  void aDefaultIsWhatIsTakenWhereAKeyIsLeftOut() throws IOException {
    int defaults = 0;
    for (Map.Entry<JsonSchema, String> example : EXAMPLES) {
      JsonSchema schema = example.getKey();
      JsonNode declared = JSON.readTree(schema.json());
      for (String path : paths(JSON.readTree(example.getValue()))) {
        JsonNode value =
            declared
                .at(
                    path.replaceAll("/([0-9]+)", "/items")
                        .replaceAll("/(?!items)(\\w+)", "/properties/$1"))
                .path("default");
        if (!value.isMissingNode()) {
          defaults++;
          Change given = new Change(schema, example.getValue(), path, value.toString());
          Change left = new Change(schema, example.getValue(), path, NOTHING);
          assertThat(problems(schema, left.yaml()).isEmpty())
              .as(path)
              .isEqualTo(problems(schema, given.yaml()).isEmpty());
          if (problems(schema, given.yaml()).isEmpty()) {
            assertThat(loaded(schema, given.yaml()).orThrow())
                .as(path)
                .isEqualTo(loaded(schema, left.yaml()).orThrow());
          }
        }
      }
    }
    assertThat(defaults).isGreaterThanOrEqualTo(12);
  }

  /** JSON pointers of all that a document holds, groups and lists too. */
  private static List<String> paths(JsonNode node) {
    List<String> paths = new ArrayList<>();
    for (Map.Entry<String, JsonNode> property : node.properties()) {
      String at = "/" + property.getKey();
      paths.add(at);
      paths(property.getValue()).forEach(rest -> paths.add(at + rest));
    }
    if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        String at = "/" + i;
        paths.add(at);
        paths(node.get(i)).forEach(rest -> paths.add(at + rest));
      }
    }
    return paths;
  }

  /** What people write for such a value, right and wrong, as it would stand in a file. */
  private static List<String> written(JsonSchema schema, JsonNode value) {
    List<String> all =
        new ArrayList<>(List.of("null", "[]", "[[]]", "{}", "[{}]", "a", "'1'", "1"));
    if (value.isObject()) {
      all.addAll(SECRETS);
    } else if (value.isInt()) {
      all.addAll(NUMBERS);
    } else {
      all.addAll(TEXTS);
      all.addAll(schema == JsonSchema.SETTINGS ? SETTINGS_TEXTS : PIPELINE_TEXTS);
    }
    if (value.isArray()) {
      all.replaceAll(one -> "[" + one + "]");
      all.addAll(List.of("all", "a", "[a, b]", "[a, a]", "[purchase, 1]", "[postgres, parquet]"));
      all.addAll(List.of("[parquet, parquet]", "[visits, uniques]", "[visits, value]"));
      all.addAll(List.of("[browser, ref]", "[browser, browser]", "[domain]"));
    }
    return all;
  }

  private static List<String> values(String list) {
    return Arrays.stream(list.split(";", -1)).map(String::strip).filter(v -> !v.isEmpty()).toList();
  }

  private static final List<String> SECRETS =
      values(
          """
          {env: A}; {env: a_1}; {file: a}; {env: A, file: a}; {env: 1}; {env: a-b}; {env: };
          {env: true}; {file: ~/a}; {file: 1}; {file: ''}; {value: a};
          {url: 'https://a', file: a}; {property: browser, operator: is, value: a};
          {property: browser, operator: matching, value: a};
          {property: pathname, operator: matching, value: ''};
          {name: x, entity: pageview, aggregates: [visits]};
          {name: x, entity: pageview, aggregates: [visits], events: all};
          {name: x, entity: event, aggregates: [value], events: all};
          {name: x, entity: event, aggregates: [value]};
          {name: x, entity: event, aggregates: [visits], events: all};
          """);

  private static final List<String> NUMBERS =
      values(
          """
          -1; 0; 2; 3; 365; 366; 367; 400; 401; '10'; 100000; 100001; 1000000; 1000001;
          2147483647; 2147483648; 99999999999999999999; 01; 1.5; 1.0; 1e2; 0x10; +1; ten; true;
          60s;
          """);

  private static final List<String> TEXTS =
      values(
          """
          ''; ' '; '\t'; ~; 'null'; true; True; yes; 1.5; 0x10; 2024-01-01; A b; A; a_1; 1a;
          'a\nb'; 'é🦊';
          """);

  private static final List<String> SETTINGS_TEXTS =
      values(
          """
          0s; 0ms; 1ms; 99ms; 100ms; 60s; 61s; 1m; 2m; 60m; 61m; 1h; 24h; 25h; 1d; 60; 1.5s;
          01s; '60 s'; ~/warehouse; /srv/warehouse; ' ~'; 'https://api.example.org';
          'HTTPS://api.example.org/v1/'; 'http://localhost:1/x'; 'http://LocalHost';
          'http://127.9.9.9:80'; 'http://[::1]:8080/v1'; 'http://[::2]';
          'http://127.0.0.1.example.com'; 'http://localhost.example.com'; 'ftp://127.0.0.1';
          'api.example.org/v1'; 'https://example.com?x=1'; 'https://example.com/#a';
          'https://me:pw@example.com'; 'https://example.com/@a'; 'https:///v1'; 'ht tp://x';
          'http://marquez:5000'; 'jdbc:postgresql:a'; 'jdbc:postgresql:';
          'jdbc:postgresql://h/db?sslmode=disable'; 'jdbc:postgresql://h/db?USER=x';
          'jdbc:postgresql://h/db?a=b&sslPassword=x'; 'jdbc:postgresql://me:pw@h/db';
          'jdbc:mysql://h/db'; 's3://bucket/x'; 'file:/srv/x'; '$HOME/x'; './a:b'; ' a$b';
          """);

  private static final List<String> PIPELINE_TEXTS = pipelineTexts();

  private static List<String> pipelineTexts() {
    List<String> all =
        new ArrayList<>(
            List.of(
                "all",
                "All",
                "postgres",
                "parquet",
                "csv",
                "13:00",
                "24:00",
                "13:00 Europe/Berlin",
                "13:00 +02:00",
                "current_pages",
                ".",
                "..",
                "\"a\\u0001\"",
                "x".repeat(51),
                "x".repeat(52),
                "x".repeat(128),
                "x".repeat(129)));
    words(all, Aggregate.class);
    words(all, Entity.class);
    words(all, DateGrouping.class);
    words(all, Field.class);
    words(all, Operator.class);
    all.addAll(LookbackMode.labels());
    return all;
  }

  private static <E extends Enum<E> & ApiNamed> void words(Collection<String> all, Class<E> type) {
    Arrays.stream(type.getEnumConstants()).map(ApiNamed::apiName).forEach(all::add);
  }
}
