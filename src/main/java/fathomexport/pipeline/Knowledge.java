package fathomexport.pipeline;

import fathomexport.ledger.Learned;
import fathomexport.ledger.Ledger;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is known of the API's unwritten limits: read from the ledger, added to by answers.
 * Thread-safe.
 */
final class Knowledge {
  private static final Logger LOG = LoggerFactory.getLogger(Knowledge.class);

  private final Ledger ledger;
  private final Map<String, Integer> maxDays;
  private int rowCap;

  /**
   * Of this run alone: a cap may have come up since the last, and would hide behind its longer
   * answers.
   */
  private int mostRows;

  private final int mostRowsBefore;

  /** Of this run alone, too: it costs a few requests to find out again. */
  private boolean sortsNoFields;

  Knowledge(Ledger ledger) {
    this.ledger = ledger;
    Learned learned = ledger.learned();
    this.maxDays = new HashMap<>(learned.maxDays());
    this.rowCap = learned.rowCap().orElse(Integer.MAX_VALUE);
    this.mostRowsBefore = learned.mostRows();
  }

  /** Rows to ask for at a time, given the configured limit. */
  synchronized int limit(int configured) {
    return Math.min(configured, rowCap);
  }

  /** Widest range to ask this shape for, given the widest that the rules allow. */
  synchronized int maxDays(String shapeKey, int allowed) {
    return Math.min(allowed, maxDays.getOrDefault(shapeKey, Integer.MAX_VALUE));
  }

  synchronized void rangeRefused(String shapeKey, int days, String words) {
    LOG.warn("the API refuses the range of {} ({}); asking for {} days", shapeKey, words, days);
    maxDays.merge(shapeKey, days, Math::min);
    ledger.learn(new Learned.Lesson.MaxDays(shapeKey, days));
  }

  synchronized void rowsCapped(int rows) {
    LOG.warn("the API cuts answers off at {} rows, below the limit asked for", rows);
    rowCap = Math.min(rowCap, rows);
    mostRows = Math.min(mostRows, rows);
    ledger.learn(new Learned.Lesson.RowCap(rows));
  }

  /** Whether an answer of so many rows may have been cut off, for all that is known. */
  synchronized boolean mayBeCap(long rows) {
    return rows >= mostRows && rows > 1;
  }

  synchronized void sawRows(long rows) {
    mostRows = (int) Math.max(mostRows, Math.min(rows, Integer.MAX_VALUE));
  }

  /** Whether answers sorted by a text field have come in no order of use. */
  synchronized boolean sortsNoFields() {
    return sortsNoFields;
  }

  synchronized void sawUnsortedFields() {
    sortsNoFields = true;
  }

  /** Writes down what grew along the way. */
  synchronized void close() {
    if (mostRows > mostRowsBefore) {
      ledger.learn(new Learned.Lesson.MostRows(mostRows));
    }
  }
}
