package fathomexport.lineage;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.config.Settings;
import fathomexport.ledger.RunRecord;
import fathomexport.report.Currencies;
import fathomexport.report.SecretRef;
import fathomexport.run.Account;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.run.FailureKind;
import fathomexport.run.RunResult;
import fathomexport.run.WindowOutcome;
import fathomexport.testing.TestReports;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a run ends that has left all of its windows to the next one: none of them failed. */
class RunLineageTest {
  private static final Instant NOW = Instant.parse("2026-06-10T14:00:00Z");

  @TempDir Path directory;

  private String endOfARunThatLeft(FailureKind kind, String message) throws IOException {
    Path file = directory.resolve("lineage.ndjson");
    Settings.Api api =
        Settings.Api.withDefaults(
            URI.create("http://127.0.0.1:1/v1"), new SecretRef.Env("FATHOM_API_TOKEN"));
    List<String> warnings = new ArrayList<>();
    try (RunLineage lineage =
        new RunLineage(
            new LineageSettings(
                new LineageSettings.Target.Lines(file), "test", Duration.ofSeconds(5)),
            new ExportSettings(
                api, List.of(Account.only(api)), null, directory, null, Currencies.NONE),
            new ExportJob(
                "nightly", List.of(TestReports.traffic()), Optional.empty(), 3, false, true),
            RunRecord.RUN,
            "2.0",
            Map.of(),
            InstantSource.fixed(NOW),
            warnings::add)) {
      lineage.windowEnded(WindowOutcome.failed("traffic CDBUGS", kind, message));
      lineage.ended(
          RunResult.of(
              new RunRecord(
                  "run-1",
                  "nightly",
                  RunRecord.RUN,
                  NOW,
                  NOW,
                  kind.exitCode(),
                  1,
                  0,
                  0,
                  0,
                  0,
                  1,
                  0,
                  0,
                  0,
                  List.of(message),
                  0,
                  Set.of()),
              0,
              Duration.ZERO));
    }
    assertThat(warnings).isEmpty();
    List<String> lines = Files.readAllLines(file);
    return new ObjectMapper().readTree(lines.get(lines.size() - 1)).path("eventType").textValue();
  }

  @Test
  void aBudgetThatIsSpentAborts() throws IOException {
    assertThat(
            endOfARunThatLeft(
                FailureKind.BUDGET, "not fetched: of the 9 requests that the run may send, ..."))
        .isEqualTo("ABORT");
  }

  @Test
  void aRunThatWasTakenOverFails() throws IOException {
    assertThat(
            endOfARunThatLeft(
                FailureKind.TRY_LATER,
                WindowOutcome.HALTED + ": another run of pipeline nightly has taken the lock"))
        .isEqualTo("FAIL");
  }
}
