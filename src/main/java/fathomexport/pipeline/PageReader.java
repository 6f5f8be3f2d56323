package fathomexport.pipeline;

import fathomexport.api.RawRow;
import fathomexport.api.RowHandler;
import fathomexport.certify.PeriodTotals;
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
 * Takes the rows of one answer into a spool, and holds the answer to what was asked: sorted by
 * time, within the range, no key twice. A violation is noted, and what came is of no use.
 */
final class PageReader implements RowHandler {
  private final QueryShape shape;
  private final DayRange asked;
  private final RowSpool spool;
  private final RowSpool.Mark start;
  private final RawRows.Writer writer;
  private final GroupKeys keys = new GroupKeys();
  private final List<Aggregate> additive;
  private final long[] sums;
  private final PeriodTotals totals = new PeriodTotals();
  private long rows;
  private long time = Long.MIN_VALUE;
  private @Nullable LocalDate first;
  private @Nullable LocalDate last;
  private long lastEpochDay;
  private RowSpool.Mark lastStart;
  private @Nullable String violation;
  private @Nullable String label;
  private Labels.@Nullable Label parsed;

  PageReader(QueryShape shape, DayRange asked, RowSpool spool) {
    this.shape = shape;
    this.asked = asked;
    this.spool = spool;
    this.start = spool.mark();
    this.lastStart = start;
    this.writer = new RawRows.Writer(spool);
    this.additive = shape.aggregates().stream().filter(Aggregate::additive).toList();
    this.sums = new long[additive.size()];
  }

  @Override
  public void restart() throws IOException {
    spool.rollback(start);
    keys.clear();
    totals.dropFrom(LocalDate.MIN);
    rows = 0;
    time = Long.MIN_VALUE;
    first = null;
    last = null;
    lastStart = start;
    violation = null;
    label = null;
    parsed = null;
  }

  @Override
  public void row(RawRow row) throws IOException {
    rows++;
    if (violation != null) {
      return;
    }
    Labels.Label where = where(row);
    if (where == null) {
      return;
    }
    if (where.time() < time) {
      violation = "rows are not sorted by time: '" + row.bucketText() + "' follows a later one";
      return;
    }
    if (where.time() > time) {
      keys.clear();
      time = where.time();
    }
    if (!where.period().equals(last)) {
      last = where.period();
      lastEpochDay = last.toEpochDay();
      lastStart = spool.mark();
      first = first == null ? last : first;
    }
    take(row, where);
  }

  private Labels.@Nullable Label where(RawRow row) {
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

  private void take(RawRow row, Labels.Label where) throws IOException {
    writer.start(lastEpochDay, where.time());
    for (int i = 0; i < shape.fields().size(); i++) {
      byte[] utf8 = utf8(row.fieldText(i));
      writer.cell(kind(row.fieldKind(i)), utf8);
      keys.cell(utf8);
    }
    if (!keys.add()) {
      violation = "a group comes twice: " + row.toJson();
      return;
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
    totals.add(where.period(), additive, sums);
  }

  private static byte @Nullable [] utf8(@Nullable String text) {
    return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
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

  /** Takes back the rows of the last period, which may be cut off. */
  void dropLast() throws IOException {
    if (last != null) {
      spool.rollback(lastStart);
      totals.dropFrom(last);
    }
  }

  /** Takes back everything. */
  void dropAll() throws IOException {
    long answered = rows;
    restart();
    rows = answered;
  }

  long rows() {
    return rows;
  }

  @Nullable LocalDate first() {
    return first;
  }

  @Nullable LocalDate last() {
    return last;
  }

  /** Where the rows of the last period begin. */
  RowSpool.Mark lastStart() {
    return lastStart;
  }

  /** Sums of what is kept. */
  PeriodTotals totals() {
    return totals;
  }

  /** What the answer has that it must not have; null when it is as it was asked for. */
  @Nullable String violation() {
    return violation;
  }
}
