package fathomexport.verify;

import fathomexport.api.FathomClient;
import fathomexport.fetch.Accounts;
import fathomexport.fetch.ControlBook;
import fathomexport.fetch.Knowledge;
import fathomexport.fetch.SpillDirectory;
import fathomexport.fetch.WindowFetcher;
import fathomexport.ledger.LedgerException;
import fathomexport.ledger.RunRecord;
import fathomexport.report.DayRange;
import fathomexport.run.ExportFailedException;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.run.ExportSpec;
import fathomexport.run.FailureKind;
import fathomexport.run.RunEnvironment;
import fathomexport.sinks.Sinks;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
  public Verification verify(Optional<DayRange> days, FathomClient client) {
    Instant startedAt = environment.time().instant();
    int exitCode = FailureKind.FAULT.exitCode();
    List<String> messages = List.of();
    try (SpillDirectory spill = SpillDirectory.create()) {
      Verification verified = verify(days, client, spill, startedAt);
      exitCode = verified.exitCode();
      messages = verified.messages();
      return verified;
    } catch (ExportFailedException e) {
      exitCode = e.exitCode();
      messages = List.of(String.valueOf(e.getMessage()));
      throw e;
    } catch (LedgerException e) {
      exitCode = FailureKind.STORAGE.exitCode();
      messages = List.of(String.valueOf(e.getMessage()));
      throw e;
    } finally {
      record(startedAt, exitCode, client.billedRequests(), messages);
    }
  }

  private Verification verify(
      Optional<DayRange> days, FathomClient client, SpillDirectory spill, Instant now) {
    Accounts.Found found = new Accounts(client).subjects(job);
    WindowFetcher fetcher =
        new WindowFetcher(
            client,
            new ControlBook(),
            new Knowledge(sinks, settings.accountKey(), false),
            settings.api().rowLimit(),
            settings.api().maxRangeDays(),
            spill.path(),
            1);
    Verification verified =
        new Verifier(job, sinks, fetcher, job.firstKept(now, settings.api().maxRangeDays()))
            .verify(
                found.subjects(),
                s -> finished(days, now.atZone(s.site().closingZone()).toLocalDate().minusDays(1)),
                client::billedRequests);
    List<String> failures = new ArrayList<>(verified.failures());
    found.lost().forEach(l -> failures.add(l.window() + ": " + l.message()));
    return new Verification(
        verified.periods(),
        verified.sinks(),
        verified.requests(),
        verified.differences(),
        verified.damaged(),
        failures);
  }

  /** Returns the days to verify of a site whose last finished day this is. */
  private Optional<DayRange> finished(Optional<DayRange> days, LocalDate yesterday) {
    return days.orElseGet(() -> new DayRange(yesterday.minusDays(job.lookbackDays()), yesterday))
        .intersect(new DayRange(LocalDate.EPOCH, yesterday));
  }

  private void record(Instant startedAt, int exitCode, long requests, List<String> messages) {
    RunRecord record =
        RunRecord.withoutWindows(
            ExportSpec.newRunId(startedAt),
            job.name(),
            COMMAND + job.selection().options(),
            startedAt,
            environment.time().instant(),
            exitCode,
            requests,
            messages);
    try {
      sinks.ledger().record(record);
    } catch (LedgerException e) {
      // The result is worth more than its record, for example if the files are read-only.
      LOG.warn("could not record this verification in the ledger: {}", e.getMessage());
    }
  }
}
