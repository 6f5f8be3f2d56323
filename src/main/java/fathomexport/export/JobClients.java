package fathomexport.export;

import fathomexport.api.ApiSettings;
import fathomexport.api.FathomClients;
import fathomexport.api.pacing.RetryPolicy;
import fathomexport.config.Settings;
import fathomexport.ledger.LedgerException;
import fathomexport.plan.Mode;
import fathomexport.quota.ApiClients;
import fathomexport.quota.PreferablyLeased;
import fathomexport.report.SecretUnavailableException;
import fathomexport.run.AccountAccess;
import fathomexport.run.Budget;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.run.Patience;
import fathomexport.run.Priority;
import fathomexport.run.RunEnvironment;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.PostgresSink;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sink.postgres.lease.PermitLease;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Creates the API clients of commands, and finds the database through which they share quotas. */
final class JobClients {
  private final ExportSettings settings;
  private final RunEnvironment environment;
  private final JobSinks sinks;

  JobClients(ExportSettings settings, RunEnvironment environment, JobSinks sinks) {
    this.settings = settings;
    this.environment = environment;
    this.sinks = sinks;
  }

  /** Returns the access to the accounts for a command whose patience is limited. */
  List<AccountAccess> accounts() {
    return accounts(Patience.LIMITED);
  }

  /** Returns the access to the accounts for a command. */
  List<AccountAccess> accounts(Patience patience) {
    return settings.accounts().stream()
        .map(a -> new AccountAccess(a.name(), a.tokenSetting(), api(a.api(), patience), a.key()))
        .toList();
  }

  private static ApiSettings api(Settings.Api api, Patience patience) {
    RetryPolicy retries = RetryPolicy.DEFAULT.withPatience(api.patience());
    return new ApiSettings(
        api.baseUrl(),
        api.token(),
        api.requestsPerMinute(),
        api.maxInFlight(),
        api.timeout(),
        ApiSettings.DEFAULT_MAX_BODY_BYTES,
        patience == Patience.ENDLESS ? retries.waiting() : retries,
        api.caCertificates());
  }

  static Priority priority(Mode mode) {
    return mode instanceof Mode.Nightly ? Priority.FIRST : Priority.WHEN_FREE;
  }

  /**
   * Creates the clients of a command that stores nothing. They share the accounts' quotas if a
   * database is available, but do not require one.
   */
  FathomClients lookingUp() {
    return lookingUp(preparedQuota(), Budget.UNLIMITED);
  }

  FathomClients lookingUp(Budget budget) {
    return lookingUp(preparedQuota(), budget);
  }

  /**
   * Creates the clients of a command that stores nothing.
   *
   * @param database as {@link #preparedQuota} returned it
   */
  FathomClients lookingUp(@Nullable PostgresSettings database, Budget budget) {
    return ApiClients.clients(accounts(), Priority.WHEN_FREE, database, true, budget, environment);
  }

  /**
   * Returns the database through which commands that write nothing share the account's quotas.
   * Returns null if there is none, or if no run has prepared it for sharing yet.
   */
  @Nullable PostgresSettings preparedQuota() {
    if (settings.postgres() == null) {
      return null;
    }
    try {
      PostgresSettings database = sinks.postgres();
      return PermitLease.prepared(database, environment.variables()) ? database : null;
    } catch (LedgerException | SecretUnavailableException e) {
      PreferablyLeased.warn(e);
      return null;
    }
  }

  /**
   * Creates the clients of a job.
   *
   * @param quota the database through which permits are shared; null for permits of this process
   *     only
   */
  FathomClients clients(
      List<AccountAccess> accounts,
      ExportJob job,
      Priority priority,
      @Nullable PostgresSettings quota,
      Budget budget) {
    return ApiClients.clients(accounts, priority, quota, !job.toPostgres(), budget, environment);
  }

  /**
   * Returns the database through which a job shares the accounts' quotas: also a database that the
   * job does not write to, if it is reachable. Returns null if there is none.
   */
  @Nullable PostgresSettings quota(ExportJob job) {
    if (job.toPostgres() || settings.postgres() == null) {
      return job.toPostgres() ? sinks.postgres() : null;
    }
    // Create the permit tables: they may not exist yet.
    try (PostgresSink database = new PostgresSink(sinks.postgres(), environment.variables())) {
      database.migrate(List.of());
      return sinks.postgres();
    } catch (SinkException | SecretUnavailableException e) {
      PreferablyLeased.warn(e);
      return null;
    }
  }
}
