package fathomexport.fetch.rows;

import fathomexport.api.answer.RawRow;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.rows.RowSpool;
import fathomexport.typing.CellKind;
import fathomexport.typing.Numbers;
import fathomexport.typing.RawRows;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes the rows of one response into a spool and detects contract violations: an invalid date
 * label, a row outside the requested range, a key that occurs twice.
 */
final class RowIntake {
  private final QueryShape shape;
  private final DayRange asked;
  private final RawRows.RawRowWriter writer;
  private final GroupKeys keys = new GroupKeys();
  private final byte[] @Nullable [] cells;
  private final List<Aggregate> additive;
  private final long[] sums;
  private @Nullable LocalDate period;
  private long epochDay;
  private @Nullable String violation;
  private @Nullable String label;
  private Labels.@Nullable Label parsed;

  private final @Nullable Continued before;
  private long repeated;

  RowIntake(QueryShape shape, DayRange asked, RowSpool spool) {
    this(shape, asked, spool, null);
  }

  /**
   * @param before where the response continues an earlier page; null for a first page
   */
  RowIntake(QueryShape shape, DayRange asked, RowSpool spool, @Nullable Continued before) {
    this.before = before;
    this.shape = shape;
    this.asked = asked;
    this.writer = new RawRows.RawRowWriter(spool);
    this.cells = new byte[shape.fields().size()][];
    this.additive = shape.aggregates().stream().filter(Aggregate::additive).toList();
    this.sums = new long[additive.size()];
  }

  void restart() {
    keys.clear();
    repeated = 0;
    violation = null;
    label = null;
    parsed = null;
  }

  /** Returns how the response violates its contract; null if no violation was found yet. */
  @Nullable String violation() {
    return violation;
  }

  /** Returns the number of rows that an earlier page contained already. */
  long repeated() {
    return repeated;
  }

  /** Returns the groups of the time of the last row. */
  GroupKeys keys() {
    return keys;
  }

  void violated(String what) {
    violation = what;
  }

  /** Clears the keys, since the rows that follow have another time. */
  void forgetKeys() {
    keys.clear();
  }

  /** Returns the period and time of a row; null if its label is a violation. */
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
        violation = "'" + text + "' lies outside the requested range, " + asked;
        return null;
      }
      label = text;
      parsed = read;
    }
    return parsed;
  }

  /**
   * Returns whether the row's key is new. A duplicate within the response is a violation.
   *
   * @param withTime whether rows of other times may have the same fields
   */
  boolean isNew(RawRow row, Labels.Label where, boolean withTime) {
    if (withTime) {
      keys.cell(Long.toString(where.time()).getBytes(StandardCharsets.US_ASCII));
    }
    for (int i = 0; i < cells.length; i++) {
      cells[i] = utf8(row.fieldText(i));
      keys.cell(cells[i]);
    }
    if (before != null && before.time() == where.time() && before.keys().hasHandOf(keys)) {
      repeated++;
      keys.dropHand();
      return false;
    }
    if (!keys.add()) {
      violation = "a group occurs twice: " + row.toJson();
      return false;
    }
    return true;
  }

  /**
   * Writes the row that was last found to be new.
   *
   * @return its additive measures, in the order of {@link #additive()}, 0 for missing ones; the
   *     array is reused for the next row
   */
  long[] write(RawRow row, Labels.Label where) throws IOException {
    if (!where.period().equals(period)) {
      period = where.period();
      epochDay = period.toEpochDay();
    }
    writer.start(epochDay, where.time());
    for (int i = 0; i < cells.length; i++) {
      writer.cell(row.fieldEscaped(i) ? CellKind.ESCAPED : kind(row.fieldKind(i)), cells[i]);
    }
    int summed = 0;
    for (int i = 0; i < shape.aggregates().size(); i++) {
      byte[] utf8 = utf8(row.aggregateText(i));
      writer.cell(kind(row.aggregateKind(i)), utf8);
      if (shape.aggregates().get(i).additive()) {
        sums[summed++] = utf8 == null ? 0 : Numbers.whole(utf8, 0, utf8.length).orElse(0);
      }
    }
    writer.end();
    return sums;
  }

  /** Returns the measures that are summed. */
  List<Aggregate> additive() {
    return additive;
  }

  private static byte @Nullable [] utf8(@Nullable String text) {
    return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
  }

  private static CellKind kind(RawRow.JsonKind kind) {
    return switch (kind) {
      case MISSING -> CellKind.MISSING;
      case NULL -> CellKind.NULL;
      case STRING -> CellKind.STRING;
      case NUMBER -> CellKind.NUMBER;
      case OTHER -> CellKind.OTHER;
    };
  }
}
