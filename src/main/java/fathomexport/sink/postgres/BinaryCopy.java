package fathomexport.sink.postgres;

import fathomexport.report.ColumnType;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.Arrays;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * Sends encoded rows to a table as PostgreSQL's binary COPY format, cell by cell from their bytes:
 * no row becomes an object.
 *
 * <p>Format: {@code https://www.postgresql.org/docs/current/sql-copy.html}, "Binary Format".
 */
final class BinaryCopy {
  private static final byte[] SIGNATURE =
      "PGCOPY\n\u00ff\r\n\u0000".getBytes(StandardCharsets.ISO_8859_1);

  /** PostgreSQL counts from 2000-01-01. */
  private static final long EPOCH_DAY = LocalDate.of(2000, 1, 1).toEpochDay();

  private static final long EPOCH_MICROS = EPOCH_DAY * 86_400_000_000L;
  private static final int FLUSH_AT = 64 * 1024;

  private final CopyIn copy;
  private final ColumnType[] types;
  private byte[] buffer = new byte[FLUSH_AT + 8 * 1024];
  private int length;

  /**
   * @param table as it is written in a statement
   */
  BinaryCopy(Connection connection, String table, TableSchema schema) throws SQLException {
    types = schema.columns().stream().map(c -> c.type()).toArray(ColumnType[]::new);
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

  void row(RowReader row) throws SQLException {
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
    if (length >= FLUSH_AT) {
      flush();
    }
  }

  /** Ends the copy. */
  void finish() throws SQLException {
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

  /** Cancels the copy when it was not finished; the transaction can only be rolled back then. */
  void cancel() throws SQLException {
    if (copy.isActive()) {
      copy.cancelCopy();
    }
  }
}
