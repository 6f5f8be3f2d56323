package fathomexport.beam;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.ApiSettings;
import fathomexport.api.FathomClient;
import fathomexport.api.StopSignal;
import fathomexport.api.TimeSource;
import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.Fetched;
import fathomexport.plan.FetchTask;
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
import fathomexport.sinks.Sinks;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.apache.beam.runners.direct.DirectOptions;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollectionTuple;
import org.apache.beam.sdk.values.TupleTag;
import org.apache.beam.sdk.values.TupleTagList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An internal error in a step of one window fails that window only, and leaves nothing behind. */
class WindowFailuresTest {
  private static final TupleTag<WindowOutcome> FAILED = new TupleTag<>("failed") {};
  private static final String TOKEN = "FATHOM_API_TOKEN";

  @TempDir Path spill;
  @TempDir Path warehouse;

  private final ConcurrentLinkedQueue<WindowOutcome> ended = new ConcurrentLinkedQueue<>();
  private ExportSpec spec;
  private RunServices run;

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
    spec =
        new ExportSpec(
            ExportSpec.newRunId(Instant.now()),
            "all",
            "backfill",
            Instant.now(),
            2,
            api,
            "account",
            Priority.WHEN_FREE,
            null,
            Budget.UNLIMITED,
            null,
            warehouse.toString(),
            1_000,
            366,
            Map.of(),
            spill.toString());
    RunServices.Quotas quotas =
        RunServices.quotas(
            api, "account", Priority.WHEN_FREE, null, true, Budget.UNLIMITED, environment);
    FathomClient client = RunServices.client(api, environment, event -> {}, quotas);
    run =
        new RunServices(
            spec,
            environment,
            Sinks.open(null, new ParquetSettings(warehouse), variables),
            client,
            null);
    run.register();
  }

  @AfterEach
  void end() {
    run.close();
  }

  /** A window that is typed; one whose books are broken makes certifying fail. */
  @SuppressWarnings("NullAway") // an error that no step can foresee
  private Typed typed(int site, boolean broken) throws IOException {
    FetchTask task = PrefetcherTest.task(site, 0);
    Report report = task.reports().get(0);
    RowSpool rows = new RowSpool(spill);
    byte[] row = new byte[100];
    for (int i = 0; i < 2_000; i++) {
      rows.append(row, row.length);
    }
    Map<LocalDate, Typed.Refused> refused = new HashMap<>();
    if (broken) {
      refused.put(task.days().first(), null);
    }
    return new Typed(
        new Fetched(
            task,
            new RowSpool(spill),
            new PeriodTotals(),
            "",
            Map.of(),
            Set.of(),
            Instant.now(),
            1,
            0,
            0),
        report,
        rows,
        new PeriodTotals(),
        Map.of(),
        refused,
        List.of());
  }

  @Test
  void certifyingOneWindowFails() throws IOException {
    Typed broken = typed(1, true);
    Typed healthy = typed(2, false);
    DirectOptions options = PipelineOptionsFactory.create().as(DirectOptions.class);
    // As a run has it: copies of elements would be copies of spools.
    options.setEnforceImmutability(false);
    options.setEnforceEncodability(false);
    options.setTargetParallelism(1);
    Pipeline pipeline = Pipeline.create(options);
    PCollectionTuple certified =
        pipeline
            .apply(Create.of(broken, healthy).withCoder(SerializableCoder.of(Typed.class)))
            .apply(
                ParDo.of(new CertifyWindows(spec, FAILED))
                    .withOutputTags(ExportPipeline.CERTIFIED, TupleTagList.of(FAILED)));
    certified.get(FAILED).setCoder(SerializableCoder.of(WindowOutcome.class));
    certified
        .get(ExportPipeline.CERTIFIED)
        .setCoder(SerializableCoder.of(Certified.class))
        .apply(ParDo.of(new CommitWindows(spec)))
        .setCoder(SerializableCoder.of(WindowOutcome.class));

    pipeline.run().waitUntilFinish();

    assertThat(ended)
        .as("both windows have ended, each in its own way")
        .hasSize(2)
        .anySatisfy(
            outcome -> {
              assertThat(outcome.window()).contains("S1");
              assertThat(outcome.failure()).isEqualTo(FailureKind.FAULT);
              assertThat(outcome.message()).startsWith("internal error; please report it");
            })
        .anySatisfy(outcome -> assertThat(outcome.window()).contains("S2"));
    assertThat(run.halted()).as("the run goes on").isEmpty();
    try (Stream<Path> left = Files.list(spill)) {
      assertThat(left).as("spools are closed on every path").isEmpty();
    }
  }
}
