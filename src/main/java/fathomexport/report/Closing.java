package fathomexport.report;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;

/** Closes what belongs together. */
public final class Closing {
  private Closing() {}

  /**
   * Closes everything, what was opened last first, even if something does not close.
   *
   * @param opened in the order in which it was opened
   * @throws RuntimeException the first failure, with the later ones as suppressed exceptions
   */
  public static void inReverse(Collection<? extends AutoCloseable> opened) {
    List<AutoCloseable> lastFirst = new ArrayList<>(opened);
    Collections.reverse(lastFirst);
    RuntimeException failure = null;
    for (AutoCloseable resource : lastFirst) {
      try {
        resource.close();
      } catch (Exception e) {
        RuntimeException unchecked =
            e instanceof RuntimeException own ? own : new IllegalStateException(e);
        if (failure == null) {
          failure = unchecked;
        } else {
          failure.addSuppressed(unchecked);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
