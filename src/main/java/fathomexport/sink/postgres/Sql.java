package fathomexport.sink.postgres;

import java.util.List;
import java.util.stream.Collectors;

/** How names and texts are written in statements. */
final class Sql {
  private Sql() {}

  static String name(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  static String names(List<String> identifiers) {
    return identifiers.stream().map(Sql::name).collect(Collectors.joining(", "));
  }

  /** For statements that take no parameters. */
  static String literal(String text) {
    return '\'' + text.replace("'", "''") + '\'';
  }
}
