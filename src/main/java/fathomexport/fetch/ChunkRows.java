package fathomexport.fetch;

import fathomexport.api.answer.AggregationAnswer;
import fathomexport.certify.Certifier;
import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.rows.PageReader;
import fathomexport.plan.FetchTask;
import fathomexport.plan.RangeQuery;
import fathomexport.report.DayRange;
import fathomexport.report.rows.RowSpool;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rows of a range that have been fetched so far, what is known of their periods, and where they
 * can be cut into a chunk of whole months, or of whole days.
 */
final class ChunkRows {
  private static final Logger LOG = LoggerFactory.getLogger(ChunkRows.class);

  /**
   * Requests after which the rows so far become a chunk, up to the end of a month. This bounds what
   * a killed run loses to some minutes of the quota.
   */
  private static final int REQUESTS = 25;

  private final RangeQuery query;
  private final Path spillDirectory;

  private final Size size;

  private final Tally tally;
  private final PeriodTotals totals = new PeriodTotals();
  private final Map<LocalDate, Certifier.Fault> faults = new HashMap<>();
  private RowSpool spool;

  /** The latest month that has begun; null before the first row. */
  private @Nullable LocalDate month;

  /** The day before which the rows can be cut into a chunk; null if they cannot. */
  private @Nullable Cut cut;

  /** The first day of the chunk. */
  private LocalDate first;

  /** When the rows so far become a chunk. */
  enum Size {
    /** At the end of the range: without a control, kept rows may still be removed. */
    WHOLE,
    /** After {@link #REQUESTS} requests, up to the end of a month. */
    MONTHS,
    /** After each request, up to the end of a period. */
    PERIODS
  }

  /** The first day behind a chunk, and where its rows begin. */
  private record Cut(LocalDate first, RowSpool.Mark start) {}

  ChunkRows(RangeQuery query, Path spillDirectory, Size size, RowSpool spool, Tally tally) {
    this.query = query;
    this.spillDirectory = spillDirectory;
    this.size = size;
    this.first = query.days().first();
    this.spool = spool;
    this.tally = tally;
  }

  RowSpool spool() {
    return spool;
  }

  Tally tally() {
    return tally;
  }

  /** Returns the sums of the fetched rows. */
  PeriodTotals totals() {
    return totals;
  }

  /** Returns the periods that are known to be incomplete, with the reasons. */
  Map<LocalDate, Certifier.Fault> faults() {
    return Collections.unmodifiableMap(faults);
  }

  /** Marks a period as incomplete. */
  void fault(LocalDate period, Certifier.Fault fault) {
    faults.put(period, fault);
  }

  /** Counts the requests of a page. */
  void answered(DayRange asked, AggregationAnswer answer) {
    tally.requests += answer.requests();
    tally.endedAt = answer.endedAt();
    if (answer.contents().legacyEnvelope()) {
      LOG.warn(
          "{} {}: the answer has the format of an older version of the API", query.slice(), asked);
    }
  }

  /** Records where a month begins. */
  void begins(PageReader.Month begun) {
    if (month != null && !begun.first().isAfter(month)) {
      return;
    }
    if (month != null && size != Size.WHOLE && begun.first().isAfter(first)) {
      cut = new Cut(begun.first(), begun.start());
    }
    month = begun.first();
  }

  /** Records that the rows so far are all those of the days before this one, and no others. */
  void completeBefore(LocalDate day) {
    if (size == Size.PERIODS && day.isAfter(first)) {
      cut = new Cut(day, spool.mark());
    }
  }

  /** Returns whether enough requests were sent for a chunk, and the rows can be cut. */
  boolean isChunk() {
    return cut != null && tally.requests >= (size == Size.PERIODS ? 1 : REQUESTS);
  }

  /** Makes the last chunk contain all rows that are left. */
  void complete() {
    cut = null;
  }

  /** Returns the last day of the chunk that has been fetched. */
  LocalDate end() {
    Cut behind = cut;
    return behind == null ? query.days().last() : behind.first().minusDays(1);
  }

  /**
   * Returns the rows of the fetched chunk and keeps those after it for the next chunk.
   *
   * @param chunk the part of the task that the chunk contains: up to {@link #end()}
   * @param unmoved its periods that the control would confirm
   * @param moved receives the position before which the rows left the spool, if others stay
   */
  Fetched chunk(
      FetchTask chunk,
      @Nullable PeriodTotals known,
      String noControl,
      Set<LocalDate> unmoved,
      Consumer<RowSpool.Mark> moved)
      throws IOException {
    RowSpool rows = spool;
    Cut behind = cut;
    if (behind != null) {
      RowSpool rest = new RowSpool(spillDirectory);
      rows.moveFrom(behind.start(), rest);
      spool = rest;
      cut = null;
      first = behind.first();
      moved.accept(behind.start());
    }
    Map<LocalDate, Certifier.Fault> itsFaults = new HashMap<>(faults);
    itsFaults.keySet().removeIf(day -> !chunk.days().contains(day));
    Fetched fetched =
        new Fetched(
            chunk,
            rows,
            known,
            noControl,
            itsFaults,
            unmoved,
            tally.endedAt,
            tally.requests,
            tally.controlRequests,
            tally.splits);
    tally.startOver();
    return fetched;
  }
}
