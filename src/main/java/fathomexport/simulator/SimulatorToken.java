package fathomexport.simulator;

import java.util.Set;

/**
 * A token and what it may do.
 *
 * @param secret what a client sends as {@code Authorization: Bearer}
 * @param user whose quota it spends: tokens of one user share it
 * @param sites the sites that it may read; empty for all
 */
public record SimulatorToken(String secret, String user, Set<String> sites) {
  /** The token of a simulator that was given no other. */
  public static final SimulatorToken STANDARD =
      new SimulatorToken("simulator-token", "owner", Set.of());

  public SimulatorToken {
    if (secret.isBlank()) {
      throw new IllegalArgumentException("a token must not be blank");
    }
    sites = Set.copyOf(sites);
  }

  boolean allSites() {
    return sites.isEmpty();
  }

  boolean maySee(String site) {
    return sites.isEmpty() || sites.contains(site);
  }

  @Override
  public String toString() {
    return "SimulatorToken[of " + user + "]";
  }
}
