package fathomexport.sink.postgres.db;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.postgresql.PGConnection;

/** Runs statements on a connection. The caller controls the transaction. */
public final class Queries {
  private Queries() {}

  /**
   * Has the server keep what it has parsed and planned of a statement, from a number of uses on.
   */
  public static void keepPlans(Connection connection, int uses) throws SQLException {
    connection.unwrap(PGConnection.class).setPrepareThreshold(uses);
  }

  /** Binds the parameters of a statement. */
  @FunctionalInterface
  public interface Binding {
    void bind(Parameters parameters) throws SQLException;
  }

  /** Binds the parameters of a statement for one item of a batch. */
  @FunctionalInterface
  public interface ItemBinding<T> {
    void bind(Parameters parameters, T item) throws SQLException;
  }

  /** Converts a row to a value. */
  @FunctionalInterface
  public interface RowMapper<T> {
    T map(Row row) throws SQLException;
  }

  /** Returns all rows of the result, in its order. */
  public static <T> List<T> list(
      Connection connection, String sql, Binding binding, RowMapper<T> mapper) throws SQLException {
    List<T> answer = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      binding.bind(new Parameters(statement));
      try (ResultSet rows = statement.executeQuery()) {
        Row row = new Row(rows);
        while (rows.next()) {
          answer.add(mapper.map(row));
        }
      }
    }
    return answer;
  }

  /** Returns the first row of the result, if any. */
  public static <T> Optional<T> first(
      Connection connection, String sql, Binding binding, RowMapper<T> mapper) throws SQLException {
    return list(connection, sql, binding, mapper).stream().findFirst();
  }

  /**
   * Runs a statement that changes rows.
   *
   * @return the number of changed rows
   */
  public static int update(Connection connection, String sql, Binding binding) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      binding.bind(new Parameters(statement));
      return statement.executeUpdate();
    }
  }

  /** Runs a statement once for each item, all in one round trip. Does nothing without items. */
  public static <T> void batch(
      Connection connection, String sql, Iterable<T> items, ItemBinding<T> binding)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      boolean some = false;
      for (T item : items) {
        binding.bind(new Parameters(statement), item);
        statement.addBatch();
        some = true;
      }
      if (some) {
        statement.executeBatch();
      }
    }
  }
}
