package fathomexport.fetch;

import fathomexport.fetch.limits.RowCapDetector;
import fathomexport.fetch.rows.PageReader;
import fathomexport.plan.Pager;
import fathomexport.plan.RangeQuery;
import fathomexport.report.DayRange;
import fathomexport.run.FetchFailedException;
import java.io.IOException;
import java.time.LocalDate;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides whether a page is kept, requested again, or kept although it disagrees with its control:
 * each page is requested again at most once, and once more if it ends as a row cap would end it.
 */
final class PageAgreement {
  private static final Logger LOG = LoggerFactory.getLogger(PageAgreement.class);

  /** How often a page is requested again if it is invalid or disagrees with its control. */
  private static final int REASKS = 1;

  private final RangeQuery query;
  private final Pager pager;
  private final PageCheck check;
  private final RowCapDetector cap;
  private int reasks;

  PageAgreement(RangeQuery query, Pager pager, PageCheck check, RowCapDetector cap) {
    this.query = query;
    this.pager = pager;
    this.check = check;
    this.cap = cap;
  }

  /** Returns whether the page may be requested again, and counts that. */
  boolean mayAskAgain() {
    return reasks++ < REASKS;
  }

  /** Ends what was about one page: the next one may be requested again, too. */
  void settled() {
    reasks = 0;
  }

  /**
   * Compares a page with the control. If they disagree, finds the cause: a suspected row cap is
   * applied as the limit; otherwise the control is queried again, then the page. Periods that still
   * disagree are certified as incomplete.
   *
   * @return false if the page is to be requested again; its rows are dropped
   */
  boolean isReached(ControlTotals control, DayRange covered, PageReader page, boolean isCut)
      throws FetchFailedException, IOException {
    List<LocalDate> wrong = check.disagreeing(control.get(query.days()), covered, page.totals());
    if (wrong.isEmpty()) {
      cap.agreed(covered);
      return true;
    }
    if (!isCut && cap.suspects(wrong, control.get(query.days()), page)) {
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
      DayRange again = new DayRange(wrong.get(0), check.endOf(wrong.get(wrong.size() - 1)));
      control.ask(again);
      if (check.disagreeing(control.get(query.days()), covered, page.totals()).isEmpty()) {
        control.forgetAnswers(again);
        return true;
      }
    }
    if (mayAskAgain()) {
      page.dropAll();
      pager.restartFrom(covered.first());
      return false;
    }
    cap.settle(false);
    // The certificate reports the difference; nothing more can be done here.
    return true;
  }
}
