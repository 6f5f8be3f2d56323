package fathomexport.sink.parquet.ledger;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Which content a file has, as far as its ledger depends on it: the file's size and two checksums,
 * of the whole file or of its footer. To compute them takes a few microseconds. Unlike the time of
 * the last change, they tell contents apart that were written within the same tick of the clock,
 * and are the same after a copy or a restored backup.
 */
record FileContent(long size, long checksums) {
  /** What stands for a file that does not exist. */
  static final FileContent NONE = new FileContent(-1, 0);

  /** The length of the footer and the name of the format, at the end of each Parquet file. */
  private static final int TRAILER = 8;

  private static final int READ_AT_ONCE = 16 * 1024;

  /** Identifies a text that was read from a file. */
  static FileContent of(byte[] content) {
    Checksums checksums = new Checksums();
    checksums.update(ByteBuffer.wrap(content));
    return new FileContent(content.length, checksums.value());
  }

  /** Identifies a Parquet file by its footer. Returns null if the file ends without one. */
  static @Nullable FileContent ofFooter(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      long size = channel.size();
      ByteBuffer end =
          read(channel, Math.max(0, size - READ_AT_ONCE), (int) Math.min(size, READ_AT_ONCE));
      if (end.remaining() < TRAILER) {
        return null;
      }
      long footer = TRAILER + (long) end.getInt(end.limit() - TRAILER);
      if (footer < TRAILER || footer > size) {
        return null;
      }
      Checksums checksums = new Checksums();
      long position = size - footer;
      for (; position < size - end.limit(); position += READ_AT_ONCE) {
        checksums.update(
            read(channel, position, (int) Math.min(READ_AT_ONCE, size - end.limit() - position)));
      }
      end.position((int) (position - (size - end.limit())));
      checksums.update(end);
      return new FileContent(size, checksums.value());
    }
  }

  private static ByteBuffer read(FileChannel channel, long position, int length)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    boolean more = true;
    while (more && bytes.hasRemaining()) {
      more = channel.read(bytes, position + bytes.position()) >= 0;
    }
    return bytes.flip();
  }

  /** Two checksums of 32 bits with different polynomials. */
  private static final class Checksums {
    private final CRC32 first = new CRC32();
    private final CRC32C second = new CRC32C();

    void update(ByteBuffer bytes) {
      first.update(bytes.duplicate());
      second.update(bytes);
    }

    long value() {
      return first.getValue() << Integer.SIZE | second.getValue();
    }
  }
}
