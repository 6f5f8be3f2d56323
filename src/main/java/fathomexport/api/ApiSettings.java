package fathomexport.api;

import fathomexport.report.SecretRef;
import java.io.Serializable;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * How the API is reached.
 *
 * @param baseUrl up to and with the version, such as {@code https://api.usefathom.com/v1}; plain
 *     HTTP only to this machine itself
 * @param token where the token is kept
 * @param requestsPerMinute the quota of {@code /aggregations} and {@code /current_visitors}
 * @param maxInFlight requests under way at once: 1 or 2
 * @param timeout of a whole call, from connecting to the last byte
 * @param maxBodyBytes largest answer, in bytes as sent and in bytes after decompression
 */
public record ApiSettings(
    URI baseUrl,
    SecretRef token,
    int requestsPerMinute,
    int maxInFlight,
    Duration timeout,
    long maxBodyBytes,
    RetryPolicy retries)
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
    // The address itself stays out of the first message: it is there that a secret would stand.
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

  /** Everything but the address and the token as it is by default. */
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
