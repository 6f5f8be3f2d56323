package fathomexport.api.pacing;

/** What waits for a stop, for tests in other packages. */
public final class StopActions {
  private StopActions() {}

  /** Returns how many actions wait for the stop. */
  public static int of(StopSignal stop) {
    return stop.waiting();
  }
}
