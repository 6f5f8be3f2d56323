package fathomexport.sink.postgres.commit;

import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowReader;
import fathomexport.sink.postgres.db.Sql;
import fathomexport.sink.postgres.schema.ReportTable;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * Sends encoded rows to a table in PostgreSQL's binary COPY format. It copies each cell from its
 * bytes, without creating an object per row.
 *
 * <p>Rows of one time are sent in the order of the table's unique index, as far as the client can
 * compute it. The server then fills its index pages sequentially, which takes a third less time and
 * makes the index a third smaller. The order affects nothing but speed.
 *
 * <p>Format: {@code https://www.postgresql.org/docs/current/sql-copy.html}, "Binary Format".
 */
public final class BinaryCopy {
  private static final byte[] SIGNATURE =
      "PGCOPY\n\u00ff\r\n\u0000".getBytes(StandardCharsets.ISO_8859_1);

  /** PostgreSQL counts days from 2000-01-01. */
  private static final long EPOCH_DAY = LocalDate.of(2000, 1, 1).toEpochDay();

  private static final long EPOCH_MICROS = EPOCH_DAY * 86_400_000_000L;
  private static final int FLUSH_AT = 64 * 1024;

  /** Rows that are sorted at once. The lowest bits of a sort key hold the row's number. */
  private static final int ROW_BITS = 15;

  private static final int ROWS = 1 << ROW_BITS;

  /** Bytes that are sorted at once. */
  private static final int ORDERED_AT = 4 * 1024 * 1024;

  private final CopyIn copy;
  private final ColumnType[] types;
  private final int time;

  /** Indexes of the fields, in the order of the index's hashes. */
  private final int[] fields;

  private final TextHash hash = new TextHash();
  private byte[] text = new byte[256];

  // The rows of one time that are not sorted yet: the start of each row in the buffer, and its sort
  // key with the row's number in the lowest bits.
  private final long[] keys;
  private final int[] starts;
  private int rows;
  private long timeInHand;
  private byte[] ordered = new byte[0];

  private byte[] buffer = new byte[FLUSH_AT + 8 * 1024];
  private int length;

  /**
   * @param table the qualified and quoted name of the table
   */
  public BinaryCopy(Connection connection, String table, TableSchema schema) throws SQLException {
    types = schema.columns().stream().map(c -> c.type()).toArray(ColumnType[]::new);
    time = schema.indexOf(Column.Role.TIME);
    fields =
        IntStream.range(0, types.length)
            .filter(i -> schema.columns().get(i).role() == Column.Role.FIELD)
            .toArray();
    keys = new long[fields.length == 0 ? 0 : ROWS];
    starts = new int[keys.length + 1];
    copy =
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn(
                "COPY "
                    + table
                    + " ("
                    + Sql.names(schema.columns().stream().map(c -> c.name()).toList())
                    + ") FROM STDIN (FORMAT binary)");
    System.arraycopy(SIGNATURE, 0, buffer, 0, SIGNATURE.length);
    length = SIGNATURE.length;
    int32(0);
    int32(0);
  }

  public void row(RowReader row) throws SQLException {
    if (fields.length > 0) {
      boolean full = rows == ROWS || (rows > 0 && length - starts[0] > ORDERED_AT);
      if (full || row.integer(time) != timeInHand) {
        putInOrder();
        timeInHand = row.integer(time);
      }
      keys[rows] = (key(row) & -ROWS) | rows;
      starts[rows++] = length;
    }
    write(row);
    if (fields.length == 0) {
      flushWhenFull();
    }
  }

  /** Returns the first of the index's two hashes; see {@link ReportTable}. */
  private long key(RowReader row) {
    long chain = ReportTable.SEEDS.get(0);
    for (int field : fields) {
      int size = 0;
      if (!row.isNull(field)) {
        size = 1 + row.textLength(field);
        if (text.length < size) {
          text = new byte[size * 2];
        }
        text[0] = '=';
        System.arraycopy(row.bytes(), row.textStart(field), text, 1, size - 1);
      }
      chain = hash.of(text, size, chain);
    }
    return chain;
  }

  private void putInOrder() throws SQLException {
    if (rows > 1) {
      int first = starts[0];
      int size = length - first;
      starts[rows] = length;
      if (ordered.length < size) {
        ordered = new byte[size * 2];
      }
      Arrays.sort(keys, 0, rows);
      int to = 0;
      for (int i = 0; i < rows; i++) {
        int row = (int) keys[i] & (ROWS - 1);
        int bytes = starts[row + 1] - starts[row];
        System.arraycopy(buffer, starts[row], ordered, to, bytes);
        to += bytes;
      }
      System.arraycopy(ordered, 0, buffer, first, size);
    }
    rows = 0;
    flushWhenFull();
  }

  private void flushWhenFull() throws SQLException {
    if (length >= FLUSH_AT) {
      flush();
    }
  }

  private void write(RowReader row) {
    ensure(2);
    int16(types.length);
    for (int i = 0; i < types.length; i++) {
      if (row.isNull(i)) {
        ensure(4);
        int32(-1);
        continue;
      }
      switch (types[i]) {
        case TEXT -> {
          int size = row.textLength(i);
          ensure(4 + size);
          int32(size);
          System.arraycopy(row.bytes(), row.textStart(i), buffer, length, size);
          length += size;
        }
        case DATE -> {
          ensure(8);
          int32(4);
          int32(Math.toIntExact(row.integer(i) - EPOCH_DAY));
        }
        case TIMESTAMP, INSTANT -> int64(row.integer(i) - EPOCH_MICROS);
        case BIGINT -> int64(row.integer(i));
        case DOUBLE -> int64(Double.doubleToLongBits(row.real(i)));
      }
    }
  }

  /** Sends the remaining rows and ends the copy. */
  public void finish() throws SQLException {
    putInOrder();
    ensure(2);
    int16(-1);
    flush();
    copy.endCopy();
  }

  private void flush() throws SQLException {
    copy.writeToCopy(buffer, 0, length);
    length = 0;
  }

  private void int16(int value) {
    buffer[length++] = (byte) (value >>> 8);
    buffer[length++] = (byte) value;
  }

  private void int32(int value) {
    int16(value >>> 16);
    int16(value);
  }

  private void int64(long value) {
    ensure(12);
    int32(8);
    int32((int) (value >>> 32));
    int32((int) value);
  }

  private void ensure(int more) {
    if (buffer.length - length < more) {
      buffer = Arrays.copyOf(buffer, Math.max(buffer.length * 2, length + more));
    }
  }

  /** Cancels the copy if it is not finished. The transaction can then only be rolled back. */
  public void cancel() throws SQLException {
    if (copy.isActive()) {
      copy.cancelCopy();
    }
  }
}
