package fathomexport.report.rows;

import fathomexport.report.TableSchema;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.commons.codec.digest.MurmurHash3;

/**
 * A digest of encoded rows in whatever order: the sum of a 128-bit hash of each. Two sets of rows
 * with one digest are the same rows, the same number of times; it guards against accidents and hand
 * edits, not against forgery.
 */
public final class RowDigest {
  /** Not 0: under that an empty text hashes to nothing. */
  private static final int SEED = 0x9747b28c;

  private final String columns;
  private long low;
  private long high;

  public RowDigest(TableSchema schema) {
    StringBuilder names = new StringBuilder();
    schema.columns().forEach(c -> names.append(c.name()).append(' ').append(c.type()).append('\n'));
    byte[] text = names.toString().getBytes(StandardCharsets.UTF_8);
    this.columns = HexFormat.of().toHexDigits(hash(text, text.length)[0]);
  }

  private static long[] hash(byte[] bytes, int length) {
    return MurmurHash3.hash128x64(bytes, 0, length, SEED);
  }

  /** Takes a row, {@code length} bytes of it. */
  public void add(byte[] row, int length) {
    long[] hash = hash(row, length);
    low += hash[0];
    // Without a carry: the halves are sums of their own.
    high += hash[1];
  }

  /** Begins anew, under the same columns. */
  public void reset() {
    low = 0;
    high = 0;
  }

  /** The digest as text: 16 hex digits of the columns, a dash, 32 of the rows. */
  public String text() {
    HexFormat hex = HexFormat.of();
    return columns + "-" + hex.toHexDigits(high) + hex.toHexDigits(low);
  }

  /** Whether two digests are of rows with the same columns, so that they say anything together. */
  public static boolean comparable(String a, String b) {
    int dash = a.indexOf('-');
    return dash >= 0 && dash == b.indexOf('-') && a.regionMatches(0, b, 0, dash);
  }
}
