package fathomexport.fetch;

import fathomexport.api.Outcome;
import fathomexport.plan.Pager;
import fathomexport.plan.WindowPlanner;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import java.time.Duration;
import java.time.ZoneId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out whether a refusal is about the width of the range. One that does not say what it is
 * about is put to the proof with a single period, whose rows are kept when it passes.
 */
final class RangeProbe {
  private static final Logger LOG = LoggerFactory.getLogger(RangeProbe.class);

  private final Knowledge knowledge;
  private final RangeQuery query;
  private final Pager pager;

  /** Days of a range that was refused without a word about ranges; 0 when there is none. */
  private int suspected;

  /** A single period was refused as well, so the range is not why. */
  private boolean refuted;

  private String words = "";
  private boolean longWeek;

  /** The width, in days, that is asked for since a wider range was clearly refused; 0 for none. */
  private int narrowed;

  RangeProbe(Knowledge knowledge, RangeQuery query, Pager pager) {
    this.knowledge = knowledge;
    this.query = query;
    this.pager = pager;
  }

  boolean isRefuted() {
    return refuted;
  }

  /**
   * Takes a refusal of what the pager asks for.
   *
   * @return whether to go on with a narrower range; false when the range cannot be why
   */
  boolean refused(Outcome.Refused<?> refused) {
    switch (refused.refusal()) {
      case RANGE -> {
        if (hasLongWeek(pager.ask())) {
          narrowLongWeek(refused.words());
          return true;
        }
        int narrower = pager.rangeRefused();
        if (narrower > 0) {
          narrowed = narrower;
          words = refused.words();
          return true;
        }
      }
      case LIMIT, PARAMETERS -> {
        if (suspected == 0 && !pager.askIsSingle()) {
          longWeek = hasLongWeek(pager.ask());
          suspected = pager.ask().days();
          words = refused.words();
          pager.narrow(1);
          return true;
        }
        refuted = true;
      }
      case CREDENTIALS, PERMISSION, NOT_FOUND, OTHER -> {}
    }
    return false;
  }

  /** Takes the news of an answer: a range passed where a wider one was refused. */
  void passed() {
    if (narrowed > 0) {
      knowledge.rangeRefused(query.shape().key(), narrowed, words);
      narrowed = 0;
    }
    if (longWeek) {
      narrowLongWeek(words);
      longWeek = false;
      suspected = 0;
    } else if (suspected > 0) {
      int narrower = Math.max(1, suspected / 2);
      knowledge.rangeRefused(query.shape().key(), narrower, words);
      pager.narrow(narrower);
      suspected = 0;
    }
  }

  /** Whether seven local days have more than seven times 24 hours: the clocks were put back. */
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

  /** Asks for that week in two; other weeks have nothing to learn from it. */
  private void narrowLongWeek(String said) {
    LOG.warn(
        "{} {}: asking for the week of the clock change in two: {}",
        query.slice(),
        query.days(),
        said);
    pager.narrow(WindowPlanner.HOUR_DAYS - 1);
  }
}
