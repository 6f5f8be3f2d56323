package fathomexport.sink.postgres.db;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Runs statements on a connection: parameters in, rows out. Transactions are the caller's. */
public final class Queries {
  private Queries() {}

  /** Gives a statement its parameters. */
  @FunctionalInterface
  public interface Binding {
    void bind(Parameters parameters) throws SQLException;
  }

  /** Gives a statement the parameters that stand for one item of a batch. */
  @FunctionalInterface
  public interface ItemBinding<T> {
    void bind(Parameters parameters, T item) throws SQLException;
  }

  /** Makes a value of a row. */
  @FunctionalInterface
  public interface RowMapper<T> {
    T map(Row row) throws SQLException;
  }

  /** All rows of an answer, in its order. */
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

  /** The first row of an answer, if it has one. */
  public static <T> Optional<T> first(
      Connection connection, String sql, Binding binding, RowMapper<T> mapper) throws SQLException {
    return list(connection, sql, binding, mapper).stream().findFirst();
  }

  /**
   * Runs a statement that changes rows.
   *
   * @return how many it has changed
   */
  public static int update(Connection connection, String sql, Binding binding) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      binding.bind(new Parameters(statement));
      return statement.executeUpdate();
    }
  }

  /** Runs a statement once for each item, all in one round trip; not at all without items. */
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
