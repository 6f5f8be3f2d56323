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
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Types the rows of one shape for one of the reports that it fills: picks the report's columns,
 * orders rows by their bytes within each period, and hands out additive measures as it goes. A row
 * with a cell that cannot be typed is handed out as it came instead.
 */
public final class RowTyper {
  private static final long MICROS_A_SECOND = 1_000_000;
  private static final DateTimeFormatter HOUR =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT);
  private static final BigDecimal HUNDRED = BigDecimal.valueOf(100);

  /** Of what is no decimal number: refused as one below 0 is. */
  private static final BigDecimal NOTHING = BigDecimal.valueOf(-1);

  /** Receives what typing finds. */
  public interface Findings {
    /**
     * A row was typed. The map and the bytes are the next row's, too: copy what is kept.
     *
     * @param row the encoded row, {@code length} bytes of it
     */
    void typed(LocalDate period, Map<Aggregate, Long> additive, byte[] row, int length);

    /** A row was not: its text as JSON, and which cell is not what it must be. */
    void refused(LocalDate period, String json, String reason);
  }

  private final Report report;
  private final Window window;
  private final List<Field> fields;
  private final List<Aggregate> asked;
  private final boolean ratio;
  private final RowWriter writer;

  /** Where the report's aggregates stand among those that were asked for. */
  private final int[] reported;

  // Of the row in hand, by position among the aggregates that were asked for: read once, then
  // written and summed.
  private final boolean[] nulls;
  private final long[] wholes;
  private final BigDecimal[] decimals;
  private final EnumMap<Aggregate, Long> sums = new EnumMap<>(Aggregate.class);

  /**
   * @param shape whose cells the raw rows hold: fields, then aggregates
   * @param ratio whether {@code bounce_rate} came as 0 to 1 rather than as a percentage
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
    this.decimals = new BigDecimal[asked.size()];
  }

  /** Types all rows, which come ordered by period, into the spool. */
  public void type(RawRows.Reader rows, RowSorter sorter, RowSpool out, Findings findings)
      throws IOException {
    long current = Long.MIN_VALUE;
    while (rows.next()) {
      if (rows.periodEpochDay() != current) {
        sorter.drainTo(out);
        current = rows.periodEpochDay();
      }
      String problem = write(rows);
      if (problem == null) {
        sorter.add(writer.buffer(), writer.length());
        findings.typed(rows.period(), sums(), writer.buffer(), writer.length());
      } else {
        findings.refused(rows.period(), json(rows), problem);
      }
    }
    sorter.drainTo(out);
  }

  /** Writes the row, or says what keeps it from being written. */
  private @Nullable String write(RawRows.Reader row) {
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
        case STRING, NUMBER -> writer.text(row.utf8(i));
        case MISSING, OTHER -> {
          return fields.get(i).apiName() + " is " + found(row, i) + ", not a string or null";
        }
      }
    }
    // Every asked measure is checked, also those that only certificates need: all reports of the
    // shape agree.
    for (int i = 0; i < asked.size(); i++) {
      String problem = measure(row, i);
      if (problem != null) {
        return problem;
      }
    }
    for (int i : reported) {
      if (nulls[i]) {
        writer.putNull();
      } else if (asked.get(i).type() == ColumnType.BIGINT) {
        writer.integer(wholes[i]);
      } else {
        boolean percentOf = ratio && asked.get(i) == Aggregate.BOUNCE_RATE;
        writer.real((percentOf ? decimals[i].multiply(HUNDRED) : decimals[i]).doubleValue());
      }
    }
    return null;
  }

  /** Reads a measure, or says what keeps it from being read. */
  private @Nullable String measure(RawRows.Reader row, int i) {
    int cell = fields.size() + i;
    Aggregate aggregate = asked.get(i);
    CellKind kind = row.kind(cell);
    nulls[i] = kind == CellKind.NULL;
    if (nulls[i]) {
      return aggregate.nullable() ? null : aggregate.apiName() + " is null, not a whole number";
    }
    boolean whole = aggregate.type() == ColumnType.BIGINT;
    boolean fits = false;
    if (kind == CellKind.STRING || kind == CellKind.NUMBER) {
      if (whole) {
        OptionalLong value = Numbers.whole(row.text(cell));
        // Refunds make a value negative; nothing makes a count so.
        fits = value.isPresent() && (value.getAsLong() >= 0 || aggregate == Aggregate.VALUE);
        wholes[i] = value.orElse(0);
      } else {
        BigDecimal value = Numbers.decimal(row.text(cell)).orElse(NOTHING);
        fits = value.signum() >= 0;
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

  private Map<Aggregate, Long> sums() {
    sums.clear();
    for (int i = 0; i < nulls.length; i++) {
      if (!nulls[i] && asked.get(i).additive()) {
        sums.put(asked.get(i), wholes[i]);
      }
    }
    return sums;
  }

  private static String found(RawRows.Reader row, int cell) {
    return switch (row.kind(cell)) {
      case MISSING -> "missing";
      case NULL -> "null";
      case STRING -> JsonText.quote(row.text(cell));
      case NUMBER, OTHER -> row.text(cell);
    };
  }

  private String json(RawRows.Reader row) {
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

  /** The bucket as the API labels it. */
  private String label(RawRows.Reader row) {
    LocalDate period = row.period();
    return switch (report.dateGrouping()) {
      case HOUR ->
          HOUR.format(
              LocalDateTime.ofEpochSecond(
                  Math.floorDiv(row.time(), MICROS_A_SECOND), 0, ZoneOffset.UTC));
      case DAY -> period.toString();
      case MONTH -> YearMonth.from(period).toString();
      case YEAR -> Integer.toString(period.getYear());
      case NONE -> "";
    };
  }
}
