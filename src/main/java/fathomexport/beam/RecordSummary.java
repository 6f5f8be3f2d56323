package fathomexport.beam;

import fathomexport.run.ExportSpec;
import fathomexport.run.RunSummary;
import java.util.Objects;
import org.apache.beam.sdk.transforms.DoFn;
import org.jspecify.annotations.Nullable;

/**
 * Writes the run's summary to the ledger, where the launcher finds it whichever machine executes
 * this step.
 */
final class RecordSummary extends DoFn<RunSummary, Void> {
  private static final long serialVersionUID = 1L;

  private final ExportSpec spec;
  private transient RunRegistry.@Nullable Shared shared;

  RecordSummary(ExportSpec spec) {
    this.spec = spec;
  }

  @Setup
  public void open() {
    shared = RunRegistry.open(spec);
  }

  @ProcessElement
  public void record(@Element RunSummary summary) {
    Objects.requireNonNull(shared).run().record(summary);
  }

  @Teardown
  public void close() {
    if (shared != null) {
      shared = null;
      RunRegistry.close(spec);
    }
  }
}
