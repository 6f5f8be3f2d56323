package fathomexport.listing;

import fathomexport.api.FathomClients;
import fathomexport.api.Outcome;
import fathomexport.api.answer.Listed;
import fathomexport.api.answer.Refusal;
import fathomexport.report.SecretUnavailableException;
import fathomexport.report.Site;
import fathomexport.run.Account;
import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
import fathomexport.run.WindowOutcome;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks all accounts for their sites, at the same time. */
final class SiteListings {
  private static final Logger LOG = LoggerFactory.getLogger(SiteListings.class);

  private final FathomClients clients;
  private final List<Account> accounts;
  private final Map<String, AccountLists> lists;

  /**
   * @param lists by the names of the accounts
   */
  SiteListings(FathomClients clients, List<Account> accounts, Map<String, AccountLists> lists) {
    this.lists = lists;
    this.clients = clients;
    this.accounts = List.copyOf(accounts);
  }

  /**
   * Lists the sites of all accounts.
   *
   * @param named whether sites that no list has are queried one by one, so that a token that may
   *     not list sites suffices
   * @throws ExportFailedException if no account can be asked
   */
  List<SiteListing> of(boolean named) {
    List<SiteListing> listings =
        SideBySide.each(
            accounts,
            account -> {
              try {
                return clients
                    .absence(account.name())
                    .map(why -> SiteListing.failed(account, absent(account, why)))
                    .orElseGet(() -> listing(account, named || !account.sites().isEmpty()));
              } catch (ExportFailedException e) {
                if (e.kind() == FailureKind.STOPPED) {
                  throw e;
                }
                return SiteListing.failed(account, e);
              }
            });
    List<SiteListing> failed = listings.stream().filter(l -> l.failure() != null).toList();
    if (failed.size() == listings.size()) {
      throw worst(failed);
    }
    return listings;
  }

  private static ExportFailedException absent(Account account, SecretUnavailableException why) {
    return new ExportFailedException(
        FailureKind.PERMISSION, account.tokenSetting() + ": " + why.getMessage(), why);
  }

  /** Returns the failure of all accounts: the worst one, with everything that is to be done. */
  static ExportFailedException worst(List<SiteListing> failed) {
    ExportFailedException first = Objects.requireNonNull(failed.get(0).failure());
    // What all have in common is no account's own trouble.
    boolean same = failed.stream().map(SiteListing::message).distinct().count() == 1;
    if (failed.size() == 1
        ? !failed.get(0).account().isNamed()
        : same && first.kind() == FailureKind.CONFIGURATION) {
      return first;
    }
    return new ExportFailedException(
        failed.stream()
            .flatMap(l -> Stream.ofNullable(l.failure()))
            .map(ExportFailedException::kind)
            .min(Comparator.naturalOrder())
            .orElseThrow(),
        failed.stream().map(SiteListing::words).collect(Collectors.joining("; ")),
        first);
  }

  private SiteListing listing(Account account, boolean named) {
    AccountLists ofAccount = Objects.requireNonNull(lists.get(account.name()));
    Outcome<Listed<Site>> listing = ofAccount.sites();
    requireNotStopped(listing);
    WrongBaseUrl.words(account.baseUrl(), listing, ofAccount::token)
        .ifPresent(
            words -> {
              throw new ExportFailedException(FailureKind.CONFIGURATION, words, null);
            });
    if (listing instanceof Outcome.Failure<Listed<Site>> failure) {
      if (!named) {
        throw failed(
            account,
            "cannot list the account's sites: ",
            failure,
            "; a token for single sites cannot list them: name the ids under sites: in "
                + (account.isNamed()
                    ? "the entry of the account in the settings"
                    : "the pipeline"));
      }
      boolean mayNotList =
          failure instanceof Outcome.Refused<?> refused
              && refused.refusal() != Refusal.CREDENTIALS
              && refused.refusal() != Refusal.SUBSCRIPTION;
      boolean unusable = failure instanceof Outcome.Malformed<?> malformed && malformed.lasting();
      if (!mayNotList && !unusable) {
        throw failed(account, "cannot reach the account: ", failure, "");
      }
      if (unusable) {
        LOG.warn(
            "{}",
            Account.inWords(
                account.name(),
                "cannot list the sites, and queries each site by its id: " + failure.describe()));
      }
      return SiteListing.unreadable(account);
    }
    return SiteListing.of(account, listing.value().orElseThrow());
  }

  /**
   * Returns why an account cannot be asked.
   *
   * @param more what else may help where the token is refused
   */
  private static ExportFailedException failed(
      Account account, String what, Outcome.Failure<?> failure, String more) {
    FailureKind kind = FailurePolicy.kind(failure);
    String hint = "";
    if (failure instanceof Outcome.Refused<?> refused
        && refused.refusal() == Refusal.SUBSCRIPTION) {
      hint = " (renew the account's subscription, and run the same command again)";
    } else if (kind == FailureKind.PERMISSION) {
      hint =
          " (check the token, and where "
              + account.tokenSetting()
              + " in the settings points"
              + more
              + ")";
    }
    return new ExportFailedException(kind, what + failure.describe() + hint, null);
  }

  /** Returns one outcome per account that could not be asked. */
  static List<WindowOutcome> failures(List<SiteListing> listings) {
    List<WindowOutcome> failures = new ArrayList<>();
    for (SiteListing listing : listings) {
      ExportFailedException failure = listing.failure();
      if (failure != null) {
        failures.add(
            WindowOutcome.failedAccount(
                listing.account().name(), failure.kind(), String.valueOf(failure.getMessage())));
      }
    }
    return failures;
  }

  /** A stop is no fault of the account, and without the account nothing can be planned. */
  static void requireNotStopped(Outcome<?> outcome) {
    if (outcome instanceof Outcome.Stopped) {
      throw ExportFailedException.stopped();
    }
  }
}
