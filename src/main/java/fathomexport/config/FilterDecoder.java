package fathomexport.config;

import fathomexport.config.YamlNode.Scalar;
import fathomexport.report.Field;
import fathomexport.report.Filter;
import fathomexport.report.Operator;
import fathomexport.report.StoredText;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** Decodes the filters of a report. */
final class FilterDecoder {
  private final Problems problems;
  private final Values values;
  private final NamedValues named;

  FilterDecoder(Problems problems) {
    this.problems = problems;
    this.values = new Values(problems);
    this.named = new NamedValues(problems);
  }

  List<Filter> filters(YamlNode node, String path) {
    List<Filter> filters = new ArrayList<>();
    List<YamlNode> items =
        values
            .list(node, path, "write filters such as {property: pathname, operator: is, value: /}")
            .orElse(List.of());
    for (int i = 0; i < items.size(); i++) {
      String itemPath = path + "[" + i + "]";
      Optional<Section> section = values.section(items.get(i), itemPath, PipelineKeys.FILTER);
      Optional<Filter> filter = section.flatMap(this::filter);
      if (section.isEmpty() || filter.isEmpty()) {
        continue;
      }
      Filter f = filter.get();
      if (filters.contains(f)) {
        problems.add(section.get().at(), itemPath, "is given twice", "");
      } else if (f.operator() == Operator.IS
          && filters.stream()
              .anyMatch(o -> o.operator() == Operator.IS && o.property() == f.property())) {
        problems.add(
            section.get().at(),
            itemPath,
            "is a second 'is' on "
                + f.property().apiName()
                + ": filters must all hold, and the API does not define what two of these mean",
            f.property().operators().contains(Operator.MATCHING)
                ? "use one 'matching' such as ^(/a|/b)$, or two reports"
                : "use two reports");
      } else {
        filters.add(f);
      }
    }
    return filters;
  }

  private Optional<Filter> filter(Section filter) {
    Predicate<Field> filterable = PipelineKeys.FILTERABLE;
    String propertyAllowed =
        "allowed: " + String.join(", ", NamedValues.names(Field.class, filterable));
    Optional<Field> property =
        filter
            .required(PipelineKeys.PROPERTY, propertyAllowed)
            .flatMap(
                n -> {
                  String path = filter.path(PipelineKeys.PROPERTY);
                  return values
                      .text(n, path)
                      .flatMap(s -> property(s, path, filterable, propertyAllowed));
                });
    String operatorAllowed =
        "allowed"
            + property.map(p -> " for " + p.apiName()).orElse("")
            + ": "
            + String.join(", ", NamedValues.names(Operator.class, takenBy(property)));
    Optional<Operator> operator =
        filter
            .required(PipelineKeys.OPERATOR, operatorAllowed)
            .flatMap(
                n -> {
                  String path = filter.path(PipelineKeys.OPERATOR);
                  return values
                      .text(n, path)
                      .flatMap(s -> operator(s, path, property, operatorAllowed));
                });
    Optional<String> value =
        filter
            .required(PipelineKeys.VALUE, "write text; for the empty text \"\"")
            .flatMap(n -> values.text(n, filter.path(PipelineKeys.VALUE)))
            .flatMap(s -> sendable(s, filter.path(PipelineKeys.VALUE)));
    return property.flatMap(p -> operator.flatMap(o -> value.map(v -> new Filter(p, o, v))));
  }

  private Optional<String> sendable(Scalar scalar, String path) {
    if (!StoredText.isSendable(scalar.text())) {
      problems.add(
          scalar.at(),
          path,
          Problems.quote(scalar.text())
              + " contains half of a character (a surrogate without its other half), which cannot"
              + " be sent to the API",
          "");
      return Optional.empty();
    }
    return Optional.of(scalar.text());
  }

  private static Predicate<Operator> takenBy(Optional<Field> property) {
    return o -> property.isEmpty() || property.get().operators().contains(o);
  }

  private Optional<Field> property(
      Scalar scalar, String path, Predicate<Field> filterable, String allowed) {
    Optional<Field> field =
        named.known(scalar, path, Field.class, "a field to filter on", filterable, allowed);
    if (field.isPresent() && !filterable.test(field.get())) {
      problems.add(
          scalar.at(),
          path,
          Problems.quote(scalar.text()) + " can be grouped by but not filtered on",
          allowed);
      return Optional.empty();
    }
    return field;
  }

  private Optional<Operator> operator(
      Scalar scalar, String path, Optional<Field> property, String allowed) {
    Optional<Operator> operator =
        named.known(scalar, path, Operator.class, "an operator", takenBy(property), allowed);
    if (operator.isPresent() && !takenBy(property).test(operator.get())) {
      problems.add(
          scalar.at(),
          path,
          Problems.quote(scalar.text())
              + " cannot be used on "
              + property.map(Field::apiName).orElse(""),
          allowed);
      return Optional.empty();
    }
    return operator;
  }
}
