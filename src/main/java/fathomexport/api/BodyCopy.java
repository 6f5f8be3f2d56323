package fathomexport.api;

import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;

/** A compressed copy of a body, made while the body is read. A copy that grows too long is none. */
final class BodyCopy {
  private static final int MOST_BYTES = 8 << 20;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final GZIPOutputStream packed;

  BodyCopy() throws IOException {
    this.packed = new GZIPOutputStream(bytes);
  }

  /** Returns a stream that copies what is read from it. */
  InputStream of(InputStream body) {
    return new FilterInputStream(body) {
      @Override
      public int read() throws IOException {
        int b = super.read();
        if (b >= 0) {
          copy(new byte[] {(byte) b}, 0, 1);
        }
        return b;
      }

      @Override
      public int read(byte[] buffer, int offset, int length) throws IOException {
        int n = super.read(buffer, offset, length);
        if (n > 0) {
          copy(buffer, offset, n);
        }
        return n;
      }

      @Override
      public long skip(long n) throws IOException {
        return super.skip(0);
      }

      @Override
      public boolean markSupported() {
        return false;
      }
    };
  }

  private void copy(byte[] buffer, int offset, int length) throws IOException {
    if (bytes.size() <= MOST_BYTES) {
      packed.write(buffer, offset, length);
    }
  }

  /** Returns the copy, once the body is read; empty if it is too long. */
  Optional<byte[]> bytes() throws IOException {
    packed.close();
    return bytes.size() <= MOST_BYTES ? Optional.of(bytes.toByteArray()) : Optional.empty();
  }
}
