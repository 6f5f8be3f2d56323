package fathomexport.config;

import fathomexport.report.SecretRef;
import java.io.Serializable;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * {@code conf/fathom-export.yaml}, resolved: defaults filled in, paths absolute. Holds the places
 * of secrets, never a secret.
 *
 * @param file the file that it was read from, absolute; text, because a path cannot be serialised
 * @param postgres null when not configured
 * @param parquet null when not configured
 * @param lineage null when not configured
 */
public record Settings(
    String file,
    Api api,
    @Nullable Postgres postgres,
    @Nullable Parquet parquet,
    @Nullable Lineage lineage)
    implements Serializable {

  /** The names that a pipeline's {@code sinks} may hold. */
  public static final String POSTGRES = "postgres";

  public static final String PARQUET = "parquet";

  /** A host that is this machine, in lower case. */
  static final Pattern LOOPBACK =
      Pattern.compile("localhost|127(\\.[0-9]{1,3}){3}|\\[::1\\]|\\[0:0:0:0:0:0:0:1\\]");

  private static boolean isHttp(URI url, String scheme) {
    return scheme.equalsIgnoreCase(url.getScheme());
  }

  /** Whether what is sent there leaves this machine only encrypted. */
  private static boolean isPrivate(URI url) {
    boolean loopback = LOOPBACK.matcher(url.getHost().toLowerCase(Locale.ROOT)).matches();
    return isHttp(url, "https") || (isHttp(url, "http") && loopback);
  }

  /** Why a URL cannot have a path added to it. Does not repeat the URL: it may hold a secret. */
  private static Optional<String> notABase(URI url) {
    if (url.getHost() == null) {
      return Optional.of("names no host");
    }
    if (url.getRawUserInfo() != null) {
      return Optional.of("carries a user name or a password");
    }
    if (url.getRawQuery() != null || url.getRawFragment() != null) {
      return Optional.of("carries a query or a fragment");
    }
    String path = url.getRawPath();
    if (path != null && path.endsWith("/")) {
      return Optional.of("ends with a slash");
    }
    return Optional.empty();
  }

  /** The sinks that are configured here, by name. */
  public Set<String> sinks() {
    Set<String> names = new LinkedHashSet<>();
    if (postgres != null) {
      names.add(POSTGRES);
    }
    if (parquet != null) {
      names.add(PARQUET);
    }
    return Collections.unmodifiableSet(names);
  }

  /**
   * How the API is spoken to.
   *
   * @param baseUrl without a slash at its end; HTTPS, or HTTP to this machine
   * @param requestsPerMinute 1 or more; the API grants 10
   * @param maxInFlight requests under way at a time, 1 or 2
   * @param rowLimit the {@code limit} that is asked for, 1 to 1,000,000
   * @param timeout from connecting to the last byte of an answer, 1 ms to 1 h
   * @param maxRangeDays widest window in days for groupings other than hour, 1 to 366
   * @param account whose quota it is: runs that name it alike share one
   * @param patience how long a run tries an API that does not answer before it ends, 0 to 24 h
   */
  public record Api(
      URI baseUrl,
      SecretRef token,
      int requestsPerMinute,
      int maxInFlight,
      int rowLimit,
      Duration timeout,
      int maxRangeDays,
      String account,
      Duration patience)
      implements Serializable {

    public static final URI DEFAULT_BASE_URL = URI.create("https://api.usefathom.com/v1");
    public static final int DEFAULT_REQUESTS_PER_MINUTE = 10;
    public static final int MOST_REQUESTS_PER_MINUTE = Integer.MAX_VALUE;
    public static final int DEFAULT_MAX_IN_FLIGHT = 1;
    public static final int MOST_IN_FLIGHT = 2;
    public static final int DEFAULT_ROW_LIMIT = 1_000;
    public static final int MOST_ROW_LIMIT = 1_000_000;
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(60);
    public static final Duration LEAST_TIMEOUT = Duration.ofMillis(1);
    public static final Duration MOST_TIMEOUT = Duration.ofHours(1);
    public static final int DEFAULT_MAX_RANGE_DAYS = 180;
    public static final int MOST_MAX_RANGE_DAYS = 366;
    public static final String DEFAULT_ACCOUNT = "default";
    public static final Duration DEFAULT_PATIENCE = Duration.ofMinutes(10);
    public static final Duration LEAST_PATIENCE = Duration.ZERO;
    public static final Duration MOST_PATIENCE = Duration.ofHours(24);

    public Api {
      Optional<String> refused = refusal(baseUrl);
      if (refused.isPresent()) {
        throw new IllegalArgumentException("base_url " + refused.get());
      }
      within("requests_per_minute", requestsPerMinute, MOST_REQUESTS_PER_MINUTE);
      within("max_in_flight", maxInFlight, MOST_IN_FLIGHT);
      within("row_limit", rowLimit, MOST_ROW_LIMIT);
      within("max_range_days", maxRangeDays, MOST_MAX_RANGE_DAYS);
      if (timeout.compareTo(LEAST_TIMEOUT) < 0 || timeout.compareTo(MOST_TIMEOUT) > 0) {
        throw new IllegalArgumentException("timeout " + timeout);
      }
      if (account.isBlank()) {
        throw new IllegalArgumentException("account is empty");
      }
      if (patience.compareTo(LEAST_PATIENCE) < 0 || patience.compareTo(MOST_PATIENCE) > 0) {
        throw new IllegalArgumentException("patience " + patience);
      }
    }

    /** The defaults, for a server and a token. */
    public static Api withDefaults(URI baseUrl, SecretRef token) {
      return new Api(
          baseUrl,
          token,
          DEFAULT_REQUESTS_PER_MINUTE,
          DEFAULT_MAX_IN_FLIGHT,
          DEFAULT_ROW_LIMIT,
          DEFAULT_TIMEOUT,
          DEFAULT_MAX_RANGE_DAYS,
          DEFAULT_ACCOUNT,
          DEFAULT_PATIENCE);
    }

    private static void within(String name, int value, int most) {
      if (value < 1 || value > most) {
        throw new IllegalArgumentException(name + " " + value + " is not within 1 to " + most);
      }
    }

    /** Why a URL cannot be the base of requests. Does not repeat the URL: it may hold a secret. */
    static Optional<String> refusal(URI url) {
      Optional<String> notABase = notABase(url);
      if (notABase.isPresent()) {
        return notABase;
      }
      if (!isPrivate(url)) {
        return Optional.of("must be https (http only to this machine: the token is sent along)");
      }
      return Optional.empty();
    }
  }

  /**
   * The database.
   *
   * @param url begins with {@code jdbc:postgresql:}; without user and password
   * @param password null where the server asks for none (trust, peer)
   */
  public record Postgres(String url, String user, @Nullable SecretRef password)
      implements Serializable {

    public static final String URL_PREFIX = "jdbc:postgresql:";

    /** A user or a password in an address. */
    static final Pattern CREDENTIALS =
        Pattern.compile(
            "[?&](user|[a-z]*password|[a-z]*passwd)=|//[^/?]*@", Pattern.CASE_INSENSITIVE);

    public Postgres {
      Optional<String> refused = refusal(url);
      if (refused.isPresent()) {
        throw new IllegalArgumentException("postgres url " + refused.get());
      }
      if (user.isBlank()) {
        throw new IllegalArgumentException("postgres user is empty");
      }
    }

    /** Why a URL cannot be used. Does not repeat the URL: it may hold a password. */
    static Optional<String> refusal(String url) {
      if (!url.startsWith(URL_PREFIX) || url.length() == URL_PREFIX.length()) {
        return Optional.of("must be like " + URL_PREFIX + "//127.0.0.1:5432/analytics");
      }
      if (CREDENTIALS.matcher(url).find()) {
        return Optional.of(
            "carries a user or a password: give them as postgres.user and postgres.password");
      }
      return Optional.empty();
    }
  }

  /**
   * The Parquet data sets.
   *
   * @param root absolute directory; text, because a path cannot be serialised
   */
  public record Parquet(String root) implements Serializable {
    public Parquet {
      if (!Path.of(root).isAbsolute()) {
        throw new IllegalArgumentException("parquet root must be absolute: " + root);
      }
    }

    public Path path() {
      return Path.of(root);
    }
  }

  /**
   * Where OpenLineage events about runs go.
   *
   * @param namespace of the jobs in them
   * @param timeout of one event, and what the end of a run waits for them, 100 ms to 1 min
   */
  public record Lineage(LineageTarget target, String namespace, Duration timeout)
      implements Serializable {

    public static final String DEFAULT_NAMESPACE = "fathom-export";
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);
    public static final Duration LEAST_TIMEOUT = Duration.ofMillis(100);
    public static final Duration MOST_TIMEOUT = Duration.ofMinutes(1);

    public Lineage {
      if (namespace.isBlank()) {
        throw new IllegalArgumentException("lineage namespace is empty");
      }
      if (timeout.compareTo(LEAST_TIMEOUT) < 0 || timeout.compareTo(MOST_TIMEOUT) > 0) {
        throw new IllegalArgumentException("lineage timeout " + timeout);
      }
    }
  }

  /** What takes OpenLineage events. */
  public sealed interface LineageTarget extends Serializable {

    /**
     * A server.
     *
     * @param url what {@code /api/v1/lineage} is added to; without a slash at its end
     * @param apiKey sent as a bearer token; null where the server asks for none
     */
    record Server(URI url, @Nullable SecretRef apiKey) implements LineageTarget {
      public Server {
        Optional<String> refused = refusal(url, apiKey != null);
        if (refused.isPresent()) {
          throw new IllegalArgumentException("lineage url " + refused.get());
        }
      }

      /** Why a URL cannot be used. Does not repeat the URL: it may hold a password. */
      static Optional<String> refusal(URI url, boolean withKey) {
        Optional<String> notABase = notABase(url);
        if (notABase.isPresent()) {
          return notABase;
        }
        if (!isHttp(url, "https") && !isHttp(url, "http")) {
          return Optional.of("must be http or https");
        }
        if (withKey && !isPrivate(url)) {
          return Optional.of(
              "must be https (http only to this machine: the API key is sent along)");
        }
        return Optional.empty();
      }
    }

    /**
     * A file that grows by a line an event.
     *
     * @param path absolute; text, because a path cannot be serialised
     */
    record Lines(String path) implements LineageTarget {
      public Lines {
        if (!Path.of(path).isAbsolute()) {
          throw new IllegalArgumentException("lineage file must be absolute: " + path);
        }
      }
    }
  }
}
