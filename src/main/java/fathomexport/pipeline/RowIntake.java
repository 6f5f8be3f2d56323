package fathomexport.pipeline;

import fathomexport.api.RawRow;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.rows.RowSpool;
import fathomexport.typing.CellKind;
import fathomexport.typing.Numbers;
import fathomexport.typing.RawRows;
import java.io.IOException;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes the rows of one answer into a spool, and notes what no answer may have: a label that is
 * none, a row outside the range that was asked for, a key that comes twice.
 */
final class RowIntake {
  /** In no text: the client replaces it. */
  private static final char CELL_END = '\u0000';

  private final QueryShape shape;
  private final DayRange asked;
  private final RawRows.Writer writer;
  private final Set<String> keys = new HashSet<>();
  private final StringBuilder key = new StringBuilder();
  private final EnumMap<Aggregate, Long> sums = new EnumMap<>(Aggregate.class);
  private @Nullable String violation;
  private @Nullable String label;
  private Labels.@Nullable Label parsed;

  RowIntake(QueryShape shape, DayRange asked, RowSpool spool) {
    this.shape = shape;
    this.asked = asked;
    this.writer = new RawRows.Writer(spool);
  }

  void restart() {
    keys.clear();
    violation = null;
    label = null;
    parsed = null;
  }

  /** What the answer has that it must not have; null when nothing was found yet. */
  @Nullable String violation() {
    return violation;
  }

  void violated(String what) {
    violation = what;
  }

  /** Keys that came so far may come again: what follows is of another time. */
  void forgetKeys() {
    keys.clear();
  }

  /** The bucket of a row; null when it has none that it may have. */
  Labels.@Nullable Label where(RawRow row) {
    if (shape.dateGrouping() == DateGrouping.NONE) {
      return new Labels.Label(asked.first(), asked.first().toEpochDay());
    }
    String text = row.bucketText();
    if (text == null) {
      violation = "a row has no date";
      return null;
    }
    if (!text.equals(label)) {
      Labels.Label read = Labels.parse(shape.dateGrouping(), text).orElse(null);
      if (read == null) {
        violation = "'" + text + "' is not a " + shape.dateGrouping().apiName() + " label";
        return null;
      }
      if (!asked.contains(read.period())) {
        violation = "'" + text + "' lies outside the range that was asked for, " + asked;
        return null;
      }
      label = text;
      parsed = read;
    }
    return parsed;
  }

  /**
   * Whether the row's key is a new one.
   *
   * @param withTime whether rows of other times may have the same fields
   */
  boolean isNew(RawRow row, Labels.Label where, boolean withTime) {
    key.setLength(0);
    if (withTime) {
      key.append(where.time()).append(CELL_END);
    }
    for (int i = 0; i < shape.fields().size(); i++) {
      String text = row.fieldText(i);
      if (text != null) {
        key.append('=').append(text);
      }
      key.append(CELL_END);
    }
    if (!keys.add(key.toString())) {
      violation = "a group comes twice: " + row.toJson();
      return false;
    }
    return true;
  }

  /** Writes the row; the additive measures that it has, in a map that is the next row's too. */
  EnumMap<Aggregate, Long> write(RawRow row, Labels.Label where) throws IOException {
    writer.start(where.period(), where.time());
    for (int i = 0; i < shape.fields().size(); i++) {
      String text = row.fieldText(i);
      writer.cell(kind(row.fieldKind(i)), text == null ? "" : text);
    }
    sums.clear();
    for (int i = 0; i < shape.aggregates().size(); i++) {
      Aggregate aggregate = shape.aggregates().get(i);
      String text = row.aggregateText(i);
      writer.cell(kind(row.aggregateKind(i)), text == null ? "" : text);
      if (text != null && aggregate.additive()) {
        OptionalLong value = Numbers.whole(text);
        if (value.isPresent()) {
          sums.put(aggregate, value.getAsLong());
        }
      }
    }
    writer.end();
    return sums;
  }

  private static CellKind kind(RawRow.CellKind kind) {
    return switch (kind) {
      case MISSING -> CellKind.MISSING;
      case NULL -> CellKind.NULL;
      case STRING -> CellKind.STRING;
      case NUMBER -> CellKind.NUMBER;
      case OTHER -> CellKind.OTHER;
    };
  }
}
