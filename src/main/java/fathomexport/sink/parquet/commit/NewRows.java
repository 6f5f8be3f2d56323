package fathomexport.sink.parquet.commit;

import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowReader;
import fathomexport.sink.CommitPlan;
import fathomexport.sink.parquet.file.RowTime;
import fathomexport.sink.parquet.file.WidenedRows;
import java.io.IOException;
import java.time.LocalDate;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Streams the window's rows that are to be stored, read once, file by file. */
final class NewRows {
  private final WidenedRows rows;
  private final Map<LocalDate, PlannedPeriod> periods;
  private final RowReader narrow;
  private final RowTime time;
  private final int columns;
  private @Nullable RowReader wide;
  private @Nullable FilePlan widePlan;
  private int length;
  private @Nullable PlannedPeriod at;
  private boolean started;

  NewRows(WidenedRows rows, TableSchema schema, Map<LocalDate, PlannedPeriod> periods) {
    this.rows = rows;
    this.periods = periods;
    this.narrow = new RowReader(schema);
    this.time = new RowTime(schema);
    this.columns = schema.columns().size();
  }

  /**
   * Moves to the first row for the file. Call it for the files in their order.
   *
   * @return false if the file gets no new row
   */
  boolean start(FilePlan plan) throws IOException {
    if (!started) {
      started = true;
      advance();
    }
    LocalDate first = plan.periods.get(0).certificate.period();
    while (at != null && at.certificate.period().isBefore(first)) {
      advance();
    }
    return skipToStored(plan);
  }

  /**
   * Moves to the next row for the file.
   *
   * @return false if there is none
   */
  boolean next(FilePlan plan) throws IOException {
    advance();
    return skipToStored(plan);
  }

  /** Returns the row with the file's columns; its length is {@link #length()}. */
  RowReader row(FilePlan plan) {
    if (plan.extraColumns() == 0) {
      length = narrow.prefixLength(columns);
      return narrow;
    }
    RowReader reader = wide;
    if (reader == null || widePlan != plan) {
      reader = new RowReader(plan.target());
      wide = reader;
      widePlan = plan;
    }
    length = rows.read(reader, plan.extraColumns());
    return reader;
  }

  int length() {
    return length;
  }

  private boolean skipToStored(FilePlan plan) throws IOException {
    while (at != null && at.plan == plan && at.fate != CommitPlan.Fate.STORE) {
      advance();
    }
    return at != null && at.plan == plan;
  }

  private void advance() throws IOException {
    if (!rows.next()) {
      at = null;
      return;
    }
    rows.read(narrow);
    at = periods.get(time.period(narrow));
  }
}
