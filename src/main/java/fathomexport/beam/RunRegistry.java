package fathomexport.beam;

import fathomexport.run.ExportSpec;
import fathomexport.window.RunContext;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * The resources that the steps of a run share within a process: a runner copies and moves the
 * steps, and offers no other way to share a permit lease. The launcher registers its context; on
 * another worker the first step opens one from the spec, and the last step closes it.
 */
final class RunRegistry {
  private static final ConcurrentMap<String, Shared> RUNNING = new ConcurrentHashMap<>();

  private RunRegistry() {}

  /**
   * What the steps of a run share in this process.
   *
   * @param users number of users that have opened it and not closed it
   */
  record Shared(RunContext run, LaneThreads lanes, int users) {
    private Shared with(int more) {
      return new Shared(run, lanes, users + more);
    }
  }

  /** Registers the launcher's context for the steps of its run, until the result is closed. */
  static Registration register(RunContext run) {
    RUNNING.put(run.spec().runId(), new Shared(run, new LaneThreads(), 1));
    return () -> RUNNING.remove(run.spec().runId());
  }

  /** The registration of a launcher's context. */
  interface Registration extends AutoCloseable {
    @Override
    void close();
  }

  /** Returns what the steps of a run share in this process; {@link #close} must follow. */
  static Shared open(ExportSpec spec) {
    Shared opened =
        RUNNING.compute(
            spec.runId(),
            (id, shared) ->
                shared == null
                    ? new Shared(RunContext.onWorker(spec), new LaneThreads(), 1)
                    : shared.with(1));
    return Objects.requireNonNull(opened);
  }

  static void close(ExportSpec spec) {
    RUNNING.computeIfPresent(
        spec.runId(),
        (id, shared) -> {
          if (shared.users() > 1) {
            return shared.with(-1);
          }
          shared.run().close();
          return null;
        });
  }
}
