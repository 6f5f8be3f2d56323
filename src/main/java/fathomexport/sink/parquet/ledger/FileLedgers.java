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
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the stored periods of files: the footer, and the confirmations beside it. Each is cached as
 * long as the file is unchanged; the least recently used are evicted first.
 *
 * <p>A load that changes nothing leaves the data file untouched. Its time and run are recorded in
 * {@code _fathom/confirmed}. Without that note the footer's older provenance applies.
 */
public final class FileLedgers {
  private static final Logger LOG = LoggerFactory.getLogger(FileLedgers.class);

  /** Enough for one month of many sites. A backfill of years returns to few of its files. */
  private static final int PERIODS_IN_MEMORY = 2_000;

  private final Layout layout;
  private final LedgerJson json = new LedgerJson();
  private final ReportNotes notes;

  /**
   * Outlines are kept until they have so many stretches together. A night plans and updates
   * dimensions from the outlines of all files: with them, it reads each footer once for both.
   */
  private static final int STRETCHES_IN_MEMORY = 100_000;

  /** The outlines of files that were found to be sound, with the states that they had then. */
  private final Map<Path, Outlined> outlines = new HashMap<>();

  private int outlinedStretches;
  private long footersRead;

  /** By report, what an earlier run has left. */
  private final Map<String, Map<String, OutlineFile.Saved>> saved = new HashMap<>();

  private final Map<Path, Cached> cache = new LinkedHashMap<>(64, 0.75f, true);
  private int cachedPeriods;

  public FileLedgers(Layout layout) {
    this.layout = layout;
    this.notes = new ReportNotes(layout, new Documents());
  }

  private record State(FileTime modified, long size, @Nullable Object fileKey) {}

  /** The states of a data file and of the notes beside it. */
  private record States(State file, @Nullable State notes) {}

  /**
   * An outline.
   *
   * @param saved the outline with the contents that it was made from; null if a file changed while
   *     it was read
   */
  private record Outlined(States states, Outline outline, OutlineFile.@Nullable Saved saved) {}

  /**
   * A parsed file.
   *
   * @param content null if it changed while it was read
   */
  private record Cached(State state, FileLedger ledger, @Nullable FileContent content) {}

  public LedgerJson json() {
    return json;
  }

  /**
   * Returns the content of the data file's footer, or null if the file does not exist.
   *
   * @throws IOException if the file cannot be read, is damaged, or was not written by this program
   */
  public @Nullable FileLedger footer(Path file) throws IOException {
    Cached cached = cached(file);
    return cached == null ? null : cached.ledger();
  }

  private @Nullable Cached cached(Path file) throws IOException {
    State state = state(file);
    if (state == null) {
      return null;
    }
    Cached known = known(file, state);
    if (known != null) {
      return known;
    }
    FileLedger read;
    FileContent content;
    count();
    try {
      FileContent before = FileContent.ofFooter(file);
      read = parse(file);
      content = before != null && before.equals(FileContent.ofFooter(file)) ? before : null;
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
      throw DamagedFileException.other(
          file,
          "was not written by this program (its metadata lacks " + LedgerJson.LEDGER_KEY + ")");
    }
    String elsewhere = read.belongsElsewhere(layout, file);
    if (!elsewhere.isEmpty()) {
      throw DamagedFileException.of(file, new IOException(elsewhere));
    }
    return remember(file, new Cached(state, read, content));
  }

  /**
   * Returns an outline of the file, or null if the file does not exist. The footer is parsed only
   * if neither this process nor the run before it has seen its content.
   *
   * @throws IOException as {@link #current} does
   */
  @Nullable Outline outline(Path file) throws IOException {
    States states = states(file);
    if (states == null) {
      return null;
    }
    synchronized (this) {
      Outlined known = outlines.get(file);
      if (known != null && known.states().equals(states)) {
        return known.outline();
      }
    }
    OutlineFile.Saved before = saved(file);
    if (before != null && isOf(before, file, states)) {
      remember(file, new Outlined(states, before.outline(), before));
      return before.outline();
    }
    FileLedger ledger = current(file);
    return ledger == null ? null : Outline.of(ledger);
  }

  private @Nullable States states(Path file) throws IOException {
    State state = state(file);
    return state == null ? null : new States(state, state(layout.confirmations(file)));
  }

  /** Returns whether an outline is one of the file and its notes, as they are now. */
  private boolean isOf(OutlineFile.Saved outline, Path file, States states) {
    if (outline.data().size() != states.file().size()
        || outline.notes().size()
            != (states.notes() == null ? FileContent.NONE.size() : states.notes().size())) {
      return false;
    }
    try {
      return outline.data().equals(FileContent.ofFooter(file))
          && (states.notes() == null
              || outline
                  .notes()
                  .equals(FileContent.of(Files.readAllBytes(layout.confirmations(file)))));
    } catch (IOException e) {
      // The caller reads the file itself then, and reports what is wrong with it.
      return false;
    }
  }

  private OutlineFile.@Nullable Saved saved(Path file) throws IOException {
    String report = report(file);
    synchronized (this) {
      Map<String, OutlineFile.Saved> known = saved.get(report);
      if (known == null) {
        known = outlineFile(report).read();
        saved.put(report, known);
      }
      return known.get(nameOf(file));
    }
  }

  private OutlineFile outlineFile(String report) throws IOException {
    return new OutlineFile(
        layout.outlines(report),
        // Whether a footer belongs to the report depends on the names that it has had.
        "of ledgers " + LedgerJson.VERSION + " " + notes.read(report).earlierNames());
  }

  /** Returns the path of a data file within its report's folder. */
  private String nameOf(Path file) {
    return layout.report(report(file)).relativize(file).toString();
  }

  private String report(Path file) {
    return layout.root().relativize(file).getName(0).toString();
  }

  /**
   * Writes the outlines of a report's files for later commands, unless another program's file is in
   * their place: then they are not saved. One writer at a time.
   */
  public void saveOutlines(String report, List<Path> files) throws IOException {
    Map<String, OutlineFile.Saved> outlined = new TreeMap<>();
    synchronized (this) {
      for (Path file : files) {
        Outlined known = outlines.get(file);
        if (known != null && known.saved() != null) {
          outlined.put(nameOf(file), known.saved());
        }
      }
    }
    if (!outlineFile(report).write(outlined)) {
      LOG.warn(
          "{} was not written by fathom-export, and is left as it is. Without the outlines of report"
              + " {}, `status` and `plan` take longer: move it away, and the next run saves them",
          layout.outlines(report),
          report);
    }
  }

  /** Returns whether a file has outlines of any report. */
  public boolean isOutlines(Path file) {
    return OutlineFile.isOne(file);
  }

  private synchronized void remember(Path file, Outlined outlined) {
    Outlined before = outlines.remove(file);
    outlinedStretches -= before == null ? 0 : before.outline().stretches().size();
    if (outlinedStretches + outlined.outline().stretches().size() <= STRETCHES_IN_MEMORY) {
      outlines.put(file, outlined);
      outlinedStretches += outlined.outline().stretches().size();
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
    String report = report(file);
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
    States before = states(file);
    Cached footer = cached(file);
    if (before == null || footer == null) {
      return null;
    }
    Cached notes = notes(file, footer.ledger());
    FileLedger current = footer.ledger();
    NavigableMap<PeriodKey, StoredPeriod> confirmed = valid(notes, current);
    if (!confirmed.isEmpty()) {
      NavigableMap<PeriodKey, StoredPeriod> periods = new TreeMap<>(current.periods());
      periods.replaceAll(
          (key, stored) -> {
            StoredPeriod later = confirmed.get(key);
            return later == null ? stored : stored.confirmedBy(later);
          });
      current = new FileLedger(current.site(), current.schema(), periods);
    }
    if (isNew(file, before)) {
      Outline outline = Outline.of(current);
      FileContent ofNotes = notes == null ? FileContent.NONE : notes.content();
      remember(
          file,
          new Outlined(
              before,
              outline,
              footer.content() == null || ofNotes == null
                  ? null
                  : new OutlineFile.Saved(footer.content(), ofNotes, outline)));
    }
    return current;
  }

  private synchronized boolean isNew(Path file, States states) {
    Outlined known = outlines.get(file);
    return known == null || !known.states().equals(states);
  }

  /**
   * Returns what is wrong with a file or with the notes beside it; null if both can be read. Reads
   * nothing that was read before and is unchanged.
   *
   * @throws IOException if this process cannot read the file, whether or not it is damaged
   */
  public @Nullable DamagedFileException damage(Path file) throws IOException {
    try {
      var unused = outline(file);
      return null;
    } catch (DamagedFileException e) {
      return e;
    }
  }

  /** Returns the confirmations that still match the footer. */
  public NavigableMap<PeriodKey, StoredPeriod> confirmations(Path file, FileLedger footer)
      throws IOException {
    return valid(notes(file, footer), footer);
  }

  /** Returns the notes on a data file, or null if there are none. */
  private @Nullable Cached notes(Path file, FileLedger footer) throws IOException {
    Path notes = layout.confirmations(file);
    State state = state(notes);
    if (state == null) {
      return null;
    }
    Cached known = known(notes, state);
    if (known != null) {
      return known;
    }
    try {
      byte[] content = Files.readAllBytes(notes);
      FileLedger ledger = json.parsePeriods(footer.schema(), text(content));
      return remember(notes, new Cached(state, ledger, FileContent.of(content)));
    } catch (NoSuchFileException e) {
      return null;
    } catch (RuntimeException | IOException e) {
      throw DamagedFileException.ofNotes(notes, e);
    }
  }

  /** Decodes UTF-8, and refuses what is not. */
  private static String text(byte[] content) throws IOException {
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString();
  }

  private static NavigableMap<PeriodKey, StoredPeriod> valid(
      @Nullable Cached notes, FileLedger footer) {
    NavigableMap<PeriodKey, StoredPeriod> valid = new TreeMap<>();
    if (notes != null) {
      notes
          .ledger()
          .periods()
          .forEach(
              (key, note) -> {
                StoredPeriod stored = footer.periods().get(key);
                if (stored != null && stored.sameSubstance(note)) {
                  valid.put(key, note);
                }
              });
    }
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

  private synchronized @Nullable Cached known(Path file, State state) {
    Cached cached = cache.get(file);
    return cached != null && cached.state().equals(state) ? cached : null;
  }

  private synchronized Cached remember(Path file, Cached parsed) {
    Cached before = cache.put(file, parsed);
    if (before != null) {
      cachedPeriods -= before.ledger().periods().size();
    }
    cachedPeriods += parsed.ledger().periods().size();
    var eldest = cache.entrySet().iterator();
    while (cachedPeriods > PERIODS_IN_MEMORY && cache.size() > 1) {
      // Keep the file used last, however many periods it has: a commit reads its file more than
      // once.
      cachedPeriods -= eldest.next().getValue().ledger().periods().size();
      eldest.remove();
    }
    return parsed;
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
