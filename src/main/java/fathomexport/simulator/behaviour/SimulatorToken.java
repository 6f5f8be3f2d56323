package fathomexport.simulator.behaviour;

import java.util.Set;

/**
 * A token and its permissions.
 *
 * @param secret sent by clients as {@code Authorization: Bearer}
 * @param user the user whose quota the token uses: tokens of one user share it
 * @param sites the sites that the token may read; empty for all
 */
public record SimulatorToken(String secret, String user, Set<String> sites) {
  /** The default token of a simulator. */
  public static final SimulatorToken STANDARD =
      new SimulatorToken("simulator-token", "owner", Set.of());

  public SimulatorToken {
    if (secret.isBlank()) {
      throw new IllegalArgumentException("a token must not be blank");
    }
    sites = Set.copyOf(sites);
  }

  public boolean allSites() {
    return sites.isEmpty();
  }

  public boolean maySee(String site) {
    return sites.isEmpty() || sites.contains(site);
  }

  @Override
  public String toString() {
    return "SimulatorToken[of " + user + "]";
  }
}
