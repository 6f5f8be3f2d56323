package fathomexport.typing;

import fathomexport.report.rows.RowSource;
import fathomexport.report.rows.RowSpool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Raw API rows in a spool: the period and the time label, which paging has to read anyway, and the
 * text of every other cell. Layout: epoch day of the period (8 bytes), time value (8 bytes), then
 * per cell its kind (1 byte), its length (4 bytes) and its UTF-8.
 */
public final class RawRows {
  private static final int ROW_HEADER = 16;
  private static final int CELL_HEADER = 5;

  private RawRows() {}

  /** Appends rows. */
  public static final class RawRowWriter {
    private final RowSpool spool;
    private byte[] buffer = new byte[1024];
    private int length;

    public RawRowWriter(RowSpool spool) {
      this.spool = spool;
    }

    /**
     * Starts a row.
     *
     * @param period epoch day
     * @param time the value of the time column: epoch day of the date, or local microseconds of the
     *     hour
     */
    public void start(long period, long time) {
      length = 0;
      put(period, 8);
      put(time, 8);
    }

    /**
     * Appends a cell.
     *
     * @param utf8 its text; null if the cell has none
     */
    public void cell(CellKind kind, byte @Nullable [] utf8) {
      int size = utf8 == null ? 0 : utf8.length;
      if (buffer.length - length < size + CELL_HEADER) {
        buffer = Arrays.copyOf(buffer, Math.max(buffer.length * 2, length + size + CELL_HEADER));
      }
      buffer[length++] = kind.code();
      put(size, 4);
      if (utf8 != null) {
        System.arraycopy(utf8, 0, buffer, length, size);
        length += size;
      }
    }

    public void end() throws IOException {
      spool.append(buffer, length);
    }

    private void put(long value, int bytes) {
      for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
        buffer[length++] = (byte) (value >>> shift);
      }
    }
  }

  /** Reads rows. */
  public static final class RawRowReader {
    private final RowSource source;
    private final int[] starts;
    private final int[] lengths;
    private final CellKind[] kinds;
    private byte[] buffer = new byte[0];

    public RawRowReader(RowSource source, int cells) {
      this.source = source;
      this.starts = new int[cells];
      this.lengths = new int[cells];
      this.kinds = new CellKind[cells];
    }

    public boolean next() throws IOException {
      if (!source.next()) {
        return false;
      }
      buffer = source.buffer();
      int at = ROW_HEADER;
      for (int i = 0; i < starts.length; i++) {
        kinds[i] = CellKind.of(buffer[at]);
        lengths[i] = (int) number(at + 1, 4);
        starts[i] = at + CELL_HEADER;
        at += CELL_HEADER + lengths[i];
      }
      return true;
    }

    /** Returns the epoch day of the period. */
    public long period() {
      return number(0, 8);
    }

    public long time() {
      return number(8, 8);
    }

    private long number(int at, int bytes) {
      long value = 0;
      for (int i = at; i < at + bytes; i++) {
        value = value << 8 | (buffer[i] & 0xff);
      }
      return value;
    }

    public CellKind kind(int cell) {
      return kinds[cell];
    }

    public String text(int cell) {
      return new String(buffer, starts[cell], lengths[cell], StandardCharsets.UTF_8);
    }

    /**
     * Returns the row's array. A cell's UTF-8 is from its {@link #start} to before its {@link
     * #end}.
     */
    byte[] bytes() {
      return buffer;
    }

    int start(int cell) {
      return starts[cell];
    }

    int end(int cell) {
      return starts[cell] + lengths[cell];
    }

    int length(int cell) {
      return lengths[cell];
    }
  }
}
