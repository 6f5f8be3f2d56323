package fathomexport.run;

import fathomexport.report.SecretRef;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Where to export from and to, resolved. Secrets are references.
 *
 * @param timeout of one call, from connecting to its last byte
 * @param maxRangeDays widest window in days, but for hour grouping
 * @param account whose quota it is: runs that name it alike share one
 * @param patience how long a run tries an API that does not answer
 * @param postgres null when there is none
 * @param parquetRoot null when there is none
 */
public record ExportSettings(
    URI baseUrl,
    SecretRef token,
    int requestsPerMinute,
    int maxInFlight,
    int rowLimit,
    Duration timeout,
    int maxRangeDays,
    String account,
    Duration patience,
    @Nullable Postgres postgres,
    @Nullable Path parquetRoot) {

  /** What requests are counted by: as {@code RequestCount.account}. */
  public String accountKey() {
    return baseUrl.toString().replaceAll("/+$", "") + "#" + account;
  }

  /**
   * A database.
   *
   * @param password null where the server asks for none
   */
  public record Postgres(String url, String user, @Nullable SecretRef password) {}
}
