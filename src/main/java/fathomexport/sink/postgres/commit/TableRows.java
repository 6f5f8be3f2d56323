package fathomexport.sink.postgres.commit;

import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.Slice;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowSource;
import fathomexport.report.rows.RowWriter;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.Sql;
import fathomexport.sink.postgres.schema.ReportTable;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Collectors;

/** Streams the rows of a report's table in their encoding, in the order of their bytes. */
public final class TableRows implements RowSource {
  private static final int FETCH = 2_000;

  private final Database database;
  private final Connection connection;
  private final PreparedStatement query;
  private final ResultSet rows;
  private final List<Column> columns;
  private final RowWriter writer;
  private boolean closed;

  public TableRows(Database database, Report report, Slice slice, DayRange days)
      throws SQLException {
    TableSchema schema = report.schema();
    this.database = database;
    this.columns = schema.columns();
    this.writer = new RowWriter(nullable(schema));
    this.connection = database.connect();
    try {
      connection.setAutoCommit(false);
      query = connection.prepareStatement(select(schema, slice));
      query.setFetchSize(FETCH);
      int next = 1;
      query.setString(next++, slice.site().value());
      String event = slice.event();
      if (event != null) {
        query.setString(next++, event);
      }
      boolean range = schema.dateGrouping() == DateGrouping.NONE;
      query.setObject(
          next++, range ? days.first() : schema.dateGrouping().periodStart(days.first()));
      query.setObject(next, days.last());
      rows = query.executeQuery();
    } catch (SQLException e) {
      database.discard(connection);
      throw e;
    }
  }

  /** Returns the schema with nullable measures: rows that are older than a measure lack it. */
  private static TableSchema nullable(TableSchema schema) {
    return new TableSchema(
        schema.name(),
        schema.dateGrouping(),
        schema.columns().stream()
            .map(c -> c.isKey() ? c : new Column(c.name(), c.type(), true, c.role()))
            .toList());
  }

  private static String select(TableSchema schema, Slice slice) {
    String period = ReportTable.period(schema);
    String to = schema.dateGrouping() == DateGrouping.NONE ? "date_to" : period;
    return schema.columns().stream()
            .map(TableRows::asEncoded)
            .collect(Collectors.joining(", ", "SELECT ", " FROM "))
        + ReportTable.qualified(schema.name())
        + " WHERE site_id = ?"
        + (slice.event() == null ? "" : " AND event_name = ?")
        + " AND "
        + period
        + " >= ? AND "
        + to
        + " <= ?"
        + schema.keyColumns().stream()
            .map(
                c ->
                    Sql.name(c.name())
                        + (c.type() == ColumnType.TEXT ? " COLLATE \"C\"" : "")
                        + " NULLS FIRST")
            .collect(Collectors.joining(", ", " ORDER BY ", ""));
  }

  private static String asEncoded(Column c) {
    String name = Sql.name(c.name());
    return switch (c.type()) {
      case TEXT, BIGINT, DOUBLE -> name;
      case DATE -> "(" + name + " - DATE '1970-01-01')::bigint";
      case TIMESTAMP, INSTANT -> "(extract(epoch FROM " + name + ") * 1000000)::bigint";
    };
  }

  @Override
  public boolean next() throws IOException {
    try {
      if (!rows.next()) {
        return false;
      }
      writer.reset();
      for (int i = 0; i < columns.size(); i++) {
        cell(i + 1, columns.get(i).type());
      }
      return true;
    } catch (SQLException e) {
      throw new IOException(database.describe(e), e);
    }
  }

  private void cell(int index, ColumnType type) throws SQLException {
    switch (type) {
      case TEXT -> writer.text(rows.getString(index));
      case DATE, TIMESTAMP, INSTANT, BIGINT -> {
        long value = rows.getLong(index);
        if (rows.wasNull()) {
          writer.putNull();
        } else {
          writer.integer(value);
        }
      }
      case DOUBLE -> {
        double value = rows.getDouble(index);
        if (rows.wasNull()) {
          writer.putNull();
        } else {
          writer.real(value);
        }
      }
    }
  }

  @Override
  public byte[] buffer() {
    return writer.buffer();
  }

  @Override
  public int length() {
    return writer.length();
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try {
      rows.close();
      query.close();
    } catch (SQLException e) {
      database.discard(connection);
      throw new IOException(database.describe(e), e);
    }
    database.giveBack(connection);
  }
}
