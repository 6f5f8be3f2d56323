package fathomexport.cost;

import java.util.Map;
import java.util.Objects;

/** The quotas of the accounts, and the time that requests take at them. */
public final class AccountQuotas {
  private final Map<String, AccountLimits> accounts;

  /**
   * @param accounts the limits of each account, by its name
   */
  public AccountQuotas(Map<String, AccountLimits> accounts) {
    this.accounts = Map.copyOf(accounts);
  }

  /** Returns the rows that a response to an account may have. */
  int rowLimit(String account) {
    return limits(account).rowLimit();
  }

  /** Returns the requests per minute of an account. */
  int perMinute(String account) {
    return limits(account).requestsPerMinute();
  }

  private AccountLimits limits(String account) {
    return Objects.requireNonNull(accounts.get(account), account);
  }

  /** Returns the least whole minutes that an account's quota allows for so many requests. */
  public long minutes(String account, long requests) {
    return minutes(requests, limits(account).requestsPerMinute());
  }

  /**
   * Returns the least whole minutes that the quotas allow for the requests of each account: the
   * accounts are asked side by side.
   */
  public long minutes(Map<String, Long> requests) {
    return requests.entrySet().stream()
        .mapToLong(e -> minutes(e.getKey(), e.getValue()))
        .max()
        .orElse(0);
  }

  /**
   * Returns the requests per minute of all accounts together, while the one that takes longest is
   * not done.
   */
  int perMinute(Map<String, Long> requests) {
    double longest =
        requests.entrySet().stream()
            .mapToDouble(e -> (double) e.getValue() / limits(e.getKey()).requestsPerMinute())
            .max()
            .orElse(0);
    long all = requests.values().stream().mapToLong(n -> n).sum();
    return longest == 0
        ? accounts.values().stream().mapToInt(AccountLimits::requestsPerMinute).min().orElse(1)
        : Math.toIntExact(Math.max(1, Math.min(Integer.MAX_VALUE, Math.round(all / longest))));
  }

  /** Returns the least whole minutes that a quota allows for so many requests. */
  public static long minutes(long requests, int requestsPerMinute) {
    return requests == 0 ? 0 : (requests + requestsPerMinute - 1) / requestsPerMinute - 1;
  }

  /** Formats minutes for people: in hours from two hours on, where a minute means nothing. */
  public static String inWords(long minutes) {
    if (minutes == 0) {
      return "less than a minute";
    }
    return minutes < 120 ? minutes + " min" : Math.round(minutes / 60.0) + " h";
  }
}
