package fathomexport.report;

import java.io.Serializable;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The currencies of events whose currency the API does not report: only the owner knows them.
 *
 * @param rules at most one rule per site and event
 */
public record Currencies(List<CurrencyRule> rules) implements Serializable {
  /** No currency is known. */
  public static final Currencies NONE = new Currencies(List.of());

  /**
   * One statement of the owner.
   *
   * @param site null for every site
   * @param event the event's name in its stored form; null for every event
   * @param currency three capital letters
   */
  public record CurrencyRule(@Nullable SiteId site, @Nullable String event, String currency)
      implements Serializable {
    private boolean covers(SiteId site, String event) {
      return (this.site == null || this.site.equals(site))
          && (this.event == null || this.event.equals(event));
    }

    /** Returns how closely the rule describes an event: its name says more than its site. */
    private int weight() {
      return (event == null ? 0 : 2) + (site == null ? 0 : 1);
    }

    /** Returns whether both rules are about the same site and event. */
    public boolean isAboutTheSameAs(CurrencyRule other) {
      return Objects.equals(site, other.site) && Objects.equals(event, other.event);
    }
  }

  public Currencies {
    rules = List.copyOf(rules);
  }

  /** Returns the currency by the rule that describes the event most closely, or null. */
  public @Nullable String of(SiteId site, String event) {
    return rules.stream()
        .filter(rule -> rule.covers(site, event))
        .max(Comparator.comparingInt(CurrencyRule::weight))
        .map(CurrencyRule::currency)
        .orElse(null);
  }
}
