package fathomexport.sink.postgres;

import fathomexport.report.SecretRef;
import java.io.Serializable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

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
