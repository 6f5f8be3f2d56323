package fathomexport.fetch.limits;

import fathomexport.ledger.Learned;
import fathomexport.ledger.Ledger;
import fathomexport.ledger.LedgerException;
import fathomexport.ledger.OffsetSupport;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.SiteId;
import fathomexport.sink.Sink;
import fathomexport.sinks.Sinks;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Limits of the API learned from its responses (row limit, row cap, range width, offset support):
 * read from the ledger, extended during the run. Thread-safe.
 */
public final class Knowledge {
  private static final Logger LOG = LoggerFactory.getLogger(Knowledge.class);

  private final List<Ledger> ledgers;
  private final String account;
  private final Map<String, Integer> maxDays;

  /** Shapes of which a range was refused without a stated cause, and a single period passed. */
  private final Set<String> doubtedRanges = new HashSet<>();

  /** Widest range in days that this run learned, by date grouping. */
  private final Map<DateGrouping, Integer> learnedDays = new EnumMap<>(DateGrouping.class);

  /** Widest range of an accepted request of this run in days, by query shape. */
  private final Map<String, Integer> acceptedDays = new HashMap<>();

  /** Most rows per request, by query shape, where a higher limit was refused. */
  private final Map<String, Integer> limits = new HashMap<>();

  /** Highest limit of an accepted request of this run, by query shape. */
  private final Map<String, Integer> acceptedLimits = new HashMap<>();

  /** Whether to request the configured limit again, although a lower one was learned. */
  private boolean triesLimitAgain;

  /** Date groupings whose learned ranges are to be exceeded once, to see if they still hold. */
  private final Set<DateGrouping> triesRangesAgain;

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
    this.triesRangesAgain =
        triesAgain ? EnumSet.allOf(DateGrouping.class) : EnumSet.noneOf(DateGrouping.class);
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
      learn(new Learned.Lesson.LimitUnknown(account, shape));
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
    learn(new Learned.Lesson.Limit(account, shapeKey, rows));
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
      learn(new Learned.Lesson.Offset(account, support));
    }
  }

  /**
   * Deletes what was learned about {@code offset}, since it no longer holds; a later run tries it
   * again.
   */
  public synchronized void forgetOffset() {
    offset = null;
    learn(new Learned.Lesson.OffsetUnknown(account));
  }

  /**
   * Returns the widest range per request for a query shape, in days.
   *
   * @param allowed the widest range that the rules allow, in days
   */
  public synchronized int maxDays(QueryShape shape, int allowed) {
    return triesRangesAgain.contains(shape.dateGrouping())
        ? allowed
        : Math.min(allowed, maxDays.getOrDefault(shape.key(), Integer.MAX_VALUE));
  }

  /** Returns the widest range that was learned for a query shape, in days; 0 if none was. */
  synchronized int learnedDays(QueryShape shape) {
    return maxDays.getOrDefault(shape.key(), 0);
  }

  /** Records that the API accepted a range, and forgets a narrower one that was learned. */
  synchronized void rangeAccepted(QueryShape shape, DayRange range) {
    String shapeKey = shape.key();
    acceptedDays.merge(shapeKey, range.days(), Math::max);
    int learned = learnedDays(shape);
    // A single period is never cut, whatever was learned.
    if (learned > 0
        && learned < range.days()
        && shape.dateGrouping().periodEnd(range.first()).isBefore(range.last())) {
      LOG.info(
          "the API accepts {} days of {} again; forgetting the narrower range",
          range.days(),
          shapeKey);
      maxDays.remove(shapeKey);
      learn(new Learned.Lesson.MaxDaysUnknown(shapeKey));
    }
  }

  /**
   * Records that the API refused a range wider than the one that was learned, and accepted the
   * latter. It most likely has one maximum, so no other shape of the date grouping tries again.
   */
  synchronized void rangeStillRefused(DateGrouping grouping) {
    triesRangesAgain.remove(grouping);
  }

  /**
   * Records that a single period passed after a wider range was refused without a stated cause. One
   * such refusal is no evidence, since it may have had any cause.
   */
  synchronized void rangeDoubted(String shapeKey) {
    doubtedRanges.add(shapeKey);
  }

  /**
   * Returns whether the refusal of a range of so many days is the second of its shape, and no
   * response of the run shows that the API allows so many.
   */
  synchronized boolean rangeIsDoubted(String shapeKey, int days) {
    return doubtedRanges.contains(shapeKey) && !acceptsRange(shapeKey, days);
  }

  /** Returns whether a response of this run shows that a range of so many days is accepted. */
  synchronized boolean acceptsRange(String shapeKey, int days) {
    return acceptedDays.getOrDefault(shapeKey, 0) >= days;
  }

  /** Returns the widest range that this run learned for any shape of a date grouping; 0 if none. */
  synchronized int learnedDays(DateGrouping grouping) {
    return learnedDays.getOrDefault(grouping, 0);
  }

  synchronized void rangeRefused(QueryShape shape, int days, String words) {
    String shapeKey = shape.key();
    LOG.warn("the API refuses the range of {} ({}); requesting {} days", shapeKey, words, days);
    triesRangesAgain.remove(shape.dateGrouping());
    learnedDays.merge(shape.dateGrouping(), days, Math::min);
    maxDays.merge(shapeKey, days, Math::min);
    learn(new Learned.Lesson.MaxDays(shapeKey, days));
  }

  synchronized void rowsCapped(int rows) {
    LOG.warn("the API cuts off answers at {} rows, below the requested limit", rows);
    rowCap = Math.min(rowCap, rows);
    mostRows = Math.min(mostRows, rows);
    learn(new Learned.Lesson.RowCap(rows));
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
      learn(new Learned.Lesson.MostRows(mostRows));
    }
  }

  /**
   * Writes a lesson to the ledger of every sink, since a later run may use only one of them. Only a
   * failure of the first ledger is an error.
   */
  private void learn(Learned.Lesson lesson) {
    for (Ledger ledger : ledgers.subList(1, ledgers.size())) {
      try {
        ledger.learn(lesson);
      } catch (LedgerException e) {
        LOG.warn(
            "could not store what was learned about the API in one of the ledgers: {}",
            e.getMessage());
      }
    }
    ledgers.get(0).learn(lesson);
  }
}
