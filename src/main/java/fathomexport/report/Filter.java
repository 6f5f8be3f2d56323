package fathomexport.report;

import java.io.Serializable;

/**
 * One condition of a query. All conditions must hold (AND). Source: parameter {@code filters} of
 * {@code GET /aggregations}.
 */
public record Filter(Field property, Operator operator, String value) implements Serializable {
  public Filter {
    if (!property.operators().contains(operator)) {
      throw new IllegalArgumentException(
          "a filter on "
              + property.apiName()
              + " does not take the operator '"
              + operator.apiName()
              + "'");
    }
  }
}
