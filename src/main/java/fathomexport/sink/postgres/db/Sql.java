package fathomexport.sink.postgres.db;

import java.util.List;
import java.util.stream.Collectors;

/** How names and texts are written in statements. */
public final class Sql {
  private Sql() {}

  public static String name(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  public static String names(List<String> identifiers) {
    return identifiers.stream().map(Sql::name).collect(Collectors.joining(", "));
  }

  /** For statements that take no parameters. */
  public static String literal(String text) {
    return '\'' + text.replace("'", "''") + '\'';
  }
}
