package fathomexport.export;

import fathomexport.report.Site;
import fathomexport.run.Account;
import fathomexport.run.FailureKind;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Collects the items of a check, in the order in which they were looked at. */
final class Findings {
  private static final int LISTED = 10;

  private final List<Finding> all;
  private final String account;

  Findings() {
    this(new ArrayList<>(), Site.THE_ONLY_ACCOUNT);
  }

  private Findings(List<Finding> all, String account) {
    this.all = all;
    this.account = account;
  }

  /** Returns these findings for the items of one account, each of which then names it. */
  Findings of(Account its) {
    return new Findings(all, its.name());
  }

  void ok(String item, String detail) {
    all.add(Finding.ok(item, Account.inWords(account, detail)));
  }

  void warning(String item, String detail) {
    all.add(Finding.warning(item, Account.inWords(account, detail)));
  }

  void failed(String item, FailureKind failure, String detail) {
    all.add(Finding.failed(item, failure, Account.inWords(account, detail)).of(account));
  }

  /** Adds what failed of a part only: a run exports the rest. */
  void failed(String item, FailureKind failure, String detail, Finding.Concern part) {
    all.add(Finding.failed(item, failure, Account.inWords(account, detail)).of(part));
  }

  /** Returns whether something has failed that is about an account as a whole. */
  boolean hasFailed(Account its) {
    return all.stream().anyMatch(f -> new Finding.Concern.OfAccount(its.name()).equals(f.part()));
  }

  /** Names the first sites of a list. */
  static String listed(List<Site> found) {
    return found.size()
        + ": "
        + found.stream()
            .limit(LISTED)
            .map(s -> s.id() + " (" + s.name() + ")")
            .collect(Collectors.joining(", "))
        + (found.size() > LISTED ? ", and " + (found.size() - LISTED) + " more" : "");
  }

  List<Finding> all() {
    return List.copyOf(all);
  }
}
