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
 * Which database, and as whom.
 *
 * @param url as pgjdbc takes it, {@code jdbc:postgresql://host:port/database?parameters}, without a
 *     password
 * @param password where the password is kept; null where the server asks for none
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
          "the database's url must not carry a user or a password: they have keys of their own");
    }
    if (user.isBlank()) {
      throw new IllegalArgumentException("the database's user must be named");
    }
  }

  /** The schema of the tables that rows land in. */
  public static final String SCHEMA = "fathom";

  /** A database by its name and its server; of several servers that stand in for it the first. */
  public record Location(String host, String port, String database) {}

  /** Where the database is, with pgjdbc's defaults. */
  public Location location() {
    Properties user = new Properties();
    user.setProperty(PGProperty.USER.getName(), this.user);
    Properties parts = Driver.parseURL(url, user);
    if (parts == null) {
      throw new IllegalArgumentException("not a url that pgjdbc takes: " + this);
    }
    return new Location(
        first(PGProperty.PG_HOST.getOrDefault(parts), "localhost"),
        first(PGProperty.PG_PORT.getOrDefault(parts), "5432"),
        Objects.requireNonNullElse(PGProperty.PG_DBNAME.getOrDefault(parts), this.user));
  }

  private static String first(@Nullable String list, String otherwise) {
    return list == null || list.isEmpty() ? otherwise : list.split(",", 2)[0];
  }

  /** Without the url's parameters, some of which are secrets ({@code sslpassword}). */
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
