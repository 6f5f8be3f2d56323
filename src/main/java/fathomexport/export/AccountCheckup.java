package fathomexport.export;

import fathomexport.api.AggregationRequest;
import fathomexport.api.FathomClient;
import fathomexport.api.Outcome;
import fathomexport.api.answer.AggregationAnswer;
import fathomexport.api.answer.Listed;
import fathomexport.api.answer.RawRow;
import fathomexport.api.answer.Refusal;
import fathomexport.api.answer.RowHandler;
import fathomexport.api.answer.Token;
import fathomexport.config.Settings;
import fathomexport.listing.WrongBaseUrl;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.QueryShape;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.Account;
import fathomexport.run.ExportJob;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
import fathomexport.run.WindowOutcome;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;

/** Looks at what a run needs of one account: its token, its sites, and a report of one of them. */
final class AccountCheckup {
  private final Account account;
  private final FathomClient client;
  private final Settings.Api api;
  private final InstantSource time;
  private final Findings findings;

  /**
   * @param api how the API is used
   * @param findings takes what is found of the account
   */
  AccountCheckup(
      Account account,
      FathomClient client,
      Settings.Api api,
      InstantSource time,
      Findings findings) {
    this.account = account;
    this.client = client;
    this.api = api;
    this.time = time;
    this.findings = findings;
  }

  /** Looks at the token of the only account, at the job's sites, and at a report of one of them. */
  void all(ExportJob job) {
    if (accepted() && client.reached().isPresent()) {
      sites(job).ifPresent(this::report);
    }
    // Otherwise, whatever else is asked would fail in the same way.
  }

  /**
   * Looks whether the API accepts a token. Returns whether there is an API at all, so that anything
   * else may be asked.
   */
  boolean accepted() {
    Outcome<Token> answer = client.token();
    if (answer instanceof Outcome.Failure<Token> failure) {
      Optional<String> noApi = WrongBaseUrl.words(api.baseUrl(), answer, client::sites);
      if (noApi.isPresent()) {
        findings.failed("api", FailureKind.CONFIGURATION, noApi.get());
        return false;
      }
      FailureKind kind = FailurePolicy.kind(failure);
      findings.failed(
          "api",
          kind,
          api.baseUrl()
              + ": "
              + failure.describe()
              + (isSubscription(failure)
                  ? " (renew the account's subscription)"
                  : kind == FailureKind.PERMISSION ? otherToken() : ""));
    } else {
      Token token = answer.value().orElseThrow();
      Instant expires = token.expiresAt();
      findings.ok(
          "api",
          api.baseUrl()
              + " accepts the token '"
              + token.name()
              + "' ("
              + String.join(", ", token.abilities())
              + (expires == null ? "" : "; until " + expires.truncatedTo(ChronoUnit.SECONDS))
              + ")");
    }
    return true;
  }

  private static boolean isSubscription(Outcome.Failure<?> failure) {
    return failure instanceof Outcome.Refused<?> refused
        && refused.refusal() == Refusal.SUBSCRIPTION;
  }

  /** Returns what to do about a token that the API refuses. */
  private String otherToken() {
    return " (make a token in Fathom's settings, under API, and put it where "
        + account.tokenSetting()
        + " of the settings says)";
  }

  /** Looks at the job's sites, and returns one of them. */
  private Optional<Site> sites(ExportJob job) {
    List<Site> found = new ArrayList<>();
    List<String> odd = List.of();
    if (job.sites().isEmpty()) {
      Outcome<Listed<Site>> listed = client.sites();
      if (listed instanceof Outcome.Failure<Listed<Site>> failure) {
        findings.failed(
            "sites",
            FailurePolicy.kind(failure),
            "cannot be listed: "
                + failure.describe().replaceFirst("\\.$", "")
                + ". A token for single sites cannot list them: name their ids under sites: in the"
                + " pipeline");
        return Optional.empty();
      }
      found.addAll(listed.value().orElseThrow().found());
      odd = listed.value().orElseThrow().odd();
    }
    Map<SiteId, Outcome.Failure<Site>> unreadable = new LinkedHashMap<>();
    for (SiteId id : job.sites().orElse(List.of())) {
      Outcome<Site> site = client.site(id);
      site.value().ifPresent(found::add);
      if (site instanceof Outcome.Failure<Site> failure) {
        unreadable.put(id, failure);
      }
    }
    if (!found.isEmpty()) {
      findings.ok("sites", Findings.listed(found));
    } else if (unreadable.isEmpty() && odd.isEmpty()) {
      findings.warning("sites", "the token lists no site, so there is nothing to export");
    }
    if (!unreadable.isEmpty()) {
      unreadable(unreadable, found.isEmpty());
    }
    odd.forEach(what -> odd(WindowOutcome.skippedSite(what), found.isEmpty()));
    return found.stream().findFirst();
  }

  /** Adds a record of the list that is not a site, which a run skips and reports. */
  private void odd(WindowOutcome skipped, boolean all) {
    FailureKind kind = Objects.requireNonNullElse(skipped.failure(), FailureKind.FAULT);
    String words = skipped.window() + ": " + skipped.message();
    if (all) {
      findings.failed("sites", kind, words);
    } else {
      findings.failed("sites", kind, words, new Finding.Concern.OfRecord());
    }
  }

  /**
   * Adds the sites that cannot be read.
   *
   * @param all whether they are all that a run would export
   */
  private void unreadable(Map<SiteId, Outcome.Failure<Site>> sites, boolean all) {
    FailureKind worst =
        sites.values().stream()
            .map(FailurePolicy::kind)
            .min(Comparator.naturalOrder())
            .orElseThrow();
    String words =
        sites.entrySet().stream()
            .map(e -> e.getKey() + ": " + e.getValue().describe())
            .collect(Collectors.joining("; ", "cannot be read: ", ""));
    if (all) {
      findings.failed("sites", worst, words);
    } else {
      findings.failed(
          "sites", worst, words, new Finding.Concern.OfSites(List.copyOf(sites.keySet())));
    }
  }

  /** Sends the one billed request: a token may be valid and still not read reports. */
  void report(Site site) {
    LocalDate yesterday = time.instant().atZone(site.closingZone()).toLocalDate().minusDays(1);
    QueryShape shape =
        new QueryShape(
            Entity.PAGEVIEW, List.of(Aggregate.VISITS), DateGrouping.DAY, List.of(), List.of());
    try {
      Outcome<AggregationAnswer> answer =
          client.aggregations(
              new AggregationRequest(
                  shape, new Slice(site.id(), null), DayRange.of(yesterday), api.rowLimit()),
              ignored());
      String asked =
          "visits of " + site.id() + " on " + yesterday + ", 1 request, billed as a pageview";
      if (answer instanceof Outcome.Failure<AggregationAnswer> failure) {
        findings.failed(
            "report", FailurePolicy.kind(failure), failure.describe() + " (" + asked + ")");
      } else {
        findings.ok("report", "the token reads reports (" + asked + ")");
      }
    } catch (IOException e) {
      throw new IllegalStateException("nothing is written here", e);
    }
  }

  /** Returns a handler for rows that are of no interest. */
  private static RowHandler ignored() {
    return new RowHandler() {
      @Override
      public void restart() {}

      @Override
      public void row(RawRow row) {}
    };
  }
}
