package fathomexport.sink.parquet.commit;

import fathomexport.ledger.PeriodCertificate;
import fathomexport.report.Report;
import fathomexport.report.Slice;
import fathomexport.report.TableSchema;
import fathomexport.sink.CommitPlan;
import fathomexport.sink.CommitResult;
import fathomexport.sink.SinkException;
import fathomexport.sink.StoredUnder;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.parquet.file.DamagedFileException;
import fathomexport.sink.parquet.file.DurableFiles;
import fathomexport.sink.parquet.file.FileSchema;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.parquet.file.WidenedRows;
import fathomexport.sink.parquet.ledger.FileLedger;
import fathomexport.sink.parquet.ledger.FileLedgers;
import fathomexport.sink.parquet.ledger.PeriodKey;
import fathomexport.sink.parquet.ledger.Restatements;
import fathomexport.sink.parquet.ledger.StoredPeriod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Commits one window to its files. It first decides what to do with each period, then reads all
 * rows once and compares them with their certificates, and only then writes the first file. Files
 * are put in place one by one, oldest first. Each file contains the certificates of its own
 * periods, so a window whose commit was interrupted counts as committed up to that point.
 */
public final class FileSetCommit {
  private final Layout layout;
  private final FileLedgers ledgers;
  private final Restatements restatements;
  private final Fencing fencing;
  private final WindowLoad load;
  private final Slice slice;
  private final TableSchema schema;
  private final Map<LocalDate, PlannedPeriod> periods = new LinkedHashMap<>();
  private final Map<Path, FilePlan> plans = new LinkedHashMap<>();

  /** The check whether the run may still write. */
  public interface Fencing {
    /**
     * Checks that no other run has taken the pipeline's lock.
     *
     * @throws SinkException {@code SUPERSEDED} if another run has taken it
     * @throws IOException if the lock's epoch cannot be read
     */
    void require() throws IOException;
  }

  public FileSetCommit(
      Layout layout,
      FileLedgers ledgers,
      Restatements restatements,
      Fencing fencing,
      WindowLoad load) {
    this.fencing = fencing;
    this.layout = layout;
    this.ledgers = ledgers;
    this.restatements = restatements;
    this.load = load;
    this.slice = load.window().slice();
    this.schema = load.report().schema();
  }

  /**
   * Commits the window.
   *
   * @return what the commit has done with each period
   * @throws SinkException {@code DEFINITION}, or {@code INTEGRITY} if the load fails its check,
   *     before any file is put in place; {@code INTEGRITY} or {@code SUPERSEDED} before one of the
   *     files is put in place, when older ones may be committed
   * @throws IOException if a file cannot be read or written. That file remains as it was; older
   *     ones may be committed
   */
  public CommitPlan run() throws IOException {
    CommitPlan commit = decide();
    new LoadCheck(load, commit, periods).measure();
    try (WidenedRows rows = new WidenedRows(load.rows().read())) {
      NewRows cursor = new NewRows(rows, schema, periods);
      for (FilePlan plan : plans.values()) {
        NavigableMap<PeriodKey, StoredPeriod> after = after(plan, commit);
        if (dirty(plan, after)) {
          rewrite(plan, commit, after, cursor);
        } else if (plan.footer != null) {
          confirm(plan, plan.footer, after);
        }
      }
    }
    return commit;
  }

  /** Returns the result of the commit after it has run. */
  public CommitResult result(CommitPlan commit) {
    return commit.result(
        periods.values().stream()
            .filter(p -> p.fate == CommitPlan.Fate.STORE)
            .mapToLong(p -> p.total().rows())
            .sum(),
        periods.values().stream()
            .filter(PlannedPeriod::changes)
            .map(p -> p.certificate.period())
            .toList());
  }

  // --- Decide

  private CommitPlan decide() throws IOException {
    Report report = load.report();
    TableSchema own = FileSchema.of(schema);
    Map<LocalDate, FilePlan> files = new LinkedHashMap<>();
    Map<LocalDate, StoredPeriod> before = new HashMap<>();
    for (PeriodCertificate c : load.periods()) {
      Path file = layout.file(report.name(), slice.site(), report.dateGrouping(), c.period());
      FilePlan plan = plans.get(file);
      if (plan == null) {
        plan = new FilePlan(file, fittingFooter(file), own);
        plans.put(file, plan);
      }
      files.put(c.period(), plan);
      StoredPeriod there = plan.footer == null ? null : plan.footer.periods().get(key(c));
      if (there != null) {
        before.put(c.period(), there);
      }
    }
    Map<LocalDate, StoredUnder> stored = new HashMap<>();
    before.forEach(
        (period, there) -> {
          if (there.entry().stored()) {
            stored.put(period, StoredUnder.of(there.entry()));
          }
        });
    CommitPlan commit = new CommitPlan(load, stored);
    for (PeriodCertificate c : load.periods()) {
      FilePlan plan = Objects.requireNonNull(files.get(c.period()));
      PlannedPeriod period =
          new PlannedPeriod(c, key(c), plan, before.get(c.period()), commit.fate(c.period()));
      plan.periods.add(period);
      periods.put(c.period(), period);
    }
    for (FilePlan plan : plans.values()) {
      if (plan.footer != null && carriesRows(plan, plan.footer)) {
        plan.widen(FileSchema.union(own, plan.footer.schema()));
      }
    }
    return commit;
  }

  private PeriodKey key(PeriodCertificate c) {
    return PeriodKey.of(slice, load.report().dateGrouping(), c);
  }

  private @Nullable FileLedger fittingFooter(Path file) throws IOException {
    FileLedger footer = ledgers.footer(file);
    if (footer == null) {
      return null;
    }
    footer.requireGrain(layout, load.report(), file);
    if (!footer.site().equals(slice.site())) {
      throw DamagedFileException.other(
          file,
          "contains rows of site "
              + footer.site()
              + ", not of "
              + slice.site()
              + ", because the file system does not distinguish the folders of the two");
    }
    return footer;
  }

  private static boolean carriesRows(FilePlan plan, FileLedger footer) {
    List<PeriodKey> replaced =
        plan.periods.stream().filter(p -> p.fate == CommitPlan.Fate.STORE).map(p -> p.key).toList();
    long replacedRows =
        replaced.stream()
            .map(footer.periods()::get)
            .filter(p -> p != null && p.entry().stored())
            .mapToLong(p -> p.entry().certificate().rows())
            .sum();
    return footer.rows() > replacedRows;
  }

  // --- Write

  /** Returns the periods for the file's new footer. */
  private static NavigableMap<PeriodKey, StoredPeriod> after(FilePlan plan, CommitPlan commit) {
    NavigableMap<PeriodKey, StoredPeriod> after = new TreeMap<>();
    if (plan.footer != null) {
      after.putAll(plan.footer.periods());
    }
    for (PlannedPeriod p : plan.periods) {
      switch (p.fate) {
        case STORE ->
            after.put(p.key, new StoredPeriod(commit.entry(p.certificate), p.total().digest()));
        case NOTE -> after.put(p.key, new StoredPeriod(commit.entry(p.certificate), ""));
        case KEEP -> {
          // The stored period remains.
        }
      }
    }
    return after;
  }

  private static boolean dirty(FilePlan plan, NavigableMap<PeriodKey, StoredPeriod> after) {
    if (plan.footer == null) {
      return true;
    }
    for (PlannedPeriod p : plan.periods) {
      StoredPeriod wanted = Objects.requireNonNull(after.get(p.key));
      if (p.before == null || !p.before.sameSubstance(wanted)) {
        return true;
      }
    }
    return false;
  }

  private void confirm(
      FilePlan plan, FileLedger footer, NavigableMap<PeriodKey, StoredPeriod> after)
      throws IOException {
    NavigableMap<PeriodKey, StoredPeriod> notes = ledgers.confirmations(plan.file, footer);
    NavigableMap<PeriodKey, StoredPeriod> updated = new TreeMap<>(notes);
    for (PlannedPeriod p : plan.periods) {
      if (p.fate == CommitPlan.Fate.KEEP) {
        continue;
      }
      StoredPeriod wanted = Objects.requireNonNull(after.get(p.key));
      if (wanted.equals(p.before)) {
        updated.remove(p.key);
      } else {
        updated.put(p.key, wanted);
      }
    }
    if (!updated.equals(notes)) {
      fencing.require();
      ledgers.confirm(plan.file, footer, updated);
    }
  }

  private void rewrite(
      FilePlan plan, CommitPlan commit, NavigableMap<PeriodKey, StoredPeriod> after, NewRows cursor)
      throws IOException {
    DurableFiles.createParent(plan.file);
    NavigableMap<PeriodKey, StoredPeriod> notes =
        plan.footer == null ? new TreeMap<>() : ledgers.confirmations(plan.file, plan.footer);
    Path temporary = DurableFiles.temporary(plan.file);
    try {
      FileMerge merge = new FileMerge(slice, plan, after, ledgers.json());
      merge.write(temporary, cursor);
      FileLedger ledger = merge.ledger();
      long written = ledgers.countRows(temporary);
      if (written != ledger.rows()) {
        throw new SinkException(
            SinkException.Kind.INTEGRITY,
            load.window()
                + ": "
                + plan.file
                + " would contain "
                + written
                + " rows instead of the certified "
                + ledger.rows()
                + "; nothing was stored from period "
                + plan.periods.get(0).certificate.period()
                + " on",
            null);
      }
      fencing.require();
      List<Restatements.ChangedTotals> changes = merge.changes(commit);
      if (!changes.isEmpty()) {
        restatements.append(
            load.report().name(),
            changes,
            load.provenance().fetchedAt(),
            load.provenance().runId());
      }
      DurableFiles.replace(temporary, plan.file);
      if (!notes.isEmpty()) {
        // Kept periods retain their confirmations. The footer describes the written ones.
        plan.periods.stream()
            .filter(p -> p.fate != CommitPlan.Fate.KEEP)
            .forEach(p -> notes.remove(p.key));
        ledgers.confirm(plan.file, ledger, notes);
      }
    } finally {
      Files.deleteIfExists(temporary);
    }
  }
}
