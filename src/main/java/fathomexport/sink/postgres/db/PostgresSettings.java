package fathomexport.sink.postgres.db;

import fathomexport.report.SecretRef;
import java.io.Serializable;
import java.util.Objects;
import java.util.Properties;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/**
 * The database to connect to, and the user.
 *
 * @param url a pgjdbc URL, {@code jdbc:postgresql://host:port/database?parameters}, without user or
 *     password
 * @param password where the password is stored; null if the server requires none
 */
public record PostgresSettings(String url, String user, @Nullable SecretRef password)
    implements Serializable {
  private static final String PREFIX = "jdbc:postgresql:";
  private static final Pattern LOGIN = Pattern.compile("[?&](user|password)=");

  public PostgresSettings {
    if (!url.startsWith(PREFIX)) {
      throw new IllegalArgumentException(
          "the database's url must start with " + PREFIX + "//host:port/database");
    }
    if (LOGIN.matcher(url).find()) {
      throw new IllegalArgumentException(
          "the database's url must not contain a user or a password: use the keys user and password");
    }
    if (user.isBlank()) {
      throw new IllegalArgumentException("the database's user must be named");
    }
  }

  /** The schema of the report tables. */
  public static final String SCHEMA = "fathom";

  /** The first server of the URL, with the name of the database. */
  public record Location(String host, String port, String database) {}

  /** Returns the location of the database, with pgjdbc's defaults. */
  public Location location() {
    Properties user = new Properties();
    user.setProperty(PGProperty.USER.getName(), this.user);
    Properties parts = Driver.parseURL(url, user);
    if (parts == null) {
      throw new IllegalArgumentException("not a url that pgjdbc accepts: " + this);
    }
    return new Location(
        first(PGProperty.PG_HOST.getOrDefault(parts), "localhost"),
        first(PGProperty.PG_PORT.getOrDefault(parts), "5432"),
        Objects.requireNonNullElse(PGProperty.PG_DBNAME.getOrDefault(parts), this.user));
  }

  private static String first(@Nullable String list, String otherwise) {
    return list == null || list.isEmpty() ? otherwise : list.split(",", 2)[0];
  }

  /**
   * Returns the settings without the URL's parameters, some of which are secrets ({@code
   * sslpassword}).
   */
  @Override
  public String toString() {
    int parameters = url.indexOf('?');
    return "PostgresSettings["
        + (parameters < 0 ? url : url.substring(0, parameters))
        + ", user="
        + user
        + "]";
  }
}
