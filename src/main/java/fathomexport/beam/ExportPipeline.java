package fathomexport.beam;

import fathomexport.run.ExportSpec;
import fathomexport.run.RunSummary;
import java.io.Serializable;
import java.util.List;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.coders.KvCoder;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.coders.StringUtf8Coder;
import org.apache.beam.sdk.metrics.Counter;
import org.apache.beam.sdk.metrics.Metrics;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.GroupByKey;
import org.apache.beam.sdk.transforms.ParDo;

/**
 * The run as a Beam pipeline: each lane is an element, and {@link fathomexport.window.WindowExport}
 * exports its windows. The result is one summary, which is recorded in the ledger.
 */
final class ExportPipeline {
  /** Billed requests of all workers. */
  static final Counter REQUESTS = Metrics.counter("fathom-export", "requests");

  private ExportPipeline() {}

  /**
   * Adds the steps to a pipeline. They are as few as can be: to start a step costs a run more than
   * many windows do, and Beam's own sum of all elements consists of a dozen.
   *
   * @param lanes at least one
   * @param type the class of a lane
   * @param work exports one lane
   * @param lost summary of what was lost before the first window
   */
  static <L extends Serializable> void build(
      Pipeline pipeline,
      ExportSpec spec,
      List<L> lanes,
      Class<L> type,
      ExportLane.LaneWork<L> work,
      RunSummary lost) {
    pipeline
        .apply("Lanes", Create.of(lanes).withCoder(SerializableCoder.of(type)))
        .apply("Export", ParDo.of(new ExportLane<>(spec, work)))
        .setCoder(KvCoder.of(StringUtf8Coder.of(), SerializableCoder.of(RunSummary.class)))
        .apply("Summarise", GroupByKey.create())
        .apply("Record", ParDo.of(new RecordSummary(spec, lost)));
  }
}
