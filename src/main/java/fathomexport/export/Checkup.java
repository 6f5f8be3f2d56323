package fathomexport.export;

import fathomexport.api.AggregationRequest;
import fathomexport.api.FathomClient;
import fathomexport.api.FathomClients;
import fathomexport.api.Outcome;
import fathomexport.api.Reached;
import fathomexport.api.answer.AggregationAnswer;
import fathomexport.api.answer.Listed;
import fathomexport.api.answer.RawRow;
import fathomexport.api.answer.RowHandler;
import fathomexport.api.answer.Token;
import fathomexport.beam.BeamRun;
import fathomexport.http.UnusableSettingsException;
import fathomexport.listing.Accounts;
import fathomexport.plan.Subject;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.FileTrouble;
import fathomexport.report.QueryShape;
import fathomexport.report.SecretUnavailableException;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.Account;
import fathomexport.run.ExportFailedException;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
import fathomexport.run.RunEnvironment;
import fathomexport.run.WrongClockException;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.DatabaseCheck;
import fathomexport.sink.postgres.db.PostgresSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Looks at everything that a run of a job depends on, and continues after each failure, so that a
 * person can mend it all at once. Changes nothing but the account's share of the quota, and sends
 * at most one billed request per account.
 */
final class Checkup {
  private static final Duration CERTIFICATE_ENDS_SOON = Duration.ofDays(14);

  /** Below this, the next nights fill the disk. */
  private static final long LITTLE_SPACE = 1L << 30;

  /** Below this, a run does not start. */
  private static final long LEAST_SPACE = 64L << 20;

  private static final int LISTED = 10;

  private final ExportJob job;
  private final ExportSettings settings;
  private final RunEnvironment environment;
  private final List<Finding> findings = new ArrayList<>();

  /** The account that is being looked at; empty if there is only one, and for everything else. */
  private String account = Site.THE_ONLY_ACCOUNT;

  Checkup(ExportJob job, ExportSettings settings, RunEnvironment environment) {
    this.job = job;
    this.settings = settings;
    this.environment = environment;
  }

  /**
   * Looks at everything.
   *
   * @param database the database that a run uses; null if it uses none
   * @param clients creates the clients of the API; called at most once
   */
  List<Finding> run(
      @Nullable PostgresSettings database,
      Supplier<FathomClients> clients,
      List<String> beamArguments) {
    api(clients);
    if (database != null) {
      database(database);
    }
    Path root = settings.parquetRoot();
    if (job.toParquet() && root != null) {
      directory("parquet", "parquet.root", root, FileTrouble.OTHER_ROOT);
    }
    directory(
        "spill directory",
        "java.io.tmpdir",
        Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath(),
        FileTrouble.OTHER_TEMPORARY_DIRECTORY);
    beam(beamArguments);
    return List.copyOf(findings);
  }

  private void ok(String item, String detail) {
    findings.add(Finding.ok(item, Account.inWords(account, detail)));
  }

  private void failed(String item, FailureKind failure, String detail) {
    findings.add(Finding.failed(item, failure, Account.inWords(account, detail)));
  }

  private void beam(List<String> arguments) {
    BeamRun beam = new BeamRun(arguments, its -> settings.account(its).api().maxInFlight());
    try {
      ok("beam", beam.runner() + " " + BeamRun.beamVersion());
    } catch (ExportFailedException e) {
      failed("beam", e.kind(), String.valueOf(e.getMessage()));
    }
    if (BeamRun.isOnCluster(arguments)) {
      cluster(beam);
    }
  }

  /** Looks at what a run on several machines needs besides. */
  private void cluster(BeamRun beam) {
    if (settings.postgres() == null) {
      failed("cluster", FailureKind.CONFIGURATION, BeamRun.NEEDS_A_DATABASE);
    }
    int lanes = settings.accounts().stream().mapToInt(its -> its.api().maxInFlight()).sum();
    try {
      beam.cluster(lanes, environment.variables())
          .map(
              found ->
                  found.doubt().isEmpty()
                      ? Finding.ok("cluster", found.words())
                      : Finding.warning("cluster", found.words() + "; " + found.doubt()))
          .ifPresent(findings::add);
    } catch (ExportFailedException e) {
      failed("cluster", e.kind(), String.valueOf(e.getMessage()));
    }
  }

  private void api(Supplier<FathomClients> source) {
    try {
      ok(
          "proxy",
          FathomClient.proxy(settings.api().baseUrl(), environment.variables())
              .map(p -> "connections to the API go through " + p)
              .orElse("none: connections to the API are direct"));
    } catch (UnusableSettingsException e) {
      failed("proxy", FailureKind.CONFIGURATION, String.valueOf(e.getMessage()));
    }
    try (FathomClients clients = source.get()) {
      Account only = settings.accounts().get(0);
      if (only.isNamed()) {
        accounts(clients);
      } else {
        FathomClient client = clients.of(only.name());
        ok("token secret", "found");
        token(client);
        client.reached().ifPresent(this::reached);
      }
    } catch (SecretUnavailableException e) {
      failed("token secret", FailurePolicy.of(e, false).kind(), "api.token: " + e.getMessage());
    } catch (UnusableSettingsException e) {
      failed("api", FailureKind.CONFIGURATION, String.valueOf(e.getMessage()));
    }
  }

  /** Looks at each of several accounts, then at the sites of all of them. */
  private void accounts(FathomClients clients) {
    Optional<Reached> way = Optional.empty();
    for (Account its : settings.accounts()) {
      account = its.name();
      Optional<SecretUnavailableException> absence = clients.absence(account);
      if (absence.isPresent()) {
        failed(
            "token secret",
            FailurePolicy.of(absence.get(), false).kind(),
            its.tokenSetting() + ": " + absence.get().getMessage());
        continue;
      }
      ok("token secret", "found (" + its.tokenSetting() + ")");
      FathomClient client = clients.of(account);
      accepted(client);
      way = way.or(client::reached);
    }
    account = Site.THE_ONLY_ACCOUNT;
    way.ifPresent(this::reached);
    try {
      sites(clients, new Accounts(clients, settings.accounts()).subjects(job.withoutReports()));
    } catch (ExportFailedException e) {
      failed("sites", e.kind(), String.valueOf(e.getMessage()));
    }
  }

  private void sites(FathomClients clients, Accounts.Found found) {
    found
        .lost()
        .forEach(
            lost ->
                failed(
                    "sites",
                    Objects.requireNonNullElse(lost.failure(), FailureKind.FAULT),
                    lost.window() + ": " + lost.message()));
    found.notices().forEach(notice -> findings.add(Finding.warning("sites", notice)));
    Map<String, List<Site>> byAccount =
        found.subjects().stream()
            .map(Subject::site)
            .collect(Collectors.groupingBy(Site::account, LinkedHashMap::new, Collectors.toList()));
    for (Account its : settings.accounts()) {
      account = its.name();
      List<Site> sites = byAccount.getOrDefault(account, List.of());
      if (!sites.isEmpty()) {
        ok("sites", listed(sites));
        report(clients.of(account), sites.get(0));
      } else if (found.lost().stream().noneMatch(lost -> account.equals(lost.account()))) {
        findings.add(
            Finding.warning(
                "sites", "account " + account + ": none of its sites is exported here"));
      }
    }
    account = Site.THE_ONLY_ACCOUNT;
  }

  private void token(FathomClient client) {
    accepted(client);
    if (client.reached().isPresent()) {
      sites(client).ifPresent(site -> report(client, site));
    }
    // Otherwise, whatever else is asked would fail in the same way.
  }

  /** Returns what to do about a token that the API refuses. */
  private String otherToken() {
    return settings.accounts().stream()
        .filter(its -> its.name().equals(account))
        .map(Account::tokenSetting)
        .findFirst()
        .map(
            key ->
                " (make a token in Fathom's settings, under API, and put it where "
                    + key
                    + " of the settings says)")
        .orElse("");
  }

  /** Looks whether the API accepts a token. */
  private void accepted(FathomClient client) {
    Outcome<Token> answer = client.token();
    if (answer instanceof Outcome.Failure<Token> failure) {
      FailureKind kind = FailurePolicy.kind(failure);
      failed(
          "api",
          kind,
          settings.api().baseUrl()
              + ": "
              + failure.describe()
              + (kind == FailureKind.PERMISSION ? otherToken() : ""));
    } else {
      Token token = answer.value().orElseThrow();
      Instant expires = token.expiresAt();
      ok(
          "api",
          settings.api().baseUrl()
              + " accepts the token '"
              + token.name()
              + "' ("
              + String.join(", ", token.abilities())
              + (expires == null ? "" : "; until " + expires.truncatedTo(ChronoUnit.SECONDS))
              + ")");
    }
  }

  /** Looks at the job's sites, and returns one of them. */
  private Optional<Site> sites(FathomClient client) {
    List<Site> found = new ArrayList<>();
    if (job.sites().isEmpty()) {
      Outcome<Listed<Site>> listed = client.sites();
      if (listed instanceof Outcome.Failure<Listed<Site>> failure) {
        failed(
            "sites",
            FailurePolicy.kind(failure),
            "cannot be listed: "
                + failure.describe().replaceFirst("\\.$", "")
                + ". A token for single sites cannot list them: name their ids under sites: in the"
                + " pipeline");
        return Optional.empty();
      }
      found.addAll(listed.value().orElseThrow().found());
    }
    List<String> unreadable = new ArrayList<>();
    FailureKind kind = FailureKind.PERMISSION;
    for (SiteId id : job.sites().orElse(List.of())) {
      Outcome<Site> site = client.site(id);
      site.value().ifPresent(found::add);
      if (site instanceof Outcome.Failure<Site> failure) {
        unreadable.add(id + ": " + failure.describe());
        kind = FailurePolicy.kind(failure);
      }
    }
    if (!unreadable.isEmpty()) {
      failed("sites", kind, "cannot be read: " + String.join("; ", unreadable));
    } else if (found.isEmpty()) {
      findings.add(
          Finding.warning("sites", "the token lists no site, so there is nothing to export"));
    } else {
      ok("sites", listed(found));
    }
    return found.stream().findFirst();
  }

  private static String listed(List<Site> found) {
    return found.size()
        + ": "
        + found.stream()
            .limit(LISTED)
            .map(s -> s.id() + " (" + s.name() + ")")
            .collect(Collectors.joining(", "))
        + (found.size() > LISTED ? ", and " + (found.size() - LISTED) + " more" : "");
  }

  /** Sends the one billed request: a token may be valid and still not read reports. */
  private void report(FathomClient client, Site site) {
    LocalDate yesterday =
        environment.time().instant().atZone(site.closingZone()).toLocalDate().minusDays(1);
    QueryShape shape =
        new QueryShape(
            Entity.PAGEVIEW, List.of(Aggregate.VISITS), DateGrouping.DAY, List.of(), List.of());
    try {
      Outcome<AggregationAnswer> answer =
          client.aggregations(
              new AggregationRequest(
                  shape,
                  new Slice(site.id(), null),
                  DayRange.of(yesterday),
                  settings.api().rowLimit()),
              ignored());
      String asked =
          "visits of " + site.id() + " on " + yesterday + ", 1 request, billed as a pageview";
      if (answer instanceof Outcome.Failure<AggregationAnswer> failure) {
        failed("report", FailurePolicy.kind(failure), failure.describe() + " (" + asked + ")");
      } else {
        ok("report", "the token reads reports (" + asked + ")");
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

  private void reached(Reached way) {
    if (WrongClockException.isTooFar(way)) {
      failed("clock", FailureKind.CONFIGURATION, WrongClockException.words(way));
    } else if (way.serverTime() != null) {
      ok("clock", WrongClockException.words(way));
    }
    Instant until = way.validUntil();
    if (until == null) {
      ok("certificate", "none: the API is on this machine, over plain HTTP");
    } else {
      String words = way.certificate() + "; valid until " + until.truncatedTo(ChronoUnit.SECONDS);
      findings.add(
          until.isBefore(way.at().plus(CERTIFICATE_ENDS_SOON))
              ? Finding.warning("certificate", words + ": runs fail from then on")
              : Finding.ok("certificate", words));
    }
  }

  private void database(PostgresSettings database) {
    DatabaseCheck check;
    try {
      check =
          DatabaseCheck.of(
              database, environment.variables(), job.toPostgres() ? job.reports() : List.of());
    } catch (SecretUnavailableException e) {
      failed(
          "database secret",
          FailurePolicy.of(e, false).kind(),
          "postgres.password: " + e.getMessage());
      return;
    } catch (SinkException e) {
      FailurePolicy.Verdict verdict = FailurePolicy.of(e, false);
      failed("database", verdict.kind(), verdict.message());
      return;
    }
    String unusable = check.unusable();
    if (unusable == null) {
      ok("database", check.server());
    } else {
      failed("database", FailureKind.STORAGE, check.server() + ": " + unusable);
    }
    check.notMigrated().ifPresent(why -> failed("tables", FailureKind.CONFIGURATION, why));
    String asAnAdministrator = "as an administrator of the database, run: ";
    if (!check.grants().isEmpty()) {
      failed(
          "privileges",
          FailureKind.CONFIGURATION,
          check.migrated()
              ? asAnAdministrator + String.join(" ", check.grants())
              : check.toMigrate());
    }
    if (!check.grantsForReaders().isEmpty()) {
      findings.add(
          Finding.warning(
              "privileges",
              "a run can do without these rights, but then what readers need is not derived at its"
                  + " end (whether measures add up, sums of months): "
                  + asAnAdministrator
                  + String.join(" ", check.grantsForReaders())));
    } else if (check.grants().isEmpty()) {
      findings.add(privileges(check.power()));
    }
    String pooler = check.pooler().orElse("none");
    if (check.poolerRefused()) {
      failed("pooler", FailureKind.CONFIGURATION, pooler);
    } else {
      ok("pooler", pooler);
    }
  }

  /** Says what a role that may do enough may do beyond that. */
  private static Finding privileges(DatabaseCheck.Power power) {
    String enough = "the role may do everything that a run needs";
    return switch (power) {
      case LOADS -> Finding.ok("privileges", enough + ", and no more: another role migrates");
      case OWNS ->
          Finding.ok(
              "privileges",
              enough
                  + ", and as the owner of the tables also change and drop them. Where that is too"
                  + " much, let one role migrate and another one load: see \"Roles and grants\" in"
                  + " docs/maintenance.md");
      case SUPERUSER ->
          Finding.warning(
              "privileges",
              "the role is a superuser, who may read and change everything on the server. A run"
                  + " needs CREATE on its database and no more: name such a role in postgres.user"
                  + " (\"Roles and grants\" in docs/maintenance.md)");
    };
  }

  /**
   * Looks whether files can be written to a directory, or to where it will be made.
   *
   * @param otherwise what helps if they cannot, and the directory is not to be mended
   */
  private void directory(String item, String key, Path directory, String otherwise) {
    Path existing = directory;
    while (existing != null && Files.notExists(existing)) {
      existing = existing.getParent();
    }
    String where = directory + " (" + key + ")";
    if (existing == null || !Files.isDirectory(existing)) {
      failed(
          item,
          FailureKind.STORAGE,
          where + " cannot be made, because " + existing + " is no directory: " + otherwise);
      return;
    }
    try {
      // Permissions alone do not show a read-only file system.
      Files.delete(Files.createTempFile(existing, ".fathom-export-check", ".tmp"));
      long free = existing.toFile().getUsableSpace();
      String space =
          where
              + (existing.equals(directory) ? "" : " will be made")
              + ", "
              + String.format(Locale.ROOT, "%.1f GiB free", free / (double) (1L << 30));
      if (free < LEAST_SPACE) {
        failed(
            item, FailureKind.STORAGE, space + ": " + FileTrouble.MAKE_ROOM + ", or " + otherwise);
      } else {
        findings.add(
            free < LITTLE_SPACE
                ? Finding.warning(item, space + ": make room soon")
                : Finding.ok(item, space));
      }
    } catch (IOException e) {
      failed(
          item,
          FailureKind.STORAGE,
          where + " cannot be written to: " + FileTrouble.words(e, otherwise));
    }
  }
}
