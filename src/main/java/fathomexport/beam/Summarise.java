package fathomexport.beam;

import fathomexport.run.RunSummary;
import fathomexport.run.WindowOutcome;
import org.apache.beam.sdk.coders.Coder;
import org.apache.beam.sdk.coders.CoderRegistry;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.transforms.Combine;

/** Adds up how the windows ended. */
public final class Summarise extends Combine.CombineFn<WindowOutcome, RunSummary, RunSummary> {
  private static final long serialVersionUID = 1L;

  @Override
  public RunSummary createAccumulator() {
    return RunSummary.EMPTY;
  }

  @Override
  public RunSummary addInput(RunSummary sum, WindowOutcome outcome) {
    return sum.plus(RunSummary.of(outcome));
  }

  @Override
  public RunSummary mergeAccumulators(Iterable<RunSummary> sums) {
    RunSummary all = RunSummary.EMPTY;
    for (RunSummary sum : sums) {
      all = all.plus(sum);
    }
    return all;
  }

  @Override
  public RunSummary extractOutput(RunSummary sum) {
    return sum;
  }

  @Override
  public Coder<RunSummary> getAccumulatorCoder(CoderRegistry registry, Coder<WindowOutcome> input) {
    return SerializableCoder.of(RunSummary.class);
  }

  @Override
  public Coder<RunSummary> getDefaultOutputCoder(
      CoderRegistry registry, Coder<WindowOutcome> input) {
    return SerializableCoder.of(RunSummary.class);
  }
}
