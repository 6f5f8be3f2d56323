package fathomexport.run;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A run before the current one.
 *
 * @param exitCode null if the run did not end, because it was killed
 */
public record EarlierRun(Instant startedAt, @Nullable Integer exitCode) {}
