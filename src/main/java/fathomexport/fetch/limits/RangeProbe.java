package fathomexport.fetch.limits;

import fathomexport.api.Outcome;
import fathomexport.api.answer.Refusal;
import fathomexport.plan.Pager;
import fathomexport.plan.RangeQuery;
import fathomexport.plan.WindowPlanner;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import java.time.Duration;
import java.time.ZoneId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Determines whether a refusal is about the width of the range. If the refusal does not name its
 * cause, a single period is requested instead; its rows are kept if the request succeeds. A
 * narrower range is recorded only with evidence: the refusal names the range, a second request that
 * is as wide is refused, or the run has learned that width for another shape. The second is an
 * ordinary request of the run, which asks for the wider range again. A refusal that does not name
 * the range is no evidence against a width that the API has accepted in this run.
 */
public final class RangeProbe {
  private static final Logger LOG = LoggerFactory.getLogger(RangeProbe.class);

  private final LearnedRanges ranges;
  private final RangeQuery query;
  private final Pager pager;

  /** Width in days of the range whose refusal did not mention ranges; 0 if there is none. */
  private int suspected;

  /** Whether a single period passed here after a wider range was refused without a stated cause. */
  private boolean doubted;

  /** Whether the range was narrowed to the learned one because a wider one was refused again. */
  private boolean returned;

  /** Whether a single period was refused as well, so that the range is not the cause. */
  private boolean refuted;

  private String words = "";
  private boolean longWeek;

  /**
   * Width in days of the requests since a wider range was refused as too wide; 0 if there is none,
   * or no evidence for it.
   */
  private int narrowed;

  public RangeProbe(LearnedRanges ranges, RangeQuery query, Pager pager) {
    this.ranges = ranges;
    this.query = query;
    this.pager = pager;
  }

  public boolean isRefuted() {
    return refuted;
  }

  /**
   * Handles a refusal of a range that is wider than the one that was learned, which happens where
   * the run tests if that still holds. The learned range is requested instead, before any other
   * cause is suspected: most likely nothing has changed, and then the test costs one request.
   *
   * @return whether to continue with the learned range
   */
  public boolean returnsToLearned(Outcome.Refused<?> refused) {
    int learned = ranges.learned(query.shape());
    returned =
        refused.refusal() != Refusal.LIMIT
            && learned > 0
            && learned < pager.ask().days()
            && !pager.askIsSingle();
    if (returned) {
      LOG.info(
          "requesting {} days of {} instead of {}: {}",
          learned,
          query.shape().key(),
          pager.ask().days(),
          refused.words());
      pager.narrow(learned);
    }
    return returned;
  }

  /**
   * Handles a refusal of the pager's current request.
   *
   * @return whether to continue with a narrower range; false if the range cannot be the cause
   */
  public boolean refused(Outcome.Refused<?> refused) {
    switch (refused.refusal()) {
      case RANGE -> {
        if (hasLongWeek(pager.ask())) {
          narrowLongWeek(refused.words());
          return true;
        }
        if (halved(refused)) {
          return true;
        }
      }
      case LIMIT, PARAMETERS -> {
        // Without a period that passed here, only one half is tried before a single period is.
        boolean again =
            doubted || (narrowed == 0 && ranges.isDoubted(query.shape().key(), pager.ask().days()));
        if (suspected == 0
            && !hasLongWeek(pager.ask())
            && (asOtherShapes(refused) || (again && halved(refused)))) {
          return true;
        }
        if (suspected == 0 && !pager.askIsSingle()) {
          longWeek = hasLongWeek(pager.ask());
          suspected = pager.ask().days();
          narrowed = 0;
          words = refused.words();
          pager.narrow(1);
          return true;
        }
        refuted = true;
      }
      case CREDENTIALS, SUBSCRIPTION, PERMISSION, NOT_FOUND, OTHER -> {}
    }
    return false;
  }

  /**
   * Narrows the range to what the run has learned for other shapes of the same date grouping, since
   * the API most likely has one maximum. Returns false if nothing is known or it was tried.
   */
  private boolean asOtherShapes(Outcome.Refused<?> refused) {
    int known = ranges.learned(query.shape().dateGrouping());
    int asked = pager.ask().days();
    if (known == 0 || known >= asked) {
      return false;
    }
    pager.narrow(known);
    suspect(asked, known, refused);
    return true;
  }

  /** Halves the range. Returns false if it is a single period. */
  private boolean halved(Outcome.Refused<?> refused) {
    int asked = pager.ask().days();
    int narrower = pager.rangeRefused();
    if (narrower == 0) {
      return false;
    }
    suspect(asked, narrower, refused);
    return true;
  }

  /** Makes the next accepted request record the narrower width, if there is evidence for it. */
  private void suspect(int asked, int narrower, Outcome.Refused<?> refused) {
    boolean isEvidence =
        refused.refusal() == Refusal.RANGE || !ranges.accepts(query.shape().key(), asked);
    narrowed = isEvidence ? narrower : 0;
    words = refused.words();
  }

  /**
   * Records that a range was accepted, and what follows if a wider one was refused before.
   *
   * @param asked the days of the request
   */
  public void passed(DayRange asked) {
    if (returned) {
      ranges.stillRefused(query.shape().dateGrouping());
      returned = false;
    }
    if (narrowed > 0) {
      ranges.refused(query.shape(), narrowed, words);
      narrowed = 0;
    }
    if (longWeek) {
      narrowLongWeek(words);
      longWeek = false;
      suspected = 0;
    } else if (suspected > 0) {
      ranges.doubted(query.shape().key());
      doubted = true;
      pager.narrow(suspected);
      suspected = 0;
    } else {
      ranges.accepted(query.shape(), asked);
    }
  }

  /**
   * Returns whether the seven local days have more than 168 hours, because the clocks were put
   * back.
   */
  private boolean hasLongWeek(DayRange asked) {
    ZoneId zone = query.zone();
    return query.shape().dateGrouping() == DateGrouping.HOUR
        && zone != null
        && asked.days() == WindowPlanner.HOUR_DAYS
        && Duration.between(
                    asked.first().atStartOfDay(zone), asked.last().plusDays(1).atStartOfDay(zone))
                .compareTo(Duration.ofDays(WindowPlanner.HOUR_DAYS))
            > 0;
  }

  /**
   * Requests this week in two ranges. The narrower width is not recorded, since other weeks are not
   * affected.
   */
  private void narrowLongWeek(String said) {
    LOG.warn(
        "{} {}: requesting the week of the clock change in two parts: {}",
        query.slice(),
        query.days(),
        said);
    pager.narrow(WindowPlanner.HOUR_DAYS - 1);
  }
}
