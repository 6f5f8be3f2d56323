package fathomexport.beam;

import fathomexport.run.ExportSpec;
import fathomexport.window.RunContext;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * The resources that the steps of a run share within the process that launched it: a runner copies
 * and moves the steps, and offers no other way to share a permit lease. Workers of a cluster share
 * nothing: each lane has its own ({@link fathomexport.window.WorkerLane}).
 */
final class RunRegistry {
  private static final ConcurrentMap<String, Shared> RUNNING = new ConcurrentHashMap<>();

  private RunRegistry() {}

  /** What the steps of a run share in this process. */
  record Shared(RunContext run, LaneThreads lanes) {}

  /** Registers the launcher's context for the steps of its run, until the result is closed. */
  static Registration register(RunContext run) {
    RUNNING.put(run.spec().runId(), new Shared(run, new LaneThreads()));
    return () -> RUNNING.remove(run.spec().runId());
  }

  /** The registration of a launcher's context. */
  interface Registration extends AutoCloseable {
    @Override
    void close();
  }

  /** Returns what the steps of a run share in this process. */
  static Shared of(ExportSpec spec) {
    return Objects.requireNonNull(RUNNING.get(spec.runId()), "the run is not in this process");
  }
}
