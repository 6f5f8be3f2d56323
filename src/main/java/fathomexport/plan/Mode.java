package fathomexport.plan;

import fathomexport.report.DayRange;
import java.io.Serializable;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Which days a run exports. */
public sealed interface Mode extends Serializable {

  /** Returns the name of the command. */
  String command();

  /** Returns whether complete periods are fetched again. */
  boolean force();

  /** Returns whether a complete period is fetched again that was fetched at this time. */
  default boolean fetchesAgain(Instant fetchedAt) {
    return force();
  }

  /**
   * The scheduled run: every site's yesterday and look-back, then gaps.
   *
   * @param lookbackDays days before yesterday that are queried again, once per local day
   * @param force whether complete periods are fetched again
   */
  record Nightly(int lookbackDays, boolean force) implements Mode {
    public Nightly {
      if (lookbackDays < 0) {
        throw new IllegalArgumentException("look-back of " + lookbackDays + " days");
      }
    }

    @Override
    public String command() {
      return "run";
    }
  }

  /**
   * A range that the user named: its periods that are not complete, or with force all of them.
   *
   * @param fetchedBefore with force, only what was fetched before this time is fetched again; null
   *     if everything is
   */
  record Backfill(
      DayRange days, boolean force, @Nullable Instant fetchedBefore, boolean newestFirst)
      implements Mode {
    public Backfill(DayRange days, boolean force, boolean newestFirst) {
      this(days, force, null, newestFirst);
    }

    @Override
    public boolean fetchesAgain(Instant fetchedAt) {
      return force && (fetchedBefore == null || fetchedAt.isBefore(fetchedBefore));
    }

    @Override
    public String command() {
      return "backfill";
    }
  }
}
