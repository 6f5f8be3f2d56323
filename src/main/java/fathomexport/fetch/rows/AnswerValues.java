package fathomexport.fetch.rows;

import fathomexport.api.answer.RawRow;
import fathomexport.report.Aggregate;
import fathomexport.report.ColumnType;
import fathomexport.report.QueryShape;
import fathomexport.typing.Numbers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The values of a control row as canonical text: two rows with equal values have equal texts,
 * however the API wrote the numbers.
 */
final class AnswerValues {
  private AnswerValues() {}

  /**
   * Returns each aggregate with its value, one per line; null if a value is invalid for its
   * aggregate.
   */
  static @Nullable String of(RawRow row, QueryShape shape) {
    StringBuilder values = new StringBuilder();
    List<Aggregate> aggregates = shape.aggregates();
    for (int i = 0; i < aggregates.size(); i++) {
      Aggregate aggregate = aggregates.get(i);
      String value =
          switch (row.aggregateKind(i)) {
            case NULL -> aggregate.nullable() ? "null" : null;
            case STRING, NUMBER -> number(aggregate, row.aggregateText(i));
            case MISSING, OTHER -> null;
          };
      if (value == null) {
        return null;
      }
      values.append(aggregate.apiName()).append('=').append(value).append('\n');
    }
    return values.toString();
  }

  private static @Nullable String number(Aggregate aggregate, @Nullable String text) {
    if (text == null) {
      return null;
    }
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    if (aggregate.type() == ColumnType.BIGINT) {
      var whole = Numbers.whole(utf8, 0, utf8.length);
      return whole.isPresent() ? Long.toString(whole.getAsLong()) : null;
    }
    // Adding 0.0 turns a negative zero into zero.
    return Numbers.decimal(utf8, 0, utf8.length)
        .map(d -> Double.toString(d.doubleValue() + 0.0))
        .orElse(null);
  }
}
