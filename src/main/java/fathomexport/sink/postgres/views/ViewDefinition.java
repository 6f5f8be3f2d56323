package fathomexport.sink.postgres.views;

import java.util.List;

/**
 * A view of schema {@code fathom_bi}.
 *
 * @param from what follows the columns, beginning with {@code FROM}
 */
record ViewDefinition(String name, String comment, List<ViewColumn> columns, String from) {
  ViewDefinition {
    columns = List.copyOf(columns);
  }
}
