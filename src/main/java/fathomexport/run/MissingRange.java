package fathomexport.run;

import java.time.LocalDate;
import java.util.List;

/**
 * Periods that are missing and that no run fetches, because they lie too far back.
 *
 * @param periods number of periods, over all reports, sites and events
 * @param alsoNeverStored whether the commands would fetch more than that: days before some report
 *     or site was first stored
 * @param commands the backfills that fetch them, at most three
 */
public record MissingRange(
    long periods,
    LocalDate first,
    LocalDate last,
    boolean alsoNeverStored,
    List<BackfillCommands.Command> commands) {
  public MissingRange {
    commands = List.copyOf(commands);
  }
}
