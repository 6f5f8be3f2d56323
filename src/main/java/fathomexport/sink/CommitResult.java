package fathomexport.sink;

import java.io.Serializable;
import java.time.LocalDate;
import java.util.List;

/**
 * What a commit did.
 *
 * @param rowsStored rows of the window that are now stored by it
 * @param changed periods whose rows were written, ascending; empty when all were equal
 * @param kept incomplete periods for which older rows, or nothing, were left standing
 */
public record CommitResult(long rowsStored, List<LocalDate> changed, List<LocalDate> kept)
    implements Serializable {
  public CommitResult {
    changed = List.copyOf(changed);
    kept = List.copyOf(kept);
  }
}
