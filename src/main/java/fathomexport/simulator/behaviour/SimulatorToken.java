package fathomexport.simulator.behaviour;

import java.util.Set;

/**
 * A token and its permissions.
 *
 * @param secret sent by clients as {@code Authorization: Bearer}
 * @param user the user whose quota the token uses: tokens of one user share it
 * @param sites the sites that the token may read; empty for all of its account
 * @param account the sites of the user's account: to the user, there are no others; empty for all
 *     sites of the world
 */
public record SimulatorToken(String secret, String user, Set<String> sites, Set<String> account) {
  /** The default token of a simulator. */
  public static final SimulatorToken STANDARD =
      new SimulatorToken("simulator-token", "owner", Set.of());

  public SimulatorToken {
    if (secret.isBlank()) {
      throw new IllegalArgumentException("a token must not be blank");
    }
    sites = Set.copyOf(sites);
    account = Set.copyOf(account);
  }

  /** Creates a token of the only account, which has all sites. */
  public SimulatorToken(String secret, String user, Set<String> sites) {
    this(secret, user, sites, Set.of());
  }

  /** Creates a token that reads and lists all sites of an account. */
  public static SimulatorToken ofAccount(String secret, String user, Set<String> account) {
    return new SimulatorToken(secret, user, Set.of(), account);
  }

  /** Returns whether a site is in the user's account. */
  public boolean has(String site) {
    return account.isEmpty() || account.contains(site);
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
