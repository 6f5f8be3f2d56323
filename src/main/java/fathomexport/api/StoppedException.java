package fathomexport.api;

/** A stop was asked while somebody waited. Not a fault. */
public final class StoppedException extends Exception {
  private static final long serialVersionUID = 1L;

  public StoppedException() {
    super("a stop was asked");
  }
}
