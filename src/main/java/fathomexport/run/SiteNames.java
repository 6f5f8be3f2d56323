package fathomexport.run;

import java.util.Map;
import java.util.Objects;

/** Shows sites to people. */
public final class SiteNames {
  private SiteNames() {}

  /** Returns a site's id with its name, if it has one that differs. */
  public static String named(String site, Map<String, String> names) {
    String name = Objects.requireNonNullElse(names.get(site), "");
    return name.isBlank() || name.equals(site) ? site : site + " (" + name + ")";
  }

  /**
   * Returns a site's id with its name, if it has one that differs, behind its account, if there are
   * several.
   *
   * @param accounts the accounts of sites; empty if the settings configure none
   */
  public static String named(String site, Map<String, String> names, Map<String, String> accounts) {
    String account = accounts.get(site);
    return (account == null ? "" : account + " / ") + named(site, names);
  }
}
