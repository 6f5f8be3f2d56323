package fathomexport.api.pacing;

/** A stop was requested during a wait. Not an error. */
public final class StoppedException extends Exception {
  private static final long serialVersionUID = 1L;

  public StoppedException() {
    super("stopped as requested");
  }
}
