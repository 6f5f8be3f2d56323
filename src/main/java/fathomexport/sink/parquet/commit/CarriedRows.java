package fathomexport.sink.parquet.commit;

import fathomexport.report.Column;
import fathomexport.report.rows.RowReader;
import fathomexport.sink.parquet.file.DamagedFileException;
import fathomexport.sink.parquet.file.PeriodTally;
import fathomexport.sink.parquet.file.RowFileReader;
import fathomexport.sink.parquet.file.RowTime;
import fathomexport.sink.parquet.ledger.PeriodKey;
import fathomexport.sink.parquet.ledger.StoredPeriod;
import java.io.Closeable;
import java.io.IOException;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.apache.parquet.filter2.compat.FilterCompat;
import org.jspecify.annotations.Nullable;

/**
 * Streams the rows of a file that the window does not replace, in their order. The replaced rows
 * are counted and skipped. All rows are compared with the footer, so that damage is not copied into
 * the new file.
 */
final class CarriedRows implements Closeable {
  private final FilePlan plan;
  private final RowReader reader;
  private final RowTime time;
  private final PeriodTally tally;
  private final int eventColumn;
  private final @Nullable RowFileReader rows;
  private final Map<PeriodKey, PeriodTally.TalliedPeriod> replaced = new HashMap<>();
  private final NavigableMap<PeriodKey, StoredPeriod> redigested = new TreeMap<>();
  private long seen;
  private byte[] event = new byte[0];
  private @Nullable PeriodKey key;
  private boolean keyIsReplaced;

  CarriedRows(FilePlan plan) throws IOException {
    this.plan = plan;
    this.reader = new RowReader(plan.target());
    this.time = new RowTime(plan.target());
    this.tally = new PeriodTally(plan.target());
    this.eventColumn = plan.target().indexOf(Column.Role.EVENT);
    boolean any = plan.footer != null && plan.footer.rows() > 0;
    this.rows = any ? new RowFileReader(plan.file, plan.target(), FilterCompat.NOOP) : null;
  }

  /**
   * Moves to the next row that remains.
   *
   * @throws IOException if the file cannot be read, or its rows differ from its footer
   */
  boolean next() throws IOException {
    if (rows == null) {
      return false;
    }
    while (rows.next()) {
      reader.read(rows.buffer(), rows.length());
      follow();
      tally.add(reader, rows.length());
      seen++;
      if (!keyIsReplaced) {
        return true;
      }
    }
    finishPeriod();
    if (plan.footer != null && seen != plan.footer.rows()) {
      throw damaged(seen + " rows instead of " + plan.footer.rows());
    }
    return false;
  }

  RowReader row() {
    return reader;
  }

  /** Returns whether the current row comes after this one. */
  boolean isAfter(byte[] row, int length) {
    return rows != null
        && Arrays.compareUnsigned(row, 0, length, rows.buffer(), 0, rows.length()) < 0;
  }

  /** Returns the totals of the replaced periods as read. Periods without rows are left out. */
  Map<PeriodKey, PeriodTally.TalliedPeriod> replaced() {
    return replaced;
  }

  /**
   * Returns the remaining periods with new digests, for a file whose columns change and with them
   * the bytes of its rows.
   */
  NavigableMap<PeriodKey, StoredPeriod> redigested() {
    return redigested;
  }

  private void follow() throws IOException {
    LocalDate period = time.period(reader);
    LocalDate rangeEnd = time.rangeEnd(reader);
    PeriodKey last = key;
    if (last != null
        && last.period().equals(period)
        && last.rangeEnd().equals(rangeEnd)
        && sameEvent()) {
      return;
    }
    finishPeriod();
    String name = "";
    if (eventColumn >= 0) {
      int start = reader.textStart(eventColumn);
      event = Arrays.copyOfRange(reader.bytes(), start, start + reader.textLength(eventColumn));
      name = String.valueOf(reader.text(eventColumn));
    }
    PeriodKey next = new PeriodKey(name, period, rangeEnd);
    key = next;
    keyIsReplaced = plan.replaces(next);
  }

  private boolean sameEvent() {
    if (eventColumn < 0) {
      return true;
    }
    int start = reader.textStart(eventColumn);
    return Arrays.equals(
        reader.bytes(), start, start + reader.textLength(eventColumn), event, 0, event.length);
  }

  private void finishPeriod() throws IOException {
    PeriodKey done = key;
    key = null;
    if (done == null || plan.footer == null) {
      return;
    }
    PeriodTally.TalliedPeriod total = tally.finish();
    StoredPeriod said = plan.footer.periods().get(done);
    if (said == null
        || !said.entry().stored()
        || said.entry().certificate().rows() != total.rows()
        || (plan.columnsStay() && !said.digest().equals(total.digest()))) {
      throw damaged("the rows of " + done.period() + " do not match its metadata");
    }
    if (keyIsReplaced) {
      replaced.put(done, total);
    } else if (!plan.columnsStay()) {
      redigested.put(done, new StoredPeriod(said.entry(), total.digest()));
    }
  }

  private IOException damaged(String what) {
    return DamagedFileException.of(plan.file, new IOException(what));
  }

  @Override
  public void close() throws IOException {
    if (rows != null) {
      rows.close();
    }
  }
}
