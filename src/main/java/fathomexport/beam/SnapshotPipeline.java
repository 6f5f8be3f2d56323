package fathomexport.beam;

import fathomexport.report.VisitorSample;
import fathomexport.run.ExportSpec;
import fathomexport.run.RunSummary;
import fathomexport.run.WindowOutcome;
import java.util.List;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.transforms.Combine;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.Flatten;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.apache.beam.sdk.values.PCollectionList;
import org.apache.beam.sdk.values.PCollectionTuple;
import org.apache.beam.sdk.values.TupleTag;
import org.apache.beam.sdk.values.TupleTagList;

/**
 * A snapshot as a list of verbs: sample, store, summarise. {@link ExportPipeline} with nothing to
 * type or certify: the API gives current visitors whole, and nothing to compare them with.
 */
public final class SnapshotPipeline {
  static final TupleTag<VisitorSample> SAMPLED = new TupleTag<>("sampled") {};
  private static final TupleTag<WindowOutcome> FAILED = new TupleTag<>("failed") {};

  private SnapshotPipeline() {}

  public static void build(
      Pipeline pipeline,
      ExportSpec spec,
      SiteQueue sites,
      boolean detailed,
      List<WindowOutcome> lost) {
    PCollection<SiteQueue> queue =
        pipeline.apply("Sites", Create.of(sites).withCoder(SerializableCoder.of(SiteQueue.class)));

    PCollectionTuple sampled =
        queue.apply(
            "Sample",
            ParDo.of(
                    new SampleSites(
                        spec, detailed, FAILED, BeamRun.checkpoints(pipeline.getOptions())))
                .withOutputTags(SAMPLED, TupleTagList.of(FAILED)));

    PCollection<WindowOutcome> stored =
        sampled
            .get(SAMPLED)
            .setCoder(SerializableCoder.of(VisitorSample.class))
            .apply("Store", ParDo.of(new StoreSamples(spec)))
            .setCoder(SerializableCoder.of(WindowOutcome.class));

    PCollection<WindowOutcome> before =
        pipeline.apply(
            "Lost", Create.of(lost).withCoder(SerializableCoder.of(WindowOutcome.class)));

    PCollectionList.of(before)
        .and(sampled.get(FAILED).setCoder(SerializableCoder.of(WindowOutcome.class)))
        .and(stored)
        .apply("Outcomes", Flatten.pCollections())
        .apply("Summarise", Combine.globally(new Summarise()))
        .apply("Record", ParDo.of(new RecordSummary(spec, RunSummary.EMPTY, true)));
  }
}
