package fathomexport.plan;

import fathomexport.report.DayRange;
import java.io.Serializable;

/** Which days a run exports. */
public sealed interface Mode extends Serializable {

  /** Returns the name of the command. */
  String command();

  /** Returns whether complete periods are fetched again. */
  boolean force();

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

  /** A range that the user named: its periods that are not complete, or with force all of them. */
  record Backfill(DayRange days, boolean force, boolean newestFirst) implements Mode {
    @Override
    public String command() {
      return "backfill";
    }
  }
}
