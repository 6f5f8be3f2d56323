package fathomexport.run;

import java.util.List;
import java.util.stream.Collectors;

/**
 * An account that the settings no longer have, and whose sites a run has retired for that reason.
 *
 * @param sites their ids, sorted
 */
public record RemovedAccount(String account, List<String> sites) {
  /** A text names at most so many sites. */
  private static final int NAMED = 10;

  public RemovedAccount {
    sites = sites.stream().sorted().toList();
  }

  /** Returns it as one line for people. */
  public String words() {
    boolean one = sites.size() == 1;
    return "account "
        + account
        + " is no longer in the settings: its "
        + (one ? "site " : sites.size() + " sites (")
        + sites.stream().limit(NAMED).collect(Collectors.joining(", "))
        + (sites.size() > NAMED ? ", and " + (sites.size() - NAMED) + " more" : "")
        + (one ? " is" : ") are")
        + " retired. What is stored of "
        + (one ? "it" : "them")
        + " stays, and is not late";
  }
}
