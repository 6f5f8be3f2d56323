package fathomexport.sink.parquet.ledger;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The files that were parsed last, footers and notes. Those that were used least recently are
 * evicted first. Thread-safe.
 */
final class ParsedFiles {
  /** Enough for one month of many sites. A backfill of years returns to few of its files. */
  private static final int PERIODS_IN_MEMORY = 2_000;

  private final int most;
  private final Map<Path, ParsedFile> files = new LinkedHashMap<>(64, 0.75f, true);
  private int periods;

  ParsedFiles() {
    this(PERIODS_IN_MEMORY);
  }

  /**
   * @param most the most periods of all files together
   */
  ParsedFiles(int most) {
    this.most = most;
  }

  /**
   * A parsed file.
   *
   * @param content null if it changed while it was read
   */
  record ParsedFile(FileState state, FileLedger ledger, @Nullable FileContent content) {}

  /** Returns a file as it was parsed, or null if it is not known in this state. */
  synchronized @Nullable ParsedFile of(Path file, FileState state) {
    ParsedFile parsed = files.get(file);
    return parsed != null && parsed.state().equals(state) ? parsed : null;
  }

  /** Keeps a parsed file, and returns it. */
  synchronized ParsedFile keep(Path file, ParsedFile parsed) {
    ParsedFile before = files.put(file, parsed);
    if (before != null) {
      periods -= before.ledger().periods().size();
    }
    periods += parsed.ledger().periods().size();
    var eldest = files.entrySet().iterator();
    while (periods > most && files.size() > 1) {
      // Keep the file used last, however many periods it has: a commit reads its file more than
      // once.
      periods -= eldest.next().getValue().ledger().periods().size();
      eldest.remove();
    }
    return parsed;
  }
}
