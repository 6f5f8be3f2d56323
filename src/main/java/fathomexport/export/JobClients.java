package fathomexport.export;

import fathomexport.api.ApiSettings;
import fathomexport.api.FathomClient;
import fathomexport.api.RetryPolicy;
import fathomexport.ledger.LedgerException;
import fathomexport.plan.Mode;
import fathomexport.quota.ApiClients;
import fathomexport.quota.PreferablyLeased;
import fathomexport.report.SecretUnavailableException;
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

  /** Returns the connection settings of a command whose patience is limited. */
  ApiSettings api() {
    return api(Patience.LIMITED);
  }

  /** Returns the connection settings of a command. */
  ApiSettings api(Patience patience) {
    RetryPolicy retries = RetryPolicy.DEFAULT.withPatience(settings.api().patience());
    return new ApiSettings(
        settings.api().baseUrl(),
        settings.api().token(),
        settings.api().requestsPerMinute(),
        settings.api().maxInFlight(),
        settings.api().timeout(),
        ApiSettings.DEFAULT_MAX_BODY_BYTES,
        patience == Patience.ENDLESS ? retries.waiting() : retries,
        settings.api().caCertificates());
  }

  static Priority priority(Mode mode) {
    return mode instanceof Mode.Nightly ? Priority.FIRST : Priority.WHEN_FREE;
  }

  /**
   * Creates a client for a command that stores nothing. It shares the account's quotas if a
   * database is available, but does not require one.
   */
  FathomClient lookingUp() {
    return lookingUp(preparedQuota(), Budget.UNLIMITED);
  }

  FathomClient lookingUp(Budget budget) {
    return lookingUp(preparedQuota(), budget);
  }

  /**
   * Creates a client for a command that stores nothing.
   *
   * @param database as {@link #preparedQuota} returned it
   */
  FathomClient lookingUp(@Nullable PostgresSettings database, Budget budget) {
    return client(
        api(),
        ApiClients.quotas(
            api(), settings.accountKey(), Priority.WHEN_FREE, database, true, budget, environment));
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
   * Creates a client for a job.
   *
   * @param quota the database through which permits are shared; null for permits of this process
   *     only
   */
  FathomClient client(
      ApiSettings api,
      ExportJob job,
      Priority priority,
      @Nullable PostgresSettings quota,
      Budget budget) {
    return client(
        api,
        ApiClients.quotas(
            api, settings.accountKey(), priority, quota, !job.toPostgres(), budget, environment));
  }

  private FathomClient client(ApiSettings api, ApiClients.Quotas quotas) {
    return ApiClients.client(
        api, environment, ApiClients.reportingTo(environment.listener()), quotas);
  }

  /**
   * Returns the database through which a job shares the account's quota: also a database that the
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
