package fathomexport.sink.parquet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.report.Column;
import fathomexport.report.SiteId;
import fathomexport.report.VisitorSample;
import fathomexport.report.rows.RowReader;
import fathomexport.sink.SampleCount;
import fathomexport.sink.SampleStore;
import fathomexport.sink.SampleTable;
import fathomexport.sink.SinkException;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.DurableFiles;
import fathomexport.sink.parquet.file.FileLocks;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.parquet.file.RowFileReader;
import fathomexport.sink.parquet.file.RowFileWriter;
import fathomexport.sink.parquet.ledger.FileLedgers;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.parquet.filter2.compat.FilterCompat;
import org.jspecify.annotations.Nullable;

/**
 * Stores samples as files: {@code <root>/<table>/site_id=<id>/date=YYYY-MM-DD/data.parquet}, by the
 * day of {@code sampled_at} in UTC. Each sample rewrites its day's file and puts it in place by a
 * rename, so the rewritten amount is a day, never the whole history.
 *
 * <p>The three tables are three files. A note below {@code _fathom/samples} is written first, so
 * that no sample remains in only some of them: an existing note means that its sample is still to
 * be stored. The file of {@code current_visitors} comes last: a reader that starts there always
 * sees complete samples.
 */
final class ParquetSamples implements SampleStore {
  private static final String LOCK = "samples";
  private static final String NOTE = ".json";
  private static final String DATE = "date=";

  /** The command of the runs that {@link #forgetRuns} deletes. */
  private static final String COMMAND = "snapshot";

  private static final int RUNS_KEPT = 100;

  private final Layout layout;
  private final FileLocks locks;
  private final FileLedgers ledgers;
  private final Documents documents;

  ParquetSamples(Layout layout, FileLocks locks, FileLedgers ledgers, Documents documents) {
    this.layout = layout;
    this.locks = locks;
    this.ledgers = ledgers;
    this.documents = documents;
  }

  @Override
  public void prepare() {
    locked(
        "cannot prepare " + layout.root() + " for samples",
        () -> {
          DurableFiles.createDirectories(notes());
          for (SampleTable table : SampleTable.values()) {
            // Writers of temporary files hold the lock, so the existing ones are leftovers.
            DurableFiles.removeTemporaries(layout.report(table.tableName()));
          }
          DurableFiles.removeTemporaries(notes());
          for (Path note : pending()) {
            finish(note);
          }
          forgetRuns();
        });
  }

  @Override
  public void append(VisitorSample sample) {
    locked(
        "cannot store the sample of site " + sample.site() + " in " + layout.root(),
        () -> {
          Path note = note(sample.site());
          // A note left by a failed commit, for example on a full disk.
          finish(note);
          if (!isStored(sample)) {
            documents.write(note, toJson(sample));
            finish(note);
          }
        });
  }

  @Override
  public List<SampleCount> counts(Collection<SiteId> known, LocalDate from) {
    Map<String, SiteId> byFolder = new HashMap<>();
    known.forEach(site -> byFolder.put(Layout.siteFolder(site), site));
    try {
      List<SampleCount> counts = new ArrayList<>();
      for (Path site : children(layout.report(SampleTable.VISITORS.tableName()))) {
        String folder = site.getFileName().toString();
        SiteId id =
            Optional.ofNullable(byFolder.get(folder)).or(() -> Layout.site(folder)).orElse(null);
        if (id == null) {
          continue;
        }
        for (Path part : children(site)) {
          String name = part.getFileName().toString();
          Path file = part.resolve(Layout.DATA);
          if (name.startsWith(DATE)
              && !LocalDate.parse(name.substring(DATE.length())).isBefore(from)
              && Files.isRegularFile(file)) {
            counts.add(
                new SampleCount(
                    id, LocalDate.parse(name.substring(DATE.length())), ledgers.countRows(file)));
          }
        }
      }
      return counts;
    } catch (IOException | DateTimeException e) {
      throw new SinkException(
          SinkException.Kind.UNAVAILABLE,
          "cannot count the samples in " + layout.root() + ": " + e.getMessage(),
          e);
    }
  }

  private static List<Path> children(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> children = Files.list(folder)) {
      return children.sorted().toList();
    }
  }

  /**
   * Deletes all but the newest records of snapshot runs. All records are read at once, and
   * snapshots, which start every few minutes, are of no interest after a week.
   */
  private void forgetRuns() throws IOException {
    if (!Files.isDirectory(layout.runs())) {
      return;
    }
    SortedMap<String, Path> snapshots = new TreeMap<>();
    try (Stream<Path> files = Files.list(layout.runs())) {
      for (Path file : (Iterable<Path>) files::iterator) {
        JsonNode run = file.toString().endsWith(NOTE) ? documents.read(file) : null;
        if (run != null && Documents.text(run, "command").equals(COMMAND)) {
          snapshots.put(Documents.text(run, "started_at") + " " + file.getFileName(), file);
        }
      }
    }
    List<Path> oldestFirst = List.copyOf(snapshots.values());
    for (Path file : oldestFirst.subList(0, Math.max(0, oldestFirst.size() - RUNS_KEPT))) {
      Files.deleteIfExists(file);
    }
  }

  private interface SampleWork {
    void run() throws IOException;
  }

  private void locked(String failure, SampleWork work) {
    try {
      locks.holding(
          LOCK,
          () -> {
            work.run();
            return work;
          });
    } catch (IOException e) {
      throw new SinkException(
          SinkException.Kind.UNAVAILABLE, failure + ": " + DurableFiles.reason(e), e);
    }
  }

  // --- Notes of samples that are to be stored

  private Path notes() {
    return layout.own().resolve("samples");
  }

  private Path note(SiteId site) {
    return notes().resolve(Layout.siteFolder(site) + NOTE);
  }

  private List<Path> pending() throws IOException {
    try (Stream<Path> files = Files.list(notes())) {
      return files.filter(f -> f.toString().endsWith(NOTE)).sorted().toList();
    }
  }

  /** Stores the sample of a note, if the note exists. Repeating it changes nothing. */
  private void finish(Path note) throws IOException {
    JsonNode content = documents.read(note);
    if (content == null) {
      return;
    }
    VisitorSample sample;
    try {
      sample = fromJson(content);
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new IOException(note + " contains invalid data: move it away", e);
    }
    for (SampleTable table : SampleTable.values()) {
      write(table, sample);
    }
    Files.deleteIfExists(note);
  }

  private ObjectNode toJson(VisitorSample sample) {
    ObjectNode node = documents.object();
    node.put("site_id", sample.site().value());
    node.put("sampled_at", sample.sampledAt().toString());
    node.put("total", sample.total());
    var pages = node.putArray("pages");
    for (VisitorSample.VisitedPage p : sample.pages()) {
      pages.addArray().add(p.hostname()).add(p.pathname()).add(p.total());
    }
    var referrers = node.putArray("referrers");
    for (VisitorSample.Referrer r : sample.referrers()) {
      referrers.addArray().add(r.referrerHostname()).add(r.referrerPathname()).add(r.total());
    }
    return node;
  }

  private static VisitorSample fromJson(JsonNode node) {
    List<VisitorSample.VisitedPage> pages = new ArrayList<>();
    for (JsonNode p : node.required("pages")) {
      pages.add(new VisitorSample.VisitedPage(text(p, 0), text(p, 1), p.required(2).longValue()));
    }
    List<VisitorSample.Referrer> referrers = new ArrayList<>();
    for (JsonNode r : node.required("referrers")) {
      referrers.add(new VisitorSample.Referrer(text(r, 0), text(r, 1), r.required(2).longValue()));
    }
    return new VisitorSample(
        new SiteId(Documents.text(node, "site_id")),
        Instant.parse(Documents.text(node, "sampled_at")),
        node.required("total").longValue(),
        pages,
        referrers);
  }

  private static @Nullable String text(JsonNode array, int index) {
    JsonNode value = array.required(index);
    return value.isNull() ? null : value.textValue();
  }

  // --- Files

  private Path file(SampleTable table, VisitorSample sample) {
    LocalDate day = LocalDate.ofInstant(sample.sampledAt(), ZoneOffset.UTC);
    return layout
        .report(table.tableName())
        .resolve(Layout.siteFolder(sample.site()))
        .resolve(DATE + day)
        .resolve(Layout.DATA);
  }

  private boolean isStored(VisitorSample sample) throws IOException {
    long at = SampleTable.micros(sample.sampledAt());
    try (SampleRows rows =
        SampleRows.of(SampleTable.VISITORS, file(SampleTable.VISITORS, sample))) {
      while (rows.next()) {
        if (rows.time() == at) {
          return true;
        }
      }
      return false;
    }
  }

  /** Rewrites the day's file, with the sample's rows merged into the existing ones. */
  private void write(SampleTable table, VisitorSample sample) throws IOException {
    List<byte[]> fresh = table.rows(sample);
    if (fresh.isEmpty()) {
      return;
    }
    Path file = file(table, sample);
    DurableFiles.createParent(file);
    Path temporary = DurableFiles.temporary(file);
    try {
      long rows = merge(table, file, fresh, SampleTable.micros(sample.sampledAt()), temporary);
      long written = ledgers.countRows(temporary);
      if (written != rows) {
        throw new SinkException(
            SinkException.Kind.INTEGRITY,
            file + " would hold " + written + " rows instead of " + rows + "; it was not changed",
            null);
      }
      DurableFiles.replace(temporary, file);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Copies the file's rows, if it exists, merged with these rows. Returns their total number. */
  private static long merge(SampleTable table, Path file, List<byte[]> fresh, long at, Path target)
      throws IOException {
    RowReader row = new RowReader(table.schema());
    try (SampleRows stored = SampleRows.of(table, file);
        RowFileWriter out = new RowFileWriter(target, table.schema(), Map::of)) {
      long count = fresh.size();
      boolean more = stored.next();
      for (; more && stored.time() < at; more = stored.next(), count++) {
        out.write(stored.row());
      }
      // Rows of an earlier attempt at the same sample are replaced, not duplicated.
      while (more && stored.time() == at) {
        more = stored.next();
      }
      for (byte[] bytes : fresh) {
        out.write(row.read(bytes, bytes.length));
      }
      for (; more; more = stored.next(), count++) {
        out.write(stored.row());
      }
      return count;
    }
  }

  /** The rows of a file in their order, which is by time. */
  private static final class SampleRows implements Closeable {
    private final @Nullable RowFileReader source;
    private final RowReader row;
    private final int time;

    private SampleRows(SampleTable table, @Nullable RowFileReader source) {
      this.source = source;
      this.row = new RowReader(table.schema());
      this.time = table.schema().indexOf(Column.Role.TIME);
    }

    /** Returns the rows of a file; empty if the file does not exist. */
    static SampleRows of(SampleTable table, Path file) throws IOException {
      return new SampleRows(
          table,
          Files.exists(file) ? new RowFileReader(file, table.schema(), FilterCompat.NOOP) : null);
    }

    boolean next() throws IOException {
      if (source == null || !source.next()) {
        return false;
      }
      row.read(source.buffer(), source.length());
      return true;
    }

    RowReader row() {
      return row;
    }

    long time() {
      return row.integer(time);
    }

    @Override
    public void close() throws IOException {
      if (source != null) {
        source.close();
      }
    }
  }
}
