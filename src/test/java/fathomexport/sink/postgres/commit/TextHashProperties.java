package fathomexport.sink.postgres.commit;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.testing.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;

/** What is computed here is what the server computes. */
class TextHashProperties {
  private static final TestDatabase DATABASE = TestDatabase.migrated();
  private static final Connection CONNECTION = connect();

  private static Connection connect() {
    try {
      return DriverManager.getConnection(
          DATABASE.url(),
          DATABASE.user(),
          DATABASE.environment().get(TestDatabase.PASSWORD_VARIABLE));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @AfterContainer
  static void close() throws SQLException {
    CONNECTION.close();
    DATABASE.close();
  }

  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.oneOf(
        Arbitraries.strings().ofMaxLength(40).excludeChars('\0'),
        Arbitraries.strings().alpha().ofMaxLength(40));
  }

  @Property(tries = 2_000)
  void itIsTheServers(@ForAll("texts") String text, @ForAll long seed) throws SQLException {
    // A half of a character is none: PostgreSQL takes no such text.
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    try (PreparedStatement query =
        CONNECTION.prepareStatement("SELECT hashtextextended(? COLLATE \"C\", ?)")) {
      query.setString(1, new String(utf8, StandardCharsets.UTF_8));
      query.setLong(2, seed);
      try (ResultSet row = query.executeQuery()) {
        row.next();
        assertThat(new TextHash().of(utf8, utf8.length, seed)).isEqualTo(row.getLong(1));
      }
    }
  }
}
