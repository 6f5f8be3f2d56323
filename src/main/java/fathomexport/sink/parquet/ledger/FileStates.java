package fathomexport.sink.parquet.ledger;

import fathomexport.sink.parquet.file.Layout;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The states of a data file and of the notes beside it.
 *
 * @param notes null if there are none
 */
record FileStates(FileState file, @Nullable FileState notes) {

  /** Returns the states of a data file and its notes, or null if the file does not exist. */
  static @Nullable FileStates of(Layout layout, Path file) throws IOException {
    FileState state = FileState.of(file);
    return state == null ? null : new FileStates(state, FileState.of(layout.confirmations(file)));
  }

  /** Returns the size of the notes, or that of no notes. */
  long sizeOfNotes() {
    return notes == null ? FileContent.NONE.size() : notes.size();
  }
}
