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

/** The plan for one file of a window: its current footer, and the window's periods in it. */
final class FilePlan {
  final Path file;

  /** The current footer; null if the file does not exist yet. */
  final @Nullable FileLedger footer;

  final List<PlannedPeriod> periods = new ArrayList<>();
  private final int ownColumns;
  private TableSchema target;
  private PeriodTally tally;

  /**
   * @param own the report's columns, in the schema of its files
   */
  FilePlan(Path file, @Nullable FileLedger footer, TableSchema own) {
    this.file = file;
    this.footer = footer;
    this.ownColumns = own.columns().size();
    this.target = own;
    this.tally = new PeriodTally(own);
  }

  /** Keeps the columns that only the file's old rows have. */
  void widen(TableSchema union) {
    target = union;
    tally = new PeriodTally(union);
  }

  /** Returns the columns that the file will have. */
  TableSchema target() {
    return target;
  }

  /** Returns how many of them the report lacks. They come last. */
  int extraColumns() {
    return target.columns().size() - ownColumns;
  }

  /** Returns the tally of the window's rows with the file's columns. */
  PeriodTally tally() {
    return tally;
  }

  /** Returns whether the carried rows keep their bytes, and so their digests. */
  boolean columnsStay() {
    return footer != null && footer.schema().columns().equals(target.columns());
  }

  boolean replaces(PeriodKey key) {
    return periods.stream().anyMatch(p -> p.fate == CommitPlan.Fate.STORE && p.key.equals(key));
  }
}
