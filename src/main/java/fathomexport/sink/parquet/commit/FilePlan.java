package fathomexport.sink.parquet.commit;

import fathomexport.report.TableSchema;
import fathomexport.sink.CommitPlan;
import fathomexport.sink.parquet.file.PeriodTally;
import fathomexport.sink.parquet.ledger.FileLedger;
import fathomexport.sink.parquet.ledger.PeriodKey;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One file of a window: what it says now, and the window's periods that go there. */
final class FilePlan {
  final Path file;

  /** What the file says now; null when there is none yet. */
  final @Nullable FileLedger footer;

  final List<PlannedPeriod> periods = new ArrayList<>();
  private final int ownColumns;
  private TableSchema target;
  private PeriodTally tally;

  /**
   * @param own the report's columns, as files have them
   */
  FilePlan(Path file, @Nullable FileLedger footer, TableSchema own) {
    this.file = file;
    this.footer = footer;
    this.ownColumns = own.columns().size();
    this.target = own;
    this.tally = new PeriodTally(own);
  }

  /** Has the file keep the columns that only its old rows have. */
  void widen(TableSchema union) {
    target = union;
    tally = new PeriodTally(union);
  }

  /** The columns that the file will have. */
  TableSchema target() {
    return target;
  }

  /** How many of them the report does not have; they are the last. */
  int extraColumns() {
    return target.columns().size() - ownColumns;
  }

  /** Counts the window's rows under the file's columns. */
  PeriodTally tally() {
    return tally;
  }

  /** Whether the rows that stay keep their bytes, and so their digests. */
  boolean columnsStay() {
    return footer != null && footer.schema().columns().equals(target.columns());
  }

  boolean replaces(PeriodKey key) {
    return periods.stream().anyMatch(p -> p.fate == CommitPlan.Fate.STORE && p.key.equals(key));
  }
}
