package fathomexport.sink.postgres.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.PostgresSettings;
import java.sql.SQLException;
import java.util.Map;
import org.flywaydb.core.api.FlywayException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MigrationFailuresTest {
  /** Nothing connects to it: only its name is in the messages. */
  private final Database database =
      new Database(
          new PostgresSettings("jdbc:postgresql://127.0.0.1:1/nowhere", "loader", null), Map.of());

  private final MigrationFailures failures = new MigrationFailures(database);

  @AfterEach
  void close() {
    database.close();
  }

  private static FlywayException failed(SQLException cause) {
    return new FlywayException("Script V001__x.sql failed\n-----\nSQL State : X", cause);
  }

  @Test
  void aRefusalOfAReportIsTheCauseItself() throws SQLException {
    SinkException refusal =
        new SinkException(SinkException.Kind.DEFINITION, "report x lacks a column", null);
    assertThat(failures.translated(new FlywayException("failed", refusal))).isSameAs(refusal);
  }

  @ParameterizedTest
  @ValueSource(strings = {"08006", "57P01", "53100", "58030", "55P03", "25006", "28P01"})
  void aFailureOfTheServerIsNotOneOfTheMigration(String state) {
    SQLException cause = new SQLException("the server fails", state);
    assertThatThrownBy(() -> failures.translated(failed(cause))).isSameAs(cause);
  }

  @Test
  void aMissingRightNamesTheRoleThatHasIt() throws SQLException {
    assertThat(failures.translated(failed(new SQLException("must be owner of x", "42501"))))
        .isInstanceOf(SinkException.class)
        .hasMessageContaining("must be owner of x")
        .hasMessageContaining("the role that owns the tables (fathom_owner,");
  }

  @Test
  void anyOtherFailureIsInOneLine() throws SQLException {
    assertThat(
            failures.translated(failed(new SQLException("syntax error\n  Position: 3", "42601"))))
        .isInstanceOf(SinkException.class)
        .hasMessage(
            "PostgreSQL at 127.0.0.1:1/nowhere cannot be migrated: Script V001__x.sql failed:"
                + " syntax error");
  }
}
