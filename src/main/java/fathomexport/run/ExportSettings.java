package fathomexport.run;

import fathomexport.report.Currencies;
import fathomexport.report.SecretRef;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The resolved source and targets of exports. Secrets are references.
 *
 * @param timeout of one call, from connecting to its last byte
 * @param maxRangeDays maximum length of a window in days, except for hour grouping
 * @param account the account whose quota is used: runs with the same name share a quota
 * @param patience how long a run retries while the API does not respond
 * @param postgres null if there is no database
 * @param parquetRoot null if there is no Parquet directory
 * @param stateDirectory where this machine keeps what it cannot write anywhere else; null if there
 *     is none
 * @param currencies of events whose currency the API does not report
 * @param caCertificates a file of certificate authorities that are trusted in addition to Java's;
 *     null for none
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
    @Nullable Path parquetRoot,
    @Nullable Path stateDirectory,
    Currencies currencies,
    @Nullable String caCertificates) {

  /**
   * Creates settings without a state directory and without currencies, that trust Java's
   * certificate authorities only.
   */
  public ExportSettings(
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
    this(
        baseUrl,
        token,
        requestsPerMinute,
        maxInFlight,
        rowLimit,
        timeout,
        maxRangeDays,
        account,
        patience,
        postgres,
        parquetRoot,
        null,
        Currencies.NONE,
        null);
  }

  /** Returns these settings with another patience. */
  public ExportSettings withPatience(Duration other) {
    return new ExportSettings(
        baseUrl,
        token,
        requestsPerMinute,
        maxInFlight,
        rowLimit,
        timeout,
        maxRangeDays,
        account,
        other,
        postgres,
        parquetRoot,
        stateDirectory,
        currencies,
        caCertificates);
  }

  /** Returns the key under which requests are counted: the same as {@code RequestCount.account}. */
  public String accountKey() {
    return baseUrl.toString().replaceAll("/+$", "") + "#" + account;
  }

  /**
   * A PostgreSQL database.
   *
   * @param password null if the server requires none
   */
  public record Postgres(String url, String user, @Nullable SecretRef password) {}
}
