package fathomexport.run;

import java.util.List;

/**
 * Sites that a pipeline has exported for at most 14 days and whose history before that was not
 * fetched. No run fetches it, since each request is billed.
 *
 * @param sites the sites, each with its name where it has one
 * @param commands the backfills that fetch their history, at most three
 */
public record NewSites(List<String> sites, List<BackfillCommands.Command> commands) {
  public NewSites {
    sites = List.copyOf(sites);
    commands = List.copyOf(commands);
  }
}
