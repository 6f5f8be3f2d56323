package fathomexport.sink.postgres.db;

import java.util.List;
import java.util.stream.Collectors;

/** Quotes names and texts for SQL statements. */
public final class Sql {
  private Sql() {}

  public static String name(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  public static String names(List<String> identifiers) {
    return identifiers.stream().map(Sql::name).collect(Collectors.joining(", "));
  }

  /** Returns a quoted text literal, for statements that take no parameters. */
  public static String literal(String text) {
    return '\'' + text.replace("'", "''") + '\'';
  }
}
