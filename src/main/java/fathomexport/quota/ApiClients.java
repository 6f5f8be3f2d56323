package fathomexport.quota;

import fathomexport.api.ApiSettings;
import fathomexport.api.Endpoint;
import fathomexport.api.FathomClient;
import fathomexport.api.FathomClients;
import fathomexport.api.RequestListener;
import fathomexport.api.RunControls;
import fathomexport.api.pacing.CappedPermits;
import fathomexport.api.pacing.Permits;
import fathomexport.api.pacing.ProcessPermits;
import fathomexport.api.pacing.RequestTally;
import fathomexport.api.pacing.RetryBudget;
import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.TimeSource;
import fathomexport.report.SecretUnavailableException;
import fathomexport.run.Account;
import fathomexport.run.AccountAccess;
import fathomexport.run.Budget;
import fathomexport.run.Priority;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunListener;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sink.postgres.lease.LeasedQuota;
import fathomexport.sink.postgres.lease.PermitLease;
import fathomexport.sink.postgres.lease.QuotaLimits;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Creates API clients that send requests under the permits of their account. */
public final class ApiClients {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  /**
   * Margin added to the lease beyond the longest call, so that a slow response does not expire it.
   */
  private static final Duration LEASE_MARGIN = Duration.ofSeconds(5);

  private ApiClients() {}

  /** The permits of an account's two quotas. */
  public record Quotas(Permits reports, Permits lookups) {
    void close() {
      reports.close();
      lookups.close();
    }
  }

  /**
   * Creates the permits of an account.
   *
   * @param quota the database through which runs share the permits; null for permits of this
   *     process only
   * @param optional whether the run continues with permits of this process if it loses the database
   * @param tally counts the requests of the budget
   */
  static Quotas quotas(
      ApiSettings api,
      String account,
      Priority priority,
      @Nullable PostgresSettings quota,
      boolean optional,
      Budget budget,
      RequestTally tally,
      RunEnvironment environment) {
    Permits reports = own(api, environment);
    Permits lookups = RunControls.lookupPermits(api, environment.time(), environment.stop());
    if (quota != null) {
      Permits leasedReports =
          leased(api, account, LeasedQuota.REPORTS, priority, quota, environment);
      Permits leasedLookups =
          leased(api, account, LeasedQuota.LOOKUPS, priority, quota, environment);
      AtomicBoolean alone = new AtomicBoolean();
      reports = optional ? new PreferablyLeased(leasedReports, reports, alone) : leasedReports;
      lookups = optional ? new PreferablyLeased(leasedLookups, lookups, alone) : leasedLookups;
    }
    Long most = budget.requests();
    return new Quotas(most == null ? reports : new CappedPermits(reports, most, tally), lookups);
  }

  private static Permits own(ApiSettings api, RunEnvironment environment) {
    return new ProcessPermits(
        api.requestsPerMinute(), MINUTE, api.maxInFlight(), environment.time(), environment.stop());
  }

  private static Permits leased(
      ApiSettings api,
      String account,
      LeasedQuota which,
      Priority priority,
      PostgresSettings quota,
      RunEnvironment environment) {
    boolean reports = which == LeasedQuota.REPORTS;
    QuotaLimits limits =
        new QuotaLimits(
            reports ? api.requestsPerMinute() : RunControls.LOOKUPS_PER_WINDOW,
            reports ? MINUTE : RunControls.LOOKUPS_WINDOW,
            api.maxInFlight(),
            LeasedPermits.SEND_WITHIN.plus(api.timeout()).plus(LEASE_MARGIN));
    return new LeasedPermits(
        new PermitLease(
            quota,
            environment.variables(),
            account,
            which,
            limits,
            priority.rank(),
            environment.databaseTime()),
        environment.time(),
        environment.stop());
  }

  /**
   * Creates the clients of accounts, which report their billed requests to the environment's
   * listener. An account whose token is missing, or is that of an account before it, has no client.
   *
   * @param quota the database through which runs share the permits; null for permits of this
   *     process only
   * @param optional whether the run continues with permits of this process if it loses the database
   * @param budget its number of requests is that of each account
   * @throws SecretUnavailableException if there is no token at all
   */
  public static FathomClients clients(
      List<AccountAccess> accounts,
      Priority priority,
      @Nullable PostgresSettings quota,
      boolean optional,
      Budget budget,
      RunEnvironment environment) {
    return clients(
        accounts,
        priority,
        quota,
        optional,
        budget,
        account -> RequestTally.ofThisProcess(),
        environment);
  }

  /**
   * Like {@link #clients(List, Priority, PostgresSettings, boolean, Budget, RunEnvironment)}, with
   * tallies that several processes may share.
   *
   * @param tallies returns the tally of an account
   */
  public static FathomClients clients(
      List<AccountAccess> accounts,
      Priority priority,
      @Nullable PostgresSettings quota,
      boolean optional,
      Budget budget,
      Function<String, RequestTally> tallies,
      RunEnvironment environment) {
    Map<String, FathomClient> clients = new LinkedHashMap<>();
    Map<String, SecretUnavailableException> absent =
        new LinkedHashMap<>(tokensOfOthers(accounts, environment.variables()));
    try {
      for (AccountAccess account : accounts) {
        if (absent.containsKey(account.name())) {
          continue;
        }
        Quotas quotas =
            quotas(
                account.api(),
                account.key(),
                priority,
                quota,
                optional,
                budget,
                tallies.apply(account.name()),
                environment);
        try {
          clients.put(
              account.name(),
              client(
                  account.api(),
                  environment,
                  reportingTo(environment.listener(), account.name()),
                  quotas));
        } catch (SecretUnavailableException e) {
          quotas.close();
          absent.put(account.name(), e);
        }
      }
      return new FathomClients(clients, absent);
    } catch (RuntimeException e) {
      clients.values().forEach(FathomClient::close);
      throw e;
    }
  }

  /**
   * Finds the accounts whose token is that of an account before them. Both would be the same
   * account for the API, which would be asked twice as often as its quota allows.
   */
  private static Map<String, SecretUnavailableException> tokensOfOthers(
      List<AccountAccess> accounts, Map<String, String> variables) {
    Map<String, AccountAccess> owners = new HashMap<>();
    Map<String, SecretUnavailableException> same = new LinkedHashMap<>();
    for (AccountAccess account : accounts) {
      if (account.api().token().absence(variables).isPresent()) {
        continue;
      }
      AccountAccess owner = owners.putIfAbsent(account.api().token().resolve(variables), account);
      if (owner != null) {
        same.put(
            account.name(),
            new SecretUnavailableException(
                "holds the same token as "
                    + owner.tokenSetting()
                    + ", that of account "
                    + owner.name()
                    + ": give each account its own token, or remove one of the two",
                null));
      }
    }
    return same;
  }

  /** Creates a client that reports its billed requests to the listener. */
  private static FathomClient client(
      ApiSettings api, RunEnvironment environment, RequestListener listener, Quotas quotas) {
    StopSignal stop = environment.stop();
    TimeSource time = environment.time();
    return new FathomClient(
        api,
        environment.variables(),
        new RunControls(
            quotas.reports(),
            quotas.lookups(),
            RetryBudget::ofASiteAndReport,
            stop,
            listener,
            time,
            new Random()));
  }

  /** Returns a listener that passes the events of an account's client to the listener of a run. */
  private static RequestListener reportingTo(RunListener listener, String account) {
    return event -> {
      if (event instanceof RequestListener.Event.LongWait wait) {
        listener.waitingLong(wait.until(), Account.inWords(account, wait.reason()));
      }
      if (event.endpoint() == Endpoint.AGGREGATIONS
          || event.endpoint() == Endpoint.CURRENT_VISITORS) {
        if (event instanceof RequestListener.Event.Sent) {
          listener.requestSent();
        } else if (event instanceof RequestListener.Event.Limited) {
          listener.limited();
        } else if (event instanceof RequestListener.Event.Waiting waiting) {
          listener.waiting(waiting.until());
        }
      }
    };
  }
}
