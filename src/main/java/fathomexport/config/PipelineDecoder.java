package fathomexport.config;

import fathomexport.config.ConfigLoader.ConfiguredSinks;
import fathomexport.config.Kind.WholeNumber;
import fathomexport.config.YamlNode.Mapping;
import fathomexport.config.YamlNode.Place;
import fathomexport.config.YamlNode.Scalar;
import fathomexport.report.ExpectBy;
import fathomexport.report.Keep;
import fathomexport.report.NearMiss;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Decodes a file of {@code pipelines/}. */
final class PipelineDecoder {
  static final String ALL = "all";

  private static final String SITES_ALLOWED =
      "allowed: all, or a list of site ids such as [CDBUGS]";
  private static final String EXPECT_BY_ALLOWED =
      "allowed: hours and minutes such as \"13:00\", which are in UTC, or with a time zone such as"
          + " \"13:00 Europe/Berlin\"";
  private static final List<String> SINKS = PipelineKeys.SINK.names();
  private static final String SINKS_ALLOWED =
      "allowed: a list of " + String.join(", ", SINKS) + ", such as [" + Settings.POSTGRES + "]";

  private final Optional<ConfiguredSinks> configured;
  private final Problems problems;
  private final Values values;

  /**
   * @param configured the sinks of the settings; empty if they are unknown
   */
  PipelineDecoder(Optional<ConfiguredSinks> configured, Problems problems) {
    this.configured = configured;
    this.problems = problems;
    this.values = new Values(problems);
  }

  /** Decodes a pipeline; empty if there is a problem. */
  Optional<PipelineDefinition> decode(String name, Path file, Mapping root) {
    Section top = new Section(root, "", PipelineKeys.FILE, problems);
    Optional<SiteSelection> sites =
        top.required(PipelineKeys.SITES, SITES_ALLOWED).flatMap(this::sites);
    int lookbackDays =
        wholeNumber(top, PipelineKeys.LOOKBACK_DAYS)
            .orElse(PipelineDefinition.DEFAULT_LOOKBACK_DAYS);
    Optional<LookbackMode> lookback =
        top.optional(PipelineKeys.LOOKBACK)
            .flatMap(
                n -> LookbackMode.decode(n, top.path(PipelineKeys.LOOKBACK), values, problems));
    Set<String> fetched = new HashSet<>();
    Optional<Keep> keep =
        top.optional(PipelineKeys.KEEP)
            .flatMap(n -> ReportDecoder.keep(n, top.path(PipelineKeys.KEEP), values, problems));
    Map<String, Keep> kept = new HashMap<>();
    Map<String, String> renamed = new HashMap<>();
    Optional<Integer> maxEvents = wholeNumber(top, PipelineKeys.MAX_EVENTS);
    Optional<ExpectBy> expectBy =
        top.optional(PipelineKeys.EXPECT_BY)
            .flatMap(n -> expectBy(n, top.path(PipelineKeys.EXPECT_BY)));
    Set<String> sinks =
        top.optional(PipelineKeys.SINKS).map(this::sinks).orElseGet(this::allConfigured);
    // Only checked here: ConfigLoader.notify reads it, also from a file with other problems.
    top.optional(NotifyKeys.OF_A_PIPELINE)
        .ifPresent(
            n ->
                new NotifyDecoder(
                        new SettingValues(Path.of("").toAbsolutePath(), problems), problems)
                    .decode(n));
    List<Report> reports =
        top.required(
                PipelineKeys.REPORTS,
                "write a list of reports, each with name, entity and aggregates")
            .map(n -> reports(n, lookback.orElse(LookbackMode.CONFIRM), fetched, renamed, kept))
            .orElse(List.of());
    keep.ifPresent(
        all ->
            reports.stream()
                .filter(r -> r.dateGrouping().hasBuckets())
                .forEach(r -> kept.putIfAbsent(r.name(), all)));
    return sites
        .filter(s -> problems.none())
        .map(
            s ->
                new PipelineDefinition(
                    name,
                    file.toString(),
                    s,
                    lookbackDays,
                    maxEvents.orElse(null),
                    sinks,
                    reports,
                    fetched,
                    expectBy.orElse(null),
                    renamed,
                    kept));
  }

  private Optional<Integer> wholeNumber(Section section, Key<WholeNumber> key) {
    return section.optional(key).flatMap(n -> values.wholeNumber(n, section.path(key), key.kind()));
  }

  private Optional<ExpectBy> expectBy(YamlNode node, String path) {
    Optional<Scalar> text = values.text(node, path, EXPECT_BY_ALLOWED);
    Optional<ExpectBy> time = text.flatMap(t -> ExpectBy.parse(t.text()));
    if (text.isPresent() && time.isEmpty()) {
      problems.add(
          node.at(),
          path,
          Problems.quote(text.get().text()) + " is not a time of day",
          EXPECT_BY_ALLOWED);
    }
    return time;
  }

  private Optional<SiteSelection> sites(YamlNode node) {
    if (node instanceof Scalar scalar) {
      if (scalar.text().equals(ALL)) {
        return Optional.of(new SiteSelection.All());
      }
      problems.add(
          node.at(),
          "sites",
          Problems.quote(scalar.text()) + " is neither all nor a list",
          SITES_ALLOWED);
      return Optional.empty();
    }
    Optional<List<YamlNode>> items = values.list(node, "sites", SITES_ALLOWED);
    if (items.isEmpty()) {
      return Optional.empty();
    }
    Set<SiteId> ids = new LinkedHashSet<>();
    for (int i = 0; i < items.get().size(); i++) {
      YamlNode item = items.get().get(i);
      String path = "sites[" + i + "]";
      Optional<SiteId> id = values.text(item, path).flatMap(s -> siteId(s, path));
      if (id.isPresent() && !ids.add(id.get())) {
        problems.add(item.at(), path, Problems.quote(id.get().value()) + " is given twice", "");
      }
    }
    return ids.isEmpty()
        ? Optional.empty()
        : Optional.of(new SiteSelection.Listed(List.copyOf(ids)));
  }

  private Optional<SiteId> siteId(Scalar scalar, String path) {
    try {
      return Optional.of(new SiteId(scalar.text()));
    } catch (IllegalArgumentException e) {
      problems.add(
          scalar.at(),
          path,
          Problems.quote(scalar.text()) + " is not a site id",
          "allowed: 1 to 128 characters without control characters, and neither . nor ..");
      return Optional.empty();
    }
  }

  private Set<String> sinks(YamlNode node) {
    Set<String> sinks = new LinkedHashSet<>();
    List<YamlNode> items = values.listOfValues(node, "sinks", SINKS_ALLOWED).orElse(List.of());
    for (int i = 0; i < items.size(); i++) {
      String path = "sinks[" + i + "]";
      Optional<Scalar> text = values.text(items.get(i), path);
      if (text.isPresent()) {
        sink(text.get(), path, sinks);
      }
    }
    return sinks;
  }

  /** Returns the sinks of the settings, of which there must be one; all, if they are unknown. */
  private Set<String> allConfigured() {
    if (configured.isEmpty()) {
      return new LinkedHashSet<>(SINKS);
    }
    Set<String> all = configured.get().names();
    if (all.isEmpty()) {
      problems.ofFile(
          "has no sinks, and "
              + configured.get().file()
              + " configures none: add "
              + String.join(" or ", SINKS)
              + " there",
          "");
    }
    return all;
  }

  private void sink(Scalar scalar, String path, Set<String> sinks) {
    String name = scalar.text();
    String shown = Problems.quote(name);
    if (!SINKS.contains(name)) {
      problems.add(
          scalar.at(),
          path,
          shown + " is not a sink" + NearMiss.hint(name, SINKS),
          "allowed: " + String.join(", ", SINKS));
    } else if (!sinks.add(name)) {
      problems.add(scalar.at(), path, shown + " is given twice", "");
    } else if (configured.isPresent() && !configured.get().names().contains(name)) {
      Set<String> names = configured.get().names();
      problems.add(
          scalar.at(),
          path,
          shown
              + " is not configured: add "
              + name
              + " to "
              + configured.get().file()
              + ", or take it out here",
          names.isEmpty() ? "" : "configured: " + String.join(", ", names));
    }
  }

  /**
   * Decodes the reports.
   *
   * @param lookback mode of the reports that do not set their own
   * @param fetched receives the names of the reports whose look-back is always fetched
   * @param kept receives how long reports are kept that say so themselves
   */
  private List<Report> reports(
      YamlNode node,
      LookbackMode lookback,
      Set<String> fetched,
      Map<String, String> renamed,
      Map<String, Keep> kept) {
    List<Report> reports = new ArrayList<>();
    Map<String, Place> names = new HashMap<>();
    List<YamlNode> items =
        values.list(node, "reports", "write at least one report").orElse(List.of());
    ReportDecoder decoder = new ReportDecoder(problems, names, lookback, fetched, kept);
    for (int i = 0; i < items.size(); i++) {
      decoder.decode(items.get(i), "reports[" + i + "]").ifPresent(reports::add);
    }
    for (ReportDecoder.Renamed r : decoder.renamed()) {
      Place other = names.get(r.from());
      if (other != null) {
        problems.add(
            r.at(),
            r.path(),
            Problems.quote(r.from()) + " is the name of the report in line " + other.line(),
            "write the earlier name of this report, which no report has any more");
      } else if (renamed.containsValue(r.from())) {
        problems.add(
            r.at(),
            r.path(),
            "another report of the file is renamed from " + Problems.quote(r.from()) + " too",
            "a table can get one name only");
      } else {
        renamed.put(r.report(), r.from());
      }
    }
    return reports;
  }
}
