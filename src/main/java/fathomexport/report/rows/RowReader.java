package fathomexport.report.rows;

import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.TableSchema;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads the cells of an encoded row, in any order. The counterpart of {@link RowWriter}. */
public final class RowReader {
  private final ColumnType[] types;
  private final int[] starts;
  private byte[] bytes = new byte[0];

  public RowReader(TableSchema schema) {
    this.types = schema.columns().stream().map(Column::type).toArray(ColumnType[]::new);
    this.starts = new int[types.length + 1];
  }

  /**
   * Points the reader at a row. The array must not change while the row is read.
   *
   * @throws IllegalArgumentException if the cells do not end after {@code length} bytes
   */
  public RowReader read(byte[] row, int length) {
    bytes = row;
    int at = 0;
    for (int i = 0; i < types.length; i++) {
      starts[i] = at;
      byte flag = row[at++];
      if (flag == 0) {
        continue;
      }
      if (types[i] == ColumnType.TEXT) {
        while (row[at] != 0) {
          at++;
        }
        at++;
      } else {
        at += 8;
      }
    }
    starts[types.length] = at;
    if (at != length) {
      throw new IllegalArgumentException("row of " + length + " bytes ends at " + at);
    }
    return this;
  }

  public boolean isNull(int column) {
    return bytes[starts[column]] == 0;
  }

  /**
   * Returns a DATE (epoch day), TIMESTAMP (local microseconds), INSTANT (microseconds) or BIGINT
   * cell, which must not be null.
   */
  public long integer(int column) {
    return bits(column) ^ Long.MIN_VALUE;
  }

  /** Returns a DOUBLE cell, which must not be null. */
  public double real(int column) {
    long bits = bits(column);
    return Double.longBitsToDouble(bits < 0 ? bits ^ Long.MIN_VALUE : ~bits);
  }

  /**
   * Returns the row's array. {@link #textStart} and {@link #textLength} locate the UTF-8 of a TEXT
   * cell in it.
   */
  public byte[] bytes() {
    return bytes;
  }

  public int textStart(int column) {
    return starts[column] + 1;
  }

  public int textLength(int column) {
    return starts[column + 1] - starts[column] - 2;
  }

  /** Returns a TEXT cell, or null. */
  public @Nullable String text(int column) {
    return isNull(column)
        ? null
        : new String(bytes, textStart(column), textLength(column), StandardCharsets.UTF_8);
  }

  /** Returns the number of bytes that the row's first {@code columns} cells occupy. */
  public int prefixLength(int columns) {
    return starts[columns];
  }

  private long bits(int column) {
    int at = starts[column];
    if (bytes[at] == 0) {
      throw new IllegalStateException("column " + column + " is null");
    }
    long value = 0;
    for (int i = 1; i <= 8; i++) {
      value = (value << 8) | (bytes[at + i] & 0xff);
    }
    return value;
  }
}
