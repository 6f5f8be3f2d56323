package fathomexport.plan;

import fathomexport.report.DayRange;
import java.io.Serializable;

/** Which days a run is about. */
public sealed interface Mode extends Serializable {

  /** How the user calls it. */
  String command();

  /** Whether what is complete is fetched again. */
  boolean force();

  /**
   * What a scheduler starts: every site's yesterday and look-back, then gaps.
   *
   * @param lookbackDays days before yesterday that are asked for again, once a local day
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

  /** A range that the user named: what of it is not complete yet, or with force all of it. */
  record Backfill(DayRange days, boolean force, boolean newestFirst) implements Mode {
    @Override
    public String command() {
      return "backfill";
    }
  }
}
