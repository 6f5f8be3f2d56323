package fathomexport.sink.parquet;

import fathomexport.ledger.Ledger;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.Window;
import fathomexport.report.rows.RowSource;
import fathomexport.sink.CommitPlan;
import fathomexport.sink.CommitResult;
import fathomexport.sink.Damage;
import fathomexport.sink.DimensionStore;
import fathomexport.sink.Fence;
import fathomexport.sink.Migrated;
import fathomexport.sink.Removal;
import fathomexport.sink.SampleStore;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sink.WindowConfirmation;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.parquet.commit.Confirming;
import fathomexport.sink.parquet.commit.DatasetRows;
import fathomexport.sink.parquet.commit.FileSetCommit;
import fathomexport.sink.parquet.file.DamagedFileException;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.DurableFiles;
import fathomexport.sink.parquet.file.FileLocks;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.sink.parquet.ledger.Attempts;
import fathomexport.sink.parquet.ledger.FileLedger;
import fathomexport.sink.parquet.ledger.FileLedgers;
import fathomexport.sink.parquet.ledger.ParquetLedger;
import fathomexport.sink.parquet.ledger.Quarantine;
import fathomexport.sink.parquet.ledger.ReportNotes;
import fathomexport.sink.parquet.ledger.Restatements;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sink for Parquet files: one file per report, site and month (or year), replaced as a whole by
 * a rename, with the certificates of its periods in its metadata.
 *
 * <p>A window that spans several files is committed file by file, oldest first; each file's
 * certificates show what was committed. Commits to one report are serialized, also between
 * processes.
 */
public final class ParquetSink implements Sink {
  private static final Logger LOG = LoggerFactory.getLogger(ParquetSink.class);

  private final Layout layout;
  private final FileLocks locks;
  private final FileLedgers ledgers;
  private final Attempts attempts;
  private final Restatements restatements;
  private final Quarantine quarantine;
  private final ParquetLedger ledger;
  private final ReportNotes notes;
  private final ReportFolders folders;
  private volatile @Nullable Fence fence;
  private final ParquetSamples samples;
  private final CoverageFile coverage;
  private final OldFiles old;
  private final Map<String, String> definitions = new ConcurrentHashMap<>();
  private final ParquetDimensions dimensions;

  /** Creates the sink without touching any file: see {@link #migrate}. */
  public ParquetSink(ParquetSettings settings) {
    this.layout = new Layout(settings.root());
    this.locks = new FileLocks(layout.own().resolve("locks"));
    this.ledgers = new FileLedgers(layout);
    Documents documents = new Documents();
    this.attempts = new Attempts(layout, documents, ledgers);
    this.restatements = new Restatements(layout, documents);
    this.quarantine = new Quarantine(layout, documents);
    this.ledger =
        new ParquetLedger(layout, locks, ledgers, documents, attempts, restatements, quarantine);
    this.notes = new ReportNotes(layout, documents);
    this.folders = new ReportFolders(layout, ledgers, locks, notes);
    this.samples = new ParquetSamples(layout, locks, ledgers, documents);
    this.old = new OldFiles(layout, ledgers, attempts, documents, this::requireFence);
    this.dimensions = new ParquetDimensions(layout, locks, documents);
    this.coverage = new CoverageFile(layout, locks, ledgers, ledger.ledger(), dimensions);
  }

  @Override
  public String name() {
    return "parquet";
  }

  @Override
  public Migrated migrate(List<Report> reports) {
    try {
      DurableFiles.createDirectories(layout.own());
      DimensionFiles.requireFreeNames(layout);
      for (Report report : reports) {
        locks.holding(
            FileLocks.ofReport(report.name()),
            () -> {
              prepare(report);
              return report;
            });
        definitions.put(report.name(), report.definition());
      }
    } catch (IOException e) {
      throw unavailable("cannot prepare " + layout.root(), e);
    }
    return Migrated.WHOLLY;
  }

  /**
   * Writes the coverage file, for readers that have the files only, and outlines of the files for
   * later commands.
   */
  @Override
  public void runEnded(BooleanSupplier stopped) {
    try {
      coverage.write(definitions);
    } catch (IOException e) {
      throw unavailable("cannot write the coverage file in " + layout.own(), e);
    }
    try {
      coverage.saveOutlines();
    } catch (IOException e) {
      throw unavailable(
          "cannot save the outlines of the Parquet files in "
              + layout.outlines()
              + ", without which `status` and `plan` take longer; move away what is in their place",
          e);
    }
  }

  /** Returns how many footers this sink has read from files so far. */
  long footersRead() {
    return ledgers.footersRead();
  }

  private void prepare(Report report) throws IOException {
    Path directory = layout.report(report.name());
    DurableFiles.createDirectories(directory);
    // Writers of temporary files hold the lock, so the existing ones are leftovers.
    DurableFiles.removeTemporaries(directory);
    List<Path> files = folders.files(report.name());
    requireGrain(report, files);
    notes.write(report, !files.isEmpty());
  }

  private void requireGrain(Report report, List<Path> files) throws IOException {
    for (Path file : files) {
      try {
        FileLedger footer = ledgers.footer(file);
        if (footer != null) {
          // One file is enough, because every commit checks that all have the same grain.
          footer.requireGrain(layout, report, file);
          return;
        }
      } catch (DamagedFileException e) {
        // Only windows of this file's site and month cannot be stored; their commits report it.
        LOG.warn("{}", e.getMessage());
      }
    }
  }

  @Override
  public Map<String, String> refusals(List<Report> reports, Map<String, String> renamed) {
    Map<String, String> refusals = new LinkedHashMap<>();
    try {
      for (Report report : reports) {
        folders.refusal(report, renamed).ifPresent(r -> refusals.put(report.name(), r));
      }
    } catch (IOException e) {
      throw unavailable("cannot read " + layout.root(), e);
    }
    return refusals;
  }

  @Override
  public Optional<String> moveAway(String report) {
    try {
      return folders.files(report).isEmpty()
          ? Optional.empty()
          : Optional.of(folders.moveAway(report));
    } catch (IOException e) {
      throw unavailable("cannot read " + layout.report(report), e);
    }
  }

  @Override
  public void rename(Map<String, String> renamed) {
    for (Map.Entry<String, String> names : renamed.entrySet()) {
      try {
        folders.rename(names.getValue(), names.getKey());
      } catch (IOException e) {
        throw unavailable(
            "cannot rename " + layout.report(names.getValue()) + " to " + names.getKey(), e);
      }
    }
  }

  @Override
  public Set<String> reports() {
    try {
      return folders.stored();
    } catch (IOException e) {
      throw unavailable("cannot read " + layout.root(), e);
    }
  }

  @Override
  public List<Damage> damages(Report report, Collection<SiteId> sites, DayRange days) {
    try {
      List<Damage> damages = new ArrayList<>();
      for (Path file : layout.files(report.name(), sites, days.first(), days.last())) {
        DamagedFileException damage = ledgers.damage(file);
        if (damage != null) {
          damages.add(
              Damage.of(
                  damage,
                  report.name(),
                  sites.size() == 1 ? sites.iterator().next() : layout.site(file).orElse(null),
                  layout.days(file)));
        }
      }
      return damages;
    } catch (IOException e) {
      throw unavailable("cannot read " + layout.report(report.name()), e);
    }
  }

  @Override
  public CommitResult commit(WindowLoad load) {
    try {
      return locks.holding(FileLocks.ofReport(load.report().name()), () -> commitLocked(load));
    } catch (DamagedFileException e) {
      throw damaged(load.window(), e);
    } catch (IOException e) {
      throw unavailable("cannot commit " + load.window() + " to " + layout.root(), e);
    }
  }

  @Override
  public void confirm(WindowConfirmation confirmation) {
    try {
      locks.holding(
          FileLocks.ofReport(confirmation.report().name()),
          () -> {
            new Confirming(layout, ledgers, this::requireFence).note(confirmation);
            return confirmation;
          });
    } catch (DamagedFileException e) {
      throw damaged(confirmation.window(), e);
    } catch (IOException e) {
      throw unavailable("cannot record that " + confirmation.window() + " was confirmed", e);
    }
  }

  private static SinkException damaged(Window window, DamagedFileException e) {
    return new SinkException(
        SinkException.Kind.DAMAGED,
        "window "
            + window
            + " is not stored as Parquet, because the file that it belongs to is damaged: "
            + e.getMessage(),
        e);
  }

  @Override
  public void fence(Fence required) {
    fence = required;
  }

  private void requireFence() throws IOException {
    Fence required = fence;
    if (required != null && !ledger.isEpoch(required.pipeline(), required.epoch())) {
      throw required.superseded();
    }
  }

  private CommitResult commitLocked(WindowLoad load) throws IOException {
    FileSetCommit commit =
        new FileSetCommit(layout, ledgers, restatements, this::requireFence, load);
    CommitPlan plan = commit.run();
    Attempts.Update update = attempts.update(load, plan);
    // First, because the settlement can no longer be determined once the attempts are written.
    quarantine.settle(load, update.settlement());
    update.write();
    if (!load.quarantine().isEmpty()) {
      quarantine.append(load.report().name(), load.quarantine());
    }
    return commit.result(plan);
  }

  @Override
  public Removal.Removed remove(Removal removal) {
    try {
      return locks.holding(FileLocks.ofReport(removal.report().name()), () -> old.remove(removal));
    } catch (IOException e) {
      throw unavailable(
          "cannot remove the old files of " + layout.report(removal.report().name()), e);
    }
  }

  @Override
  public RowSource stored(Report report, Slice slice, DayRange days) {
    try {
      LocalDate from = report.dateGrouping().periodStart(days.first());
      return new DatasetRows(
          report,
          slice,
          days,
          layout.files(report.name(), List.of(slice.site()), from, days.last()));
    } catch (IOException e) {
      throw unavailable("cannot read " + layout.report(report.name()), e);
    }
  }

  @Override
  public Ledger ledger() {
    return ledger.ledger();
  }

  @Override
  public SampleStore samples() {
    return samples;
  }

  @Override
  public DimensionStore dimensions() {
    return dimensions;
  }

  @Override
  public void close() {
    try {
      locks.close();
    } catch (IOException e) {
      throw unavailable("cannot close the locks in " + layout.own(), e);
    }
  }

  private static SinkException unavailable(String what, IOException e) {
    return new SinkException(
        SinkException.Kind.UNAVAILABLE, what + ": " + DurableFiles.reason(e), e);
  }
}
