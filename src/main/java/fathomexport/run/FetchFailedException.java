package fathomexport.run;

import fathomexport.api.Outcome;

/** Thrown when a query could not be answered. The failure contains the reason. */
public final class FetchFailedException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient Outcome.Failure<?> failure;

  public FetchFailedException(Outcome.Failure<?> failure) {
    super(failure.describe());
    this.failure = failure;
  }

  public Outcome.Failure<?> failure() {
    return failure;
  }
}
