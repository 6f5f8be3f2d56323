package fathomexport.beam;

import fathomexport.run.ExportSpec;
import fathomexport.run.RunSummary;
import java.io.Serializable;
import java.util.List;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.metrics.Counter;
import org.apache.beam.sdk.metrics.Metrics;
import org.apache.beam.sdk.transforms.Combine;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.Flatten;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PCollectionList;

/**
 * The run as a Beam pipeline: each lane is an element, and {@link fathomexport.window.WindowExport}
 * exports its windows. The result is one summary, which is recorded in the ledger.
 */
final class ExportPipeline {
  /** Billed requests of all workers. */
  static final Counter REQUESTS = Metrics.counter("fathom-export", "requests");

  private ExportPipeline() {}

  /**
   * Adds the steps to a pipeline.
   *
   * @param type the class of a lane
   * @param work exports one lane
   * @param lost summary of what was lost before the first window
   */
  static <L extends Serializable> void build(
      Pipeline pipeline,
      ExportSpec spec,
      List<L> lanes,
      Class<L> type,
      ExportLane.Work<L> work,
      RunSummary lost) {
    PCollection<RunSummary> exported =
        pipeline
            .apply("Lanes", Create.of(lanes).withCoder(SerializableCoder.of(type)))
            .apply("Export", ParDo.of(new ExportLane<>(spec, work)))
            .setCoder(SerializableCoder.of(RunSummary.class));
    PCollection<RunSummary> before =
        pipeline.apply("Lost", Create.of(lost).withCoder(SerializableCoder.of(RunSummary.class)));

    PCollectionList.of(before)
        .and(exported)
        .apply("Outcomes", Flatten.pCollections())
        .apply("Summarise", Combine.globally(RunSummary::sum))
        .setCoder(SerializableCoder.of(RunSummary.class))
        .apply("Record", ParDo.of(new RecordSummary(spec)));
  }
}
