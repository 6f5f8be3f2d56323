package fathomexport.fetch.limits;

import fathomexport.ledger.Learned;
import fathomexport.ledger.OffsetSupport;
import fathomexport.report.SiteId;
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
 * Limits of the API learned from its responses (row limit, row cap, offset support, and the widths
 * of {@link LearnedRanges}): read from the ledger, extended during the run. Thread-safe.
 */
public final class Knowledge {
  private static final Logger LOG = LoggerFactory.getLogger(Knowledge.class);

  private final LessonWriter lessons;
  private final LearnedRanges ranges;
  private final String account;

  /** Most rows per request, by query shape, where a higher limit was refused. */
  private final Map<String, Integer> limits = new HashMap<>();

  /** Highest limit of an accepted request of this run, by query shape. */
  private final Map<String, Integer> acceptedLimits = new HashMap<>();

  /** Whether to request the configured limit again, although a lower one was learned. */
  private boolean triesLimitAgain;

  /** The limit that was refused without evidence that it is too high; 0 if there is none. */
  private int suspectedLimit;

  private @Nullable OffsetSupport offset;

  /** Whether pages by offset were inconsistent, for a reason that is not known yet. */
  private boolean offsetDoubted;

  /**
   * Texts of refusals that neither a lower limit nor a narrower range resolved, by query shape and
   * site.
   */
  private final Map<String, Map<SiteId, Set<String>>> hopeless = new HashMap<>();

  private int rowCap;

  /**
   * Most rows of a response of this run. Earlier runs do not count: the API may have introduced a
   * cap since, and their longer responses would hide it.
   */
  private int mostRows;

  private final int mostRowsBefore;

  /**
   * Whether responses are not sorted by text fields. Kept for this run only: finding out again
   * costs a few requests.
   */
  private boolean sortsNoFields;

  /**
   * @param account the account whose limits to read; other accounts may have other limits
   * @param triesAgain whether the run tests if the API accepts the configured limit and wider
   *     ranges again
   */
  public Knowledge(Sinks sinks, String account, boolean triesAgain) {
    this.triesLimitAgain = triesAgain;
    this.lessons = new LessonWriter(sinks);
    this.account = account;
    Learned learned = sinks.ledger().learned();
    this.ranges = new LearnedRanges(learned.maxDays(), triesAgain, lessons);
    learned
        .limits()
        .forEach(
            (whose, rows) -> {
              if (whose.account().equals(account)) {
                limits.put(whose.shapeKey(), rows);
              }
            });
    this.offset = learned.offsets().get(account);
    this.rowCap = learned.rowCap().orElse(Integer.MAX_VALUE);
    this.mostRowsBefore = learned.mostRows();
  }

  /** Returns how wide the ranges of requests may be. */
  public LearnedRanges ranges() {
    return ranges;
  }

  /** Returns the rows per request for a query shape, at most the configured limit. */
  public synchronized int limit(String shapeKey, int configured) {
    Integer own = triesLimitAgain ? Integer.valueOf(configured) : limits.get(shapeKey);
    if (own == null && acceptedLimits.getOrDefault(shapeKey, 0) < configured) {
      // A limit that is refused for one shape is most likely refused for all.
      own = limits.values().stream().min(Integer::compare).orElse(null);
    }
    return Math.min(Math.min(configured, own == null ? Integer.MAX_VALUE : own), rowCap);
  }

  /** Returns whether a response of this run shows that a limit of so many rows is accepted. */
  synchronized boolean acceptsLimit(int rows) {
    return acceptedLimits.values().stream().anyMatch(accepted -> accepted >= rows);
  }

  /** Records that the API accepted a request with this limit. */
  synchronized void limitAccepted(String shapeKey, int rows) {
    acceptedLimits.merge(shapeKey, rows, Math::max);
    if (rows >= suspectedLimit) {
      suspectedLimit = 0;
    }
    List<String> refuted =
        limits.entrySet().stream()
            .filter(known -> triesLimitAgain && known.getValue() < rows)
            .map(Map.Entry::getKey)
            .toList();
    for (String shape : refuted) {
      LOG.info("the API accepts {} rows at a time again; forgetting the lower limit", rows);
      limits.remove(shape);
      lessons.learn(new Learned.Lesson.LimitUnknown(account, shape));
    }
  }

  /**
   * Records that a request passed with a lower limit after it was refused with this one.
   *
   * @return whether there is evidence now: another request was refused with it, in this run or
   *     before
   */
  synchronized boolean limitSuspected(int rows) {
    boolean again = suspectedLimit > 0 || !limits.isEmpty();
    suspectedLimit = rows;
    return again;
  }

  /** Returns the limit that an earlier response showed for a query shape; 0 if there is none. */
  synchronized int learnedLimit(String shapeKey) {
    return limits.getOrDefault(shapeKey, limits.values().stream().min(Integer::compare).orElse(0));
  }

  /**
   * Records that the API accepted this limit after it refused the same request with a higher one.
   */
  synchronized void limitRefused(String shapeKey, int rows, String words) {
    LOG.warn(
        "the API refuses requests for more than {} rows ({}); requesting {}", rows, words, rows);
    triesLimitAgain = false;
    suspectedLimit = 0;
    limits.merge(shapeKey, rows, Math::min);
    acceptedLimits.put(shapeKey, rows);
    lessons.learn(new Learned.Lesson.Limit(account, shapeKey, rows));
  }

  /** Records that neither a lower limit nor a narrower range resolved a refusal. */
  public synchronized void hopeless(String shapeKey, SiteId site, String words) {
    hopeless
        .computeIfAbsent(shapeKey, k -> new HashMap<>())
        .computeIfAbsent(site, k -> new HashSet<>())
        .add(words);
  }

  /**
   * Returns whether a refusal with this text is known to be about neither the limit nor the range,
   * for this site or for two others.
   */
  public synchronized boolean isHopeless(String shapeKey, SiteId site, String words) {
    Map<SiteId, Set<String>> sites = hopeless.getOrDefault(shapeKey, Map.of());
    return sites.getOrDefault(site, Set.of()).contains(words)
        || sites.values().stream().filter(all -> all.contains(words)).count() >= 2;
  }

  /**
   * Returns whether to request pages by {@code offset}: the API honours it, or that is not known
   * yet.
   */
  public synchronized boolean mayUseOffset() {
    return !offsetDoubted && (offset == null || offset == OffsetSupport.HONOURED);
  }

  public synchronized boolean offsetIsUnknown() {
    return offset == null;
  }

  /** Records that pages by {@code offset} are inconsistent; {@link #learnOffset} may record why. */
  public synchronized void doubtOffset() {
    offsetDoubted = true;
  }

  public synchronized void learnOffset(OffsetSupport support) {
    if (support != offset) {
      LOG.info("how the API treats the parameter offset: {}", support.label());
      offset = support;
      lessons.learn(new Learned.Lesson.Offset(account, support));
    }
  }

  /**
   * Deletes what was learned about {@code offset}, since it no longer holds; a later run tries it
   * again.
   */
  public synchronized void forgetOffset() {
    offset = null;
    lessons.learn(new Learned.Lesson.OffsetUnknown(account));
  }

  synchronized void rowsCapped(int rows) {
    LOG.warn("the API cuts off answers at {} rows, below the requested limit", rows);
    rowCap = Math.min(rowCap, rows);
    mostRows = Math.min(mostRows, rows);
    lessons.learn(new Learned.Lesson.RowCap(rows));
  }

  /**
   * Returns whether a response of so many rows may have been cut off: no response of this run had
   * more.
   */
  synchronized boolean mayBeCap(long rows) {
    return rows >= mostRows && rows > 1;
  }

  public synchronized void sawRows(long rows) {
    mostRows = (int) Math.max(mostRows, Math.min(rows, Integer.MAX_VALUE));
  }

  /** Returns whether responses sorted by a text field were in no usable order. */
  public synchronized boolean sortsNoFields() {
    return sortsNoFields;
  }

  public synchronized void sawUnsortedFields() {
    sortsNoFields = true;
  }

  /** Writes the largest response of this run to the ledger if it exceeds the stored one. */
  public synchronized void close() {
    if (mostRows > mostRowsBefore) {
      lessons.learn(new Learned.Lesson.MostRows(mostRows));
    }
  }
}
