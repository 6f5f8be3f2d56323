package fathomexport.sink.postgres.db;

import java.math.BigDecimal;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** Binds the parameters of a statement, in the order of their placeholders. */
public final class Parameters {
  private final PreparedStatement statement;
  private int next = 1;

  Parameters(PreparedStatement statement) {
    this.statement = statement;
  }

  public Parameters text(@Nullable String value) throws SQLException {
    statement.setString(next++, value);
    return this;
  }

  public Parameters flag(boolean value) throws SQLException {
    statement.setBoolean(next++, value);
    return this;
  }

  public Parameters integer(@Nullable Integer value) throws SQLException {
    statement.setObject(next++, value, Types.INTEGER);
    return this;
  }

  public Parameters number(@Nullable Long value) throws SQLException {
    statement.setObject(next++, value, Types.BIGINT);
    return this;
  }

  public Parameters decimal(@Nullable BigDecimal value) throws SQLException {
    statement.setBigDecimal(next++, value);
    return this;
  }

  public Parameters day(LocalDate value) throws SQLException {
    statement.setObject(next++, value);
    return this;
  }

  public Parameters dayOrNull(@Nullable LocalDate value) throws SQLException {
    statement.setObject(next++, value, Types.DATE);
    return this;
  }

  public Parameters instant(@Nullable Instant value) throws SQLException {
    statement.setObject(
        next++,
        value == null ? null : value.atOffset(ZoneOffset.UTC),
        Types.TIMESTAMP_WITH_TIMEZONE);
    return this;
  }

  /** Binds an array, for example for {@code = ANY (?)}. */
  public Parameters texts(Collection<String> values) throws SQLException {
    statement.setArray(next++, statement.getConnection().createArrayOf("text", values.toArray()));
    return this;
  }

  /** Binds null in the place of an array. */
  public Parameters noTexts() throws SQLException {
    statement.setNull(next++, Types.ARRAY);
    return this;
  }

  /** Binds an array, for example for {@code = ANY (?)}. */
  public Parameters integers(Collection<Integer> values) throws SQLException {
    statement.setArray(
        next++, statement.getConnection().createArrayOf("integer", values.toArray()));
    return this;
  }

  /** Binds an array, for example for {@code = ANY (?)}. */
  public Parameters numbers(Collection<Long> values) throws SQLException {
    statement.setArray(next++, statement.getConnection().createArrayOf("bigint", values.toArray()));
    return this;
  }

  /** Binds an array, for example for {@code = ANY (?)}. */
  public Parameters days(Collection<LocalDate> values) throws SQLException {
    statement.setArray(next++, statement.getConnection().createArrayOf("date", values.toArray()));
    return this;
  }
}
