package fathomexport.config;

import fathomexport.config.YamlNode.Scalar;
import fathomexport.report.ApiNamed;
import fathomexport.report.NearMiss;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Decodes names of the API: one of an enum, or a list of such. */
final class NamedValues {
  private final Problems problems;
  private final Values values;

  NamedValues(Problems problems) {
    this.problems = problems;
    this.values = new Values(problems);
  }

  /** Decodes one entry of a list. */
  interface Item<E> {
    Optional<E> of(Scalar scalar, String path);
  }

  /** Decodes a list without duplicates. */
  <E> List<E> each(YamlNode node, String path, String allowed, Item<E> item) {
    Set<E> made = new LinkedHashSet<>();
    List<YamlNode> items = values.listOfValues(node, path, allowed).orElse(List.of());
    for (int i = 0; i < items.size(); i++) {
      String itemPath = path + "[" + i + "]";
      Optional<Scalar> scalar = values.text(items.get(i), itemPath);
      Optional<E> value = scalar.flatMap(s -> item.of(s, itemPath));
      if (scalar.isPresent() && value.isPresent() && !made.add(value.get())) {
        problems.add(
            scalar.get().at(),
            itemPath,
            Problems.quote(scalar.get().text()) + " is given twice",
            "");
      }
    }
    return List.copyOf(made);
  }

  <E extends Enum<E> & ApiNamed> Optional<E> choice(
      YamlNode node, String path, Class<E> type, String what) {
    return values
        .text(node, path, "allowed: " + ApiNamed.names(type))
        .flatMap(s -> known(s, path, type, what, e -> true, "allowed: " + ApiNamed.names(type)));
  }

  /** Returns the constant even if it is not allowed here, because that case has its own message. */
  <E extends Enum<E> & ApiNamed> Optional<E> known(
      Scalar scalar,
      String path,
      Class<E> type,
      String what,
      Predicate<E> suggested,
      String allowed) {
    Optional<E> found = ApiNamed.parse(type, scalar.text());
    if (found.isEmpty()) {
      problems.add(
          scalar.at(),
          path,
          Problems.quote(scalar.text())
              + " is not "
              + what
              + NearMiss.hint(scalar.text(), names(type, suggested)),
          allowed);
    }
    return found;
  }

  static <E extends Enum<E> & ApiNamed> Collection<String> names(
      Class<E> type, Predicate<E> which) {
    return Arrays.stream(type.getEnumConstants())
        .filter(which)
        .map(ApiNamed::apiName)
        .collect(Collectors.toList());
  }
}
