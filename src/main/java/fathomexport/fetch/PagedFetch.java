package fathomexport.fetch;

import fathomexport.api.AggregationRequest;
import fathomexport.api.Outcome;
import fathomexport.api.answer.AggregationAnswer;
import fathomexport.certify.Certifier;
import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.limits.Knowledge;
import fathomexport.fetch.limits.LimitProbe;
import fathomexport.fetch.limits.RangeProbe;
import fathomexport.fetch.limits.RowCapDetector;
import fathomexport.fetch.rows.PageReader;
import fathomexport.plan.FetchTask;
import fathomexport.plan.Pager;
import fathomexport.plan.RangeQuery;
import fathomexport.plan.WindowPlanner;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.rows.RowSpool;
import fathomexport.run.FetchFailedException;
import java.io.IOException;
import java.time.LocalDate;
import java.util.Map;
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

  private final FetchContext context;
  private final RangeQuery query;
  private final @Nullable ControlTotals control;
  private final ChunkRows rows;
  private final Pager pager;
  private final PageCheck check;
  private final LimitProbe limit;
  private final RangeProbe range;
  private final RowCapDetector cap;
  private final PageAgreement agreement;
  private final FilteredPeriod byFilters;
  private final OffsetPaging offset;

  PagedFetch(
      FetchContext context,
      RangeQuery query,
      @Nullable ControlTotals control,
      RowSpool spool,
      Tally tally) {
    this.context = context;
    this.query = query;
    this.control = control;
    ChunkRows.Size size =
        control == null
            ? ChunkRows.Size.WHOLE
            : context.eachRequest() ? ChunkRows.Size.PERIODS : ChunkRows.Size.MONTHS;
    this.rows = new ChunkRows(query, context.spillDirectory(), size, spool, tally);
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
            knowledge.ranges().maxDays(shape, allowed));
    this.check = new PageCheck(shape, days);
    this.limit = new LimitProbe(knowledge, shape.key(), pager);
    this.range = new RangeProbe(knowledge.ranges(), query, pager);
    this.cap = new RowCapDetector(knowledge, context.rowLimit(), shape, pager);
    this.agreement = new PageAgreement(query, pager, check, cap);
    RangeInProgress inProgress =
        new RangeInProgress(context, query, control, pager, check, cap, rows);
    this.byFilters = new FilteredPeriod(inProgress);
    this.offset = new OffsetPaging(inProgress, byFilters);
  }

  /**
   * Fetches pages until the range is complete, or until there is a chunk: on a worker after each
   * request, otherwise after at least 25 requests at a month boundary.
   *
   * @throws FetchFailedException if the API gave no usable response
   * @throws IOException if rows cannot be spilled
   */
  void run() throws FetchFailedException, IOException {
    while (!isDone() && !isChunk()) {
      if (offset.isUnderWay()) {
        offset.fetchNext();
        continue;
      }
      DayRange asked = pager.ask();
      PageReader page = new PageReader(query.shape(), asked, rows.spool());
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
      rows.answered(asked, outcome.value().orElseThrow());
      limit.passed();
      take(asked, page);
      limit.taken();
      range.passed(asked);
    }
    if (isDone()) {
      rows.complete();
    }
  }

  private boolean isChunk() {
    if (!offset.isUnderWay()) {
      rows.completeBefore(pager.start());
    }
    return rows.isChunk();
  }

  private boolean isDone() {
    return !offset.isUnderWay() && pager.done();
  }

  /** Returns the last day of the chunk that has been fetched. */
  LocalDate end() {
    return rows.end();
  }

  /**
   * Returns the rows of the fetched chunk and keeps those after it for the next chunk.
   *
   * @param chunk the part of the task that the chunk contains: up to {@link #end()}
   * @param unmoved its periods that the control would confirm
   */
  Fetched chunk(
      FetchTask chunk, @Nullable PeriodTotals known, String noControl, Set<LocalDate> unmoved)
      throws IOException {
    return rows.chunk(chunk, known, noControl, unmoved, offset::movedBy);
  }

  /** Deletes the rows that belong to no returned chunk. Logs a failure instead of throwing it. */
  void drop() {
    SpillDirectory.drop(rows.spool());
  }

  /** Returns the sums of the fetched rows. */
  PeriodTotals totals() {
    return rows.totals();
  }

  /** Returns the periods that are known to be incomplete, with the reasons. */
  Map<LocalDate, Certifier.Fault> faults() {
    return rows.faults();
  }

  /** Marks a period as incomplete. */
  void fault(LocalDate period, Certifier.Fault fault) {
    rows.fault(period, fault);
  }

  Tally tally() {
    return rows.tally();
  }

  /**
   * Lowers the limit or narrows the range if the refusal is about one of them. A refusal that is
   * about neither is remembered, so that later tasks of the run do not probe it again.
   *
   * @throws FetchFailedException if neither helps
   */
  private void refused(Outcome.Failure<AggregationAnswer> failure) throws FetchFailedException {
    if (failure instanceof Outcome.Refused<AggregationAnswer> refused && isProvable(refused)) {
      rows.tally().requests++;
      if (range.returnsToLearned(refused) || limit.refused(refused) || range.refused(refused)) {
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
      if (agreement.mayAskAgain()) {
        LOG.warn("{} {}: sending the request again: {}", query.slice(), asked, violation);
        return;
      }
      giveUp(asked, violation);
      return;
    }
    RowCapDetector.Tail before = cap.cutOff(page);
    if (before != null) {
      page.dropAll();
      rows.spool().rollback(before.lastStart());
      rows.totals().dropFrom(before.last());
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
      if (!offset.begin(asked, over.period(), page)) {
        byFilters.fetch(over.period(), page.start(), page.totals());
      }
      agreement.settled();
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
    if (control != null && !agreement.isReached(control, covered, page, isCut)) {
      return;
    }
    rows.totals().addAll(page.totals(), covered);
    page.months().forEach(rows::begins);
    agreement.settled();
    if (control == null && !isCut) {
      cap.askBehind(page, asked);
    }
  }

  private void giveUp(DayRange asked, String reason) {
    check
        .periods(asked)
        .forEach(
            p -> rows.fault(p, new Certifier.Fault("the answer was refused: " + reason, false)));
    pager.answered(0, null, null);
    agreement.settled();
  }
}
