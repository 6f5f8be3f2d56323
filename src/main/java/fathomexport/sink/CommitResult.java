package fathomexport.sink;

import java.io.Serializable;
import java.time.LocalDate;
import java.util.List;

/**
 * The result of a commit.
 *
 * @param rowsStored number of rows of the window that this commit has stored
 * @param changed the periods whose rows were written, ascending; empty if all were equal
 * @param kept the incomplete periods for which the sink left its content, or lack of it, unchanged
 */
public record CommitResult(long rowsStored, List<LocalDate> changed, List<LocalDate> kept)
    implements Serializable {
  public CommitResult {
    changed = List.copyOf(changed);
    kept = List.copyOf(kept);
  }
}
