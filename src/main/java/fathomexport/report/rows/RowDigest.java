package fathomexport.report.rows;

import fathomexport.report.TableSchema;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.commons.codec.digest.MurmurHash3;

/**
 * A digest of encoded rows that does not depend on their order: the sum of a 128-bit hash of each
 * row. Equal digests mean the same rows with the same multiplicity. The digest protects against
 * accidents and manual edits, not against forgery.
 */
public final class RowDigest {
  /** Not 0: with seed 0 the hash of an empty text is 0. */
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

  /** Adds a row: the first {@code length} bytes of the array. */
  public void add(byte[] row, int length) {
    long[] hash = hash(row, length);
    low += hash[0];
    // Without a carry: the two halves are independent sums.
    high += hash[1];
  }

  /** Resets the digest to that of no rows, with the same columns. */
  public void reset() {
    low = 0;
    high = 0;
  }

  /** Returns the digest as text: 16 hex digits for the columns, a dash, 32 for the rows. */
  public String text() {
    HexFormat hex = HexFormat.of();
    return columns + "-" + hex.toHexDigits(high) + hex.toHexDigits(low);
  }

  /**
   * Returns whether two digests are of rows with the same columns. Digests of different columns
   * cannot be compared.
   */
  public static boolean comparable(String a, String b) {
    int dash = a.indexOf('-');
    return dash >= 0 && dash == b.indexOf('-') && a.regionMatches(0, b, 0, dash);
  }
}
