package fathomexport.sink.parquet.commit;

import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.report.Aggregate;
import fathomexport.report.Report;
import fathomexport.report.Slice;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowReader;
import fathomexport.sink.CommitResult;
import fathomexport.sink.SinkException;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.parquet.file.DamagedFileException;
import fathomexport.sink.parquet.file.DurableFiles;
import fathomexport.sink.parquet.file.FileSchema;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.parquet.file.RowTime;
import fathomexport.sink.parquet.file.WidenedRows;
import fathomexport.sink.parquet.ledger.FileLedger;
import fathomexport.sink.parquet.ledger.FileLedgers;
import fathomexport.sink.parquet.ledger.PeriodKey;
import fathomexport.sink.parquet.ledger.Restatements;
import fathomexport.sink.parquet.ledger.StoredPeriod;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One window into its files. First it is decided what becomes of each period, then all rows are
 * read once and compared with their certificates, and only then the first file is touched. Files
 * are put in their places one by one, the oldest first: each carries the certificates of its own
 * periods, so that a window that was stopped in between shows as committed up to there.
 */
public final class WindowCommit {
  private final Layout layout;
  private final FileLedgers ledgers;
  private final Restatements restatements;
  private final Fencing fencing;
  private final WindowLoad load;
  private final Slice slice;
  private final TableSchema schema;
  private final Map<LocalDate, PlannedPeriod> periods = new LinkedHashMap<>();
  private final Map<Path, FilePlan> plans = new LinkedHashMap<>();

  /** Asks whether the run may still write. */
  public interface Fencing {
    /**
     * @throws SinkException {@code SUPERSEDED}
     */
    void require() throws IOException;
  }

  public WindowCommit(
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
   * Does it.
   *
   * @throws SinkException {@code INTEGRITY} before anything is touched; {@code DEFINITION}; {@code
   *     SUPERSEDED} before a file is put in its place
   * @throws IOException the file that was being written stands as it was; older ones may be done
   */
  public CommitResult run() throws IOException {
    decide();
    measure();
    try (WidenedRows rows = new WidenedRows(load.rows().read())) {
      NewRows cursor = new NewRows(rows, schema, periods);
      for (FilePlan plan : plans.values()) {
        NavigableMap<PeriodKey, StoredPeriod> after = after(plan);
        if (dirty(plan, after)) {
          rewrite(plan, after, cursor);
        } else if (plan.footer != null) {
          confirm(plan, plan.footer, after);
        }
      }
    }
    return new CommitResult(
        periods.values().stream()
            .filter(p -> p.action == PlannedPeriod.Action.STORE)
            .mapToLong(p -> p.total().rows())
            .sum(),
        dates(periods.values().stream().filter(PlannedPeriod::changes).toList()),
        dates(
            periods.values().stream()
                .filter(p -> p.action != PlannedPeriod.Action.STORE)
                .toList()));
  }

  /** The incomplete periods of which older rows stand. */
  public List<LocalDate> kept() {
    return dates(
        periods.values().stream().filter(p -> p.action == PlannedPeriod.Action.KEEP).toList());
  }

  private static List<LocalDate> dates(List<PlannedPeriod> periods) {
    return periods.stream().map(p -> p.certificate.period()).toList();
  }

  // --- Decide

  private void decide() throws IOException {
    Report report = load.report();
    TableSchema own = FileSchema.of(schema);
    for (PeriodCertificate c : load.periods()) {
      Path file = layout.file(report.name(), slice.site(), report.dateGrouping(), c.period());
      FilePlan plan = plans.get(file);
      if (plan == null) {
        plan = new FilePlan(file, fittingFooter(file), own);
        plans.put(file, plan);
      }
      PeriodKey key = PeriodKey.of(slice, report.dateGrouping(), c);
      StoredPeriod before = plan.footer == null ? null : plan.footer.periods().get(key);
      PlannedPeriod period = new PlannedPeriod(c, key, plan, before, action(c, before));
      plan.periods.add(period);
      periods.put(c.period(), period);
    }
    for (FilePlan plan : plans.values()) {
      if (plan.footer != null && carriesRows(plan, plan.footer)) {
        plan.widen(FileSchema.union(own, plan.footer.schema()));
      }
    }
  }

  private static PlannedPeriod.Action action(PeriodCertificate c, @Nullable StoredPeriod before) {
    boolean stored = before != null && before.entry().stored();
    if (c.status() != CertificateStatus.INCOMPLETE || (c.storeIfAbsent() && !stored)) {
      return PlannedPeriod.Action.STORE;
    }
    return stored ? PlannedPeriod.Action.KEEP : PlannedPeriod.Action.NOTE;
  }

  private @Nullable FileLedger fittingFooter(Path file) throws IOException {
    FileLedger footer = ledgers.footer(file);
    if (footer == null) {
      return null;
    }
    FileLedgers.requireGrain(layout, load.report(), footer, file);
    if (!footer.site().equals(slice.site())) {
      throw new DamagedFileException(
          file
              + " holds rows of site "
              + footer.site()
              + ", not of "
              + slice.site()
              + ": the file system does not tell their folders apart",
          null);
    }
    return footer;
  }

  private static boolean carriesRows(FilePlan plan, FileLedger footer) {
    List<PeriodKey> replaced =
        plan.periods.stream()
            .filter(p -> p.action == PlannedPeriod.Action.STORE)
            .map(p -> p.key)
            .toList();
    long replacedRows =
        replaced.stream()
            .map(footer.periods()::get)
            .filter(p -> p != null && p.entry().stored())
            .mapToLong(p -> p.entry().certificate().rows())
            .sum();
    return footer.rows() > replacedRows;
  }

  // --- Measure

  private void measure() throws IOException {
    RowReader narrow = new RowReader(schema);
    RowReader wide = narrow;
    RowTime time = new RowTime(schema);
    int keys = schema.keyColumns().size();
    byte[] site = slice.site().value().getBytes(StandardCharsets.UTF_8);
    byte[] event = slice.eventKey().getBytes(StandardCharsets.UTF_8);
    byte[] previous = new byte[0];
    int previousLength = -1;
    PlannedPeriod current = null;
    try (WidenedRows rows = new WidenedRows(load.rows().read())) {
      while (rows.next()) {
        rows.read(narrow);
        int length = narrow.prefixLength(keys);
        if (previousLength >= 0) {
          int order =
              Arrays.compareUnsigned(previous, 0, previousLength, narrow.bytes(), 0, length);
          if (order >= 0) {
            throw integrity(order == 0 ? "a key stands twice" : "rows are out of order", current);
          }
        }
        if (previous.length < length) {
          previous = new byte[2 * length];
        }
        System.arraycopy(narrow.bytes(), 0, previous, 0, length);
        previousLength = length;

        if (!holds(narrow, 0, site) || (slice.event() != null && !holds(narrow, 1, event))) {
          throw integrity("a row is of another site or event", current);
        }
        PlannedPeriod period = periods.get(time.period(narrow));
        if (period == null || !inRange(period, time.rangeEnd(narrow))) {
          throw integrity("a row lies outside of the window", current);
        }
        if (period != current) {
          finish(current);
          current = period;
          wide = period.plan.extraColumns() == 0 ? narrow : new RowReader(period.plan.target());
        }
        if (period.action == PlannedPeriod.Action.STORE) {
          int wideLength =
              wide == narrow
                  ? narrow.prefixLength(schema.columns().size())
                  : rows.read(wide, period.plan.extraColumns());
          period.plan.tally().add(wide, wideLength);
        }
      }
    }
    finish(current);
    for (PlannedPeriod period : periods.values()) {
      if (period.action == PlannedPeriod.Action.STORE) {
        if (period.total == null) {
          period.total = period.plan.tally().finish();
        }
        compare(period);
      }
    }
  }

  private static void finish(@Nullable PlannedPeriod period) {
    if (period != null && period.action == PlannedPeriod.Action.STORE) {
      period.total = period.plan.tally().finish();
    }
  }

  private static boolean inRange(PlannedPeriod period, LocalDate rangeEnd) {
    return rangeEnd.equals(period.key.rangeEnd());
  }

  private static boolean holds(RowReader row, int column, byte[] text) {
    int start = row.textStart(column);
    return !row.isNull(column)
        && Arrays.equals(row.bytes(), start, start + row.textLength(column), text, 0, text.length);
  }

  private void compare(PlannedPeriod period) {
    PeriodCertificate c = period.certificate;
    if (period.total().rows() != c.rows()) {
      throw integrity(
          "holds " + period.total().rows() + " rows, certified are " + c.rows(), period);
    }
    for (Aggregate a : load.report().aggregates()) {
      Long certified = c.sums().get(a);
      Long sum = period.total().sums().get(a.apiName());
      if (a.additive() && certified != null && !certified.equals(sum)) {
        throw integrity(a.apiName() + " sums to " + sum + ", certified is " + certified, period);
      }
    }
  }

  private SinkException integrity(String what, @Nullable PlannedPeriod period) {
    return new SinkException(
        SinkException.Kind.INTEGRITY,
        load.window()
            + (period == null ? "" : ", period " + period.certificate.period())
            + ": "
            + what
            + "; nothing was stored",
        null);
  }

  // --- Write

  /** What the file will say of its periods. */
  private NavigableMap<PeriodKey, StoredPeriod> after(FilePlan plan) {
    NavigableMap<PeriodKey, StoredPeriod> after = new TreeMap<>();
    if (plan.footer != null) {
      after.putAll(plan.footer.periods());
    }
    for (PlannedPeriod p : plan.periods) {
      switch (p.action) {
        case STORE ->
            after.put(p.key, new StoredPeriod(entry(p.certificate, true), p.total().digest()));
        case NOTE -> after.put(p.key, new StoredPeriod(entry(p.certificate, false), ""));
        case KEEP -> {
          // As it was.
        }
      }
    }
    return after;
  }

  private LedgerEntry entry(PeriodCertificate c, boolean stored) {
    return new LedgerEntry(
        load.report().name(), slice, c, load.provenance(), load.window().id(), stored);
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
      if (p.action == PlannedPeriod.Action.KEEP) {
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

  private void rewrite(FilePlan plan, NavigableMap<PeriodKey, StoredPeriod> after, NewRows cursor)
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
        throw integrity(
            plan.file + " would hold " + written + " rows, certified are " + ledger.rows(), null);
      }
      fencing.require();
      List<Restatements.Change> changes = merge.changes();
      if (!changes.isEmpty()) {
        restatements.append(
            load.report().name(),
            changes,
            load.provenance().fetchedAt(),
            load.provenance().runId());
      }
      DurableFiles.replace(temporary, plan.file);
      if (!notes.isEmpty()) {
        // What stands is confirmed as it was; what was written carries its own word in the footer.
        plan.periods.stream()
            .filter(p -> p.action != PlannedPeriod.Action.KEEP)
            .forEach(p -> notes.remove(p.key));
        ledgers.confirm(plan.file, ledger, notes);
      }
    } finally {
      Files.deleteIfExists(temporary);
    }
  }
}
