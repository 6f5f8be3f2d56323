package fathomexport.typing;

import fathomexport.report.rows.RowSource;
import fathomexport.report.rows.RowSpool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.Arrays;

/**
 * Rows as the API gave them, in a spool: the period and the time label, which paging had to read
 * anyway, and the text of every other cell. Layout: epoch day of the period (8 bytes), time value
 * (8 bytes), then for each cell its kind (1 byte), its length (4 bytes) and its UTF-8.
 */
public final class RawRows {
  private RawRows() {}

  /** Appends rows. */
  public static final class Writer {
    private static final byte[] NOTHING = new byte[0];

    private final RowSpool spool;
    private ByteBuffer buffer = ByteBuffer.allocate(1024);

    public Writer(RowSpool spool) {
      this.spool = spool;
    }

    /**
     * Starts a row.
     *
     * @param time the value of its time column: epoch day of the date, or local microseconds of the
     *     hour
     */
    public void start(LocalDate period, long time) {
      buffer.clear();
      buffer.putLong(period.toEpochDay());
      buffer.putLong(time);
    }

    public void cell(CellKind kind, String text) {
      byte[] utf8 = text.isEmpty() ? NOTHING : text.getBytes(StandardCharsets.UTF_8);
      if (buffer.remaining() < utf8.length + 5) {
        byte[] grown =
            Arrays.copyOf(
                buffer.array(),
                Math.max(buffer.capacity() * 2, buffer.position() + utf8.length + 5));
        buffer = ByteBuffer.wrap(grown).position(buffer.position());
      }
      buffer.put(kind.code());
      buffer.putInt(utf8.length);
      buffer.put(utf8);
    }

    public void end() throws IOException {
      spool.append(buffer.array(), buffer.position());
    }
  }

  /** Reads rows. */
  public static final class Reader {
    private final RowSource source;
    private final int[] starts;
    private final int[] lengths;
    private final CellKind[] kinds;
    private ByteBuffer buffer = ByteBuffer.allocate(0);

    public Reader(RowSource source, int cells) {
      this.source = source;
      this.starts = new int[cells];
      this.lengths = new int[cells];
      this.kinds = new CellKind[cells];
    }

    public boolean next() throws IOException {
      if (!source.next()) {
        return false;
      }
      buffer = ByteBuffer.wrap(source.buffer(), 0, source.length());
      int at = 16;
      for (int i = 0; i < starts.length; i++) {
        kinds[i] = CellKind.of(buffer.get(at));
        lengths[i] = buffer.getInt(at + 1);
        starts[i] = at + 5;
        at += 5 + lengths[i];
      }
      return true;
    }

    public LocalDate period() {
      return LocalDate.ofEpochDay(buffer.getLong(0));
    }

    long periodEpochDay() {
      return buffer.getLong(0);
    }

    public long time() {
      return buffer.getLong(8);
    }

    public CellKind kind(int cell) {
      return kinds[cell];
    }

    public String text(int cell) {
      return new String(buffer.array(), starts[cell], lengths[cell], StandardCharsets.UTF_8);
    }

    byte[] utf8(int cell) {
      return Arrays.copyOfRange(buffer.array(), starts[cell], starts[cell] + lengths[cell]);
    }
  }
}
