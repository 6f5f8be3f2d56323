package fathomexport.report.rows;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An append-only run of encoded rows: a small one in memory, a large one in a file of its own in
 * the run's spill directory, so that a window's rows never weigh on the heap. Can be rolled back to
 * a mark (a page that turned out to be cut off), read any number of times, and is gone when closed.
 * One thread at a time.
 */
public final class RowSpool implements Closeable, Serializable {
  private static final long serialVersionUID = 1L;
  private static final int IN_MEMORY = 64 * 1024;
  private static final int BUFFER = 64 * 1024;

  private final transient Path directory;
  private transient byte[] buffer = new byte[1024];
  private transient int buffered;
  private transient long flushed;
  private transient long rows;
  private transient @Nullable Path file;
  private transient @Nullable FileChannel channel;

  /**
   * @param directory where to spill to; must exist when the spool outgrows memory
   */
  public RowSpool(Path directory) {
    this.directory = directory;
  }

  /** A place to roll back to. */
  public record Mark(long bytes, long rows) {}

  public void append(byte[] row, int length) throws IOException {
    int header = 4;
    if (buffered + header + length > buffer.length) {
      grow(header + length);
    }
    ByteBuffer.wrap(buffer, buffered, 4).putInt(length);
    System.arraycopy(row, 0, buffer, buffered + header, length);
    buffered += header + length;
    rows++;
  }

  /** Appends all rows of another. */
  public void appendAll(RowSpool other) throws IOException {
    try (RowSource source = other.read()) {
      while (source.next()) {
        append(source.buffer(), source.length());
      }
    }
  }

  public long rows() {
    return rows;
  }

  /** Size in bytes, in memory and in the file. */
  public long bytes() {
    return flushed + buffered;
  }

  public Mark mark() {
    return new Mark(bytes(), rows);
  }

  /** Drops what was appended since the mark. */
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
   * Reads all rows from the start. Nothing may be appended until the source is closed; several
   * threads may read at a time, each a source of its own.
   */
  public synchronized RowSource read() throws IOException {
    if (flushed == 0) {
      return new Source(new ByteArrayInputStream(buffer, 0, buffered));
    }
    flush();
    return new Source(new BufferedInputStream(Files.newInputStream(spillFile()), BUFFER));
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
    FileChannel out = channel();
    ByteBuffer pending = ByteBuffer.wrap(buffer, 0, buffered);
    while (pending.hasRemaining()) {
      out.write(pending);
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

  /**
   * A runner may move a spool between steps: rows in memory go along, a file is only pointed at.
   */
  private Object writeReplace() throws IOException {
    if (flushed > 0) {
      flush();
    }
    return new Moved(
        directory.toString(),
        Arrays.copyOf(buffer, buffered),
        file == null ? null : file.toString(),
        flushed,
        rows);
  }

  private static final class Moved implements Serializable {
    private static final long serialVersionUID = 1L;

    private final String directory;
    private final byte[] buffer;
    private final @Nullable String file;
    private final long flushed;
    private final long rows;

    Moved(String directory, byte[] buffer, @Nullable String file, long flushed, long rows) {
      this.directory = directory;
      this.buffer = buffer;
      this.file = file;
      this.flushed = flushed;
      this.rows = rows;
    }

    private Object readResolve() {
      RowSpool spool = new RowSpool(Path.of(directory));
      spool.buffer = buffer;
      spool.buffered = buffer.length;
      spool.flushed = flushed;
      spool.rows = rows;
      if (file != null) {
        // Not opened: a runner decodes copies that nobody reads, also when the rows are gone
        // already.
        spool.file = Path.of(file);
      }
      return spool;
    }
  }

  private static final class Source implements RowSource {
    private final InputStream in;
    private byte[] row = new byte[512];
    private int length;

    Source(InputStream in) {
      this.in = in;
    }

    @Override
    public boolean next() throws IOException {
      int first = in.read();
      if (first < 0) {
        return false;
      }
      int size = (first << 24) | (required() << 16) | (required() << 8) | required();
      if (row.length < size) {
        row = new byte[Math.max(size, row.length * 2)];
      }
      if (in.readNBytes(row, 0, size) != size) {
        throw new EOFException("spill file ends within a row");
      }
      length = size;
      return true;
    }

    private int required() throws IOException {
      int b = in.read();
      if (b < 0) {
        throw new EOFException("spill file ends within a row's length");
      }
      return b;
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
