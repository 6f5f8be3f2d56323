package fathomexport.describe;

/** Quotes identifiers and text for SQL of DuckDB. */
final class DuckDbText {
  private DuckDbText() {}

  /** Returns an identifier in double quotes. */
  static String name(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  /** Returns text as a literal in single quotes. */
  static String literal(String text) {
    return '\'' + text.replace("'", "''") + '\'';
  }
}
