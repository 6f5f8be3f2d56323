package fathomexport.sink.parquet.commit;

import fathomexport.report.Slice;
import fathomexport.report.rows.RowReader;
import fathomexport.sink.CommitPlan;
import fathomexport.sink.parquet.file.PeriodTally;
import fathomexport.sink.parquet.file.RowFileWriter;
import fathomexport.sink.parquet.ledger.FileLedger;
import fathomexport.sink.parquet.ledger.LedgerJson;
import fathomexport.sink.parquet.ledger.PeriodKey;
import fathomexport.sink.parquet.ledger.Restatements;
import fathomexport.sink.parquet.ledger.StoredPeriod;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;

/**
 * Writes a new version of a file: the carried rows and the window's rows, merged in the order of
 * their bytes.
 */
final class FileMerge {
  private final Slice slice;
  private final FilePlan plan;
  private final NavigableMap<PeriodKey, StoredPeriod> after;
  private final LedgerJson json;
  private Map<PeriodKey, PeriodTally.TalliedPeriod> replaced = Map.of();

  /**
   * @param after the periods for the new footer; writing completes it
   */
  FileMerge(
      Slice slice, FilePlan plan, NavigableMap<PeriodKey, StoredPeriod> after, LedgerJson json) {
    this.slice = slice;
    this.plan = plan;
    this.after = after;
    this.json = json;
  }

  void write(Path target, NewRows fresh) throws IOException {
    try (CarriedRows carried = new CarriedRows(plan);
        RowFileWriter out = new RowFileWriter(target, plan.target(), this::metadata)) {
      boolean hasFresh = fresh.start(plan);
      boolean hasCarried = carried.next();
      while (hasFresh) {
        RowReader row = fresh.row(plan);
        while (hasCarried && !carried.isAfter(row.bytes(), fresh.length())) {
          out.write(carried.row());
          hasCarried = carried.next();
        }
        out.write(row);
        hasFresh = fresh.next(plan);
      }
      while (hasCarried) {
        out.write(carried.row());
        hasCarried = carried.next();
      }
      after.putAll(carried.redigested());
      replaced = carried.replaced();
    }
  }

  /** Returns the content of the footer, once the file is written. */
  FileLedger ledger() {
    return new FileLedger(slice.site(), plan.target(), after);
  }

  /** Returns the stored periods that the window changed. */
  List<Restatements.ChangedTotals> changes(CommitPlan commit) {
    List<Restatements.ChangedTotals> changes = new ArrayList<>();
    for (PlannedPeriod p : plan.periods) {
      if (p.wasStored() && p.changes()) {
        PeriodTally.TalliedPeriod before = replaced.getOrDefault(p.key, plan.tally().finish());
        PeriodTally.TalliedPeriod now = p.total();
        boolean counts = before.rows() != now.rows() || !before.sums().equals(now.sums());
        changes.add(
            new Restatements.ChangedTotals(
                slice, p.key, before, now, commit.reason(p.certificate.period(), counts)));
      }
    }
    return changes;
  }

  private Map<String, String> metadata() {
    try {
      return json.metadata(ledger());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
