package fathomexport.simulator;

import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Quota;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import java.io.IOException;
import java.time.LocalDate;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The options of {@code simulate}.
 *
 * @param port 0 for any free port
 * @param seed of {@link World#dozen}
 * @param from first local day with traffic
 * @param to last local day with traffic
 * @param burstPages rows of the burst day; 0 for none
 * @param token the secret that clients must send; with several accounts the beginning of each
 *     account's secret
 * @param accounts among how many accounts the sites are dealt, each with a separate token
 * @param quota of {@code /aggregations} and {@code /current_visitors}
 */
public record SimulatorOptions(
    int port,
    long seed,
    LocalDate from,
    LocalDate to,
    int burstPages,
    String token,
    int accounts,
    Quota quota) {
  /** There are no more sites than these. */
  public static final int MOST_ACCOUNTS = 12;

  public SimulatorOptions {
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("not a port: " + port);
    }
    if (to.isBefore(from)) {
      throw new IllegalArgumentException(
          "the range ends (" + to + ") before it starts (" + from + ")");
    }
    if (token.isBlank()) {
      throw new IllegalArgumentException("the token must not be blank");
    }
    if (accounts < 1 || accounts > MOST_ACCOUNTS) {
      throw new IllegalArgumentException(
          "accounts must be from 1 to " + MOST_ACCOUNTS + ": each has at least one site");
    }
  }

  /** Creates options with the documented quota, the standard token and any free port. */
  public static SimulatorOptions of(LocalDate from, LocalDate to) {
    return new SimulatorOptions(
        0,
        1,
        from,
        to,
        12_000,
        SimulatorToken.STANDARD.secret(),
        1,
        Quota.aMinute(Quota.Model.FIXED_FROM_FIRST_HIT, 10));
  }

  /** Creates the world that these options describe. */
  public World world() {
    return World.dozen(seed, from, to, burstPages);
  }

  /** Returns the behaviour of the server: as documented, with this quota and these tokens. */
  public Behaviour behaviour() {
    return Behaviour.standard()
        .withReportsQuota(quota)
        .withTokens(tokens().toArray(new SimulatorToken[0]));
  }

  /**
   * Returns the tokens: of several accounts, each reads its share of the sites, which are dealt in
   * turn.
   */
  public List<SimulatorToken> tokens() {
    if (accounts == 1) {
      return List.of(new SimulatorToken(token, "owner", Set.of()));
    }
    List<String> sites = world().sites().stream().map(SimulatedSite::id).toList();
    return IntStream.range(0, accounts)
        .mapToObj(
            number ->
                SimulatorToken.ofAccount(
                    token + "-" + (number + 1),
                    "owner-" + (number + 1),
                    IntStream.range(0, sites.size())
                        .filter(site -> site % accounts == number)
                        .mapToObj(sites::get)
                        .collect(Collectors.toSet())))
        .toList();
  }

  /**
   * Starts a server.
   *
   * @throws IOException if the port is in use
   */
  public FathomSimulator start() throws IOException {
    return FathomSimulator.start(world(), behaviour(), port);
  }

  @Override
  public String toString() {
    return "SimulatorOptions[port=" + port + ", seed=" + seed + ", " + from + ".." + to + "]";
  }
}
