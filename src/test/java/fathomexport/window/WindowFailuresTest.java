package fathomexport.window;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.ApiSettings;
import fathomexport.api.FathomClients;
import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.TimeSource;
import fathomexport.certify.Certifier;
import fathomexport.fetch.Fetched;
import fathomexport.fetch.WindowFetcher;
import fathomexport.plan.FetchTask;
import fathomexport.quota.ApiClients;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SecretRef;
import fathomexport.report.rows.RowSpool;
import fathomexport.run.Budget;
import fathomexport.run.ExportSpec;
import fathomexport.run.FailureKind;
import fathomexport.run.Priority;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunListener;
import fathomexport.run.WindowOutcome;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.sinks.PipelineLock;
import fathomexport.sinks.Sinks;
import fathomexport.testing.TestReports;
import fathomexport.testing.TestTasks;
import fathomexport.typing.CellKind;
import fathomexport.typing.RawRows;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.AbstractMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An internal error in a step of one window fails that window only, and leaves nothing behind. */
class WindowFailuresTest {
  private static final String TOKEN = "FATHOM_API_TOKEN";

  @TempDir Path spill;
  @TempDir Path warehouse;

  private final ConcurrentLinkedQueue<WindowOutcome> ended = new ConcurrentLinkedQueue<>();
  private ExportSpec spec;
  private Sinks sinks;
  private FathomClients clients;
  private PipelineLock lock;
  private RunContext run;

  @BeforeEach
  void begin() {
    Map<String, String> variables = Map.of(TOKEN, "a-token");
    RunEnvironment environment =
        new RunEnvironment(
            variables,
            TimeSource.system(),
            new StopSignal(),
            new RunListener() {
              @Override
              public void windowEnded(WindowOutcome outcome) {
                ended.add(outcome);
              }
            });
    ApiSettings api = ApiSettings.of(URI.create("http://127.0.0.1:9/v1"), new SecretRef.Env(TOKEN));
    spec = Specs.toFiles(api, 2, warehouse);
    clients =
        ApiClients.clients(
            spec.accounts(), Priority.WHEN_FREE, null, true, Budget.UNLIMITED, environment);
    sinks = Sinks.open(null, new ParquetSettings(warehouse), variables);
    sinks.all().forEach(sink -> sink.migrate(List.of(TestReports.pages())));
    lock = sinks.tryLock(spec.pipeline()).orElseThrow();
    run = RunContext.ofLauncher(spec, environment, sinks, clients, lock, spill);
  }

  @AfterEach
  void end() {
    run.close();
    lock.close();
    clients.close();
    sinks.close();
  }

  /** So many rows that they spill; where the books are broken, certifying fails. */
  private Fetched fetched(int site, boolean broken) throws IOException {
    Report report = TestReports.pages();
    DayRange days = DayRange.of(LocalDate.of(2026, 3, 1));
    FetchTask task = TestTasks.of("S" + site, report, days);
    RowSpool raw = new RowSpool(spill);
    RawRows.RawRowWriter rows = new RawRows.RawRowWriter(raw);
    for (int i = 0; i < 2_000; i++) {
      rows.start(days.first().toEpochDay(), days.first().toEpochDay());
      for (String text : List.of("example.org", "/a-page-with-a-name-of-some-length/" + i)) {
        rows.cell(CellKind.STRING, text.getBytes(StandardCharsets.UTF_8));
      }
      for (int measure = 0; measure < report.aggregates().size(); measure++) {
        rows.cell(CellKind.NUMBER, "1".getBytes(StandardCharsets.UTF_8));
      }
      rows.end();
    }
    Map<LocalDate, Certifier.Fault> faults =
        broken
            ? new AbstractMap<>() {
              @Override
              public Set<Entry<LocalDate, Certifier.Fault>> entrySet() {
                throw new IllegalStateException("an error that no step can foresee");
              }
            }
            : Map.of();
    return new Fetched(task, raw, null, "none was asked", faults, Set.of(), Instant.now(), 1, 0, 0);
  }

  @Test
  void certifyingOneWindowFails() throws IOException {
    WindowExport export = new WindowExport(run);
    for (Fetched fetched : List.of(fetched(1, true), fetched(2, false))) {
      export.export(
          new LaneFetch.Result.Came(new WindowFetcher.Chunk.Rows(fetched), true), run::ended);
    }

    assertThat(ended)
        .as("both windows have ended, each in its own way")
        .hasSize(2)
        .anySatisfy(
            outcome -> {
              assertThat(outcome.window()).contains("S1");
              assertThat(outcome.failure()).isEqualTo(FailureKind.FAULT);
              assertThat(outcome.message()).startsWith("internal error; please report it");
            })
        .anySatisfy(
            outcome -> {
              assertThat(outcome.window()).contains("S2");
              assertThat(outcome.failure()).as(outcome.message()).isNull();
              assertThat(outcome.rows()).isEqualTo(2_000);
            });
    assertThat(run.failures().halted()).as("the run goes on").isEmpty();
    try (Stream<Path> left = Files.list(spill)) {
      assertThat(left).as("spools are closed on every path").isEmpty();
    }
  }
}
