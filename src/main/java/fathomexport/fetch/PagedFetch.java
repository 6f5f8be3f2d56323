package fathomexport.fetch;

import fathomexport.api.AggregationAnswer;
import fathomexport.api.AggregationRequest;
import fathomexport.api.Outcome;
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
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches a range page by page and compares each page with the control totals before it requests
 * the next, so that a cut-off, a row cap or a restatement is found while it can still be corrected.
 */
final class PagedFetch {
  private static final Logger LOG = LoggerFactory.getLogger(PagedFetch.class);

  /** How often a page is requested again if it is invalid or disagrees with its control. */
  private static final int REASKS = 1;

  /**
   * Requests after which the rows so far become a chunk, up to the end of a month. This bounds what
   * a killed run loses to some minutes of the quota.
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

  /** The paging by offset that is under way; null if there is none. */
  private @Nullable OffsetRun byOffset;

  /** The latest month that has begun; null before the first row. */
  private @Nullable LocalDate month;

  /**
   * The month before which the rows can be cut into a chunk of whole months; null if they cannot.
   */
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

  /**
   * Fetches pages until the range is complete, or until a chunk of at least 25 requests ends at a
   * month boundary.
   *
   * @throws FetchFailedException if the API gave no usable response
   * @throws IOException if rows cannot be spilled
   */
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
      limit.taken();
      range.passed(asked);
    }
    if (isDone()) {
      cut = null;
    }
  }

  private void answered(DayRange asked, AggregationAnswer answer) {
    tally.requests += answer.requests();
    tally.endedAt = answer.endedAt();
    if (answer.contents().legacyEnvelope()) {
      LOG.warn(
          "{} {}: the answer has the format of an older version of the API", query.slice(), asked);
    }
  }

  private boolean isDone() {
    return byOffset == null && pager.done();
  }

  private boolean isPiece() {
    return cut != null && tally.requests >= PIECE_REQUESTS;
  }

  /** Returns the last day of the chunk that has been fetched. */
  LocalDate end() {
    PageReader.Month behind = cut;
    return behind == null ? query.days().last() : behind.first().minusDays(1);
  }

  /**
   * Returns the rows of the fetched chunk and keeps those after it for the next chunk.
   *
   * @param piece the part of the task that the chunk contains: up to {@link #end()}
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

  /** Deletes the rows that belong to no returned chunk. */
  void close() throws IOException {
    spool.close();
  }

  /** Deletes these rows as {@link #close()} does, but only logs a failure. */
  void drop() {
    SpillDirectory.drop(spool);
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

  @Nullable ControlTotals control() {
    return control;
  }

  Tally tally() {
    return tally;
  }

  LocalDate endOf(LocalDate period) {
    return check.endOf(period);
  }

  /**
   * Records where a month begins. Without a control no chunk is cut, since kept rows may still be
   * removed.
   */
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
   * Lowers the limit or narrows the range if the refusal is about one of them. A refusal that is
   * about neither is remembered, so that later tasks of the run do not probe it again.
   *
   * @throws FetchFailedException if neither helps
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
      case CREDENTIALS, SUBSCRIPTION, PERMISSION, NOT_FOUND, OTHER -> false;
    };
  }

  private void take(DayRange asked, PageReader page) throws FetchFailedException, IOException {
    String violation = page.violation();
    if (violation != null) {
      page.dropAll();
      if (reasks++ < REASKS) {
        LOG.warn("{} {}: sending the request again: {}", query.slice(), asked, violation);
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
      cap.askAgain(before);
      return;
    }
    cap.cameAgain(page);
    Pager.Kept kept = pager.answered(page.rows(), page.first(), page.last());
    if (!(kept instanceof Pager.Kept.All)) {
      // A full response shows that there is no row cap below its limit.
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
   * Compares a page with the control. If they disagree, finds the cause: a suspected row cap is
   * applied as the limit; otherwise the control is queried again, then the page. Periods that still
   * disagree are certified as incomplete.
   *
   * @return false if the page is to be requested again
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
          "{} {}: the rows disagree with the control totals of {}; fetching them again",
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
    // The certificate reports the difference; nothing more can be done here.
    return true;
  }

  /**
   * Fetches a period that exceeds the limit: by offset, if the API may honour it and a control can
   * verify that; otherwise by filters.
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

  /** Fetches a period in partitions by filters. Returns whether the period is complete. */
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

  /** Requests the next page by offset and processes it. */
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
          && (namesOffset(refused) || isAboutTheQuery(refused))) {
        tally.requests++;
        // Without its name, a refusal is about the offset only if no page came with one and the
        // same rows come without it.
        fallBack(
            run,
            namesOffset(refused) || run.isFirstPage() ? OffsetSupport.REFUSED : null,
            namesOffset(refused),
            failure.describe());
        return;
      }
      if (context.knowledge().offsetIsUnknown()
          && run.isFirstPage()
          && mayBeAboutTheQuery(failure)) {
        // The server may fail because of the parameter: fetch the period in partitions by filters
        // instead. Nothing is learned from it, since any query may fail.
        fallBack(run, null, false, failure.describe());
        return;
      }
      throw new FetchFailedException(failure);
    }
    answered(run.asked(), outcome.value().orElseThrow());
    if (page.repeated() > 0) {
      boolean all = page.repeated() == page.rows();
      String why = page.repeated() + " of " + page.rows() + " rows were returned a second time";
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

  private static boolean namesOffset(Outcome.Refused<?> refused) {
    return isAboutTheQuery(refused) && refused.words().toLowerCase(Locale.ROOT).contains("offset");
  }

  /**
   * Returns whether a refusal is about what was asked, rather than about the site or the account.
   */
  private static boolean isAboutTheQuery(Outcome.Refused<?> refused) {
    return switch (refused.refusal()) {
      case LIMIT, RANGE, PARAMETERS -> true;
      case CREDENTIALS, SUBSCRIPTION, PERMISSION, NOT_FOUND, OTHER -> false;
    };
  }

  private static boolean mayBeAboutTheQuery(Outcome.Failure<?> failure) {
    return failure instanceof Outcome.Malformed
        || (failure instanceof Outcome.Unavailable<?> away
            && (away.cause() == Outcome.Unavailable.Cause.ATTEMPTS
                || away.cause() == Outcome.Unavailable.Cause.RETRIES_SPENT));
  }

  /** Accepts the periods that were completed by offset, as far as they agree with their control. */
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
        // The rows that are kept were fetched before this response.
        with.forgetAnswers(again);
      }
    }
    if (wrong.contains(open)) {
      spool.rollback(page.endOf(open));
      fallBack(
          run,
          OffsetSupport.UNSTABLE,
          false,
          "the rows of " + open + " do not add up to the control total");
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
    // The periods that disagree come from one page, like any other: they are fetched again without
    // an offset.
    spool.rollback(page.endOf(open));
    totals.addAll(run.totals(), new DayRange(open, endOf(open)));
    cap.agreed(new DayRange(open, open));
    byOffset = null;
    pager.continueFrom(endOf(open).plusDays(1));
  }

  /**
   * Stops paging by offset. The open period is fetched by filters if its rows show that it exceeds
   * the limit; otherwise paging continues without offsets.
   *
   * @param support how the API treated the offset; null if that is not known
   * @param sure whether that is certain; otherwise it is recorded only if filters then fetch the
   *     complete period
   */
  private void fallBack(OffsetRun run, @Nullable OffsetSupport support, boolean sure, String why)
      throws FetchFailedException, IOException {
    Knowledge knowledge = context.knowledge();
    LOG.info("{} {}: not fetched by offset: {}", query.slice(), run.open(), why);
    boolean unknown = knowledge.offsetIsUnknown();
    byOffset = null;
    if (sure && unknown && support != null) {
      knowledge.learnOffset(support);
    } else {
      knowledge.doubtOffset();
    }
    if (run.isPastFirst()) {
      spool.rollback(run.openStart());
      pager.continueFrom(run.open());
      if (!unknown && support != null) {
        knowledge.forgetOffset();
      }
      return;
    }
    boolean whole = byFilters(run.open(), run.openStart(), run.totals());
    pager.continueFrom(endOf(run.open()).plusDays(1));
    if (!whole || support == null || (sure && unknown)) {
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
