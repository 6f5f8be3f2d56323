package fathomexport.api;

import fathomexport.api.pacing.RetryPolicy;
import fathomexport.report.SecretRef;
import java.io.Serializable;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The connection settings of the API.
 *
 * @param baseUrl the URL up to and including the version, such as {@code
 *     https://api.usefathom.com/v1}; plain HTTP is allowed only to this machine
 * @param token where the token is kept
 * @param requestsPerMinute the quota of {@code /aggregations} and {@code /current_visitors}, 1 or
 *     more
 * @param maxInFlight maximum number of concurrent requests: 1 or 2
 * @param timeout deadline of a whole request, from connecting to the last byte
 * @param maxBodyBytes maximum size of a response in bytes, checked as sent and after decompression
 * @param retries when a failed call is retried
 * @param caCertificates a file of certificate authorities that are trusted in addition to Java's;
 *     null for none
 */
public record ApiSettings(
    URI baseUrl,
    SecretRef token,
    int requestsPerMinute,
    int maxInFlight,
    Duration timeout,
    long maxBodyBytes,
    RetryPolicy retries,
    @Nullable String caCertificates)
    implements Serializable {

  public static final int DEFAULT_REQUESTS_PER_MINUTE = 10;
  public static final int DEFAULT_IN_FLIGHT = 1;
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(60);
  public static final long DEFAULT_MAX_BODY_BYTES = 512L << 20;

  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[?(::1|0:0:0:0:0:0:0:1)]?");

  public ApiSettings {
    String scheme = baseUrl.getScheme() == null ? "" : baseUrl.getScheme().toLowerCase(Locale.ROOT);
    String host = baseUrl.getHost() == null ? "" : baseUrl.getHost().toLowerCase(Locale.ROOT);
    // The message omits the URL, because these parts of it may hold a secret.
    if (baseUrl.getRawUserInfo() != null
        || baseUrl.getRawQuery() != null
        || baseUrl.getRawFragment() != null) {
      throw new IllegalArgumentException(
          "the API's base URL holds a user, a query or a fragment: give scheme, host and path only");
    }
    if (host.isEmpty() || !(scheme.equals("https") || scheme.equals("http"))) {
      throw new IllegalArgumentException("the API's base URL is not an https address: " + baseUrl);
    }
    if (scheme.equals("http") && !LOOPBACK.matcher(host).matches()) {
      throw new IllegalArgumentException(
          "the API's base URL would send the token unencrypted: "
              + baseUrl
              + ": use https (http is for this machine itself only)");
    }
    if (requestsPerMinute < 1) {
      throw new IllegalArgumentException(
          "requests per minute must be 1 or more: " + requestsPerMinute);
    }
    if (maxInFlight < 1 || maxInFlight > 2) {
      throw new IllegalArgumentException("requests in flight must be 1 or 2: " + maxInFlight);
    }
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("the timeout must be above zero: " + timeout);
    }
    if (maxBodyBytes < 1) {
      throw new IllegalArgumentException("the largest body must be above zero: " + maxBodyBytes);
    }
  }

  /** Creates settings that trust Java's certificate authorities only. */
  public ApiSettings(
      URI baseUrl,
      SecretRef token,
      int requestsPerMinute,
      int maxInFlight,
      Duration timeout,
      long maxBodyBytes,
      RetryPolicy retries) {
    this(baseUrl, token, requestsPerMinute, maxInFlight, timeout, maxBodyBytes, retries, null);
  }

  /** Returns the default settings for a URL and a token. */
  public static ApiSettings of(URI baseUrl, SecretRef token) {
    return new ApiSettings(
        baseUrl,
        token,
        DEFAULT_REQUESTS_PER_MINUTE,
        DEFAULT_IN_FLIGHT,
        DEFAULT_TIMEOUT,
        DEFAULT_MAX_BODY_BYTES,
        RetryPolicy.DEFAULT);
  }
}
