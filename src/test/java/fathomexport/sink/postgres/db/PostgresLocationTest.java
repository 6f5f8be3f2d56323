package fathomexport.sink.postgres.db;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.sink.postgres.db.PostgresSettings.Location;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PostgresLocationTest {
  @ParameterizedTest
  @CsvSource({
    "jdbc:postgresql://db.example:5433/analytics, db.example, 5433, analytics",
    "jdbc:postgresql://db/analytics?ssl=true&sslpassword=hunter2, db, 5432, analytics",
    "'jdbc:postgresql://a:1,b:2/analytics', a, 1, analytics",
    "jdbc:postgresql:analytics, localhost, 5432, analytics",
    "jdbc:postgresql:///analytics, localhost, 5432, analytics",
    "jdbc:postgresql://db/, db, 5432, loader",
    "jdbc:postgresql://[::1]:5433/analytics, [::1], 5433, analytics"
  })
  void isWherePgjdbcConnectsTo(String url, String host, String port, String database) {
    assertThat(new PostgresSettings(url, "loader", null).location())
        .isEqualTo(new Location(host, port, database));
  }
}
