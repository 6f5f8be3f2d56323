package fathomexport.pipeline;

import fathomexport.api.AggregationAnswer;
import fathomexport.api.AggregationRequest;
import fathomexport.api.Outcome;
import fathomexport.certify.Certifier;
import fathomexport.certify.PeriodTotals;
import fathomexport.plan.FetchTask;
import fathomexport.plan.Pager;
import fathomexport.plan.WindowPlanner;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.Slice;
import fathomexport.report.rows.RowSpool;
import java.io.IOException;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches a range page by page, and checks each page against the control totals before the next is
 * asked for, so that a cut-off, a cap or a restatement is found where it can still be mended.
 */
final class PagedFetch {
  private static final Logger LOG = LoggerFactory.getLogger(PagedFetch.class);

  /**
   * Times that a page is asked for again when it breaks its contract or disagrees with its control.
   */
  private static final int REASKS = 1;

  /**
   * Requests after which the rows so far are handed out, up to the end of a month: what is lost
   * when the run is killed, some minutes of the quota.
   */
  private static final int PIECE_REQUESTS = 25;

  private final FetchContext context;
  private final Slice slice;
  private final QueryShape shape;
  private final DayRange days;
  private final @Nullable ControlTotals control;
  private RowSpool spool;
  private final Tally tally;
  private final Pager pager;
  private final PageCheck check;
  private final RangeProbe range;
  private final RowCapDetector cap;
  private final PeriodTotals totals = new PeriodTotals();
  private final Map<LocalDate, Certifier.Fault> faults = new HashMap<>();
  private int reasks;

  /** The month that was last begun; null before the first row. */
  private @Nullable LocalDate month;

  /** Where the rows can be cut: behind whole months. */
  private PageReader.@Nullable Month cut;

  PagedFetch(
      FetchContext context,
      Slice slice,
      QueryShape shape,
      DayRange days,
      @Nullable ZoneId zone,
      @Nullable ControlTotals control,
      RowSpool spool,
      Tally tally) {
    this.context = context;
    this.slice = slice;
    this.shape = shape;
    this.days = days;
    this.control = control;
    this.spool = spool;
    this.tally = tally;
    Knowledge knowledge = context.knowledge();
    int allowed =
        switch (shape.dateGrouping()) {
          case HOUR -> WindowPlanner.HOUR_DAYS;
          case DAY, MONTH, YEAR -> context.maxRangeDays();
          case NONE -> days.days();
        };
    this.pager =
        new Pager(
            shape.dateGrouping(),
            days,
            knowledge.limit(context.rowLimit()),
            knowledge.maxDays(shape.key(), allowed));
    this.check = new PageCheck(shape, days);
    this.range = new RangeProbe(knowledge, slice, shape, days, zone, pager);
    this.cap = new RowCapDetector(context, shape, pager);
  }

  /** Goes on to the end, or to where a piece has taken many requests and can be cut off. */
  void run() throws FetchFailedException, IOException {
    while (!pager.done() && !isPiece()) {
      DayRange asked = pager.ask();
      PageReader page = new PageReader(shape, asked, spool);
      Outcome<AggregationAnswer> outcome =
          context
              .client()
              .aggregations(new AggregationRequest(shape, slice, asked, pager.limit()), page);
      if (outcome instanceof Outcome.Failure<AggregationAnswer> failure) {
        page.dropAll();
        refused(failure);
        continue;
      }
      AggregationAnswer answer = outcome.value().orElseThrow();
      tally.requests += answer.requests();
      tally.endedAt = answer.endedAt();
      if (answer.contents().legacyEnvelope()) {
        LOG.warn("{} {}: the answer came in the envelope of an older API", slice, asked);
      }
      take(asked, page);
      range.passed();
    }
    if (pager.done()) {
      cut = null;
    }
  }

  private boolean isPiece() {
    return cut != null && tally.requests >= PIECE_REQUESTS;
  }

  /** The last day of the piece that has come. */
  LocalDate end() {
    PageReader.Month behind = cut;
    return behind == null ? days.last() : behind.first().minusDays(1);
  }

  /**
   * Hands out the rows of the piece that has come; goes on with those behind it.
   *
   * @param piece what it is about: up to {@link #end()}
   * @param unmoved its periods that the control would confirm
   */
  Fetched piece(
      FetchTask piece, @Nullable PeriodTotals known, String noControl, Set<LocalDate> unmoved)
      throws IOException {
    RowSpool rows = spool;
    PageReader.Month behind = cut;
    if (behind != null) {
      RowSpool rest = new RowSpool(context.spillDirectory());
      rows.moveFrom(behind.start(), rest);
      spool = rest;
      cut = null;
    }
    Map<LocalDate, Certifier.Fault> itsFaults = new HashMap<>(faults);
    itsFaults.keySet().removeIf(day -> !piece.days().contains(day));
    Fetched fetched =
        new Fetched(
            piece,
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

  /** Drops the rows that were not handed out. */
  void close() throws IOException {
    spool.close();
  }

  /** Sums of the rows that came. */
  PeriodTotals totals() {
    return totals;
  }

  /** The periods that are known to be incomplete. */
  Map<LocalDate, Certifier.Fault> faults() {
    return Collections.unmodifiableMap(faults);
  }

  /** Finds fault with a period. */
  void fault(LocalDate period, Certifier.Fault fault) {
    faults.put(period, fault);
  }

  @Nullable ControlTotals control() {
    return control;
  }

  Tally tally() {
    return tally;
  }

  LocalDate endOf(LocalDate period) {
    return check.endOf(period);
  }

  /** Notes where a month begins. Without a control, what is kept may yet be taken back. */
  private void begins(PageReader.Month begun) {
    if (month != null && !begun.first().isAfter(month)) {
      return;
    }
    if (month != null && control != null) {
      cut = begun;
    }
    month = begun.first();
  }

  /** Goes on with a narrower range when that is what was refused. */
  private void refused(Outcome.Failure<AggregationAnswer> failure) throws FetchFailedException {
    if (failure instanceof Outcome.Refused<AggregationAnswer> refused && !range.isRefuted()) {
      tally.requests++;
      if (range.refused(refused)) {
        return;
      }
    }
    throw new FetchFailedException(failure);
  }

  private void take(DayRange asked, PageReader page) throws FetchFailedException, IOException {
    String violation = page.violation();
    if (violation != null) {
      page.dropAll();
      if (reasks++ < REASKS) {
        LOG.warn("{} {}: asking again: {}", slice, asked, violation);
        return;
      }
      giveUp(asked, violation);
      return;
    }
    RowCapDetector.Tail before = cap.cutOff(page);
    if (before != null) {
      page.dropAll();
      spool.rollback(before.lastStart());
      totals.dropFrom(before.last());
      cap.learn(before);
      return;
    }
    Pager.Kept kept = pager.answered(page.rows(), page.first(), page.last());
    if (!(kept instanceof Pager.Kept.All)) {
      // A full answer shows that no cap lies below its limit.
      context.knowledge().sawRows(page.rows());
    }
    if (kept instanceof Pager.Kept.OverLimit over) {
      overLimit(over.period(), page);
      reasks = 0;
      return;
    }
    boolean isCut = kept instanceof Pager.Kept.Before;
    if (isCut) {
      page.dropLast();
    } else {
      context.knowledge().sawRows(page.rows());
    }
    DayRange covered =
        kept instanceof Pager.Kept.Before b
            ? new DayRange(asked.first(), b.period().minusDays(1))
            : asked;
    if (control != null && !agrees(control, covered, page, isCut)) {
      return;
    }
    totals.addAll(page.totals(), covered);
    page.months().forEach(this::begins);
    reasks = 0;
    if (control == null && !isCut) {
      cap.askBehind(page, asked);
    }
  }

  /**
   * Compares a page with the control. When they disagree, finds out why: a cap is learned and paged
   * around; else the control is asked again, then the page; what still disagrees is at fault.
   *
   * @return false when the page is to be asked for again
   */
  private boolean agrees(ControlTotals with, DayRange covered, PageReader page, boolean isCut)
      throws FetchFailedException, IOException {
    List<LocalDate> wrong = check.disagreeing(with.get(days), covered, page);
    if (wrong.isEmpty()) {
      cap.agreed(covered);
      return true;
    }
    if (!isCut && cap.suspects(wrong, with.get(days), page)) {
      page.dropAll();
      pager.restartFrom(covered.first());
      return false;
    }
    if (reasks == 0) {
      LOG.warn(
          "{} {}: the rows and their control disagree on {}; asking again", slice, covered, wrong);
      DayRange again = new DayRange(wrong.get(0), endOf(wrong.get(wrong.size() - 1)));
      with.ask(again);
      if (check.disagreeing(with.get(days), covered, page).isEmpty()) {
        with.forgetAnswers(again);
        return true;
      }
    }
    if (reasks++ < REASKS) {
      page.dropAll();
      pager.restartFrom(covered.first());
      return false;
    }
    cap.settle(false);
    // The certificate will say by how much; nothing more can be done here.
    return true;
  }

  /** Fetches a period that alone reaches the limit; what cannot be fetched whole is at fault. */
  private void overLimit(LocalDate period, PageReader page)
      throws FetchFailedException, IOException {
    if (!shape.fields().isEmpty()) {
      begins(PageReader.Month.of(period, page.start()));
    }
    OversizedPeriod.Result result =
        new OversizedPeriod(context, slice, shape, days, control, tally)
            .fetch(new DayRange(period, endOf(period)), page, spool, pager.limit());
    OversizedPeriod.Rows fetched = result.fetched();
    if (fetched == null) {
      totals.addAll(page.totals(), new DayRange(period, period));
    } else {
      totals.set(period, fetched.rows(), fetched.sums());
    }
    if (result.fault() != null) {
      faults.put(period, result.fault());
    }
    if (!shape.fields().isEmpty() && cap.isAbout(period)) {
      cap.settle(result.fault() == null);
    }
  }

  private void giveUp(DayRange asked, String reason) {
    check
        .periods(asked)
        .forEach(
            p -> faults.put(p, new Certifier.Fault("the answer was refused: " + reason, false)));
    pager.answered(0, null, null);
    reasks = 0;
  }
}
