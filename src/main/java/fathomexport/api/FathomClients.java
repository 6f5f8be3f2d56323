package fathomexport.api;

import fathomexport.report.Closing;
import fathomexport.report.SecretUnavailableException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The clients of a command, one per account. They share nothing but the command's stop: each has
 * its own permits, circuit breaker and waits, so that the trouble of one account is none of the
 * others'. Thread-safe.
 */
public final class FathomClients implements AutoCloseable {
  private final Map<String, FathomClient> clients;
  private final Map<String, SecretUnavailableException> absent;

  /**
   * Creates the clients of a command, which are closed with it.
   *
   * @param clients by the names of their accounts, in the order of the settings
   * @param absent why there is no client of these accounts
   * @throws SecretUnavailableException if there is no client at all
   */
  public FathomClients(
      Map<String, FathomClient> clients, Map<String, SecretUnavailableException> absent) {
    this.clients = new LinkedHashMap<>(clients);
    this.absent = Map.copyOf(absent);
    if (clients.isEmpty()) {
      throw absent.values().stream()
          .findFirst()
          .orElseThrow(() -> new IllegalArgumentException("a command without an account"));
    }
  }

  /**
   * Returns the client of an account.
   *
   * @throws SecretUnavailableException if there is none, because its token is missing
   */
  public FathomClient of(String account) {
    SecretUnavailableException why = absent.get(account);
    if (why != null) {
      throw why;
    }
    return Objects.requireNonNull(
        clients.get(account), () -> "no client of account '" + account + "'");
  }

  /** Returns why an account has no client; empty if it has one. */
  public Optional<SecretUnavailableException> absence(String account) {
    return Optional.ofNullable(absent.get(account));
  }

  /** Returns whether every account has a client. */
  public boolean hasAll() {
    return absent.isEmpty();
  }

  /** Returns all clients, in the order of the settings. */
  public List<FathomClient> all() {
    return List.copyOf(clients.values());
  }

  /** Returns the number of billed requests that all of them have sent. */
  public long billedRequests() {
    return clients.values().stream().mapToLong(FathomClient::billedRequests).sum();
  }

  /** Returns the number of billed requests by account. */
  public Map<String, Long> billedByAccount() {
    Map<String, Long> billed = new LinkedHashMap<>();
    clients.forEach((account, client) -> billed.put(account, client.billedRequests()));
    return billed;
  }

  /** Returns what a last response that said the server's time showed; null if none did. */
  public @Nullable Reached timed() {
    return clients.values().stream()
        .flatMap(client -> client.reached().stream())
        .filter(way -> way.serverTime() != null)
        .findFirst()
        .orElse(null);
  }

  @Override
  public void close() {
    Closing.inReverse(clients.values());
  }
}
