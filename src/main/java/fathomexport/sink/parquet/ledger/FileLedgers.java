package fathomexport.sink.parquet.ledger;

import fathomexport.sink.parquet.file.DamagedFileException;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.DurableFiles;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.parquet.ledger.ParsedFiles.ParsedFile;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.io.LocalInputFile;
import org.jspecify.annotations.Nullable;

/**
 * Reads the stored periods of files: the footer, and the confirmations beside it. What was read is
 * kept in {@link ParsedFiles} and {@link OutlineCache} as long as the file is unchanged.
 *
 * <p>A load that changes nothing leaves the data file untouched. Its time and run are recorded in
 * {@code _fathom/confirmed}. Without that note the footer's older provenance applies.
 */
public final class FileLedgers {
  private final Layout layout;
  private final LedgerJson json = new LedgerJson();
  private final ReportNotes notes;
  private final OutlineCache outlines;
  private final ParsedFiles files = new ParsedFiles();
  private final AtomicLong footersRead = new AtomicLong();

  public FileLedgers(Layout layout) {
    this.layout = layout;
    this.notes = new ReportNotes(layout, new Documents());
    this.outlines = new OutlineCache(layout, notes);
  }

  public LedgerJson json() {
    return json;
  }

  /**
   * Returns the content of the data file's footer, or null if the file does not exist.
   *
   * @throws IOException if the file cannot be read, is damaged, or was not written by this program
   */
  public @Nullable FileLedger footer(Path file) throws IOException {
    ParsedFile known = parsed(file);
    return known == null ? null : known.ledger();
  }

  private @Nullable ParsedFile parsed(Path file) throws IOException {
    FileState state = FileState.of(file);
    if (state == null) {
      return null;
    }
    ParsedFile known = files.of(file, state);
    if (known != null) {
      return known;
    }
    FileLedger read;
    FileContent content;
    footersRead.incrementAndGet();
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
    return files.keep(file, new ParsedFile(state, read, content));
  }

  /**
   * Returns an outline of the file, or null if the file does not exist. The footer is parsed only
   * if neither this process nor the run before it has seen its content.
   *
   * @throws IOException as {@link #current} does
   */
  @Nullable Outline outline(Path file) throws IOException {
    FileStates states = FileStates.of(layout, file);
    if (states == null) {
      return null;
    }
    Outline known = outlines.of(file, states);
    if (known != null) {
      return known;
    }
    FileLedger ledger = current(file);
    return ledger == null ? null : Outline.of(ledger);
  }

  /** Returns how many footers were read from files so far. */
  public long footersRead() {
    return footersRead.get();
  }

  /** Returns the outlines of the files, which are kept for later commands. */
  public OutlineCache outlines() {
    return outlines;
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
    String report = layout.reportOf(file);
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
    FileStates before = FileStates.of(layout, file);
    ParsedFile footer = parsed(file);
    if (before == null || footer == null) {
      return null;
    }
    ParsedFile notes = notes(file, footer.ledger());
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
    if (!outlines.has(file, before)) {
      outlines.keep(
          file,
          before,
          Outline.of(current),
          footer.content(),
          notes == null ? FileContent.NONE : notes.content());
    }
    return current;
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
  private @Nullable ParsedFile notes(Path file, FileLedger footer) throws IOException {
    Path notes = layout.confirmations(file);
    FileState state = FileState.of(notes);
    if (state == null) {
      return null;
    }
    ParsedFile known = files.of(notes, state);
    if (known != null) {
      return known;
    }
    try {
      byte[] content = Files.readAllBytes(notes);
      FileLedger ledger = json.parsePeriods(footer.schema(), text(content));
      return files.keep(notes, new ParsedFile(state, ledger, FileContent.of(content)));
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
      @Nullable ParsedFile notes, FileLedger footer) {
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
}
