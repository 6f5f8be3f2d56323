package fathomexport.beam;

import fathomexport.fetch.Fetched;
import fathomexport.run.ExportSpec;
import fathomexport.run.RunSummary;
import fathomexport.run.WindowOutcome;
import java.io.Serializable;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.coders.VarIntCoder;
import org.apache.beam.sdk.metrics.Counter;
import org.apache.beam.sdk.metrics.Metrics;
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
 * The run as a list of verbs: plan, fetch, type, certify, commit, summarise. Each has an output for
 * its failures; they flow into one place. What comes out is one summary, which the ledger keeps.
 */
final class ExportPipeline {
  static final TupleTag<Fetched> FETCHED = new TupleTag<>("fetched") {};
  static final TupleTag<Typed> TYPED = new TupleTag<>("typed") {};
  static final TupleTag<Certified> CERTIFIED = new TupleTag<>("certified") {};
  private static final TupleTag<WindowOutcome> FAILED = new TupleTag<>("failed") {};

  /** Requests that are billed, on whichever worker they are made. */
  static final Counter REQUESTS = Metrics.counter("fathom-export", "requests");

  private ExportPipeline() {}

  /**
   * Adds the steps.
   *
   * @param before what has become of the run's other windows
   * @param last whether the run ends with these
   */
  static void build(
      Pipeline pipeline, ExportSpec spec, List<Lane> plan, RunSummary before, boolean last) {
    PCollection<Integer> lanes =
        pipeline.apply(
            "Plan",
            Create.of(IntStream.range(0, plan.size()).boxed().toList())
                .withCoder(VarIntCoder.of()));

    PCollectionTuple fetched =
        lanes.apply(
            "Fetch",
            ParDo.of(
                    new FetchWindows(
                        spec, plan, FAILED, BeamRun.checkpoints(pipeline.getOptions())))
                .withOutputTags(FETCHED, TupleTagList.of(FAILED)));

    PCollectionTuple typed =
        coded(fetched.get(FETCHED), Fetched.class)
            .apply(
                "Type",
                ParDo.of(new TypeRows(spec, FAILED))
                    .withOutputTags(TYPED, TupleTagList.of(FAILED)));

    PCollectionTuple certified =
        coded(typed.get(TYPED), Typed.class)
            .apply(
                "Certify",
                ParDo.of(new CertifyWindows(spec, FAILED))
                    .withOutputTags(CERTIFIED, TupleTagList.of(FAILED)));

    PCollection<WindowOutcome> committed =
        coded(certified.get(CERTIFIED), Certified.class)
            .apply("Commit", ParDo.of(new CommitWindows(spec)));

    PCollectionList.of(coded(fetched.get(FAILED), WindowOutcome.class))
        .and(coded(typed.get(FAILED), WindowOutcome.class))
        .and(coded(certified.get(FAILED), WindowOutcome.class))
        .and(coded(committed, WindowOutcome.class))
        .apply("Outcomes", Flatten.pCollections())
        .apply("Summarise", Combine.globally(new Summarise()))
        .apply("Record", ParDo.of(new RecordSummary(spec, before, last)));
  }

  /** Records get no coder by inference. */
  private static <T extends Serializable> PCollection<T> coded(
      PCollection<T> collection, Class<T> type) {
    return collection.setCoder(SerializableCoder.of(type));
  }
}
