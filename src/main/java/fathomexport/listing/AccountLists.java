package fathomexport.listing;

import fathomexport.api.FathomClient;
import fathomexport.api.FathomClients;
import fathomexport.api.Outcome;
import fathomexport.api.answer.Listed;
import fathomexport.api.answer.Token;
import fathomexport.report.Site;
import fathomexport.report.SiteEvent;
import fathomexport.report.SiteId;
import fathomexport.run.Account;
import fathomexport.run.FailurePolicy;
import fathomexport.run.FailurePolicy.Reach;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The lists of one account, as one command asks for them. Once a list has failed in a way that all
 * further ones would, these are not asked any more, and end in the same way. Used by one thread at
 * a time.
 */
final class AccountLists {
  /**
   * How long the lists of an account may wait in all if there are other accounts, since nothing is
   * exported before all lists are read.
   */
  private static final Duration LONGEST_WAITS = Duration.ofSeconds(60);

  private static final String WHY =
      "the lists of one of several accounts wait for no more than "
          + LONGEST_WAITS.toSeconds()
          + " s in all, since the other accounts wait with them";

  private final FathomClient client;
  private Outcome.@Nullable Failure<?> end;

  private AccountLists(FathomClient client) {
    this.client = client;
  }

  /** Returns the lists of each account that has a client, by the names of the accounts. */
  static Map<String, AccountLists> of(FathomClients clients, List<Account> accounts) {
    List<String> names =
        accounts.stream()
            .map(Account::name)
            .filter(name -> clients.absence(name).isEmpty())
            .toList();
    Map<String, AccountLists> lists = new HashMap<>();
    for (String name : names) {
      FathomClient client = clients.of(name);
      lists.put(
          name, new AccountLists(names.size() == 1 ? client : client.within(LONGEST_WAITS, WHY)));
    }
    return lists;
  }

  Outcome<Listed<Site>> sites() {
    return asked(client::sites);
  }

  Outcome<Token> token() {
    return asked(client::token);
  }

  Outcome<Site> site(SiteId id) {
    return asked(() -> client.site(id));
  }

  /**
   * @param waits whether to wait for the site if the API asks for that
   */
  Outcome<List<SiteEvent>> events(SiteId site, boolean waits) {
    return asked(() -> (waits ? client : client.postponing()).events(site));
  }

  private <T> Outcome<T> asked(Supplier<Outcome<T>> list) {
    if (end != null) {
      return end.as();
    }
    Outcome<T> outcome = list.get();
    if (outcome instanceof Outcome.Failure<T> failure
        && FailurePolicy.of(failure, false).reach().compareTo(Reach.ACCOUNT) >= 0) {
      end = failure;
    }
    return outcome;
  }

  /** Ends the lists: those that are left would fail as this one did. */
  void end(Outcome.Failure<?> failure) {
    end = failure;
  }

  /** Returns whether no further list is asked for. */
  boolean ended() {
    return end != null;
  }
}
