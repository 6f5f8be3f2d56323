package fathomexport.config;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.Aggregate;
import fathomexport.report.ApiNamed;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.EventSelection;
import fathomexport.report.ExpectBy;
import fathomexport.report.Field;
import fathomexport.report.Filter;
import fathomexport.report.Operator;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.representer.StandardRepresenter;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/** Whatever can be asked of the API can be written down, and is read as it was written. */
class PipelineYamlProperties {

  /**
   * Writes all text in double quotes: the library writes text that begins with a line break and a
   * space as a block, which no reader of YAML accepts.
   */
  private static final class Quoting extends StandardRepresenter {
    private Quoting(DumpSettings settings) {
      super(settings);
      representers.put(
          String.class,
          text -> representScalar(Tag.STR, String.valueOf(text), ScalarStyle.DOUBLE_QUOTED));
    }
  }

  @Property(tries = 300)
  void everyPipelineIsReadAsItWasWritten(
      @ForAll("pipelines") PipelineDefinition pipeline, @ForAll FlowStyle style)
      throws IOException {
    Path directory = Files.createTempDirectory("pipeline");
    Path file = directory.resolve("p.yaml");
    try {
      DumpSettings dump =
          DumpSettings.builder()
              .setSchema(new CoreSchema())
              .setDefaultFlowStyle(style)
              .setDereferenceAliases(true)
              .build();
      Files.writeString(file, new Dump(dump, new Quoting(dump)).dumpToString(yaml(pipeline)));
      PipelineDefinition read = new ConfigLoader(directory).pipeline("p.yaml").orThrow();
      assertThat(read)
          .isEqualTo(
              new PipelineDefinition(
                  "p",
                  file.toString(),
                  pipeline.sites(),
                  pipeline.lookbackDays(),
                  pipeline.maxEvents(),
                  pipeline.sinks(),
                  pipeline.reports(),
                  pipeline.fetched(),
                  pipeline.expectBy(),
                  pipeline.renamed(),
                  pipeline.keep()));
    } finally {
      Files.deleteIfExists(file);
      Files.delete(directory);
    }
  }

  @Property(tries = 500)
  void anyTextIsReadOrRefused(@ForAll("scraps") List<String> scraps) throws IOException {
    Path directory = Files.createTempDirectory("pipeline");
    Path file = directory.resolve("p.yaml");
    try {
      Files.writeString(file, String.join("", scraps));
      Loaded<PipelineDefinition> loaded = new ConfigLoader(directory).pipeline("p.yaml");
      assertThat(loaded.value().isPresent()).isEqualTo(loaded.problems().isEmpty());
      assertThat(loaded.problems()).allMatch(p -> p.render().lines().count() == 1);
    } finally {
      Files.deleteIfExists(file);
      Files.delete(directory);
    }
  }

  @Provide
  Arbitrary<List<String>> scraps() {
    return Arbitraries.of(
            "sites: all\n",
            "sinks: [parquet]\n",
            "reports:\n",
            "  - name: a\n",
            "    entity: pageview\n",
            "    entity: event\n",
            "    events: all\n",
            "    aggregates: [visits]\n",
            "    filters:\n",
            "      - {property: pathname, operator: is, value: x}\n",
            "      - property: ",
            "\n",
            "- ",
            "{",
            "}",
            "[",
            "]",
            ": ",
            "&a ",
            "*a",
            "!!str ",
            "<<: ",
            "? ",
            "---\n",
            "...\n",
            "%YAML 1.2\n",
            "%TAG ! x\n",
            "| \n",
            "\"\\n\": 1\n",
            "'",
            "\"",
            "\t",
            "\r",
            "#",
            "null",
            "\u2028",
            "\uFEFF",
            "é🦊")
        .list()
        .ofMaxSize(14);
  }

  private static Map<String, Object> yaml(PipelineDefinition pipeline) {
    Map<String, Object> yaml = new LinkedHashMap<>();
    yaml.put(
        "sites",
        pipeline.sites() instanceof SiteSelection.Listed listed
            ? listed.ids().stream().map(SiteId::value).toList()
            : "all");
    yaml.put("lookback_days", pipeline.lookbackDays());
    if (pipeline.maxEvents() != null) {
      yaml.put("max_events", pipeline.maxEvents());
    }
    yaml.put("sinks", List.copyOf(pipeline.sinks()));
    // What most reports do is said once, for all of them.
    boolean mostFetch = 2 * pipeline.fetched().size() > pipeline.reports().size();
    if (mostFetch) {
      yaml.put("lookback", "fetch");
    }
    if (pipeline.expectBy() != null) {
      yaml.put("expect_by", pipeline.expectBy().toString());
    }
    yaml.put(
        "reports",
        pipeline.reports().stream()
            .map(
                report -> {
                  Map<String, Object> keys = yaml(report);
                  boolean fetched = pipeline.fetched().contains(report.name());
                  if (fetched != mostFetch) {
                    keys.put("lookback", fetched ? "fetch" : "confirm");
                  }
                  return keys;
                })
            .toList());
    return yaml;
  }

  private static Map<String, Object> yaml(Report report) {
    Map<String, Object> yaml = new LinkedHashMap<>();
    yaml.put("name", report.name());
    yaml.put("entity", report.entity().apiName());
    if (report.events() != null) {
      yaml.put(
          "events", report.events() instanceof EventSelection.Named named ? named.names() : "all");
    }
    yaml.put("aggregates", report.aggregates().stream().map(ApiNamed::apiName).toList());
    yaml.put("date_grouping", report.dateGrouping().apiName());
    if (!report.fields().isEmpty()) {
      yaml.put("field_grouping", report.fields().stream().map(ApiNamed::apiName).toList());
    }
    if (!report.filters().isEmpty()) {
      List<Map<String, String>> filters = new ArrayList<>();
      for (Filter filter : report.filters()) {
        Map<String, String> keys = new LinkedHashMap<>();
        keys.put("property", filter.property().apiName());
        keys.put("operator", filter.operator().apiName());
        keys.put("value", filter.value());
        filters.add(keys);
      }
      yaml.put("filters", filters);
    }
    return yaml;
  }

  @Provide
  Arbitrary<PipelineDefinition> pipelines() {
    Arbitrary<SiteSelection> listed =
        texts()
            .filter(t -> !t.isBlank() && t.codePoints().noneMatch(Character::isISOControl))
            .filter(id -> !id.equals(".") && !id.equals(".."))
            .map(SiteId::new)
            .set()
            .ofMinSize(1)
            .ofMaxSize(4)
            .map(ids -> new SiteSelection.Listed(List.copyOf(ids)));
    Arbitrary<SiteSelection> sites =
        Arbitraries.oneOf(Arbitraries.just(new SiteSelection.All()), listed);
    Arbitrary<Set<String>> sinks = Arbitraries.of("postgres", "parquet").set().ofMinSize(1);
    Arbitrary<List<Report>> reports =
        reports().list().ofMinSize(1).ofMaxSize(4).uniqueElements(Report::name);
    Arbitrary<ExpectBy> expected =
        Combinators.combine(
                Arbitraries.integers().between(0, 23),
                Arbitraries.integers().between(0, 59),
                Arbitraries.of(
                    "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+12"))
            .as((h, m, zone) -> new ExpectBy(LocalTime.of(h, m), ZoneId.of(zone)));
    return Combinators.combine(
            sites,
            Arbitraries.integers().between(0, 400),
            Arbitraries.integers().between(1, 100_000).injectNull(0.5),
            sinks,
            reports,
            expected.injectNull(0.5))
        .as(
            (s, days, most, to, r, by) -> {
              Set<String> fetched =
                  r.stream()
                      .map(Report::name)
                      .filter(name -> name.hashCode() % 2 == 0)
                      .collect(Collectors.toSet());
              return new PipelineDefinition(
                  "p", "/p.yaml", s, days, most, to, r, fetched, by, Map.of(), Map.of());
            });
  }

  private static Arbitrary<Report> reports() {
    return Arbitraries.of(Entity.class).flatMap(PipelineYamlProperties::reports);
  }

  private static Arbitrary<Report> reports(Entity entity) {
    Arbitrary<String> names =
        Arbitraries.strings()
            .withCharRange('a', 'z')
            .withCharRange('0', '9')
            .withChars('_')
            .ofMaxLength(50)
            .map(rest -> "r" + rest);
    Arbitrary<List<Aggregate>> aggregates =
        Arbitraries.of(Arrays.stream(Aggregate.values()).filter(a -> a.entity() == entity).toList())
            .list()
            .ofMinSize(1)
            .uniqueElements();
    Arbitrary<List<Field>> fields =
        Arbitraries.of(Arrays.stream(Field.values()).filter(Field::groupable).toList())
            .list()
            .ofMaxSize(5)
            .uniqueElements();
    Arbitrary<EventSelection> selections =
        Arbitraries.oneOf(
            Arbitraries.just(new EventSelection.All()),
            texts()
                .filter(t -> !t.isEmpty())
                .list()
                .ofMinSize(1)
                .ofMaxSize(4)
                .uniqueElements()
                .map(EventSelection.Named::new));
    Arbitrary<Optional<EventSelection>> events =
        entity == Entity.PAGEVIEW
            ? Arbitraries.just(Optional.empty())
            : selections.map(Optional::of);
    return Combinators.combine(
            names,
            events,
            aggregates,
            Arbitraries.of(DateGrouping.class),
            fields,
            filters().list().ofMaxSize(4).map(PipelineYamlProperties::oneIsAProperty))
        .as((n, e, a, d, f, filters) -> new Report(n, entity, e.orElse(null), a, d, f, filters));
  }

  /** Two {@code is} on one property are refused. */
  private static List<Filter> oneIsAProperty(List<Filter> filters) {
    Set<Filter> kept = new LinkedHashSet<>();
    for (Filter filter : filters) {
      boolean second =
          filter.operator() == Operator.IS
              && kept.stream()
                  .anyMatch(k -> k.operator() == Operator.IS && k.property() == filter.property());
      if (!second) {
        kept.add(filter);
      }
    }
    return List.copyOf(kept);
  }

  private static Arbitrary<Filter> filters() {
    return Arbitraries.of(
            Arrays.stream(Field.values()).filter(f -> !f.operators().isEmpty()).toList())
        .flatMap(
            field ->
                Combinators.combine(
                        Arbitraries.of(Operator.class).filter(o -> field.operators().contains(o)),
                        texts())
                    .as((operator, value) -> new Filter(field, operator, value)));
  }

  /** Texts that YAML likes to take for something else among them. */
  private static Arbitrary<String> texts() {
    return Arbitraries.oneOf(
        Arbitraries.of(
            "NO",
            "yes",
            "null",
            "~",
            "1e5",
            "007",
            "2024-01-01",
            "0x1F",
            "a: b",
            "# a",
            "- a",
            "^/blog/\\d{4}/",
            "[a]",
            "{a}",
            "*a",
            "&a",
            "!a",
            " a ",
            "%",
            "@",
            "`",
            "'",
            "\"",
            "é",
            "🦊",
            ".inf",
            "true",
            "|",
            ">",
            "?",
            "<<",
            "=",
            "multi\nline",
            "tab\there"),
        Arbitraries.strings().ascii().excludeChars('\0').ofMaxLength(12),
        Arbitraries.strings().withCharRange('\u00A0', '\u04FF').ofMaxLength(8));
  }
}
