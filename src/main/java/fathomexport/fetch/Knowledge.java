package fathomexport.fetch;

import fathomexport.ledger.Learned;
import fathomexport.ledger.Ledger;
import fathomexport.ledger.LedgerException;
import fathomexport.ledger.OffsetSupport;
import fathomexport.report.SiteId;
import fathomexport.sink.Sink;
import fathomexport.sinks.Sinks;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is known of the API's unwritten limits: read from the ledger, added to by answers.
 * Thread-safe.
 */
public final class Knowledge {
  private static final Logger LOG = LoggerFactory.getLogger(Knowledge.class);

  private final List<Ledger> ledgers;
  private final String account;
  private final Map<String, Integer> maxDays;

  /** Most rows to ask for at a time, by shape, where more were refused. */
  private final Map<String, Integer> limits = new HashMap<>();

  /** The most rows that were asked for in a question of this run that passed, by shape. */
  private final Map<String, Integer> acceptedLimits = new HashMap<>();

  private @Nullable OffsetSupport offset;

  /** Pages by offset did not add up, and nothing shows yet whether that is why. */
  private boolean offsetDoubted;

  /** Refusals that neither a lower limit nor a narrower range helped against, by shape. */
  private final Map<String, Map<SiteId, Set<String>>> hopeless = new HashMap<>();

  private int rowCap;

  /**
   * Of this run alone: a cap may have come up since the last, and would hide behind its longer
   * answers.
   */
  private int mostRows;

  private final int mostRowsBefore;

  /** Of this run alone, too: it costs a few requests to find out again. */
  private boolean sortsNoFields;

  /**
   * @param account whose API it is: others may have other limits
   */
  public Knowledge(Sinks sinks, String account) {
    this.ledgers = sinks.all().stream().map(Sink::ledger).toList();
    this.account = account;
    Learned learned = sinks.ledger().learned();
    learned
        .limits()
        .forEach(
            (whose, rows) -> {
              if (whose.account().equals(account)) {
                limits.put(whose.shapeKey(), rows);
              }
            });
    this.offset = learned.offsets().get(account);
    this.maxDays = new HashMap<>(learned.maxDays());
    this.rowCap = learned.rowCap().orElse(Integer.MAX_VALUE);
    this.mostRowsBefore = learned.mostRows();
  }

  /** Rows to ask for at a time, given the configured limit. */
  synchronized int limit(String shapeKey, int configured) {
    Integer own = limits.get(shapeKey);
    if (own == null && acceptedLimits.getOrDefault(shapeKey, 0) < configured) {
      // What is refused for one shape is most likely refused for all.
      own = limits.values().stream().min(Integer::compare).orElse(null);
    }
    return Math.min(Math.min(configured, own == null ? Integer.MAX_VALUE : own), rowCap);
  }

  /** Whether an answer of this run shows that so many rows may be asked for. */
  synchronized boolean acceptsLimit(int rows) {
    return acceptedLimits.values().stream().anyMatch(accepted -> accepted >= rows);
  }

  /** A question with this limit was answered. */
  synchronized void limitAccepted(String shapeKey, int rows) {
    acceptedLimits.merge(shapeKey, rows, Math::max);
  }

  /** A question that was refused with a higher limit was answered with this one. */
  synchronized void limitRefused(String shapeKey, int rows, String words) {
    LOG.warn(
        "the API refuses to be asked for more than {} rows at a time ({}); asking for {}",
        rows,
        words,
        rows);
    limits.merge(shapeKey, rows, Math::min);
    acceptedLimits.put(shapeKey, rows);
    learn(new Learned.Lesson.Limit(account, shapeKey, rows));
  }

  /** Neither a lower limit nor a narrower range helped against a refusal. */
  synchronized void hopeless(String shapeKey, SiteId site, String words) {
    hopeless
        .computeIfAbsent(shapeKey, k -> new HashMap<>())
        .computeIfAbsent(site, k -> new HashSet<>())
        .add(words);
  }

  /** Whether a refusal is known to be about neither, of this site or of two others. */
  synchronized boolean isHopeless(String shapeKey, SiteId site, String words) {
    Map<SiteId, Set<String>> sites = hopeless.getOrDefault(shapeKey, Map.of());
    return sites.getOrDefault(site, Set.of()).contains(words)
        || sites.values().stream().filter(all -> all.contains(words)).count() >= 2;
  }

  /** Whether to ask for pages by {@code offset}: it is honoured, or nobody knows. */
  synchronized boolean mayUseOffset() {
    return !offsetDoubted && (offset == null || offset == OffsetSupport.HONOURED);
  }

  synchronized boolean offsetIsUnknown() {
    return offset == null;
  }

  /** Pages by {@code offset} do not add up; {@link #learnOffset} may say why. */
  synchronized void doubtOffset() {
    offsetDoubted = true;
  }

  synchronized void learnOffset(OffsetSupport support) {
    if (support != offset) {
      LOG.info("the API's answer to the parameter offset: {}", support.label());
      offset = support;
      learn(new Learned.Lesson.Offset(account, support));
    }
  }

  /** What was known of {@code offset} is true no longer; it is asked again in a later run. */
  synchronized void forgetOffset() {
    offset = null;
    learn(new Learned.Lesson.OffsetUnknown(account));
  }

  /** Widest range to ask this shape for, given the widest that the rules allow. */
  synchronized int maxDays(String shapeKey, int allowed) {
    return Math.min(allowed, maxDays.getOrDefault(shapeKey, Integer.MAX_VALUE));
  }

  synchronized void rangeRefused(String shapeKey, int days, String words) {
    LOG.warn("the API refuses the range of {} ({}); asking for {} days", shapeKey, words, days);
    maxDays.merge(shapeKey, days, Math::min);
    learn(new Learned.Lesson.MaxDays(shapeKey, days));
  }

  synchronized void rowsCapped(int rows) {
    LOG.warn("the API cuts answers off at {} rows, below the limit asked for", rows);
    rowCap = Math.min(rowCap, rows);
    mostRows = Math.min(mostRows, rows);
    learn(new Learned.Lesson.RowCap(rows));
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
  public synchronized void close() {
    if (mostRows > mostRowsBefore) {
      learn(new Learned.Lesson.MostRows(mostRows));
    }
  }

  /** Writes a lesson to the ledger of every sink: a later run may use only one of them. */
  private void learn(Learned.Lesson lesson) {
    for (Ledger ledger : ledgers.subList(1, ledgers.size())) {
      try {
        ledger.learn(lesson);
      } catch (LedgerException e) {
        LOG.warn("one of the ledgers does not keep what was learned: {}", e.getMessage());
      }
    }
    ledgers.get(0).learn(lesson);
  }
}
