package fathomexport.fetch;

import fathomexport.api.AggregationRequest;
import fathomexport.api.Outcome;
import fathomexport.api.answer.AggregationAnswer;
import fathomexport.fetch.limits.Knowledge;
import fathomexport.fetch.limits.RowCapDetector;
import fathomexport.fetch.rows.PageReader;
import fathomexport.ledger.OffsetSupport;
import fathomexport.plan.Pager;
import fathomexport.plan.RangeQuery;
import fathomexport.report.DayRange;
import fathomexport.report.rows.RowSpool;
import fathomexport.run.FetchFailedException;
import java.io.IOException;
import java.time.LocalDate;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches a range by {@code offset}, from a page that one period fills alone, as long as the API
 * honours it and the control agrees. Otherwise the period is fetched in partitions by filters.
 */
final class OffsetPaging {
  private static final Logger LOG = LoggerFactory.getLogger(OffsetPaging.class);

  private final FetchContext context;
  private final RangeQuery query;
  private final @Nullable ControlTotals withControl;
  private final Pager pager;
  private final PageCheck check;
  private final RowCapDetector cap;
  private final ChunkRows rows;
  private final FilteredPeriod byFilters;

  /** The paging that is under way; null if there is none. */
  private @Nullable OffsetRun underWay;

  OffsetPaging(RangeInProgress range, FilteredPeriod byFilters) {
    this.context = range.context();
    this.query = range.query();
    this.withControl = range.control();
    this.pager = range.pager();
    this.check = range.check();
    this.cap = range.cap();
    this.rows = range.rows();
    this.byFilters = byFilters;
  }

  boolean isUnderWay() {
    return underWay != null;
  }

  /** Adjusts to rows before this position having left the spool. */
  void movedBy(RowSpool.Mark start) {
    if (underWay != null) {
      underWay.movedBy(start);
    }
  }

  /**
   * Begins, if the API may honour an offset and a control can verify that.
   *
   * @param period the period that fills the page
   * @return whether the period is fetched by offset
   */
  boolean begin(DayRange asked, LocalDate period, PageReader page) {
    if (withControl == null
        || query.shape().fields().isEmpty()
        || page.rows() != pager.limit()
        || !context.knowledge().mayUseOffset()) {
      return false;
    }
    rows.begins(PageReader.Month.of(period, page.start()));
    underWay = new OffsetRun(asked, pager.limit(), page, period);
    return true;
  }

  /** Requests the next page by offset and processes it. */
  void fetchNext() throws FetchFailedException, IOException {
    OffsetRun run = Objects.requireNonNull(underWay);
    PageReader page = new PageReader(query.shape(), run.asked(), rows.spool(), run.continued());
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
          && refused.refusal().isAboutTheRequest()) {
        rows.tally().requests++;
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
    rows.answered(run.asked(), outcome.value().orElseThrow());
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
      run.openLastPeriod(page);
    } else {
      close(run, page, new DayRange(run.open(), last.minusDays(1)), true);
    }
  }

  private static boolean namesOffset(Outcome.Refused<?> refused) {
    return refused.refusal().isAboutTheRequest()
        && refused.words().toLowerCase(Locale.ROOT).contains("offset");
  }

  private static boolean mayBeAboutTheQuery(Outcome.Failure<?> failure) {
    return failure instanceof Outcome.Malformed
        || (failure instanceof Outcome.Unavailable<?> away
            && (away.cause() == Outcome.Unavailable.Cause.ATTEMPTS
                || away.cause() == Outcome.Unavailable.Cause.RETRIES_SPENT));
  }

  /** Accepts the periods that were completed by offset, as far as they agree with their control. */
  private void close(OffsetRun run, PageReader page, DayRange covered, boolean continues)
      throws FetchFailedException, IOException {
    ControlTotals control = Objects.requireNonNull(withControl);
    LocalDate open = run.open();
    List<LocalDate> wrong = check.disagreeing(control.get(query.days()), covered, run.totals());
    if (!wrong.isEmpty()) {
      DayRange again = new DayRange(wrong.get(0), check.endOf(wrong.get(wrong.size() - 1)));
      control.ask(again);
      wrong = check.disagreeing(control.get(query.days()), covered, run.totals());
      if (!wrong.contains(open)) {
        // The rows that are kept were fetched before this response.
        control.forgetAnswers(again);
      }
    }
    if (wrong.contains(open)) {
      rows.spool().rollback(page.endOf(open));
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
      rows.totals().addAll(run.totals(), covered);
      page.months().forEach(rows::begins);
      cap.agreed(covered);
      if (continues) {
        run.openLastPeriod(page);
      } else {
        underWay = null;
        pager.continueFrom(covered.last().plusDays(1));
      }
      return;
    }
    // The periods that disagree come from one page, like any other: they are fetched again without
    // an offset.
    rows.spool().rollback(page.endOf(open));
    rows.totals().addAll(run.totals(), new DayRange(open, check.endOf(open)));
    cap.agreed(new DayRange(open, open));
    underWay = null;
    pager.continueFrom(check.endOf(open).plusDays(1));
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
    underWay = null;
    if (sure && unknown && support != null) {
      knowledge.learnOffset(support);
    } else {
      knowledge.doubtOffset();
    }
    if (run.isPastFirst()) {
      rows.spool().rollback(run.openStart());
      pager.continueFrom(run.open());
      if (!unknown && support != null) {
        knowledge.forgetOffset();
      }
      return;
    }
    boolean whole = byFilters.fetch(run.open(), run.openStart(), run.totals());
    pager.continueFrom(check.endOf(run.open()).plusDays(1));
    if (!whole || support == null || (sure && unknown)) {
      return;
    }
    if (unknown) {
      knowledge.learnOffset(support);
    } else {
      knowledge.forgetOffset();
    }
  }
}
