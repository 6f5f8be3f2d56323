package fathomexport.sink.parquet.file;

import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Counts, sums and digests rows in order, one period after the other. */
public final class PeriodTally {
  private final List<Column> columns = new ArrayList<>();
  private final int[] indexes;
  private final byte[] seed;
  private final MessageDigest sha256;
  private final long[] sums;
  private final boolean[] overflown;
  private long rows;

  public PeriodTally(TableSchema schema) {
    List<Integer> summed = new ArrayList<>();
    StringBuilder names = new StringBuilder();
    for (int i = 0; i < schema.columns().size(); i++) {
      Column c = schema.columns().get(i);
      names.append(c.name()).append(' ').append(c.type()).append('\n');
      if (!c.isKey() && c.type() == ColumnType.BIGINT) {
        columns.add(c);
        summed.add(i);
      }
    }
    this.indexes = summed.stream().mapToInt(Integer::intValue).toArray();
    // The columns are part of the digest: the same bytes with other columns are different rows.
    this.seed = names.toString().getBytes(StandardCharsets.UTF_8);
    this.sums = new long[indexes.length];
    this.overflown = new boolean[indexes.length];
    try {
      this.sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    reset();
  }

  /**
   * The totals of a period.
   *
   * @param digest 32 hex digits, over the columns and the rows in order
   * @param sums one per whole-number measure, ignoring nulls; null if the sum exceeds 64 bits
   */
  public record TalliedPeriod(
      long rows, String digest, NavigableMap<String, @Nullable Long> sums) {}

  public void add(RowReader row, int length) {
    rows++;
    sha256.update(row.bytes(), 0, length);
    for (int i = 0; i < indexes.length; i++) {
      if (row.isNull(indexes[i])) {
        continue;
      }
      long value = row.integer(indexes[i]);
      long sum = sums[i] + value;
      // The overflow test of Math.addExact.
      if (((sums[i] ^ sum) & (value ^ sum)) < 0) {
        overflown[i] = true;
      }
      sums[i] = sum;
    }
  }

  /** Ends a period and returns its totals. The next row begins another period. */
  public TalliedPeriod finish() {
    NavigableMap<String, @Nullable Long> byName = new TreeMap<>();
    for (int i = 0; i < indexes.length; i++) {
      byName.put(columns.get(i).name(), overflown[i] ? null : sums[i]);
    }
    String digest = HexFormat.of().formatHex(sha256.digest(), 0, 16);
    TalliedPeriod total = new TalliedPeriod(rows, digest, byName);
    reset();
    return total;
  }

  private void reset() {
    rows = 0;
    Arrays.fill(sums, 0);
    Arrays.fill(overflown, false);
    sha256.reset();
    sha256.update(seed);
  }
}
