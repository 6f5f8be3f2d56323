package fathomexport.config;

import fathomexport.report.Currencies;
import fathomexport.report.SecretRef;
import fathomexport.report.SiteId;
import java.io.Serializable;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The decoded {@code conf/fathom-export.yaml} with defaults applied and absolute paths. Contains
 * references to secrets, never a secret.
 *
 * @param file absolute path of the file; a text, because a path is not serializable
 * @param api how the API is used. Where accounts are configured, it is that of the first of them:
 *     what concerns the connection is the same for all
 * @param accounts the accounts, in the order of the file; empty if the settings configure none, so
 *     that there is one account without a name, whose token is that of {@code api}
 * @param postgres null if not configured
 * @param parquet null if not configured
 * @param lineage null if not configured
 * @param currencies of events whose currency the API does not report
 */
public record Settings(
    String file,
    Api api,
    List<Account> accounts,
    @Nullable Postgres postgres,
    @Nullable Parquet parquet,
    @Nullable Lineage lineage,
    Currencies currencies)
    implements Serializable {

  public Settings {
    accounts = List.copyOf(accounts);
  }

  /** The names that {@code sinks} of a pipeline may contain. */
  public static final String POSTGRES = "postgres";

  public static final String PARQUET = "parquet";

  /** Matches a host that is this machine, in lower case. */
  static final Pattern LOOPBACK =
      Pattern.compile("localhost|127(\\.[0-9]{1,3}){3}|\\[::1\\]|\\[0:0:0:0:0:0:0:1\\]");

  static boolean isHttp(URI url, String scheme) {
    return scheme.equalsIgnoreCase(url.getScheme());
  }

  /** Returns whether data for this URL leaves this machine only encrypted. */
  static boolean isPrivate(URI url) {
    boolean loopback = LOOPBACK.matcher(url.getHost().toLowerCase(Locale.ROOT)).matches();
    return isHttp(url, "https") || (isHttp(url, "http") && loopback);
  }

  /**
   * Returns why a path cannot be appended to a URL. Omits the URL, because it may hold a secret.
   */
  static Optional<String> notABase(URI url) {
    if (url.getHost() == null) {
      return Optional.of("names no host");
    }
    if (url.getRawUserInfo() != null) {
      return Optional.of("contains a user name or a password");
    }
    if (url.getRawQuery() != null || url.getRawFragment() != null) {
      return Optional.of("contains a query or a fragment");
    }
    String path = url.getRawPath();
    if (path != null && path.endsWith("/")) {
      return Optional.of("ends with a slash");
    }
    return Optional.empty();
  }

  /** Returns the names of the configured sinks. */
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
   * The connection to the API.
   *
   * @param baseUrl without a trailing slash; HTTPS, or HTTP to this machine
   * @param requestsPerMinute 1 or more; the API grants 10
   * @param maxInFlight maximum number of concurrent requests, 1 or 2
   * @param rowLimit the {@code limit} of each query, 1 to 1,000,000
   * @param timeout from connecting to the last byte of a response, 1 ms to 1 h
   * @param maxRangeDays widest window in days for groupings other than hour, 1 to 366
   * @param account name of the account that has the quota; runs with the same name share it
   * @param patience how long a run retries an API that does not respond before it ends, 0 to 24 h
   * @param caCertificates absolute path of a file of certificate authorities that are trusted, too;
   *     null for none
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
      Duration patience,
      @Nullable String caCertificates)
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

    /** Returns the default settings for a URL and a token. */
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
          DEFAULT_PATIENCE,
          null);
    }

    /** Returns these settings for an account, with its token and its quota. */
    public Api ofAccount(
        String name, SecretRef itsToken, int itsRequestsPerMinute, int itsInFlight) {
      return new Api(
          baseUrl,
          itsToken,
          itsRequestsPerMinute,
          itsInFlight,
          rowLimit,
          timeout,
          maxRangeDays,
          name,
          patience,
          caCertificates);
    }

    /** Returns these settings with another patience. */
    public Api withPatience(Duration other) {
      return new Api(
          baseUrl,
          token,
          requestsPerMinute,
          maxInFlight,
          rowLimit,
          timeout,
          maxRangeDays,
          account,
          other,
          caCertificates);
    }

    private static void within(String name, int value, int most) {
      if (value < 1 || value > most) {
        throw new IllegalArgumentException(name + " " + value + " is not within 1 to " + most);
      }
    }

    /**
     * Returns why a URL cannot be the base of requests. Omits the URL, because it may hold a
     * secret.
     */
    public static Optional<String> refusal(URI url) {
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
   * One of several accounts.
   *
   * @param name as the owner calls it; also the name of its quota
   * @param setting the path of its entry in the file, for messages
   * @param api how the API is used for it, with its token and its quota
   * @param sites the sites that it has; empty for all that its token lists and that no other
   *     account names
   */
  public record Account(String name, String setting, Api api, List<SiteId> sites)
      implements Serializable {
    public Account {
      sites = List.copyOf(sites);
    }

    /** Returns the key that names the place of the token. */
    public String tokenSetting() {
      return setting + ".token";
    }
  }

  /**
   * The connection to PostgreSQL.
   *
   * @param url starts with {@code jdbc:postgresql:} and contains no user and no password
   * @param password null if the server requires none (trust, peer)
   */
  public record Postgres(String url, String user, @Nullable SecretRef password)
      implements Serializable {

    public static final String URL_PREFIX = "jdbc:postgresql:";

    /** Matches a user or a password in a URL. */
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

    /** Returns why a URL cannot be used. Omits the URL, because it may hold a password. */
    static Optional<String> refusal(String url) {
      if (!url.startsWith(URL_PREFIX) || url.length() == URL_PREFIX.length()) {
        return Optional.of("must be like " + URL_PREFIX + "//127.0.0.1:5432/analytics");
      }
      if (CREDENTIALS.matcher(url).find()) {
        return Optional.of(
            "contains a user or a password: give them as postgres.user and postgres.password");
      }
      return Optional.empty();
    }
  }

  /**
   * The Parquet datasets.
   *
   * @param root absolute directory; a text, because a path is not serializable
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
   * The target of OpenLineage events about runs.
   *
   * @param namespace namespace of the jobs in the events
   * @param timeout deadline of one event, and maximum wait for open events at the end of a run; 100
   *     ms to 1 min
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
}
