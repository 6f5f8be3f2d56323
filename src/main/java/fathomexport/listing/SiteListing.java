package fathomexport.listing;

import fathomexport.api.answer.Listed;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.run.Account;
import fathomexport.run.ExportFailedException;
import fathomexport.run.WindowOutcome;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What an account's list of sites says.
 *
 * @param odd unusable records, of which the outcome is reported if all sites are exported
 * @param whole whether the list has all sites
 * @param failure why the account cannot be asked at all; null if it can
 */
record SiteListing(
    Account account,
    List<Site> sites,
    List<WindowOutcome> odd,
    boolean whole,
    @Nullable ExportFailedException failure) {
  /** Returns the listing of an account that was read. */
  static SiteListing of(Account account, Listed<Site> found) {
    return new SiteListing(
        account,
        found.found().stream().map(site -> site.of(account.name())).toList(),
        found.odd().stream().map(WindowOutcome::skippedSite).toList(),
        found.odd().isEmpty(),
        null);
  }

  /** Returns the listing of an account whose sites have to be queried one by one. */
  static SiteListing unreadable(Account account) {
    return new SiteListing(account, List.of(), List.of(), false, null);
  }

  /** Returns the listing of an account that cannot be asked. */
  static SiteListing failed(Account account, ExportFailedException failure) {
    return new SiteListing(account, List.of(), List.of(), false, failure);
  }

  /** Returns whether the account may have this site. */
  boolean mayHave(SiteId site) {
    return account.sites().isEmpty() || account.sites().contains(site);
  }

  /** Returns the failure of the account, for people. */
  String words() {
    return Account.inWords(account.name(), message());
  }

  /** Returns the failure of the account, without its name. */
  String message() {
    return String.valueOf(Objects.requireNonNull(failure).getMessage());
  }
}
