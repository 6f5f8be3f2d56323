package fathomexport.sink.parquet;

import fathomexport.ledger.Attempt;
import fathomexport.ledger.LedgerEntry;
import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.DateGrouping;
import fathomexport.report.Slice;
import fathomexport.report.StoredText;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowReader;
import fathomexport.report.rows.RowWriter;
import fathomexport.sink.SampleTable;
import fathomexport.sink.parquet.file.RowFileWriter;
import java.io.IOException;
import java.time.LocalDate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes the rows of the coverage file. */
final class CoverageRows {
  static final TableSchema SCHEMA =
      new TableSchema(
          "coverage",
          DateGrouping.NONE,
          List.of(
              new Column("report", ColumnType.TEXT, false, Column.Role.FIELD),
              new Column("site_id", ColumnType.TEXT, false, Column.Role.SITE),
              new Column("event_name", ColumnType.TEXT, true, Column.Role.EVENT),
              new Column("period", ColumnType.DATE, false, Column.Role.TIME),
              new Column("period_end", ColumnType.DATE, false, Column.Role.TIME),
              new Column("covers_to", ColumnType.DATE, true, Column.Role.MEASURE),
              new Column("state", ColumnType.TEXT, false, Column.Role.MEASURE),
              new Column("rows", ColumnType.BIGINT, false, Column.Role.MEASURE),
              new Column("fetched_at", ColumnType.INSTANT, true, Column.Role.MEASURE),
              new Column("confirmed_at", ColumnType.INSTANT, true, Column.Role.MEASURE),
              new Column("reason", ColumnType.TEXT, true, Column.Role.MEASURE)));

  private final RowFileWriter file;
  private final RowWriter row = new RowWriter(SCHEMA);
  private final RowReader encoded = new RowReader(SCHEMA);

  CoverageRows(RowFileWriter file) {
    this.file = file;
  }

  void stored(LedgerEntry entry, DateGrouping grouping, String state, @Nullable String reason)
      throws IOException {
    LocalDate period = entry.certificate().period();
    LocalDate coversTo = entry.certificate().coversTo();
    begin(entry.report(), entry.slice(), grouping, period, coversTo);
    if (entry.stored()) {
      row.integer(coversTo.toEpochDay());
    } else {
      row.putNull();
    }
    row.text(state);
    row.integer(entry.stored() ? entry.certificate().rows() : 0);
    row.integer(SampleTable.micros(entry.provenance().fetchedAt()));
    LedgerEntry.Confirmed confirmed = entry.confirmed();
    if (confirmed == null) {
      row.putNull();
    } else {
      row.integer(SampleTable.micros(confirmed.at()));
    }
    end(reason);
  }

  void failed(Attempt attempt, DateGrouping grouping) throws IOException {
    begin(attempt.report(), attempt.slice(), grouping, attempt.period(), attempt.coversTo());
    row.putNull();
    row.text("incomplete");
    row.integer(0);
    row.putNull();
    row.putNull();
    end(attempt.reason());
  }

  void missing(LedgerEntry next, DateGrouping grouping, LocalDate period) throws IOException {
    begin(next.report(), next.slice(), grouping, period, period);
    row.putNull();
    row.text("missing");
    row.integer(0);
    row.putNull();
    row.putNull();
    end(null);
  }

  private void begin(
      String report, Slice slice, DateGrouping grouping, LocalDate period, LocalDate coversTo) {
    row.reset();
    row.text(report);
    row.text(slice.site().value());
    row.text(slice.event());
    row.integer(period.toEpochDay());
    row.integer((grouping.hasBuckets() ? grouping.periodEnd(period) : coversTo).toEpochDay());
  }

  private void end(@Nullable String reason) throws IOException {
    row.text(reason == null ? null : StoredText.encode(reason));
    file.write(encoded.read(row.buffer(), row.length()));
  }
}
