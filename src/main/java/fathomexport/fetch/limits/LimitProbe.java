package fathomexport.fetch.limits;

import fathomexport.api.Outcome;
import fathomexport.api.answer.Refusal;
import fathomexport.plan.Pager;
import fathomexport.report.DayRange;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Determines whether a refusal is about the number of rows requested, by repeating the request with
 * a lower limit. The lower limit is recorded only once it is accepted, and if it is below the
 * documented 1,000, only with evidence: the refusal names the limit, or two requests with a higher
 * one were refused. The second may be an ordinary request of the run, which asks for the higher
 * limit again.
 */
public final class LimitProbe {
  private static final Logger LOG = LoggerFactory.getLogger(LimitProbe.class);

  /** Limits to try, in this order, if the API does not name the limit that it allows. */
  private static final List<Integer> LIMITS = List.of(1_000, 500, 100);

  /** Smaller numbers in the API's text are hardly a row limit. */
  private static final int LEAST_SAID = 10;

  private final Knowledge knowledge;
  private final String shapeKey;
  private final Pager pager;

  /** The limit that was first refused; 0 if no probe is under way. */
  private int refused;

  /** Number of limits that were refused in this probe. */
  private int refusals;

  private boolean named;

  /** The limit to return to after the page, since a single refusal is no evidence; otherwise 0. */
  private int restored;

  private String words = "";

  /** The range that was refused with every limit. */
  private @Nullable DayRange exhausted;

  public LimitProbe(Knowledge knowledge, String shapeKey, Pager pager) {
    this.knowledge = knowledge;
    this.shapeKey = shapeKey;
    this.pager = pager;
  }

  /**
   * Handles a refusal of the pager's current request.
   *
   * @return whether to repeat the request with fewer rows; false if the limit is not the cause, and
   *     then the pager uses the original limit again
   */
  public boolean refused(Outcome.Refused<?> refusal) {
    int limit = pager.limit();
    boolean names = refusal.refusal() == Refusal.LIMIT;
    boolean suspected =
        names
            || (refusal.refusal() == Refusal.PARAMETERS
                && (refused > 0 || !knowledge.acceptsLimit(limit)));
    int fewer =
        suspected && !Objects.equals(exhausted, pager.ask()) ? fewer(limit, names, refusal) : 0;
    if (fewer == 0) {
      if (refused > 0) {
        exhausted = pager.ask();
        pager.limit(refused);
        end();
      }
      return false;
    }
    LOG.warn("requesting {} rows instead of {}: {}", fewer, limit, refusal.words());
    refused = refused == 0 ? limit : refused;
    refusals++;
    named |= names;
    words = refusal.words();
    pager.limit(fewer);
    return true;
  }

  private int fewer(int limit, boolean names, Outcome.Refused<?> refusal) {
    int said = names ? refusal.numberBelow(limit).orElse(0) : 0;
    if (said >= Math.max(LEAST_SAID, limit / 100)) {
      return said;
    }
    int known = knowledge.learnedLimit(shapeKey);
    if (known > 0 && known < limit) {
      return known;
    }
    for (int next : LIMITS) {
      if (next < limit) {
        return next;
      }
    }
    return 0;
  }

  /** Records the limit of an accepted request. */
  public void passed() {
    if (refused == 0) {
      knowledge.limitAccepted(shapeKey, pager.limit());
      return;
    }
    boolean proven = named || refusals > 1 || pager.limit() >= LIMITS.get(0);
    if (knowledge.limitSuspected(refused) || proven) {
      knowledge.limitRefused(shapeKey, pager.limit(), words);
    } else {
      restored = refused;
    }
    end();
  }

  /**
   * Returns to the higher limit after a page, if a single refusal is all that speaks against it.
   */
  public void taken() {
    if (restored > 0) {
      pager.limit(restored);
      restored = 0;
    }
  }

  private void end() {
    refused = 0;
    refusals = 0;
    named = false;
  }
}
