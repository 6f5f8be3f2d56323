package fathomexport.sink.postgres.views;

import java.util.List;

/**
 * A view of schema {@code fathom_bi}.
 *
 * @param from what follows the columns, beginning with {@code FROM}
 * @param fromRows the same for engines that have only the rows and nothing derived from them
 */
record ViewDefinition(
    String name, String comment, List<ViewColumn> columns, String from, String fromRows) {
  ViewDefinition(String name, String comment, List<ViewColumn> columns, String from) {
    this(name, comment, columns, from, from);
  }

  ViewDefinition {
    columns = List.copyOf(columns);
  }
}
