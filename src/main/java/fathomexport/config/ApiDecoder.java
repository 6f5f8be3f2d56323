package fathomexport.config;

import fathomexport.config.Settings.Account;
import fathomexport.config.Settings.Api;
import fathomexport.config.YamlNode.Scalar;
import fathomexport.report.SecretRef;
import fathomexport.report.SiteId;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Decodes how the API is used: the section {@code api}, or that and the accounts. */
final class ApiDecoder {
  private static final String ACCOUNTS_ALLOWED =
      "write a list of entries such as {name: agency, token: {env: AGENCY_TOKEN}}";

  private final SettingValues settings;
  private final Problems problems;
  private final Values values;

  ApiDecoder(SettingValues settings, Problems problems) {
    this.settings = settings;
    this.problems = problems;
    this.values = new Values(problems);
  }

  /** Decodes the section on the API of settings without accounts. */
  Optional<Api> api(YamlNode node) {
    return settings.section(node, SettingsKeys.API).flatMap(this::api);
  }

  private Optional<Api> api(Section api) {
    Optional<SecretRef> token =
        api.required(SettingsKeys.TOKEN, SettingValues.SECRET_ALLOWED)
            .flatMap(n -> settings.secret(n, api.path(SettingsKeys.TOKEN)));
    Function<SecretRef, Api> connection = connection(api);
    return token.map(connection);
  }

  /** Decodes {@code ca_certificates} of the section on the API, whatever else it has. */
  Optional<String> authorities(YamlNode api) {
    return settings.section(api, SettingsKeys.API).flatMap(this::authorities);
  }

  private Optional<String> authorities(Section api) {
    return api.optional(SettingsKeys.CA_CERTIFICATES)
        .flatMap(n -> settings.path(n, api.path(SettingsKeys.CA_CERTIFICATES)));
  }

  /** Decodes all keys of the section on the API but the token. */
  private Function<SecretRef, Api> connection(Section api) {
    URI baseUrl =
        api.optional(SettingsKeys.BASE_URL)
            .flatMap(n -> baseUrl(n, api.path(SettingsKeys.BASE_URL)))
            .orElse(Api.DEFAULT_BASE_URL);
    int requestsPerMinute = settings.wholeNumber(api, SettingsKeys.REQUESTS_PER_MINUTE);
    int maxInFlight = settings.wholeNumber(api, SettingsKeys.MAX_IN_FLIGHT);
    int rowLimit = settings.wholeNumber(api, SettingsKeys.ROW_LIMIT);
    int maxRangeDays = settings.wholeNumber(api, SettingsKeys.MAX_RANGE_DAYS);
    Duration timeout = settings.duration(api, SettingsKeys.TIMEOUT);
    String account = settings.filled(api, SettingsKeys.ACCOUNT);
    Duration patience = settings.duration(api, SettingsKeys.PATIENCE);
    Optional<String> caCertificates = authorities(api);
    return token ->
        new Api(
            baseUrl,
            token,
            requestsPerMinute,
            maxInFlight,
            rowLimit,
            timeout,
            maxRangeDays,
            account,
            patience,
            caCertificates.orElse(null));
  }

  private Optional<URI> baseUrl(YamlNode node, String path) {
    return settings.url(node, path, Api::refusal, "allowed: a URL such as " + Api.DEFAULT_BASE_URL);
  }

  /** Decodes the accounts, which take what concerns the connection from the section on the API. */
  List<Account> accounts(Section top) {
    Optional<Section> api =
        top.optional(SettingsKeys.API).flatMap(n -> settings.section(n, SettingsKeys.API));
    api.ifPresent(
        section ->
            List.of(SettingsKeys.TOKEN, SettingsKeys.ACCOUNT).stream()
                .filter(section::has)
                .forEach(
                    key ->
                        problems.add(
                            section.placeOf(key),
                            section.path(key),
                            "is not used where there are accounts",
                            "leave it out: each entry of accounts has its token and its name")));
    Function<SecretRef, Api> connection =
        api.map(this::connection).orElse(token -> Api.withDefaults(Api.DEFAULT_BASE_URL, token));
    String key = SettingsKeys.ACCOUNTS.name();
    List<YamlNode> items =
        top.optional(SettingsKeys.ACCOUNTS)
            .flatMap(n -> values.list(n, key, ACCOUNTS_ALLOWED))
            .orElse(List.of());
    List<Account> accounts = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      YamlNode item = items.get(i);
      String path = key + "[" + i + "]";
      values
          .section(item, path, SettingsKeys.ONE_ACCOUNT)
          .flatMap(section -> account(section, path, connection, accounts))
          .ifPresent(accounts::add);
    }
    return accounts;
  }

  /**
   * Decodes an account.
   *
   * @param before the accounts before it
   */
  private Optional<Account> account(
      Section section, String path, Function<SecretRef, Api> connection, List<Account> before) {
    Optional<String> name =
        section
            .required(SettingsKeys.ACCOUNT_NAMED, "allowed: " + SettingsKeys.ACCOUNT_NAME_ALLOWED)
            .flatMap(n -> accountName(n, section.path(SettingsKeys.ACCOUNT_NAMED), before));
    Optional<SecretRef> token =
        section
            .required(SettingsKeys.ACCOUNT_TOKEN, SettingValues.SECRET_ALLOWED)
            .flatMap(n -> settings.secret(n, section.path(SettingsKeys.ACCOUNT_TOKEN)));
    before.stream()
        .filter(other -> token.filter(other.api().token()::equals).isPresent())
        .findFirst()
        .ifPresent(
            other ->
                problems.add(
                    section.placeOf(SettingsKeys.ACCOUNT_TOKEN),
                    section.path(SettingsKeys.ACCOUNT_TOKEN),
                    "is also the token of account " + other.name(),
                    "give each account its own token"));
    Optional<Integer> requestsPerMinute =
        settings.wholeNumberOrNone(section, SettingsKeys.ACCOUNT_REQUESTS_PER_MINUTE);
    Optional<Integer> maxInFlight =
        settings.wholeNumberOrNone(section, SettingsKeys.ACCOUNT_MAX_IN_FLIGHT);
    List<SiteId> sites =
        section
            .optional(SettingsKeys.ACCOUNT_SITES)
            .map(n -> accountSites(n, section.path(SettingsKeys.ACCOUNT_SITES), before))
            .orElse(List.of());
    return name.flatMap(
        n ->
            token
                .map(connection)
                .map(
                    api ->
                        new Account(
                            n,
                            path,
                            api.ofAccount(
                                n,
                                api.token(),
                                requestsPerMinute.orElse(api.requestsPerMinute()),
                                maxInFlight.orElse(api.maxInFlight())),
                            sites)));
  }

  private Optional<String> accountName(YamlNode node, String path, List<Account> before) {
    Optional<String> text = values.text(node, path).map(Scalar::text);
    if (text.isEmpty()) {
      return text;
    }
    if (!SettingsKeys.ACCOUNT_NAMED.kind().matches(text.get())) {
      problems.add(
          node.at(),
          path,
          Problems.quote(text.get()) + " is not a name of an account",
          "allowed: " + SettingsKeys.ACCOUNT_NAME_ALLOWED);
      return Optional.empty();
    }
    if (before.stream().anyMatch(other -> other.name().equals(text.get()))) {
      problems.add(
          node.at(),
          path,
          Problems.quote(text.get()) + " is also the name of an earlier account",
          "give each account its own name");
      return Optional.empty();
    }
    return text;
  }

  private List<SiteId> accountSites(YamlNode node, String path, List<Account> before) {
    List<SiteId> sites = new ArrayList<>();
    List<YamlNode> items =
        values
            .list(node, path, "write a list of site ids, such as [CDBUGS, ABCDEF]")
            .orElse(List.of());
    for (int i = 0; i < items.size(); i++) {
      YamlNode item = items.get(i);
      String at = path + "[" + i + "]";
      Optional<SiteId> id =
          values.text(item, at).flatMap(text -> settings.siteId(text.text(), item.at(), at));
      if (id.isEmpty()) {
        continue;
      }
      Optional<Account> other =
          before.stream().filter(a -> a.sites().contains(id.get())).findFirst();
      if (other.isPresent() || sites.contains(id.get())) {
        problems.add(
            item.at(),
            at,
            Problems.quote(id.get().value())
                + other
                    .map(a -> " is also a site of account " + a.name())
                    .orElse(" is given twice"),
            "name each site once, under the account whose quota its requests use");
      } else {
        sites.add(id.get());
      }
    }
    return sites;
  }
}
