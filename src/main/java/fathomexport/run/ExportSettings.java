package fathomexport.run;

import fathomexport.config.Settings;
import fathomexport.report.Currencies;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The resolved source and targets of exports. Secrets are references.
 *
 * @param postgres null if there is no database
 * @param parquetRoot null if there is no Parquet directory
 * @param stateDirectory where this machine keeps what it cannot write anywhere else; null if there
 *     is none
 * @param currencies of events whose currency the API does not report
 */
public record ExportSettings(
    Settings.Api api,
    Settings.@Nullable Postgres postgres,
    @Nullable Path parquetRoot,
    @Nullable Path stateDirectory,
    Currencies currencies) {

  /** Creates settings without a state directory and without currencies. */
  public ExportSettings(
      Settings.Api api, Settings.@Nullable Postgres postgres, @Nullable Path parquetRoot) {
    this(api, postgres, parquetRoot, null, Currencies.NONE);
  }

  /** Returns these settings with another patience. */
  public ExportSettings withPatience(Duration other) {
    return new ExportSettings(
        api.withPatience(other), postgres, parquetRoot, stateDirectory, currencies);
  }

  /** Returns the key under which requests are counted: the same as {@code RequestCount.account}. */
  public String accountKey() {
    return api.baseUrl().toString().replaceAll("/+$", "") + "#" + api.account();
  }
}
