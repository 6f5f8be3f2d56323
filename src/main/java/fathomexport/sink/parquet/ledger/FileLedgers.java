package fathomexport.sink.parquet.ledger;

import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.Slice;
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
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
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

  /**
   * Outlines are kept until they have so many sites and events together. A night plans and updates
   * dimensions from the outlines of all files: with them, it reads each footer once for both.
   */
  private static final int SLICES_IN_MEMORY = 100_000;

  private final Map<Path, Outlined> outlines = new HashMap<>();
  private int outlinedSlices;
  private long footersRead;

  /**
   * The files that were read whole, with their notes, as they were then: whether a file is damaged
   * need not be found out twice.
   */
  private final Map<Path, Sound> sound = new HashMap<>();

  private final Map<Path, Cached> cache = new LinkedHashMap<>(64, 0.75f, true);
  private int cachedPeriods;

  public FileLedgers(Layout layout) {
    this.layout = layout;
    this.notes = new ReportNotes(layout, new Documents());
  }

  /**
   * What a file stores, without its certificates.
   *
   * @param rows the number of its rows
   * @param stored the stored days of each site and event that the file has an entry of; empty where
   *     all attempts have failed
   */
  record Outline(long rows, Map<Slice, List<DayRange>> stored) {
    static Outline of(FileLedger footer) {
      Map<Slice, List<DayRange>> periods = new HashMap<>();
      for (StoredPeriod p : footer.periods().values()) {
        List<DayRange> ofSlice =
            periods.computeIfAbsent(p.entry().slice(), slice -> new ArrayList<>());
        if (p.entry().stored()) {
          LocalDate first = p.entry().certificate().period();
          ofSlice.add(new DayRange(first, footer.schema().dateGrouping().periodEnd(first)));
        }
      }
      periods.replaceAll((slice, days) -> DayRange.union(days));
      return new Outline(footer.rows(), periods);
    }
  }

  private record Outlined(State state, Outline outline) {}

  private record State(FileTime modified, long size, @Nullable Object fileKey) {}

  private record Sound(State file, @Nullable State notes) {}

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
    count();
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
    // Whatever the footer was read for: with its certificates, it may soon be evicted.
    remember(file, state, Outline.of(read));
    return read;
  }

  /**
   * Returns an outline of the file, or null if the file does not exist. The footer is read only if
   * the file has changed since it was read last.
   *
   * @throws IOException as {@link #footer} does
   */
  @Nullable Outline outline(Path file) throws IOException {
    State state = state(file);
    if (state == null) {
      return null;
    }
    synchronized (this) {
      Outlined known = outlines.get(file);
      if (known != null && known.state().equals(state)) {
        return known.outline();
      }
    }
    FileLedger footer = footer(file);
    return footer == null ? null : Outline.of(footer);
  }

  private synchronized void remember(Path file, State state, Outline outline) {
    Outlined before = outlines.remove(file);
    outlinedSlices -= before == null ? 0 : before.outline().stored().size();
    if (outlinedSlices + outline.stored().size() <= SLICES_IN_MEMORY) {
      outlines.put(file, new Outlined(state, outline));
      outlinedSlices += outline.stored().size();
    }
  }

  /** Returns how many footers were read from files so far. */
  public synchronized long footersRead() {
    return footersRead;
  }

  private synchronized void count() {
    footersRead++;
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
    State before = state(file);
    State notes = state(layout.confirmations(file));
    FileLedger footer = footer(file);
    if (footer == null) {
      return null;
    }
    NavigableMap<PeriodKey, StoredPeriod> confirmed = confirmations(file, footer);
    if (before != null) {
      remember(file, new Sound(before, notes));
    }
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

  private synchronized void remember(Path file, Sound state) {
    if (sound.size() < SLICES_IN_MEMORY) {
      sound.put(file, state);
    }
  }

  /**
   * Returns what is wrong with a file or with the notes beside it, and what to do about it; null if
   * both can be read. Reads nothing that was read before and is unchanged.
   *
   * @throws IOException if this process cannot read the file, whether or not it is damaged
   */
  public @Nullable String damage(Path file) throws IOException {
    State state = state(file);
    if (state == null) {
      return null;
    }
    Sound now = new Sound(state, state(layout.confirmations(file)));
    synchronized (this) {
      if (now.equals(sound.get(file))) {
        return null;
      }
    }
    try {
      var unused = current(file);
      return null;
    } catch (DamagedFileException e) {
      return String.valueOf(e.getMessage());
    }
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
