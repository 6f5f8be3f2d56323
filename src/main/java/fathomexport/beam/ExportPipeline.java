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
 * The run as a pipeline: a lane is an element, and {@link fathomexport.window.WindowExport} does
 * all that is done about its windows. What comes out is one summary, which the ledger keeps.
 */
final class ExportPipeline {
  /** Requests that are billed, on whichever worker they are made. */
  static final Counter REQUESTS = Metrics.counter("fathom-export", "requests");

  private ExportPipeline() {}

  /**
   * Adds the steps.
   *
   * @param type what a lane is
   * @param work what is done about one
   * @param lost what was lost before the first window
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
