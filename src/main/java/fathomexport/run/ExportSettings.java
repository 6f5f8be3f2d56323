package fathomexport.run;

import fathomexport.config.Settings;
import fathomexport.config.Settings.Postgres;
import fathomexport.report.Currencies;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The resolved source and targets of exports. Secrets are references.
 *
 * @param api how the API is used; what differs between accounts is in those
 * @param accounts at least one
 * @param postgres null if there is no database
 * @param parquetRoot null if there is no Parquet directory
 * @param stateDirectory where this machine keeps what it cannot write anywhere else; null if there
 *     is none
 * @param currencies of events whose currency the API does not report
 */
public record ExportSettings(
    Settings.Api api,
    List<Account> accounts,
    @Nullable Postgres postgres,
    @Nullable Path parquetRoot,
    @Nullable Path stateDirectory,
    Currencies currencies) {
  public ExportSettings {
    accounts = List.copyOf(accounts);
  }

  /** Returns these settings with another patience. */
  public ExportSettings withPatience(Duration other) {
    return new ExportSettings(
        api.withPatience(other),
        accounts.stream().map(a -> a.withPatience(other)).toList(),
        postgres,
        parquetRoot,
        stateDirectory,
        currencies);
  }

  /** Returns the account of this name. */
  public Account account(String name) {
    return accounts.stream()
        .filter(a -> a.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no account is named '" + name + "'"));
  }
}
