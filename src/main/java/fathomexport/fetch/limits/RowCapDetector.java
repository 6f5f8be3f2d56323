package fathomexport.fetch.limits;

import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.rows.PageReader;
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
 * Detects that the API silently cuts responses off below the requested limit: with a control by the
 * missing sums, without one by rows that follow the end of a response. A single short response may
 * have another cause, so the same query is sent again; only if its response ends at the same number
 * of rows is that number taken for a cap.
 */
public final class RowCapDetector {
  /**
   * Smallest response that is suspected of a cap for its missing tail. Without this bound, each
   * quiet site would cost additional requests.
   */
  private static final int FEW_ROWS = 10;

  private final Knowledge knowledge;
  private final int rowLimit;
  private final QueryShape shape;
  private final Pager pager;
  private @Nullable Tail tail;

  /**
   * Rows at which responses seem to be cut off, until the missing rows arrive; 0 if there is no
   * suspicion.
   */
  private int suspected;

  private @Nullable LocalDate period;
  private boolean refuted;

  /** Rows of the response that was cut off, until the next one shows whether that is a rule. */
  private int awaited;

  /**
   * The end of a page that has no rows for the last days it was requested for.
   *
   * @param rows number of rows of the page
   * @param last last period with rows
   * @param asked last day that the page was requested for
   * @param lastStart the position at which the rows of the last period begin
   */
  public record Tail(long rows, LocalDate last, LocalDate asked, RowSpool.Mark lastStart) {}

  /**
   * @param rowLimit rows per request, as configured
   */
  public RowCapDetector(Knowledge knowledge, int rowLimit, QueryShape shape, Pager pager) {
    this.knowledge = knowledge;
    this.rowLimit = rowLimit;
    this.shape = shape;
    this.pager = pager;
  }

  /**
   * Evaluates the response to the request after a suspicious end.
   *
   * @return the end of the page that was cut off, if there are rows after it; otherwise null
   */
  public @Nullable Tail cutOff(PageReader page) {
    Tail before = tail;
    tail = null;
    LocalDate behind = page.first();
    return before != null && behind != null && !behind.isAfter(before.asked()) ? before : null;
  }

  /**
   * Requests the days after the end of a page without a control if the page ends as a cap would end
   * it.
   */
  public void askBehind(PageReader page, DayRange asked) {
    LocalDate last = page.last();
    if (last != null
        && shape.dateGrouping() != DateGrouping.NONE
        && shape.dateGrouping().periodEnd(last).isBefore(asked.last())
        && page.rows() >= FEW_ROWS
        && knowledge.mayBeCap(page.rows())) {
      tail = new Tail(page.rows(), last, asked.last(), page.lastStart());
      pager.restartFrom(shape.dateGrouping().periodEnd(last).plusDays(1));
    }
  }

  /** Returns to where a page was cut off; the next response shows whether that is a rule. */
  public void askAgain(Tail before) {
    awaited = (int) before.rows();
    pager.restartFrom(before.last());
  }

  /**
   * Evaluates the response after one that was cut off. If it ends at the same number of rows, that
   * number is the limit from now on, so that the response counts as a full page.
   */
  public void cameAgain(PageReader page) {
    int before = awaited;
    awaited = 0;
    if (before == 0) {
      return;
    }
    if (page.rows() == before) {
      pager.capLearned(before);
      if (suspected == 0) {
        knowledge.rowsCapped(before);
      }
    } else if (suspected != 0) {
      refuted = true;
      suspected = 0;
      period = null;
    }
  }

  /**
   * Returns whether a page that disagrees with its control ends as a cap would end it. If so, the
   * query is to be sent again. If the response is the same, its number of rows is the limit until
   * the missing rows arrive or prove not to exist.
   */
  public boolean suspects(List<LocalDate> wrong, PeriodTotals expected, PageReader page) {
    if (suspected != 0 || refuted || !looksCapped(wrong, expected, page)) {
      return false;
    }
    suspected = (int) page.rows();
    awaited = suspected;
    period = wrong.get(0);
    return true;
  }

  /** Returns whether the suspicion of a cap is due to this period. */
  public boolean isAbout(LocalDate day) {
    return day.equals(period);
  }

  /**
   * Confirms the suspected cap if the covered days, which agree with their control, include its
   * period.
   */
  public void agreed(DayRange covered) {
    if (period != null && covered.contains(period)) {
      settle(true);
    }
  }

  /**
   * Ends the suspicion: records the cap if the missing rows arrived, otherwise restores the limit.
   */
  public void settle(boolean confirmed) {
    if (suspected == 0) {
      return;
    }
    if (confirmed) {
      knowledge.rowsCapped(suspected);
    } else {
      refuted = true;
      pager.limit(knowledge.limit(shape.key(), rowLimit));
    }
    suspected = 0;
    period = null;
  }

  /**
   * Returns whether the rows end as a cap would end them: every difference is a shortage, and none
   * lies before the last period with rows.
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
