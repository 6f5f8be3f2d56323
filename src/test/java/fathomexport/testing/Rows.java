package fathomexport.testing;

import fathomexport.report.Column;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowReader;
import fathomexport.report.rows.RowSource;
import fathomexport.report.rows.RowWriter;
import fathomexport.sink.SampleTable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Rows as lists of cells, for people and assertions: String, LocalDate, LocalDateTime, Long,
 * Double, or null.
 */
public final class Rows {
  private Rows() {}

  /** A row's bytes; null is taken in any column, as a table with an added column holds it. */
  public static byte[] encode(TableSchema schema, List<@Nullable Object> cells) {
    RowWriter writer = new RowWriter(lenient(schema));
    for (int i = 0; i < schema.columns().size(); i++) {
      Object cell = cells.get(i);
      if (cell == null) {
        writer.putNull();
        continue;
      }
      switch (schema.columns().get(i).type()) {
        case TEXT -> writer.text((String) cell);
        case DATE -> writer.integer(((LocalDate) cell).toEpochDay());
        case TIMESTAMP -> writer.integer(micros((LocalDateTime) cell));
        case INSTANT -> writer.integer(SampleTable.micros((Instant) cell));
        case BIGINT -> writer.integer(((Number) cell).longValue());
        case DOUBLE -> writer.real(((Number) cell).doubleValue());
      }
    }
    return writer.toBytes();
  }

  public static List<@Nullable Object> decode(TableSchema schema, byte[] row, int length) {
    RowReader reader = new RowReader(schema).read(row, length);
    List<@Nullable Object> cells = new ArrayList<>();
    for (int i = 0; i < schema.columns().size(); i++) {
      if (reader.isNull(i)) {
        cells.add(null);
        continue;
      }
      cells.add(
          switch (schema.columns().get(i).type()) {
            case TEXT -> reader.text(i);
            case DATE -> LocalDate.ofEpochDay(reader.integer(i));
            case TIMESTAMP ->
                LocalDateTime.ofEpochSecond(0, 0, ZoneOffset.UTC)
                    .plus(reader.integer(i), ChronoUnit.MICROS);
            case INSTANT -> Instant.EPOCH.plus(reader.integer(i), ChronoUnit.MICROS);
            case BIGINT -> reader.integer(i);
            case DOUBLE -> reader.real(i);
          });
    }
    return Collections.unmodifiableList(cells);
  }

  /** Reads a source to its end and closes it. */
  public static List<List<@Nullable Object>> drain(TableSchema schema, RowSource source) {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    try (source) {
      while (source.next()) {
        rows.add(decode(schema, source.buffer(), source.length()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return rows;
  }

  /** The rows, ordered by their bytes, with numbers as they are read back. */
  public static List<List<@Nullable Object>> sorted(
      TableSchema schema, List<List<@Nullable Object>> rows) {
    return rows.stream()
        .map(row -> encode(schema, row))
        .sorted(Arrays::compareUnsigned)
        .map(row -> decode(schema, row, row.length))
        .toList();
  }

  private static long micros(LocalDateTime time) {
    return ChronoUnit.MICROS.between(LocalDateTime.ofEpochSecond(0, 0, ZoneOffset.UTC), time);
  }

  private static TableSchema lenient(TableSchema schema) {
    return new TableSchema(
        schema.name(),
        schema.dateGrouping(),
        schema.columns().stream()
            .map(c -> new Column(c.name(), c.type(), true, c.role()))
            .toList());
  }
}
