package fathomexport.beam;

import fathomexport.run.ExportSpec;
import fathomexport.run.FailureKind;
import fathomexport.run.RunSummary;
import fathomexport.run.WindowOutcome;
import fathomexport.window.RunContext;
import java.io.Serializable;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.values.KV;

/**
 * Exports a lane from its first window to its last: the lane is fetched and committed within one
 * call, and only its summary is emitted, by the id of the run.
 *
 * @param <L> the type of a lane
 */
final class ExportLane<L> extends DoFn<L, KV<String, RunSummary>> {
  private static final long serialVersionUID = 1L;

  private final ExportSpec spec;
  private final LaneWork<L> work;

  /** The export of a lane, independent of Beam. */
  interface LaneWork<L> extends Serializable {
    RunSummary export(RunContext run, L lane);
  }

  ExportLane(ExportSpec spec, LaneWork<L> work) {
    this.spec = spec;
    this.work = work;
  }

  @ProcessElement
  public void export(@Element L lane, OutputReceiver<KV<String, RunSummary>> out) {
    RunRegistry.Shared own = RunRegistry.of(spec);
    RunContext run = own.run();
    own.lanes().begin();
    try {
      out.output(KV.of(spec.runId(), work.export(run, lane)));
      ExportPipeline.REQUESTS.inc(run.takeRequestCount());
    } catch (RuntimeException | Error e) {
      run.failures()
          .halt(
              WindowOutcome.failed(
                  "", FailureKind.FAULT, "internal error; please report it: " + e));
      throw e;
    } finally {
      own.lanes().end();
    }
  }
}
