package fathomexport.beam;

import fathomexport.report.VisitorSample;
import fathomexport.run.ExportSpec;
import fathomexport.run.WindowOutcome;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import org.apache.beam.sdk.transforms.DoFn;

/** Stores each sample in every sink, and says how it ended. */
final class StoreSamples extends DoFn<VisitorSample, WindowOutcome> {
  private static final long serialVersionUID = 1L;

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
      } catch (RuntimeException e) {
        WindowOutcome failed = run.failed(sample.site(), e);
        if (e instanceof SinkException) {
          // The next site's sample goes to the same tables, and this one cannot be asked for again:
          // asking for more would only be billed.
          run.halt(failed);
        }
        failure = failure == null ? failed : failure;
      }
    }
    return failure == null
        ? new WindowOutcome(name, null, "", true, 1, sample.rows(), 0).about(sample.site())
        : failure;
  }
}
