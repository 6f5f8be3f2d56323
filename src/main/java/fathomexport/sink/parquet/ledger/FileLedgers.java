package fathomexport.sink.parquet.ledger;

import fathomexport.report.Report;
import fathomexport.sink.SinkException;
import fathomexport.sink.parquet.file.DamagedFileException;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.DurableFiles;
import fathomexport.sink.parquet.file.FileSchema;
import fathomexport.sink.parquet.file.Layout;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.io.LocalInputFile;
import org.jspecify.annotations.Nullable;

/**
 * Reads the stored periods of files: the footer, and the confirmations beside it. Each is cached as
 * long as the file is unchanged; the least recently used are evicted first.
 *
 * <p>A load that changes nothing leaves the data file untouched. Its time and run are recorded in
 * {@code _fathom/confirmed}. Without that note the footer's older provenance applies.
 */
public final class FileLedgers {
  /** Enough for one month of many sites. A backfill of years returns to few of its files. */
  private static final int PERIODS_IN_MEMORY = 2_000;

  private final Layout layout;
  private final LedgerJson json = new LedgerJson();
  private final ReportNotes notes;
  private final Map<Path, Cached> cache = new LinkedHashMap<>(64, 0.75f, true);
  private int cachedPeriods;

  public FileLedgers(Layout layout) {
    this.layout = layout;
    this.notes = new ReportNotes(layout, new Documents());
  }

  private record State(FileTime modified, long size, @Nullable Object fileKey) {}

  private record Cached(State state, FileLedger ledger) {}

  public LedgerJson json() {
    return json;
  }

  /**
   * Returns the content of the data file's footer, or null if the file does not exist.
   *
   * @throws IOException if the file cannot be read, is damaged, or was not written by this program
   */
  public @Nullable FileLedger footer(Path file) throws IOException {
    State state = state(file);
    if (state == null) {
      return null;
    }
    FileLedger known = known(file, state);
    if (known != null) {
      return known;
    }
    FileLedger read;
    try {
      read = parse(file);
    } catch (NoSuchFileException e) {
      // The file was removed in the meantime.
      return null;
    } catch (FileNotFoundException | FileSystemException e) {
      // The file exists, but this process may not read it, or has too many files open.
      throw e;
    } catch (RuntimeException | IOException e) {
      throw DamagedFileException.of(file, e);
    }
    if (read == null) {
      throw new DamagedFileException(
          file
              + " was not written by this program (its metadata lacks "
              + LedgerJson.LEDGER_KEY
              + "): move it away, and export its days again with backfill --force",
          null);
    }
    String elsewhere = read.belongsElsewhere(layout, file);
    if (!elsewhere.isEmpty()) {
      throw DamagedFileException.of(file, new IOException(elsewhere));
    }
    remember(file, state, read);
    return read;
  }

  private @Nullable FileLedger parse(Path file) throws IOException {
    try (ParquetFileReader reader = open(file)) {
      FileLedger ledger = json.parse(reader.getFileMetaData().getKeyValueMetaData());
      if (ledger != null && ledger.rows() != reader.getRecordCount()) {
        throw new IOException(
            "it contains " + reader.getRecordCount() + " rows instead of " + ledger.rows());
      }
      return ledger == null ? null : renamed(ledger, file);
    }
  }

  /** Returns the footer under the report's present name, if it has been renamed since. */
  private FileLedger renamed(FileLedger footer, Path file) throws IOException {
    String report = layout.root().relativize(file).getName(0).toString();
    String then = footer.schema().name();
    return then.equals(report) || !notes.read(report).earlierNames().contains(then)
        ? footer
        : footer.named(report);
  }

  /** Returns the number of rows according to the file's footer. */
  public long countRows(Path file) throws IOException {
    try (ParquetFileReader reader = open(file)) {
      return reader.getRecordCount();
    } catch (RuntimeException e) {
      throw DamagedFileException.of(file, e);
    }
  }

  private static ParquetFileReader open(Path file) throws IOException {
    return ParquetFileReader.open(
        new LocalInputFile(file),
        new ParquetReadOptions.Builder(new PlainParquetConfiguration()).build());
  }

  /**
   * Returns the footer with its confirmations applied, which is the state of the ledger. Null if
   * the file does not exist.
   */
  public @Nullable FileLedger current(Path file) throws IOException {
    FileLedger footer = footer(file);
    if (footer == null) {
      return null;
    }
    NavigableMap<PeriodKey, StoredPeriod> confirmed = confirmations(file, footer);
    if (confirmed.isEmpty()) {
      return footer;
    }
    NavigableMap<PeriodKey, StoredPeriod> periods = new TreeMap<>(footer.periods());
    periods.replaceAll(
        (key, stored) -> {
          StoredPeriod later = confirmed.get(key);
          return later == null ? stored : stored.confirmedBy(later);
        });
    return new FileLedger(footer.site(), footer.schema(), periods);
  }

  /** Returns the confirmations that still match the footer. */
  public NavigableMap<PeriodKey, StoredPeriod> confirmations(Path file, FileLedger footer)
      throws IOException {
    Path notes = layout.confirmations(file);
    State state = state(notes);
    NavigableMap<PeriodKey, StoredPeriod> valid = new TreeMap<>();
    if (state == null) {
      return valid;
    }
    FileLedger ledger = known(notes, state);
    if (ledger == null) {
      try {
        ledger = json.parsePeriods(footer.schema(), Files.readString(notes));
      } catch (NoSuchFileException e) {
        return valid;
      } catch (RuntimeException | IOException e) {
        throw new DamagedFileException(notes + " cannot be read: remove it", e);
      }
      remember(notes, state, ledger);
    }
    ledger
        .periods()
        .forEach(
            (key, note) -> {
              StoredPeriod stored = footer.periods().get(key);
              if (stored != null && stored.sameSubstance(note)) {
                valid.put(key, note);
              }
            });
    return valid;
  }

  /** Writes the confirmations of a file, replacing the earlier ones. */
  public void confirm(Path file, FileLedger footer, NavigableMap<PeriodKey, StoredPeriod> confirmed)
      throws IOException {
    Path notes = layout.confirmations(file);
    if (confirmed.isEmpty()) {
      Files.deleteIfExists(notes);
    } else {
      DurableFiles.write(
          notes, json.periods(footer.site(), confirmed).getBytes(StandardCharsets.UTF_8));
    }
  }

  private static @Nullable State state(Path file) throws IOException {
    try {
      BasicFileAttributes a = Files.readAttributes(file, BasicFileAttributes.class);
      return new State(a.lastModifiedTime(), a.size(), a.fileKey());
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  private synchronized @Nullable FileLedger known(Path file, State state) {
    Cached cached = cache.get(file);
    return cached != null && cached.state().equals(state) ? cached.ledger() : null;
  }

  private synchronized void remember(Path file, State state, FileLedger ledger) {
    Cached before = cache.put(file, new Cached(state, ledger));
    if (before != null) {
      cachedPeriods -= before.ledger().periods().size();
    }
    cachedPeriods += ledger.periods().size();
    var eldest = cache.entrySet().iterator();
    while (cachedPeriods > PERIODS_IN_MEMORY && cache.size() > 1) {
      // Keep the file used last, however many periods it has: a commit reads its file more than
      // once.
      cachedPeriods -= eldest.next().getValue().ledger().periods().size();
      eldest.remove();
    }
  }

  /**
   * Refuses a report whose grain differs from a file's.
   *
   * @throws SinkException {@code DEFINITION} if it differs
   */
  public static void requireGrain(Layout layout, Report report, FileLedger footer, Path file) {
    if (!FileSchema.sameGrain(report.schema(), footer.schema())) {
      throw new SinkException(
          SinkException.Kind.DEFINITION,
          "report "
              + report.name()
              + " is now grouped by "
              + FileSchema.grain(report.schema())
              + ", but its files are grouped by "
              + FileSchema.grain(footer.schema())
              + " (see "
              + file
              + "): give the report another name, or move "
              + layout.report(report.name())
              + " away and export it again with backfill",
          null);
    }
  }
}
