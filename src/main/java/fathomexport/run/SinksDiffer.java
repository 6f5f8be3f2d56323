package fathomexport.run;

import java.util.List;

/**
 * What the sinks of a pipeline hold differently, and no run mends: it does not compare rows that
 * are stored.
 *
 * @param periods number of periods of which they hold different rows, over all reports, sites and
 *     events
 * @param commands the backfills that fetch these again with {@code --force}, at most three
 * @param samples number of samples of current visitors that one sink has and another lacks
 */
public record SinksDiffer(long periods, List<BackfillCommands.Command> commands, long samples) {
  public SinksDiffer {
    commands = List.copyOf(commands);
  }
}
