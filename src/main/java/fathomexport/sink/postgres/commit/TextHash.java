package fathomexport.sink.postgres.commit;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * PostgreSQL's {@code hashtextextended} under a deterministic collation, for a text in UTF-8: Bob
 * Jenkins' lookup3 with a seed, as on little-endian machines. Use it for optimizations only, never
 * for correctness: the server's own hash is authoritative.
 */
final class TextHash {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int START = 0x9e3779b9 + 3_923_095;
  private static final int BLOCK = 12;

  private int a;
  private int b;
  private int c;

  /** Returns the hash of the first {@code length} bytes, with this seed. */
  long of(byte[] text, int length, long seed) {
    a = START + length;
    b = a;
    c = a;
    if (seed != 0) {
      a += (int) (seed >>> 32);
      b += (int) seed;
      mix();
    }
    int at = 0;
    for (; length - at >= BLOCK; at += BLOCK) {
      a += (int) INT.get(text, at);
      b += (int) INT.get(text, at + 4);
      c += (int) INT.get(text, at + 8);
      mix();
    }
    // The lowest byte of c is reserved for the length, which is already included.
    for (int i = length - 1; i >= at; i--) {
      int place = i - at;
      int value = text[i] & 0xff;
      if (place >= 8) {
        c += value << (8 * (place - 7));
      } else if (place >= 4) {
        b += value << (8 * (place - 4));
      } else {
        a += value << (8 * place);
      }
    }
    end();
    return ((long) b << 32) | (c & 0xffff_ffffL);
  }

  private void mix() {
    a = (a - c) ^ Integer.rotateLeft(c, 4);
    c += b;
    b = (b - a) ^ Integer.rotateLeft(a, 6);
    a += c;
    c = (c - b) ^ Integer.rotateLeft(b, 8);
    b += a;
    a = (a - c) ^ Integer.rotateLeft(c, 16);
    c += b;
    b = (b - a) ^ Integer.rotateLeft(a, 19);
    a += c;
    c = (c - b) ^ Integer.rotateLeft(b, 4);
    b += a;
  }

  private void end() {
    c = (c ^ b) - Integer.rotateLeft(b, 14);
    a = (a ^ c) - Integer.rotateLeft(c, 11);
    b = (b ^ a) - Integer.rotateLeft(a, 25);
    c = (c ^ b) - Integer.rotateLeft(b, 16);
    a = (a ^ c) - Integer.rotateLeft(c, 4);
    b = (b ^ a) - Integer.rotateLeft(a, 14);
    c = (c ^ b) - Integer.rotateLeft(b, 24);
  }
}
