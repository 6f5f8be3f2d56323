package fathomexport.fetch;

import fathomexport.api.AggregationAnswer;
import fathomexport.api.AggregationRequest;
import fathomexport.api.Outcome;
import fathomexport.api.Refusal;
import fathomexport.certify.Certifier;
import fathomexport.certify.PeriodTotals;
import fathomexport.ledger.OffsetSupport;
import fathomexport.plan.FetchTask;
import fathomexport.plan.Pager;
import fathomexport.plan.WindowPlanner;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.rows.RowSpool;
import fathomexport.run.FetchFailedException;
import java.io.IOException;
import java.time.LocalDate;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
  private final RangeQuery query;
  private final @Nullable ControlTotals control;
  private RowSpool spool;
  private final Tally tally;
  private final Pager pager;
  private final PageCheck check;
  private final LimitProbe limit;
  private final RangeProbe range;
  private final RowCapDetector cap;
  private final PeriodTotals totals = new PeriodTotals();
  private final Map<LocalDate, Certifier.Fault> faults = new HashMap<>();
  private int reasks;

  /** The walk by offset that is under way; null when there is none. */
  private @Nullable OffsetRun byOffset;

  /** The month that was last begun; null before the first row. */
  private @Nullable LocalDate month;

  /** Where the rows can be cut: behind whole months. */
  private PageReader.@Nullable Month cut;

  PagedFetch(
      FetchContext context,
      RangeQuery query,
      @Nullable ControlTotals control,
      RowSpool spool,
      Tally tally) {
    this.context = context;
    this.query = query;
    this.control = control;
    this.spool = spool;
    this.tally = tally;
    QueryShape shape = query.shape();
    DayRange days = query.days();
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
            knowledge.limit(shape.key(), context.rowLimit()),
            knowledge.maxDays(shape.key(), allowed));
    this.check = new PageCheck(shape, days);
    this.limit = new LimitProbe(knowledge, shape.key(), pager);
    this.range = new RangeProbe(knowledge, query, pager);
    this.cap = new RowCapDetector(context, shape, pager);
  }

  /** Goes on to the end, or to where a piece has taken many requests and can be cut off. */
  void run() throws FetchFailedException, IOException {
    while (!isDone() && !isPiece()) {
      OffsetRun offset = byOffset;
      if (offset != null) {
        goOnBy(offset);
        continue;
      }
      DayRange asked = pager.ask();
      PageReader page = new PageReader(query.shape(), asked, spool);
      Outcome<AggregationAnswer> outcome =
          context
              .client()
              .aggregations(
                  new AggregationRequest(query.shape(), query.slice(), asked, pager.limit()), page);
      if (outcome instanceof Outcome.Failure<AggregationAnswer> failure) {
        page.dropAll();
        refused(failure);
        continue;
      }
      answered(asked, outcome.value().orElseThrow());
      limit.passed();
      take(asked, page);
      range.passed();
    }
    if (isDone()) {
      cut = null;
    }
  }

  private void answered(DayRange asked, AggregationAnswer answer) {
    tally.requests += answer.requests();
    tally.endedAt = answer.endedAt();
    if (answer.contents().legacyEnvelope()) {
      LOG.warn("{} {}: the answer came in the envelope of an older API", query.slice(), asked);
    }
  }

  private boolean isDone() {
    return byOffset == null && pager.done();
  }

  private boolean isPiece() {
    return cut != null && tally.requests >= PIECE_REQUESTS;
  }

  /** The last day of the piece that has come. */
  LocalDate end() {
    PageReader.Month behind = cut;
    return behind == null ? query.days().last() : behind.first().minusDays(1);
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
      if (byOffset != null) {
        byOffset.movedBy(behind.start());
      }
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

  /** The same, where it is too late to say that they cannot be dropped. */
  void drop() {
    SpillDirectory.drop(spool);
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

  /**
   * Goes on with fewer rows or with a narrower range when that is what was refused. What is about
   * neither is not put to the proof again for every task of the run.
   */
  private void refused(Outcome.Failure<AggregationAnswer> failure) throws FetchFailedException {
    if (failure instanceof Outcome.Refused<AggregationAnswer> refused && isProvable(refused)) {
      tally.requests++;
      if (limit.refused(refused) || range.refused(refused)) {
        return;
      }
      context.knowledge().hopeless(query.shape().key(), query.slice().site(), refused.words());
    }
    throw new FetchFailedException(failure);
  }

  private boolean isProvable(Outcome.Refused<AggregationAnswer> refused) {
    return switch (refused.refusal()) {
      case LIMIT, RANGE, PARAMETERS ->
          !range.isRefuted()
              && !context
                  .knowledge()
                  .isHopeless(query.shape().key(), query.slice().site(), refused.words());
      case CREDENTIALS, PERMISSION, NOT_FOUND, OTHER -> false;
    };
  }

  private void take(DayRange asked, PageReader page) throws FetchFailedException, IOException {
    String violation = page.violation();
    if (violation != null) {
      page.dropAll();
      if (reasks++ < REASKS) {
        LOG.warn("{} {}: asking again: {}", query.slice(), asked, violation);
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
      overLimit(asked, over.period(), page);
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
    List<LocalDate> wrong = check.disagreeing(with.get(query.days()), covered, page.totals());
    if (wrong.isEmpty()) {
      cap.agreed(covered);
      return true;
    }
    if (!isCut && cap.suspects(wrong, with.get(query.days()), page)) {
      page.dropAll();
      pager.restartFrom(covered.first());
      return false;
    }
    if (reasks == 0) {
      LOG.warn(
          "{} {}: the rows and their control disagree on {}; asking again",
          query.slice(),
          covered,
          wrong);
      DayRange again = new DayRange(wrong.get(0), endOf(wrong.get(wrong.size() - 1)));
      with.ask(again);
      if (check.disagreeing(with.get(query.days()), covered, page.totals()).isEmpty()) {
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

  /**
   * Fetches a period that alone reaches the limit: by offset, where the API may honour it and a
   * control shows whether it does; else by filters.
   */
  private void overLimit(DayRange asked, LocalDate period, PageReader page)
      throws FetchFailedException, IOException {
    if (control != null
        && !query.shape().fields().isEmpty()
        && page.rows() == pager.limit()
        && context.knowledge().mayUseOffset()) {
      begins(PageReader.Month.of(period, page.start()));
      byOffset = new OffsetRun(asked, pager.limit(), page, period);
      return;
    }
    byFilters(period, page.start(), page.totals());
  }

  /** Whether the period is held whole. */
  private boolean byFilters(LocalDate period, RowSpool.Mark start, PeriodTotals came)
      throws FetchFailedException, IOException {
    if (!query.shape().fields().isEmpty()) {
      begins(PageReader.Month.of(period, start));
    }
    OversizedPeriod.Result result =
        new OversizedPeriod(context, query, control, tally)
            .fetch(new DayRange(period, endOf(period)), start, came, spool, pager.limit());
    OversizedPeriod.Rows fetched = result.fetched();
    if (fetched == null) {
      totals.addAll(came, new DayRange(period, period));
    } else {
      totals.set(period, fetched.rows(), fetched.sums());
    }
    if (result.fault() != null) {
      faults.put(period, result.fault());
    }
    if (!query.shape().fields().isEmpty() && cap.isAbout(period)) {
      cap.settle(result.fault() == null);
    }
    return result.fault() == null;
  }

  /** Asks for the next page by offset, and takes it. */
  private void goOnBy(OffsetRun run) throws FetchFailedException, IOException {
    PageReader page = new PageReader(query.shape(), run.asked(), spool, run.continued());
    Outcome<AggregationAnswer> outcome =
        context
            .client()
            .aggregations(
                new AggregationRequest(
                    query.shape(), query.slice(), run.asked(), run.limit(), null, run.position()),
                page);
    if (outcome instanceof Outcome.Failure<AggregationAnswer> failure) {
      page.dropAll();
      if (failure instanceof Outcome.Refused<AggregationAnswer> refused
          && refused.refusal() != Refusal.CREDENTIALS
          && refused.refusal() != Refusal.PERMISSION) {
        tally.requests++;
        fallBack(run, OffsetSupport.REFUSED, true, failure.describe());
        return;
      }
      if (context.knowledge().offsetIsUnknown()
          && (failure instanceof Outcome.Unavailable || failure instanceof Outcome.Malformed)) {
        // It may be the parameter that the server stumbles over: then the parts by filters come.
        fallBack(run, OffsetSupport.REFUSED, false, failure.describe());
        return;
      }
      throw new FetchFailedException(failure);
    }
    answered(run.asked(), outcome.value().orElseThrow());
    if (page.repeated() > 0) {
      boolean all = page.repeated() == page.rows();
      String why = page.repeated() + " of " + page.rows() + " rows came a second time";
      page.dropAll();
      fallBack(run, all ? OffsetSupport.IGNORED : OffsetSupport.UNSTABLE, true, why);
      return;
    }
    String violation = page.violation();
    if (violation != null) {
      page.dropAll();
      fallBack(run, OffsetSupport.UNSTABLE, false, violation);
      return;
    }
    context.knowledge().sawRows(page.rows());
    run.add(page);
    LocalDate last = page.last();
    if (page.rows() < run.limit() || last == null) {
      close(run, page, new DayRange(run.open(), run.asked().last()), false);
    } else if (last.equals(run.open())) {
      run.goOn(page);
    } else {
      close(run, page, new DayRange(run.open(), last.minusDays(1)), true);
    }
  }

  /** Takes the periods that have come whole by offset, as far as their control agrees. */
  private void close(OffsetRun run, PageReader page, DayRange covered, boolean goesOn)
      throws FetchFailedException, IOException {
    ControlTotals with = Objects.requireNonNull(control);
    LocalDate open = run.open();
    List<LocalDate> wrong = check.disagreeing(with.get(query.days()), covered, run.totals());
    if (!wrong.isEmpty()) {
      DayRange again = new DayRange(wrong.get(0), endOf(wrong.get(wrong.size() - 1)));
      with.ask(again);
      wrong = check.disagreeing(with.get(query.days()), covered, run.totals());
      if (!wrong.contains(open)) {
        // Rows that stay came before this answer.
        with.forgetAnswers(again);
      }
    }
    if (wrong.contains(open)) {
      spool.rollback(page.endOf(open));
      fallBack(run, OffsetSupport.UNSTABLE, false, "the rows of " + open + " do not add up");
      return;
    }
    if (run.position() > run.limit()) {
      context.knowledge().learnOffset(OffsetSupport.HONOURED);
    }
    if (wrong.isEmpty()) {
      totals.addAll(run.totals(), covered);
      page.months().forEach(this::begins);
      cap.agreed(covered);
      if (goesOn) {
        run.goOn(page);
      } else {
        byOffset = null;
        pager.continueFrom(covered.last().plusDays(1));
      }
      return;
    }
    // What disagrees is of one page, like any other: it is looked into without an offset.
    spool.rollback(page.endOf(open));
    totals.addAll(run.totals(), new DayRange(open, endOf(open)));
    cap.agreed(new DayRange(open, open));
    byOffset = null;
    pager.continueFrom(endOf(open).plusDays(1));
  }

  /**
   * Gives up on offsets: the open period is fetched by filters where its rows show that it needs
   * them, and else as it would have been without offsets.
   *
   * @param support what the API did
   * @param sure whether that is certain; else only a period that comes whole by filters shows it
   */
  private void fallBack(OffsetRun run, OffsetSupport support, boolean sure, String why)
      throws FetchFailedException, IOException {
    Knowledge knowledge = context.knowledge();
    LOG.info("{} {}: not by offset: {}", query.slice(), run.open(), why);
    boolean unknown = knowledge.offsetIsUnknown();
    byOffset = null;
    if (sure && unknown) {
      knowledge.learnOffset(support);
    } else {
      knowledge.doubtOffset();
    }
    if (run.isPastFirst()) {
      spool.rollback(run.openStart());
      pager.continueFrom(run.open());
      if (!unknown) {
        knowledge.forgetOffset();
      }
      return;
    }
    boolean whole = byFilters(run.open(), run.openStart(), run.totals());
    pager.continueFrom(endOf(run.open()).plusDays(1));
    if (!whole || (sure && unknown)) {
      return;
    }
    if (unknown) {
      knowledge.learnOffset(support);
    } else {
      knowledge.forgetOffset();
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
