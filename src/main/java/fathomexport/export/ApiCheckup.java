package fathomexport.export;

import fathomexport.api.FathomClient;
import fathomexport.api.FathomClients;
import fathomexport.api.Reached;
import fathomexport.http.UnusableSettingsException;
import fathomexport.listing.Accounts;
import fathomexport.plan.Subject;
import fathomexport.report.SecretUnavailableException;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.run.Account;
import fathomexport.run.ExportFailedException;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
import fathomexport.run.RunEnvironment;
import fathomexport.run.WindowOutcome;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Looks at what a run needs of the API: the way to it, the tokens, and the sites of all accounts.
 */
final class ApiCheckup {
  private final ExportJob job;
  private final ExportSettings settings;
  private final RunEnvironment environment;
  private final Findings findings;

  ApiCheckup(
      ExportJob job, ExportSettings settings, RunEnvironment environment, Findings findings) {
    this.job = job;
    this.settings = settings;
    this.environment = environment;
    this.findings = findings;
  }

  /**
   * Sends at most one billed request per account.
   *
   * @param source creates the clients; called at most once
   */
  void run(Supplier<FathomClients> source) {
    proxy();
    try (FathomClients clients = source.get()) {
      Account only = settings.accounts().get(0);
      if (only.isNamed()) {
        accounts(clients);
      } else {
        FathomClient client = clients.of(only.name());
        findings.ok("token secret", "found");
        checkup(only, client).all(job);
        client.reached().ifPresent(way -> ReachedCheckup.reached(way, findings));
      }
    } catch (SecretUnavailableException e) {
      findings.failed(
          "token secret", FailurePolicy.of(e, false).kind(), "api.token: " + e.getMessage());
    } catch (UnusableSettingsException e) {
      findings.failed("api", FailureKind.CONFIGURATION, String.valueOf(e.getMessage()));
    }
  }

  private AccountCheckup checkup(Account its, FathomClient client) {
    return new AccountCheckup(its, client, settings.api(), environment.time(), findings.of(its));
  }

  private void proxy() {
    try {
      findings.ok(
          "proxy",
          FathomClient.proxy(settings.api().baseUrl(), environment.variables())
              .map(p -> "connections to the API go through " + p)
              .orElse("none: connections to the API are direct"));
    } catch (UnusableSettingsException e) {
      findings.failed("proxy", FailureKind.CONFIGURATION, String.valueOf(e.getMessage()));
    }
  }

  /** Looks at each of several accounts, then at the sites of all of them. */
  private void accounts(FathomClients clients) {
    Optional<Reached> way = Optional.empty();
    for (Account its : settings.accounts()) {
      Findings ofIts = findings.of(its);
      Optional<SecretUnavailableException> absence = clients.absence(its.name());
      if (absence.isPresent()) {
        ofIts.failed(
            "token secret",
            FailurePolicy.of(absence.get(), false).kind(),
            its.tokenSetting() + ": " + absence.get().getMessage());
        continue;
      }
      ofIts.ok("token secret", "found (" + its.tokenSetting() + ")");
      FathomClient client = clients.of(its.name());
      boolean unused = checkup(its, client).accepted();
      way = way.or(client::reached);
    }
    way.ifPresent(its -> ReachedCheckup.reached(its, findings));
    if (settings.accounts().stream().allMatch(findings::hasFailed)) {
      // Whatever else is asked would fail for the same causes.
      return;
    }
    try {
      sites(clients, new Accounts(clients, settings.accounts()).subjects(job.withoutReports()));
    } catch (ExportFailedException e) {
      findings.failed("sites", e.kind(), String.valueOf(e.getMessage()));
    }
  }

  /**
   * Adds what was lost; an account of which something has failed has said why.
   *
   * @param all whether nothing is left that a run would export
   */
  private void lost(WindowOutcome lost, boolean all) {
    FailureKind kind = Objects.requireNonNullElse(lost.failure(), FailureKind.FAULT);
    Optional<Account> whole =
        settings.accounts().stream().filter(a -> a.name().equals(lost.account())).findFirst();
    if (whole.isEmpty()) {
      String words = lost.window() + ": " + lost.message();
      SiteId site = lost.site();
      if (all || (site == null && lost.recordsSkipped() == 0)) {
        findings.failed("sites", kind, words);
      } else {
        findings.failed(
            "sites",
            kind,
            words,
            site == null
                ? new Finding.Concern.OfRecord()
                : new Finding.Concern.OfSites(List.of(site)));
      }
    } else if (!findings.hasFailed(whole.get())) {
      findings.of(whole.get()).failed("sites", kind, lost.message());
    }
  }

  private void sites(FathomClients clients, Accounts.Found found) {
    found.lost().forEach(lost -> lost(lost, found.subjects().isEmpty()));
    found.notices().forEach(notice -> findings.warning("sites", notice));
    Map<String, List<Site>> byAccount =
        found.subjects().stream()
            .map(Subject::site)
            .collect(Collectors.groupingBy(Site::account, LinkedHashMap::new, Collectors.toList()));
    for (Account its : settings.accounts()) {
      List<Site> sites = byAccount.getOrDefault(its.name(), List.of());
      if (!sites.isEmpty()) {
        findings.of(its).ok("sites", Findings.listed(sites));
        checkup(its, clients.of(its.name())).report(sites.get(0));
      } else if (found.lost().stream().noneMatch(lost -> its.name().equals(lost.account()))) {
        findings
            .of(its)
            .warning(
                "sites",
                "none of its sites is exported here"
                    + (job.sites().isEmpty()
                            && its.sites().isEmpty()
                            && (found.notices().isEmpty() || found.subjects().isEmpty())
                        ? ": its token lists none"
                        : ""));
      }
    }
  }
}
