package fathomexport.pipeline;

import fathomexport.report.VisitorSample;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import org.apache.beam.sdk.transforms.DoFn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Stores each sample in every sink, and says how it ended. */
final class StoreSamples extends DoFn<VisitorSample, WindowOutcome> {
  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(StoreSamples.class);

  private final ExportSpec spec;

  StoreSamples(ExportSpec spec) {
    this.spec = spec;
  }

  @ProcessElement
  public void store(@Element VisitorSample sample, OutputReceiver<WindowOutcome> out) {
    RunServices run = RunServices.of(spec);
    WindowOutcome outcome = store(run, sample);
    run.ended(outcome);
    out.output(outcome);
  }

  /** A sink that fails keeps the sample from no other: it cannot be asked for again. */
  private static WindowOutcome store(RunServices run, VisitorSample sample) {
    String name = SiteQueue.name(sample.site());
    WindowOutcome failure = null;
    for (Sink sink : run.sinks().all()) {
      try {
        sink.samples().append(sample);
      } catch (SinkException e) {
        WindowOutcome failed =
            WindowOutcome.failed(name, kind(e), sink.name() + ": " + e.getMessage());
        failure = failure == null ? failed : failure;
        // What is sampled could not be kept: asking for more would only be billed.
        run.halt(failed);
      } catch (RuntimeException e) {
        LOG.error("{}: a fault of ours", name, e);
        failure = WindowOutcome.failed(name, FailureKind.FAULT, "a fault of ours: " + e);
      }
    }
    return failure == null ? new WindowOutcome(name, null, "", true, 1, sample.rows(), 0) : failure;
  }

  private static FailureKind kind(SinkException e) {
    return switch (e.kind()) {
      case UNAVAILABLE, UNKNOWN -> FailureKind.STORAGE;
      case DEFINITION -> FailureKind.CONFIGURATION;
      case SUPERSEDED -> FailureKind.TRY_LATER;
      case INTEGRITY -> FailureKind.FAULT;
    };
  }
}
