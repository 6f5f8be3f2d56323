package fathomexport.beam;

import fathomexport.run.ExportSpec;
import fathomexport.run.FailureKind;
import fathomexport.run.WindowOutcome;
import fathomexport.sink.postgres.db.Database;
import fathomexport.window.Lane;
import fathomexport.window.WorkerLane;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.apache.beam.sdk.metrics.Metrics;
import org.apache.beam.sdk.metrics.StringSet;
import org.apache.beam.sdk.transforms.DoFn;

/** Exports a lane on a worker of a cluster. */
final class ClusterLane extends DoFn<Lane, Void> {
  private static final long serialVersionUID = 1L;
  private static final char SEPARATOR = '\n';

  /** Why lanes could not be exported, where a worker has no other way to tell. */
  static final StringSet UNREPORTED = Metrics.stringSet("fathom-export", "unreported");

  private final ExportSpec spec;
  private final Set<String> controlsOf;

  /**
   * @param controlsOf the interrupted runs whose control totals the run uses
   */
  ClusterLane(ExportSpec spec, Set<String> controlsOf) {
    this.spec = spec;
    this.controlsOf = new HashSet<>(controlsOf);
  }

  @ProcessElement
  public void export(@Element Lane lane) {
    try {
      WorkerLane.export(spec, controlsOf, lane)
          .ifPresent(why -> UNREPORTED.add(write(lane.number(), why)));
    } finally {
      Database.forgetDriver();
    }
  }

  /** A lane that a worker could not export, and could not report. */
  record Unreported(int lane, WindowOutcome why) {}

  private static String write(int lane, WindowOutcome why) {
    return lane
        + String.valueOf(SEPARATOR)
        + Objects.requireNonNullElse(why.failure(), FailureKind.FAULT)
        + SEPARATOR
        + why.message();
  }

  static Unreported read(String text) {
    String[] parts = text.split(String.valueOf(SEPARATOR), 3);
    int lane = Integer.parseInt(parts[0]);
    return new Unreported(
        lane, WindowOutcome.failed("lane " + (lane + 1), FailureKind.valueOf(parts[1]), parts[2]));
  }
}
