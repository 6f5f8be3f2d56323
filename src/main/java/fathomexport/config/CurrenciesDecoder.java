package fathomexport.config;

import fathomexport.config.YamlNode.Scalar;
import fathomexport.report.Currencies;
import fathomexport.report.SiteId;
import fathomexport.report.StoredText;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Decodes the currencies of events whose currency the API does not report. */
final class CurrenciesDecoder {
  private static final String CURRENCIES_ALLOWED =
      "write a list of entries such as {site: CDBUGS, event: purchase, currency: EUR}; {currency:"
          + " EUR} alone is for all others";

  private static final String CURRENCY_ALLOWED = "allowed: three capital letters, such as EUR";

  private final SettingValues settings;
  private final Problems problems;
  private final Values values;

  CurrenciesDecoder(SettingValues settings, Problems problems) {
    this.settings = settings;
    this.problems = problems;
    this.values = new Values(problems);
  }

  Currencies decode(YamlNode node) {
    String key = SettingsKeys.CURRENCIES.name();
    List<Currencies.CurrencyRule> rules = new ArrayList<>();
    List<YamlNode> items = values.list(node, key, CURRENCIES_ALLOWED).orElse(List.of());
    for (int i = 0; i < items.size(); i++) {
      YamlNode item = items.get(i);
      String path = key + "[" + i + "]";
      Optional<Currencies.CurrencyRule> rule =
          values.section(item, path, SettingsKeys.CURRENCY_RULE).flatMap(this::currency);
      if (rule.isPresent() && rules.stream().anyMatch(rule.get()::isAboutTheSameAs)) {
        problems.add(
            item.at(),
            path,
            "is about the same site and event as an entry before it",
            "give each site and event one currency");
      }
      rule.ifPresent(rules::add);
    }
    return new Currencies(rules);
  }

  private Optional<Currencies.CurrencyRule> currency(Section rule) {
    Optional<String> currency =
        rule.required(SettingsKeys.CURRENCY, CURRENCY_ALLOWED)
            .flatMap(n -> currency(n, rule.path(SettingsKeys.CURRENCY)));
    Optional<SiteId> site =
        rule.optional(SettingsKeys.CURRENCY_SITE)
            .flatMap(n -> settings.filled(n, rule.path(SettingsKeys.CURRENCY_SITE)))
            .flatMap(
                id ->
                    settings.siteId(
                        id,
                        rule.placeOf(SettingsKeys.CURRENCY_SITE),
                        rule.path(SettingsKeys.CURRENCY_SITE)));
    Optional<String> event =
        rule.optional(SettingsKeys.CURRENCY_EVENT)
            .flatMap(n -> settings.filled(n, rule.path(SettingsKeys.CURRENCY_EVENT)))
            .map(StoredText::encode);
    // An entry whose site or event is refused is about neither all sites nor all events.
    if ((site.isEmpty() && rule.has(SettingsKeys.CURRENCY_SITE))
        || (event.isEmpty() && rule.has(SettingsKeys.CURRENCY_EVENT))) {
      return Optional.empty();
    }
    return currency.map(c -> new Currencies.CurrencyRule(site.orElse(null), event.orElse(null), c));
  }

  private Optional<String> currency(YamlNode node, String path) {
    Optional<String> text = values.text(node, path).map(Scalar::text);
    if (text.isPresent() && !SettingsKeys.CURRENCY.kind().matches(text.get())) {
      problems.add(
          node.at(), path, Problems.quote(text.get()) + " is not a currency", CURRENCY_ALLOWED);
      return Optional.empty();
    }
    return text;
  }
}
