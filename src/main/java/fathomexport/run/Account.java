package fathomexport.run;

import fathomexport.config.Settings;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import java.net.URI;
import java.time.Duration;
import java.util.List;

/**
 * An account of Fathom whose sites are exported.
 *
 * @param name empty if the settings configure no accounts, so that this is the only one
 * @param tokenSetting the key of the settings that names the place of its token, for messages
 * @param api how the API is used for it, with its token and its quota
 * @param sites the sites that it has; empty for all that its token lists and that no other account
 *     names
 */
public record Account(String name, String tokenSetting, Settings.Api api, List<SiteId> sites) {
  public Account {
    sites = List.copyOf(sites);
  }

  /** Returns the accounts of settings: at least one. */
  public static List<Account> of(Settings settings) {
    return settings.accounts().isEmpty()
        ? List.of(only(settings.api()))
        : settings.accounts().stream()
            .map(a -> new Account(a.name(), a.tokenSetting(), a.api(), a.sites()))
            .toList();
  }

  /** Returns the account of settings that configure no accounts. */
  public static Account only(Settings.Api api) {
    return new Account(Site.THE_ONLY_ACCOUNT, "api.token", api, List.of());
  }

  /** Returns the account with another patience. */
  Account withPatience(Duration other) {
    return new Account(name, tokenSetting, api.withPatience(other), sites);
  }

  /** Returns the base URL of the API, as the settings have it. */
  public URI baseUrl() {
    return api.baseUrl();
  }

  /** Returns the number of requests per minute that its quota allows. */
  public int requestsPerMinute() {
    return api.requestsPerMinute();
  }

  /** Returns whether the settings give it a name, because there may be others. */
  public boolean isNamed() {
    return !name.isEmpty();
  }

  /**
   * Returns the key under which its requests are counted and what was learned of its limits is
   * kept: the same as {@code RequestCount.account}.
   */
  public String key() {
    return api.baseUrl().toString().replaceAll("/+$", "") + "#" + api.account();
  }

  /** Returns text about the account for people: it names the account only if there are several. */
  public static String inWords(String account, String text) {
    return account.isEmpty() ? text : "account " + account + ": " + text;
  }
}
