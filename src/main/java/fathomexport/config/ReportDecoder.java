package fathomexport.config;

import fathomexport.config.YamlNode.Place;
import fathomexport.config.YamlNode.Scalar;
import fathomexport.report.Aggregate;
import fathomexport.report.ApiNamed;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.EventSelection;
import fathomexport.report.Field;
import fathomexport.report.Filter;
import fathomexport.report.Keep;
import fathomexport.report.Report;
import fathomexport.report.StoredText;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** Decodes one entry of {@code reports}. */
final class ReportDecoder {
  private static final String NAME_ALLOWED =
      "allowed: 1 to 51 lower-case letters, digits and underscores, beginning with a letter";

  private static final String KEEP_ALLOWED =
      "allowed: 1 month to 100 years, such as \"25 months\" or \"3 years\"";

  private static final String EVENTS_ALLOWED =
      "allowed: all, or a list of event names such as [purchase]";

  private final Problems problems;
  private final Values values;
  private final NamedValues named;
  private final Map<String, Place> namesSeen;
  private final LookbackMode lookback;
  private final Set<String> fetched;
  private final Map<String, Keep> kept;
  private final List<Renamed> renamed = new ArrayList<>();

  /**
   * @param namesSeen names and places of the file's earlier reports; the decoder adds to it
   * @param lookback mode of the reports that do not set their own
   * @param fetched names of the reports whose look-back is always fetched; the decoder adds to it
   * @param kept how long reports are kept that say so themselves; the decoder adds to it
   */
  ReportDecoder(
      Problems problems,
      Map<String, Place> namesSeen,
      LookbackMode lookback,
      Set<String> fetched,
      Map<String, Keep> kept) {
    this.problems = problems;
    this.values = new Values(problems);
    this.named = new NamedValues(problems);
    this.namesSeen = namesSeen;
    this.lookback = lookback;
    this.fetched = fetched;
    this.kept = kept;
  }

  /**
   * A report with an earlier name.
   *
   * @param at the place of the earlier name
   * @param path its key
   */
  record Renamed(String report, String from, Place at, String path) {}

  /** Returns the reports with earlier names, in the order of the file. */
  List<Renamed> renamed() {
    return List.copyOf(renamed);
  }

  /** Decodes a report; empty if there is a problem. */
  Optional<Report> decode(YamlNode node, String path) {
    return values.section(node, path, PipelineKeys.REPORT).flatMap(this::decode);
  }

  private Optional<Report> decode(Section report) {
    Optional<String> name =
        report
            .required(PipelineKeys.NAME, NAME_ALLOWED)
            .flatMap(n -> name(n, report.path(PipelineKeys.NAME)));
    Optional<Entity> entity =
        report
            .required(PipelineKeys.ENTITY, "allowed: " + ApiNamed.names(Entity.class))
            .flatMap(
                n -> named.choice(n, report.path(PipelineKeys.ENTITY), Entity.class, "an entity"));
    Optional<EventSelection> events = events(report, entity);
    List<Aggregate> aggregates =
        report
            .required(PipelineKeys.AGGREGATES, aggregatesAllowed(entity))
            .map(n -> aggregates(n, report.path(PipelineKeys.AGGREGATES), entity))
            .orElse(List.of());
    DateGrouping dateGrouping =
        report
            .optional(PipelineKeys.DATE_GROUPING)
            .flatMap(
                n ->
                    named.choice(
                        n,
                        report.path(PipelineKeys.DATE_GROUPING),
                        DateGrouping.class,
                        "a date grouping"))
            .orElse(DateGrouping.NONE);
    List<Field> fields =
        report
            .optional(PipelineKeys.FIELD_GROUPING)
            .map(n -> fields(n, report.path(PipelineKeys.FIELD_GROUPING)))
            .orElse(List.of());
    List<Filter> filters =
        report
            .optional(PipelineKeys.FILTERS)
            .map(n -> new FilterDecoder(problems).filters(n, report.path(PipelineKeys.FILTERS)))
            .orElse(List.of());
    LookbackMode own =
        report
            .optional(PipelineKeys.OWN_LOOKBACK)
            .flatMap(
                n ->
                    LookbackMode.decode(
                        n, report.path(PipelineKeys.OWN_LOOKBACK), values, problems))
            .orElse(lookback);
    if (own == LookbackMode.FETCH) {
      name.ifPresent(fetched::add);
    }
    report
        .optional(PipelineKeys.OWN_KEEP)
        .ifPresent(n -> keep(n, report, dateGrouping, name.orElse("")));
    report
        .optional(PipelineKeys.RENAMED_FROM)
        .ifPresent(
            n ->
                earlierName(n, report.path(PipelineKeys.RENAMED_FROM), name.orElse(""))
                    .ifPresent(renamed::add));
    if (!problems.none() || name.isEmpty() || entity.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Report(
            name.get(),
            entity.get(),
            events.orElse(null),
            aggregates,
            dateGrouping,
            fields,
            filters));
  }

  private Optional<String> name(YamlNode node, String path) {
    Optional<String> text = values.text(node, path).map(Scalar::text);
    if (text.isEmpty()) {
      return text;
    }
    String name = text.get();
    String shown = Problems.quote(name);
    if (!Report.NAME.matcher(name).matches()) {
      problems.add(node.at(), path, shown + " cannot be the name of a report", NAME_ALLOWED);
    } else if (Report.RESERVED.contains(name)) {
      problems.add(
          node.at(),
          path,
          Report.DIMENSIONS.contains(name)
              ? shown
                  + " is a table of fathom-export itself, about what the ids in reports stand for:"
                  + " choose another name, such as "
                  + name
                  + "_daily"
              : shown + " is a table of the snapshot command: choose another name",
          "");
    } else {
      Place earlier = namesSeen.putIfAbsent(name, node.at());
      if (earlier == null) {
        return text;
      }
      problems.add(
          node.at(),
          path,
          shown + " is also the name of the report in line " + earlier.line(),
          "give each report a different name");
    }
    return Optional.empty();
  }

  private void keep(YamlNode node, Section report, DateGrouping grouping, String name) {
    String path = report.path(PipelineKeys.OWN_KEEP);
    if (!grouping.hasBuckets()) {
      problems.add(
          node.at(),
          path,
          "is only for reports with date_grouping: leave it out",
          "its stored ranges of days overlap, so that none of them is the oldest");
      return;
    }
    keep(node, path, values, problems).ifPresent(keep -> kept.put(name, keep));
  }

  /** Decodes how long periods are kept; empty if there is a problem. */
  static Optional<Keep> keep(YamlNode node, String path, Values values, Problems problems) {
    Optional<Scalar> text = values.text(node, path, KEEP_ALLOWED);
    Optional<Keep> keep = text.flatMap(t -> Keep.parse(t.text()));
    if (text.isPresent() && keep.isEmpty()) {
      String written = text.get().text();
      problems.add(
          node.at(),
          path,
          Keep.WRITTEN.matcher(written).matches()
              ? Problems.quote(written) + " is too long"
              : Problems.quote(written) + " is not a number of whole months or years",
          KEEP_ALLOWED);
    }
    return keep;
  }

  private Optional<Renamed> earlierName(YamlNode node, String path, String name) {
    Optional<String> text = values.text(node, path).map(Scalar::text);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    String from = text.get();
    if (!Report.NAME.matcher(from).matches()) {
      problems.add(
          node.at(), path, Problems.quote(from) + " cannot be the name of a report", NAME_ALLOWED);
    } else if (from.equals(name)) {
      problems.add(
          node.at(),
          path,
          Problems.quote(from) + " is the report's present name",
          "write its earlier name, or leave the key out");
    } else {
      return Optional.of(new Renamed(name, from, node.at(), path));
    }
    return Optional.empty();
  }

  private Optional<EventSelection> events(Section report, Optional<Entity> entity) {
    String path = report.path(PipelineKeys.EVENTS);
    if (entity.isPresent() && entity.get() == Entity.PAGEVIEW) {
      if (report.has(PipelineKeys.EVENTS)) {
        problems.add(
            report.placeOf(PipelineKeys.EVENTS),
            path,
            "is only for entity event: leave it out",
            "");
      }
      return Optional.empty();
    }
    Optional<YamlNode> node =
        entity.isPresent()
            ? report.required(PipelineKeys.EVENTS, EVENTS_ALLOWED)
            : report.optional(PipelineKeys.EVENTS);
    return node.flatMap(n -> events(n, path));
  }

  private Optional<EventSelection> events(YamlNode node, String path) {
    if (node instanceof Scalar scalar) {
      if (scalar.text().equals(PipelineDecoder.ALL)) {
        return Optional.of(new EventSelection.All());
      }
      problems.add(
          node.at(),
          path,
          Problems.quote(scalar.text()) + " is neither all nor a list",
          EVENTS_ALLOWED);
      return Optional.empty();
    }
    Set<String> names = new LinkedHashSet<>();
    List<YamlNode> items = values.list(node, path, EVENTS_ALLOWED).orElse(List.of());
    for (int i = 0; i < items.size(); i++) {
      YamlNode item = items.get(i);
      String itemPath = path + "[" + i + "]";
      Optional<String> name = values.text(item, itemPath).map(Scalar::text);
      if (name.isPresent() && name.get().isEmpty()) {
        problems.add(item.at(), itemPath, "is empty", EVENTS_ALLOWED);
      } else if (name.isPresent() && !names.add(name.get())) {
        problems.add(item.at(), itemPath, Problems.quote(name.get()) + " is given twice", "");
      }
    }
    return names.isEmpty()
        ? Optional.empty()
        : Optional.of(new EventSelection.Named(names.stream().map(StoredText::encode).toList()));
  }

  private List<Aggregate> aggregates(YamlNode node, String path, Optional<Entity> entity) {
    String allowed = aggregatesAllowed(entity);
    return named.each(
        node,
        path,
        allowed,
        (scalar, itemPath) -> {
          Optional<Aggregate> aggregate =
              named.known(
                  scalar, itemPath, Aggregate.class, "an aggregate", countedBy(entity), allowed);
          if (aggregate.isPresent()
              && entity.isPresent()
              && aggregate.get().entity() != entity.get()) {
            problems.add(
                scalar.at(),
                itemPath,
                Problems.quote(scalar.text())
                    + " is an aggregate of entity "
                    + aggregate.get().entity().apiName(),
                allowed);
            return Optional.empty();
          }
          return aggregate;
        });
  }

  private static Predicate<Aggregate> countedBy(Optional<Entity> entity) {
    return a -> entity.isEmpty() || a.entity() == entity.get();
  }

  private static String aggregatesAllowed(Optional<Entity> entity) {
    return "allowed"
        + entity.map(e -> " for " + e.apiName()).orElse("")
        + ": "
        + String.join(", ", NamedValues.names(Aggregate.class, countedBy(entity)));
  }

  private List<Field> fields(YamlNode node, String path) {
    String allowed =
        "allowed: " + String.join(", ", NamedValues.names(Field.class, Field::groupable));
    return named.each(
        node,
        path,
        allowed,
        (scalar, itemPath) -> {
          Optional<Field> field =
              named.known(
                  scalar, itemPath, Field.class, "a field to group by", Field::groupable, allowed);
          if (field.isPresent() && !field.get().groupable()) {
            problems.add(
                scalar.at(),
                itemPath,
                Problems.quote(scalar.text()) + " can be filtered on but not grouped by",
                allowed);
            return Optional.empty();
          }
          return field;
        });
  }
}
