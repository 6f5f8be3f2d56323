package fathomexport.report.rows;

import fathomexport.report.FileTrouble;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An append-only sequence of encoded rows. A small one (up to 64 KiB) stays in memory, a larger one
 * goes to its own file in the run's spill directory, so that the heap does not grow with a window's
 * rows. A spool can be rolled back to a mark (when a page turns out to be truncated), can be read
 * any number of times, and deletes its file when closed. Not thread-safe, except for concurrent
 * reads.
 */
public final class RowSpool implements Closeable {
  private static final int IN_MEMORY = 64 * 1024;
  private static final int BUFFER = 64 * 1024;

  private static final Mark START = new Mark(0, 0);

  /** Bytes of the length that precedes each row. */
  private static final int HEADER = 4;

  private final Path directory;
  private byte[] buffer = new byte[1024];
  private int buffered;
  private long flushed;
  private long rows;
  private @Nullable Path file;
  private @Nullable FileChannel channel;

  /**
   * Creates an empty spool.
   *
   * @param directory where to spill to; must exist when the spool outgrows memory
   */
  public RowSpool(Path directory) {
    this.directory = directory;
  }

  /** A position to roll back to. */
  public record Mark(long bytes, long rows) {}

  public void append(byte[] row, int length) throws IOException {
    if (buffered + HEADER + length > buffer.length) {
      grow(HEADER + length);
    }
    buffer[buffered] = (byte) (length >>> 24);
    buffer[buffered + 1] = (byte) (length >>> 16);
    buffer[buffered + 2] = (byte) (length >>> 8);
    buffer[buffered + 3] = (byte) length;
    System.arraycopy(row, 0, buffer, buffered + HEADER, length);
    buffered += HEADER + length;
    rows++;
  }

  /** Appends all rows of another spool. */
  public void appendAll(RowSpool other) throws IOException {
    try (RowSource source = other.read()) {
      appendAll(source);
    }
  }

  private void appendAll(RowSource source) throws IOException {
    while (source.next()) {
      append(source.buffer(), source.length());
    }
  }

  /** Moves the rows after a mark to the end of another spool. */
  public void moveFrom(Mark mark, RowSpool to) throws IOException {
    try (RowSource source = read(mark)) {
      to.appendAll(source);
    }
    rollback(mark);
  }

  public long rows() {
    return rows;
  }

  /** Returns the size in bytes, in memory and in the file. */
  public long bytes() {
    return flushed + buffered;
  }

  public Mark mark() {
    return new Mark(bytes(), rows);
  }

  /** Drops the rows that were appended after the mark. */
  public void rollback(Mark mark) throws IOException {
    if (mark.bytes() > bytes()) {
      throw new IllegalArgumentException("mark lies behind the end");
    }
    if (mark.bytes() >= flushed) {
      buffered = (int) (mark.bytes() - flushed);
    } else {
      channel().truncate(mark.bytes());
      channel().position(mark.bytes());
      flushed = mark.bytes();
      buffered = 0;
    }
    rows = mark.rows();
  }

  /**
   * Reads all rows from the start. Rows must not be appended until the source is closed. Several
   * threads may read at the same time, each with its own source.
   */
  public RowSource read() throws IOException {
    return read(START);
  }

  private synchronized RowSource read(Mark from) throws IOException {
    if (flushed == 0) {
      return new Source(
          InputStream.nullInputStream(), buffer, Math.toIntExact(from.bytes()), buffered);
    }
    flush();
    FileChannel in = FileChannel.open(spillFile(), StandardOpenOption.READ);
    in.position(from.bytes());
    return new Source(Channels.newInputStream(in), new byte[BUFFER], 0, 0);
  }

  private void grow(int more) throws IOException {
    int wanted = buffered + more;
    if (wanted <= IN_MEMORY) {
      buffer = Arrays.copyOf(buffer, Math.min(IN_MEMORY, Math.max(wanted, buffer.length * 2)));
      return;
    }
    flush();
    if (buffer.length < BUFFER || more > buffer.length) {
      buffer = new byte[Math.max(BUFFER, more)];
    }
  }

  private void flush() throws IOException {
    if (buffered == 0) {
      return;
    }
    ByteBuffer pending = ByteBuffer.wrap(buffer, 0, buffered);
    try {
      FileChannel out = channel();
      while (pending.hasRemaining()) {
        out.write(pending);
      }
    } catch (IOException e) {
      // The system's message contains no path.
      throw new IOException(
          FileTrouble.cannotWrite("below " + directory, e, FileTrouble.OTHER_TEMPORARY_DIRECTORY),
          e);
    }
    flushed += buffered;
    buffered = 0;
  }

  private FileChannel channel() throws IOException {
    if (channel == null) {
      if (file == null) {
        file = Files.createTempFile(directory, "rows-", ".spill");
      }
      channel = FileChannel.open(file, StandardOpenOption.WRITE);
      channel.position(flushed);
    }
    return channel;
  }

  private Path spillFile() {
    if (file == null) {
      throw new IllegalStateException("nothing was spilled");
    }
    return file;
  }

  @Override
  public void close() {
    try {
      if (channel != null) {
        channel.close();
        channel = null;
      }
      if (file != null) {
        Files.deleteIfExists(file);
        file = null;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    buffer = new byte[0];
    buffered = 0;
    flushed = 0;
    rows = 0;
  }

  private static final class Source implements RowSource {
    private final InputStream in;

    // Bytes read ahead; those from index `at` on are not consumed yet.
    private final byte[] ahead;
    private int at;
    private int end;
    private byte[] row = new byte[512];
    private int length;

    Source(InputStream in, byte[] ahead, int at, int end) {
      this.in = in;
      this.ahead = ahead;
      this.at = at;
      this.end = end;
    }

    @Override
    public boolean next() throws IOException {
      int header = take(row, HEADER);
      if (header == 0) {
        return false;
      }
      if (header < HEADER) {
        throw new EOFException("spill file ends within a row's length");
      }
      int size =
          (row[0] & 0xff) << 24 | (row[1] & 0xff) << 16 | (row[2] & 0xff) << 8 | (row[3] & 0xff);
      if (row.length < size) {
        row = new byte[Math.max(size, row.length * 2)];
      }
      if (take(row, size) != size) {
        throw new EOFException("spill file ends within a row");
      }
      length = size;
      return true;
    }

    /**
     * Fills the beginning of an array. Returns the number of bytes read, which is smaller than
     * {@code count} only at the end.
     */
    private int take(byte[] into, int count) throws IOException {
      int taken = 0;
      while (taken < count) {
        if (at == end) {
          int read = in.read(ahead, 0, ahead.length);
          if (read <= 0) {
            return taken;
          }
          at = 0;
          end = read;
        }
        int part = Math.min(count - taken, end - at);
        System.arraycopy(ahead, at, into, taken, part);
        at += part;
        taken += part;
      }
      return taken;
    }

    @Override
    public byte[] buffer() {
      return row;
    }

    @Override
    public int length() {
      return length;
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
