package fathomexport.verify;

import fathomexport.api.FathomClient;
import fathomexport.api.FathomClients;
import fathomexport.fetch.SpillDirectory;
import fathomexport.fetch.WindowFetcher;
import fathomexport.fetch.control.ControlBook;
import fathomexport.fetch.limits.Knowledge;
import fathomexport.ledger.LedgerException;
import fathomexport.ledger.RunRecord;
import fathomexport.listing.Accounts;
import fathomexport.listing.SideBySide;
import fathomexport.plan.Subject;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.run.ExportFailedException;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.run.ExportSpec;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
import fathomexport.run.RunEnvironment;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sinks.Sinks;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One {@code verify} and its record in the ledger. Its requests are billed like those of any run.
 */
public final class VerifyRun {
  static final String COMMAND = "verify";
  private static final Logger LOG = LoggerFactory.getLogger(VerifyRun.class);

  private final ExportSettings settings;
  private final RunEnvironment environment;
  private final ExportJob job;
  private final Sinks sinks;

  public VerifyRun(
      ExportSettings settings, RunEnvironment environment, ExportJob job, Sinks sinks) {
    this.settings = settings;
    this.environment = environment;
    this.job = job;
    this.sinks = sinks;
  }

  /**
   * Verifies what is stored, up to each site's yesterday.
   *
   * @param days the days to verify; empty for each site's yesterday and look-back
   * @throws ExportFailedException if the account cannot be reached
   */
  public Verification verify(Optional<DayRange> days, FathomClients clients) {
    Instant startedAt = environment.time().instant();
    String runId = ExportSpec.newRunId(startedAt);
    int exitCode = FailureKind.FAULT.exitCode();
    List<String> messages = List.of();
    try (SpillDirectory spill = SpillDirectory.create()) {
      Verification verified = verify(days, clients, spill, startedAt, runId);
      exitCode = verified.exitCode();
      messages = verified.messages();
      return verified;
    } catch (ExportFailedException e) {
      exitCode = e.exitCode();
      messages = List.of(String.valueOf(e.getMessage()));
      throw e;
    } catch (LedgerException | SinkException e) {
      exitCode = FailurePolicy.of(e, false).kind().exitCode();
      messages = List.of(String.valueOf(e.getMessage()));
      throw e;
    } finally {
      record(runId, startedAt, exitCode, clients.billedRequests(), messages);
    }
  }

  private Verification verify(
      Optional<DayRange> days,
      FathomClients clients,
      SpillDirectory spill,
      Instant now,
      String runId) {
    Accounts.Found found = new Accounts(clients, settings.accounts()).subjects(job);
    Map<String, List<Subject>> byAccount =
        found.subjects().stream()
            .collect(
                Collectors.groupingBy(
                    s -> s.site().account(), LinkedHashMap::new, Collectors.toList()));
    List<Verification> verified =
        SideBySide.each(
            List.copyOf(byAccount.entrySet()),
            own -> verify(days, clients, own.getKey(), own.getValue(), spill, now, runId));
    List<String> failures = new ArrayList<>();
    found.lost().forEach(l -> failures.add(l.window() + ": " + l.message()));
    boolean refused =
        found.lost().stream()
            .anyMatch(l -> l.site() == null && l.failure() == FailureKind.PERMISSION);
    return Verification.sum(
        verified,
        sinks.all().stream().map(Sink::name).toList(),
        job.reports().stream().map(Report::name).toList(),
        clients.billedRequests(),
        failures,
        refused ? FailureKind.PERMISSION : FailureKind.TRY_LATER);
  }

  /** Verifies the sites of one account. */
  private Verification verify(
      Optional<DayRange> days,
      FathomClients clients,
      String account,
      List<Subject> subjects,
      SpillDirectory spill,
      Instant now,
      String runId) {
    FathomClient client = clients.of(account);
    WindowFetcher fetcher =
        new WindowFetcher(
            client,
            new ControlBook(),
            new Knowledge(sinks, settings.account(account).key(), false),
            settings.api().rowLimit(),
            settings.api().maxRangeDays(),
            spill.path(),
            1,
            false);
    return new Verifier(
            job,
            sinks,
            fetcher,
            job.firstKept(now, settings.api().maxRangeDays()),
            new FoundDifferences(runId, environment.time()))
        .verify(
            subjects,
            s -> finished(days, now.atZone(s.site().closingZone()).toLocalDate().minusDays(1)),
            client::billedRequests);
  }

  /** Returns the days to verify of a site whose last finished day this is. */
  private Optional<DayRange> finished(Optional<DayRange> days, LocalDate yesterday) {
    return days.orElseGet(() -> new DayRange(yesterday.minusDays(job.lookbackDays()), yesterday))
        .intersect(new DayRange(LocalDate.EPOCH, yesterday));
  }

  private void record(
      String runId, Instant startedAt, int exitCode, long requests, List<String> messages) {
    RunRecord record =
        RunRecord.withoutWindows(
            runId,
            job.name(),
            COMMAND + job.selection().options(),
            startedAt,
            environment.time().instant(),
            exitCode,
            requests,
            messages);
    try {
      sinks.ledger().record(record);
    } catch (LedgerException | SinkException e) {
      // The result is worth more than its record, for example if the files are read-only.
      LOG.warn("could not record this verification in the ledger: {}", e.getMessage());
    }
  }
}
