package fathomexport.beam;

import fathomexport.run.ExportSpec;
import fathomexport.run.RunSummary;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.values.KV;

/**
 * Writes the run's summary to the ledger, where the launcher finds it whichever machine executes
 * this step.
 */
final class RecordSummary extends DoFn<KV<String, Iterable<RunSummary>>, Void> {
  private static final long serialVersionUID = 1L;

  private final ExportSpec spec;
  private final RunSummary lost;

  /**
   * @param lost summary of what was lost before the first window
   */
  RecordSummary(ExportSpec spec, RunSummary lost) {
    this.spec = spec;
    this.lost = lost;
  }

  @ProcessElement
  public void record(@Element KV<String, Iterable<RunSummary>> lanes) {
    RunRegistry.of(spec).run().record(RunSummary.sum(lanes.getValue()).plus(lost));
  }
}
