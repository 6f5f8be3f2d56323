package fathomexport.testing;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** A Parquet file's parts, by the format's own words: data, footer, its length, magic. */
final class ParquetBytes {
  private static final int TAIL = 8;

  private ParquetBytes() {}

  /** All that comes before the footer. */
  static byte[] data(byte[] file) {
    int footer =
        ByteBuffer.wrap(file, file.length - TAIL, Integer.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .getInt();
    return Arrays.copyOf(file, file.length - TAIL - footer);
  }
}
