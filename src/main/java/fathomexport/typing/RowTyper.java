package fathomexport.typing;

import fathomexport.report.Aggregate;
import fathomexport.report.ColumnType;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.QueryShape;
import fathomexport.report.Report;
import fathomexport.report.Window;
import fathomexport.report.rows.RowSorter;
import fathomexport.report.rows.RowSpool;
import fathomexport.report.rows.RowWriter;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Types the rows of one shape for one of the reports that the shape fills: selects the report's
 * columns, orders rows by their bytes within each period, and reports additive measures on the way.
 * A row with a cell that cannot be typed is reported in its raw form instead.
 */
public final class RowTyper {
  private static final long MICROS_PER_SECOND = 1_000_000;
  private static final DateTimeFormatter HOUR =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT);
  private static final BigDecimal HUNDRED = BigDecimal.valueOf(100);

  /** Replaces a whole number that is absent. */
  private static final long NONE = -1;

  /** Receives the results of typing. */
  public interface Findings {
    /**
     * Receives a typed row.
     *
     * @param time the row's time value, as in the raw row
     * @param measures the queried measures that are additive
     * @param values one per measure, 0 for null; the array is reused for the next row, so copy what
     *     is kept
     * @param row the encoded row in its first {@code length} bytes; the array is reused for the
     *     next row
     */
    void typed(
        LocalDate period,
        long time,
        List<Aggregate> measures,
        long[] values,
        byte[] row,
        int length);

    /**
     * Receives a bounce rate and the visits that it refers to, also of a row that could not be
     * typed.
     *
     * @param rate as the API sent it
     */
    void rate(long visits, BigDecimal rate);

    /** Receives a row that could not be typed: its text as JSON, and which cell is invalid. */
    void refused(LocalDate period, String json, String reason);
  }

  private final Report report;
  private final Window window;
  private final List<Field> fields;
  private final List<Aggregate> asked;
  private final boolean ratio;
  private final RowWriter writer;

  /** Indexes of the report's aggregates among the queried ones. */
  private final int[] reported;

  // Values of the current row, indexed like the queried aggregates: parsed once, then written and
  // summed.
  private final boolean[] nulls;
  private final long[] wholes;
  private final @Nullable BigDecimal[] decimals;

  private final int visits;
  private final int rate;
  private final List<Aggregate> additive;
  private final int[] added;
  private final long[] sums;
  private long escaped;

  /**
   * Creates a typer for one report of a window.
   *
   * @param shape determines the cells of the raw rows: fields, then aggregates
   * @param ratio whether {@code bounce_rate} is a ratio (0 to 1) rather than a percentage
   */
  public RowTyper(Report report, Window window, QueryShape shape, boolean ratio) {
    this.report = report;
    this.window = window;
    this.fields = shape.fields();
    this.asked = shape.aggregates();
    this.ratio = ratio;
    this.writer = new RowWriter(report.schema());
    this.reported = report.aggregates().stream().mapToInt(asked::indexOf).toArray();
    this.nulls = new boolean[asked.size()];
    this.wholes = new long[asked.size()];
    this.decimals = new @Nullable BigDecimal[asked.size()];
    this.visits = asked.indexOf(Aggregate.VISITS);
    this.rate = asked.indexOf(Aggregate.BOUNCE_RATE);
    this.additive = asked.stream().filter(Aggregate::additive).toList();
    this.added = additive.stream().mapToInt(asked::indexOf).toArray();
    this.sums = new long[added.length];
  }

  /** Returns the number of key cells so far that had to be escaped. */
  public long escaped() {
    return escaped;
  }

  /** Types all rows, which must be ordered by period, into the spool. */
  public void type(RawRows.RawRowReader rows, RowSorter sorter, RowSpool out, Findings findings)
      throws IOException {
    long current = Long.MIN_VALUE;
    LocalDate period = LocalDate.MIN;
    while (rows.next()) {
      if (rows.period() != current) {
        sorter.drainTo(out);
        current = rows.period();
        period = LocalDate.ofEpochDay(current);
      }
      String unread = read(rows);
      if (rate >= 0 && visits >= 0) {
        BigDecimal given = decimals[rate];
        if (given != null && wholes[visits] >= 0) {
          findings.rate(wholes[visits], given);
        }
      }
      String unkeyed = writeKey(rows);
      String problem = unkeyed == null ? unread : unkeyed;
      if (problem == null) {
        writeMeasures();
        sorter.add(writer.buffer(), writer.length());
        sum();
        findings.typed(period, rows.time(), additive, sums, writer.buffer(), writer.length());
      } else {
        findings.refused(period, json(rows), problem);
      }
    }
    sorter.drainTo(out);
  }

  /**
   * Parses every queried measure, also those that only certificates use, so that all reports of the
   * shape accept the same rows. Returns the first problem, or null.
   */
  private @Nullable String read(RawRows.RawRowReader row) {
    String problem = null;
    for (int i = 0; i < asked.size(); i++) {
      String here = read(row, i);
      problem = problem == null ? here : problem;
    }
    return problem;
  }

  /**
   * Writes the cells before the measures. Returns the problem if one of them is invalid, or null.
   */
  private @Nullable String writeKey(RawRows.RawRowReader row) {
    writer.reset();
    writer.text(window.slice().site().value());
    if (report.entity() == Entity.EVENT) {
      writer.text(window.slice().eventKey());
    }
    if (report.dateGrouping() == DateGrouping.NONE) {
      writer.integer(window.days().first().toEpochDay());
      writer.integer(window.days().last().toEpochDay());
    } else {
      writer.integer(row.time());
    }
    for (int i = 0; i < fields.size(); i++) {
      switch (row.kind(i)) {
        case NULL -> writer.putNull();
        case ESCAPED, STRING, NUMBER -> {
          writer.text(row.bytes(), row.start(i), row.length(i));
          escaped += row.kind(i) == CellKind.ESCAPED ? 1 : 0;
        }
        case MISSING, OTHER -> {
          return fields.get(i).apiName() + " is " + found(row, i) + ", not a string or null";
        }
      }
    }
    return null;
  }

  private void writeMeasures() {
    for (int i : reported) {
      BigDecimal decimal = decimals[i];
      if (nulls[i]) {
        writer.putNull();
      } else if (decimal == null) {
        writer.integer(wholes[i]);
      } else {
        writer.real((ratio && i == rate ? decimal.multiply(HUNDRED) : decimal).doubleValue());
      }
    }
  }

  /** Parses a measure. Returns the problem if it cannot be stored, or null. */
  private @Nullable String read(RawRows.RawRowReader row, int i) {
    int cell = fields.size() + i;
    Aggregate aggregate = asked.get(i);
    CellKind kind = row.kind(cell);
    nulls[i] = kind == CellKind.NULL;
    wholes[i] = NONE;
    decimals[i] = null;
    if (nulls[i]) {
      return aggregate.nullable() ? null : aggregate.apiName() + " is null, not a whole number";
    }
    boolean whole = aggregate.type() == ColumnType.BIGINT;
    boolean fits = false;
    if (kind == CellKind.STRING || kind == CellKind.NUMBER) {
      if (whole) {
        OptionalLong value = Numbers.whole(row.bytes(), row.start(cell), row.end(cell));
        // Refunds can make a value negative; a count cannot be negative.
        fits = value.isPresent() && (value.getAsLong() >= 0 || aggregate == Aggregate.VALUE);
        wholes[i] = value.orElse(NONE);
      } else {
        BigDecimal value =
            Numbers.decimal(row.bytes(), row.start(cell), row.end(cell)).orElse(null);
        fits = value != null && value.signum() >= 0;
        decimals[i] = value;
      }
    }
    return fits
        ? null
        : aggregate.apiName()
            + " is "
            + found(row, cell)
            + ", not "
            + (whole ? "a whole number of 64 bits" : "a decimal number, 0 or more, or null");
  }

  private void sum() {
    for (int i = 0; i < added.length; i++) {
      sums[i] = nulls[added[i]] ? 0 : wholes[added[i]];
    }
  }

  private static String found(RawRows.RawRowReader row, int cell) {
    return switch (row.kind(cell)) {
      case MISSING -> "missing";
      case NULL -> "null";
      case STRING, ESCAPED -> JsonText.quote(row.text(cell));
      case NUMBER, OTHER -> row.text(cell);
    };
  }

  private String json(RawRows.RawRowReader row) {
    StringBuilder json = new StringBuilder("{");
    if (report.dateGrouping() != DateGrouping.NONE) {
      json.append("\"date\":").append(JsonText.quote(label(row)));
    }
    for (int i = 0; i < fields.size() + asked.size(); i++) {
      if (row.kind(i) == CellKind.MISSING) {
        continue;
      }
      String key =
          i < fields.size() ? fields.get(i).apiName() : asked.get(i - fields.size()).apiName();
      json.append(json.length() == 1 ? "" : ",").append(JsonText.quote(key)).append(':');
      json.append(found(row, i));
    }
    return json.append('}').toString();
  }

  /** Returns the label that the API gives to the row's time. */
  private String label(RawRows.RawRowReader row) {
    LocalDate period = LocalDate.ofEpochDay(row.period());
    return switch (report.dateGrouping()) {
      case HOUR ->
          HOUR.format(
              LocalDateTime.ofEpochSecond(
                  Math.floorDiv(row.time(), MICROS_PER_SECOND), 0, ZoneOffset.UTC));
      case DAY -> period.toString();
      case MONTH -> YearMonth.from(period).toString();
      case YEAR -> Integer.toString(period.getYear());
      case NONE -> "";
    };
  }
}
