package fathomexport.sink.postgres.db;

import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A row of a query result, with access by column name. */
public final class Row {
  private final ResultSet row;

  Row(ResultSet row) {
    this.row = row;
  }

  public String text(String column) throws SQLException {
    return row.getString(column);
  }

  public @Nullable String textOrNull(String column) throws SQLException {
    return row.getString(column);
  }

  public List<String> texts(String column) throws SQLException {
    return List.of((String[]) row.getArray(column).getArray());
  }

  public @Nullable List<String> textsOrNull(String column) throws SQLException {
    return row.getArray(column) == null ? null : texts(column);
  }

  public boolean flag(String column) throws SQLException {
    return row.getBoolean(column);
  }

  public int integer(String column) throws SQLException {
    return row.getInt(column);
  }

  public @Nullable Integer integerOrNull(String column) throws SQLException {
    int value = row.getInt(column);
    return row.wasNull() ? null : value;
  }

  public long number(String column) throws SQLException {
    return row.getLong(column);
  }

  public @Nullable Long numberOrNull(String column) throws SQLException {
    long value = row.getLong(column);
    return row.wasNull() ? null : value;
  }

  public @Nullable Double realOrNull(String column) throws SQLException {
    double value = row.getDouble(column);
    return row.wasNull() ? null : value;
  }

  public BigDecimal decimal(String column) throws SQLException {
    return row.getBigDecimal(column);
  }

  public @Nullable BigDecimal decimalOrNull(String column) throws SQLException {
    return row.getBigDecimal(column);
  }

  public LocalDate day(String column) throws SQLException {
    return row.getObject(column, LocalDate.class);
  }

  public @Nullable LocalDate dayOrNull(String column) throws SQLException {
    return row.getObject(column, LocalDate.class);
  }

  public Instant instant(String column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }

  public @Nullable Instant instantOrNull(String column) throws SQLException {
    OffsetDateTime value = row.getObject(column, OffsetDateTime.class);
    return value == null ? null : value.toInstant();
  }
}
