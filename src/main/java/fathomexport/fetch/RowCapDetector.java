package fathomexport.fetch;

import fathomexport.certify.PeriodTotals;
import fathomexport.plan.Pager;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.rows.RowSpool;
import java.time.LocalDate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Notices that answers are cut off below the limit that was asked for, without a word about it:
 * with a control by what is missing, without one by what comes behind an answer's end.
 */
final class RowCapDetector {
  /**
   * An answer of fewer rows is not suspected of a cap for its missing tail: it would cost every
   * quiet site.
   */
  private static final int FEW_ROWS = 10;

  private final FetchContext context;
  private final QueryShape shape;
  private final Pager pager;
  private @Nullable Tail tail;

  /** Rows at which answers seem to be cut off, until what was missing has come; 0 when none. */
  private int suspected;

  private @Nullable LocalDate period;
  private boolean refuted;

  /**
   * The end of a page behind which nothing came, though more was asked for.
   *
   * @param asked last day that the page was asked for: later ones it could not hold
   */
  record Tail(long rows, LocalDate last, LocalDate asked, RowSpool.Mark lastStart) {}

  RowCapDetector(FetchContext context, QueryShape shape, Pager pager) {
    this.context = context;
    this.shape = shape;
    this.pager = pager;
  }

  /**
   * The question behind a suspicious end was answered.
   *
   * @return the page that was cut off, when there were rows behind it; else null
   */
  @Nullable Tail cutOff(PageReader page) {
    Tail before = tail;
    tail = null;
    LocalDate behind = page.first();
    return before != null && behind != null && !behind.isAfter(before.asked()) ? before : null;
  }

  /** Asks from behind a page without a control when it ends as a cap would end it. */
  void askBehind(PageReader page, DayRange asked) {
    LocalDate last = page.last();
    if (last != null
        && shape.dateGrouping() != DateGrouping.NONE
        && shape.dateGrouping().periodEnd(last).isBefore(asked.last())
        && page.rows() >= FEW_ROWS
        && context.knowledge().mayBeCap(page.rows())) {
      tail = new Tail(page.rows(), last, asked.last(), page.lastStart());
      pager.restartFrom(shape.dateGrouping().periodEnd(last).plusDays(1));
    }
  }

  /** Goes back to where a page was cut off, and asks for no more than it had from now on. */
  void learn(Tail before) {
    context.knowledge().rowsCapped((int) before.rows());
    pager.capLearned((int) before.rows());
    pager.restartFrom(before.last());
  }

  /**
   * Whether a page that disagrees with its control ends as a cap would end it. Then no more rows
   * than it had are asked for, until it shows whether what was missing comes.
   */
  boolean suspects(List<LocalDate> wrong, PeriodTotals expected, PageReader page) {
    if (suspected != 0 || refuted || !looksCapped(wrong, expected, page)) {
      return false;
    }
    suspected = (int) page.rows();
    period = wrong.get(0);
    pager.capLearned(suspected);
    return true;
  }

  /** Whether it is this period that showed the cap. */
  boolean isAbout(LocalDate day) {
    return day.equals(period);
  }

  /** Days came as their control has them. */
  void agreed(DayRange covered) {
    if (period != null && covered.contains(period)) {
      settle(true);
    }
  }

  /** Remembers a cap once what it cut off has come; else it was no cap. */
  void settle(boolean confirmed) {
    if (suspected == 0) {
      return;
    }
    if (confirmed) {
      context.knowledge().rowsCapped(suspected);
    } else {
      refuted = true;
      pager.limit(context.knowledge().limit(shape.key(), context.rowLimit()));
    }
    suspected = 0;
    period = null;
  }

  /**
   * Whether the rows end as a cap would end them: everything up to some period is there, that one
   * is short or the last that is, and nothing stands behind it.
   */
  private boolean looksCapped(List<LocalDate> wrong, PeriodTotals expected, PageReader page) {
    LocalDate last = page.last();
    Aggregate measure = Aggregate.additiveOf(shape.entity()).get(0);
    return last != null
        && page.rows() > 1
        && !wrong.get(0).isBefore(last)
        && wrong.stream()
            .allMatch(p -> page.totals().of(p).sum(measure) < expected.of(p).sum(measure));
  }
}
