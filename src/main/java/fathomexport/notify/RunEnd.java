package fathomexport.notify;

import fathomexport.run.RunResult;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How one command on a pipeline ended.
 *
 * @param pipeline as it was named on the command line; empty if it is unknown
 * @param result null if the run could not begin, and for commands that export nothing
 * @param reasons why it could not begin, or what failed beside the windows
 */
public record RunEnd(
    String pipeline,
    String command,
    int exitCode,
    Instant startedAt,
    Instant endedAt,
    @Nullable RunResult result,
    List<String> reasons) {
  public RunEnd {
    reasons = List.copyOf(reasons);
  }
}
