package fathomexport.report.rows;

import fathomexport.report.Column;
import fathomexport.report.TableSchema;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Encodes rows one at a time, cell by cell in column order.
 *
 * <p>The encoding preserves order: comparing the bytes of two rows as unsigned compares the rows
 * column by column, nulls first, text by code point. TEXT: {@code 00} for null, else {@code 01},
 * UTF-8, {@code 00} (typed text contains no U+0000). DATE, TIMESTAMP, INSTANT, BIGINT, DOUBLE:
 * {@code 00} for null, else {@code 01} and 8 bytes big-endian (integers with the sign bit flipped;
 * doubles with their order-preserving bits).
 */
public final class RowWriter {
  private final Column[] columns;
  private byte[] buffer = new byte[256];
  private int length;
  private int cell;

  public RowWriter(TableSchema schema) {
    this.columns = schema.columns().toArray(new Column[0]);
  }

  /** Starts a new row and discards what was written before. */
  public RowWriter reset() {
    length = 0;
    cell = 0;
    return this;
  }

  /** Writes a TEXT cell. */
  public void text(@Nullable String value) {
    if (value == null) {
      putNull();
      return;
    }
    text(value.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes a TEXT cell from UTF-8 without zero bytes. */
  public void text(byte[] utf8) {
    text(utf8, 0, utf8.length);
  }

  /** Writes a TEXT cell from a part of an array: UTF-8 without zero bytes. */
  public void text(byte[] bytes, int from, int size) {
    next();
    ensure(size + 2);
    buffer[length++] = 1;
    System.arraycopy(bytes, from, buffer, length, size);
    length += size;
    buffer[length++] = 0;
  }

  /**
   * Writes a DATE (epoch day), TIMESTAMP (local microseconds), INSTANT (microseconds) or BIGINT
   * cell.
   */
  public void integer(long value) {
    next();
    put(value ^ Long.MIN_VALUE);
  }

  /**
   * Writes a DOUBLE cell.
   *
   * @throws IllegalArgumentException if the value is not finite
   */
  public void real(double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("not a finite number: " + value);
    }
    next();
    // -0.0 and 0.0 are the same number in a table, so their bytes must compare as equal.
    long bits = Double.doubleToLongBits(value == 0.0 ? 0.0 : value);
    put(bits < 0 ? ~bits : bits ^ Long.MIN_VALUE);
  }

  public void putNull() {
    if (!columns[cell].nullable()) {
      throw new IllegalArgumentException("column " + columns[cell].name() + " takes no null");
    }
    next();
    ensure(1);
    buffer[length++] = 0;
  }

  /**
   * Returns the array that holds the finished row in its first {@link #length()} bytes, valid until
   * {@link #reset()}.
   *
   * @throws IllegalStateException if cells are missing
   */
  public byte[] buffer() {
    if (cell != columns.length) {
      throw new IllegalStateException("row has " + cell + " of " + columns.length + " cells");
    }
    return buffer;
  }

  public int length() {
    return length;
  }

  /** Returns a copy of the finished row. */
  public byte[] toBytes() {
    return Arrays.copyOf(buffer(), length);
  }

  private void next() {
    if (cell == columns.length) {
      throw new IllegalStateException("row is full: " + columns.length + " cells");
    }
    cell++;
  }

  private void put(long bits) {
    ensure(9);
    buffer[length++] = 1;
    for (int shift = 56; shift >= 0; shift -= 8) {
      buffer[length++] = (byte) (bits >>> shift);
    }
  }

  private void ensure(int more) {
    if (buffer.length - length < more) {
      buffer = Arrays.copyOf(buffer, Math.max(buffer.length * 2, length + more));
    }
  }
}
