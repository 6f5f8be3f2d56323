package fathomexport.config;

import fathomexport.config.Kind.Group;
import fathomexport.config.Kind.Span;
import fathomexport.config.Kind.Text;
import fathomexport.config.Kind.WholeNumber;
import fathomexport.config.Settings.Account;
import fathomexport.config.Settings.Api;
import fathomexport.config.Settings.Lineage;
import fathomexport.config.Settings.LineageTarget;
import fathomexport.config.Settings.Parquet;
import fathomexport.config.Settings.Postgres;
import fathomexport.config.YamlNode.Mapping;
import fathomexport.config.YamlNode.Scalar;
import fathomexport.report.Currencies;
import fathomexport.report.SecretRef;
import fathomexport.report.SiteId;
import fathomexport.report.StoredText;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Decodes {@code conf/fathom-export.yaml}. */
final class SettingsDecoder {
  static final String SECRET_ALLOWED =
      "allowed: {env: NAME} for an environment variable, or {file: path} for a file";
  private static final String LINEAGE_URL_ALLOWED =
      "allowed: a URL such as http://marquez:5000, which /api/v1/lineage is added to";

  private static final String ACCOUNTS_ALLOWED =
      "write a list of entries such as {name: agency, token: {env: AGENCY_TOKEN}}";

  private static final String CURRENCIES_ALLOWED =
      "write a list of entries such as {site: CDBUGS, event: purchase, currency: EUR}; {currency:"
          + " EUR} alone is for all others";
  private static final String CURRENCY_ALLOWED = "allowed: three capital letters, such as EUR";

  private final Path workingDirectory;
  private final Problems problems;
  private final Values values;

  SettingsDecoder(Path workingDirectory, Problems problems) {
    this.workingDirectory = workingDirectory;
    this.problems = problems;
    this.values = new Values(problems);
  }

  /** Decodes the settings; empty if there is a problem. */
  Optional<Settings> decode(Path file, Mapping root) {
    Section top = new Section(root, "", SettingsKeys.FILE, problems);
    List<Account> accounts = top.has(SettingsKeys.ACCOUNTS) ? accounts(top) : List.of();
    Optional<Api> api =
        top.has(SettingsKeys.ACCOUNTS)
            ? accounts.stream().findFirst().map(Account::api)
            : top.required(
                    SettingsKeys.API, "write at least 'api: {token: {env: FATHOM_API_TOKEN}}'")
                .flatMap(this::api);
    Optional<Postgres> postgres = top.optional(SettingsKeys.POSTGRES).flatMap(this::postgres);
    Optional<Parquet> parquet = top.optional(SettingsKeys.PARQUET).flatMap(this::parquet);
    Optional<Lineage> lineage = top.optional(SettingsKeys.LINEAGE).flatMap(this::lineage);
    Currencies currencies =
        top.optional(SettingsKeys.CURRENCIES).map(this::currencies).orElse(Currencies.NONE);
    // Only checked here: ConfigLoader.notify reads it, also from a file with other problems.
    top.optional(NotifyKeys.NOTIFY).ifPresent(n -> new NotifyDecoder(this, problems).decode(n));
    return api.filter(a -> problems.none())
        .map(
            a ->
                new Settings(
                    file.toString(),
                    a,
                    accounts,
                    postgres.orElse(null),
                    parquet.orElse(null),
                    lineage.orElse(null),
                    currencies));
  }

  private Currencies currencies(YamlNode node) {
    String key = SettingsKeys.CURRENCIES.name();
    List<Currencies.Rule> rules = new ArrayList<>();
    List<YamlNode> items = values.list(node, key, CURRENCIES_ALLOWED).orElse(List.of());
    for (int i = 0; i < items.size(); i++) {
      YamlNode item = items.get(i);
      String path = key + "[" + i + "]";
      Optional<Currencies.Rule> rule =
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

  private Optional<Currencies.Rule> currency(Section rule) {
    Optional<String> currency =
        rule.required(SettingsKeys.CURRENCY, CURRENCY_ALLOWED)
            .flatMap(n -> currency(n, rule.path(SettingsKeys.CURRENCY)));
    Optional<SiteId> site =
        rule.optional(SettingsKeys.CURRENCY_SITE)
            .flatMap(n -> filled(n, rule.path(SettingsKeys.CURRENCY_SITE)))
            .flatMap(
                id ->
                    siteId(
                        id,
                        rule.placeOf(SettingsKeys.CURRENCY_SITE),
                        rule.path(SettingsKeys.CURRENCY_SITE)));
    Optional<String> event =
        rule.optional(SettingsKeys.CURRENCY_EVENT)
            .flatMap(n -> filled(n, rule.path(SettingsKeys.CURRENCY_EVENT)))
            .map(StoredText::encode);
    // An entry whose site or event is refused is about neither all sites nor all events.
    if ((site.isEmpty() && rule.has(SettingsKeys.CURRENCY_SITE))
        || (event.isEmpty() && rule.has(SettingsKeys.CURRENCY_EVENT))) {
      return Optional.empty();
    }
    return currency.map(c -> new Currencies.Rule(site.orElse(null), event.orElse(null), c));
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

  private Optional<SiteId> siteId(String id, YamlNode.Place place, String path) {
    try {
      return Optional.of(new SiteId(id));
    } catch (IllegalArgumentException e) {
      problems.add(
          place,
          path,
          Problems.quote(id) + " is not a site id",
          "allowed: 1 to 128 characters without control characters, and neither . nor ..");
      return Optional.empty();
    }
  }

  private Optional<Api> api(YamlNode node) {
    return section(node, SettingsKeys.API).flatMap(this::api);
  }

  private Optional<Api> api(Section api) {
    Optional<SecretRef> token =
        api.required(SettingsKeys.TOKEN, SECRET_ALLOWED)
            .flatMap(n -> secret(n, api.path(SettingsKeys.TOKEN)));
    Function<SecretRef, Api> connection = connection(api);
    return token.map(connection);
  }

  /** Decodes all keys of the section on the API but the token. */
  private Function<SecretRef, Api> connection(Section api) {
    URI baseUrl =
        api.optional(SettingsKeys.BASE_URL)
            .flatMap(n -> baseUrl(n, api.path(SettingsKeys.BASE_URL)))
            .orElse(Api.DEFAULT_BASE_URL);
    int requestsPerMinute = wholeNumber(api, SettingsKeys.REQUESTS_PER_MINUTE);
    int maxInFlight = wholeNumber(api, SettingsKeys.MAX_IN_FLIGHT);
    int rowLimit = wholeNumber(api, SettingsKeys.ROW_LIMIT);
    int maxRangeDays = wholeNumber(api, SettingsKeys.MAX_RANGE_DAYS);
    Duration timeout = duration(api, SettingsKeys.TIMEOUT);
    String account = filled(api, SettingsKeys.ACCOUNT);
    Duration patience = duration(api, SettingsKeys.PATIENCE);
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

  private List<Account> accounts(Section top) {
    Optional<Section> api =
        top.optional(SettingsKeys.API).flatMap(n -> section(n, SettingsKeys.API));
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
            .required(SettingsKeys.ACCOUNT_TOKEN, SECRET_ALLOWED)
            .flatMap(n -> secret(n, section.path(SettingsKeys.ACCOUNT_TOKEN)));
    before.stream()
        .filter(other -> token.filter(other.api().token()::equals).isPresent())
        .findFirst()
        .ifPresent(
            other ->
                problems.add(
                    section.placeOf(SettingsKeys.ACCOUNT_TOKEN),
                    section.path(SettingsKeys.ACCOUNT_TOKEN),
                    "is the token of account " + other.name() + ", too",
                    "give each account its own token"));
    Optional<Integer> requestsPerMinute =
        wholeNumberOrNone(section, SettingsKeys.ACCOUNT_REQUESTS_PER_MINUTE);
    Optional<Integer> maxInFlight = wholeNumberOrNone(section, SettingsKeys.ACCOUNT_MAX_IN_FLIGHT);
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
          Problems.quote(text.get()) + " is the name of an account before it, too",
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
          values.text(item, at).flatMap(text -> siteId(text.text(), item.at(), at));
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
                    .map(a -> " is a site of account " + a.name() + ", too")
                    .orElse(" is given twice"),
            "name each site once, under the account whose quota its requests use");
      } else {
        sites.add(id.get());
      }
    }
    return sites;
  }

  private Optional<Integer> wholeNumberOrNone(Section section, Key<WholeNumber> key) {
    return section.optional(key).flatMap(n -> values.wholeNumber(n, section.path(key), key.kind()));
  }

  /** Decodes {@code ca_certificates} of the section on the API, whatever else it has. */
  Optional<String> authorities(YamlNode api) {
    return section(api, SettingsKeys.API).flatMap(this::authorities);
  }

  private Optional<String> authorities(Section api) {
    return api.optional(SettingsKeys.CA_CERTIFICATES)
        .flatMap(n -> path(n, api.path(SettingsKeys.CA_CERTIFICATES)));
  }

  private Optional<Section> section(YamlNode node, Key<Group> key) {
    return values.section(node, key.name(), key.kind());
  }

  private int wholeNumber(Section section, Key<WholeNumber> key) {
    return section
        .optional(key)
        .flatMap(n -> values.wholeNumber(n, section.path(key), key.kind()))
        .orElseGet(() -> byDefault(key, key.kind().byDefault()));
  }

  private Duration duration(Section section, Key<Span> key) {
    return section
        .optional(key)
        .flatMap(n -> values.duration(n, section.path(key), key.kind()))
        .orElse(key.kind().byDefault());
  }

  /** Decodes a text that is not blank. */
  private String filled(Section section, Key<Text> key) {
    return section
        .optional(key)
        .flatMap(n -> filled(n, section.path(key)))
        .orElseGet(() -> byDefault(key, key.kind().byDefault()));
  }

  private static <T> T byDefault(Key<?> key, @Nullable T value) {
    return Objects.requireNonNull(value, () -> key.name() + " is declared without a default");
  }

  private Optional<URI> baseUrl(YamlNode node, String path) {
    return url(node, path, Api::refusal, "allowed: a URL such as " + Api.DEFAULT_BASE_URL);
  }

  /** Decodes a URL without a trailing slash. */
  private Optional<URI> url(
      YamlNode node, String path, Function<URI, Optional<String>> refusal, String allowed) {
    Optional<Scalar> text = values.text(node, path);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    URI url;
    try {
      url = new URI(text.get().text().replaceFirst("/+$", ""));
    } catch (URISyntaxException e) {
      problems.add(node.at(), path, "is not a URL: " + e.getReason(), allowed);
      return Optional.empty();
    }
    Optional<String> refused = refusal.apply(url);
    refused.ifPresent(why -> problems.add(node.at(), path, why, allowed));
    return refused.isPresent() ? Optional.empty() : Optional.of(url);
  }

  private Optional<Postgres> postgres(YamlNode node) {
    Optional<Section> section = section(node, SettingsKeys.POSTGRES);
    if (section.isEmpty()) {
      return Optional.empty();
    }
    Section postgres = section.get();
    Optional<String> url =
        postgres
            .required(
                SettingsKeys.POSTGRES_URL,
                "write one like " + Postgres.URL_PREFIX + "//127.0.0.1:5432/analytics")
            .flatMap(n -> url(n, postgres.path(SettingsKeys.POSTGRES_URL)));
    Optional<String> user =
        postgres
            .required(SettingsKeys.POSTGRES_USER, "name the database role that loads")
            .flatMap(n -> filled(n, postgres.path(SettingsKeys.POSTGRES_USER)));
    Optional<SecretRef> password =
        postgres
            .optional(SettingsKeys.POSTGRES_PASSWORD)
            .flatMap(n -> secret(n, postgres.path(SettingsKeys.POSTGRES_PASSWORD)));
    return url.flatMap(u -> user.map(name -> new Postgres(u, name, password.orElse(null))));
  }

  private Optional<String> url(YamlNode node, String path) {
    Optional<String> text = values.text(node, path).map(Scalar::text);
    Optional<String> refused = text.flatMap(Postgres::refusal);
    refused.ifPresent(why -> problems.add(node.at(), path, why, ""));
    return refused.isPresent() ? Optional.empty() : text;
  }

  private Optional<Parquet> parquet(YamlNode node) {
    return section(node, SettingsKeys.PARQUET)
        .flatMap(
            parquet ->
                parquet
                    .required(
                        SettingsKeys.PARQUET_ROOT, "name the directory that the data sets go into")
                    .flatMap(n -> directory(n, parquet.path(SettingsKeys.PARQUET_ROOT))))
        .map(Parquet::new);
  }

  /** Decodes the path of a directory of this machine. */
  private Optional<String> directory(YamlNode node, String path) {
    Optional<String> written = values.text(node, path).map(Scalar::text);
    if (written.isPresent() && SettingsKeys.NO_DIRECTORY.matcher(written.get()).find()) {
      problems.add(
          node.at(),
          path,
          Problems.quote(written.get())
              + (written.get().contains("$")
                  ? " contains $, and variables are not expanded"
                  : " is the address of a storage that is not supported"),
          "allowed: a directory of this machine such as warehouse or /srv/warehouse");
      return Optional.empty();
    }
    return written.isEmpty() ? Optional.empty() : path(node, path);
  }

  private Optional<Lineage> lineage(YamlNode node) {
    Optional<Section> section = section(node, SettingsKeys.LINEAGE);
    if (section.isEmpty()) {
      return Optional.empty();
    }
    Section lineage = section.get();
    Optional<LineageTarget> target = lineageTarget(lineage);
    String namespace = filled(lineage, SettingsKeys.NAMESPACE);
    Duration timeout = duration(lineage, SettingsKeys.LINEAGE_TIMEOUT);
    return target.map(t -> new Lineage(t, namespace, timeout));
  }

  private Optional<LineageTarget> lineageTarget(Section lineage) {
    Optional<SecretRef> apiKey =
        lineage
            .optional(SettingsKeys.LINEAGE_API_KEY)
            .flatMap(n -> secret(n, lineage.path(SettingsKeys.LINEAGE_API_KEY)));
    if (lineage.has(SettingsKeys.LINEAGE_URL) == lineage.has(SettingsKeys.LINEAGE_FILE)) {
      problems.add(
          lineage.at(),
          SettingsKeys.LINEAGE.name(),
          lineage.has(SettingsKeys.LINEAGE_URL) ? "has both url and file" : "names no target",
          "allowed: url for a server, or file for a file of this machine");
      return Optional.empty();
    }
    if (lineage.has(SettingsKeys.LINEAGE_FILE)) {
      if (lineage.has(SettingsKeys.LINEAGE_API_KEY)) {
        problems.add(
            lineage.placeOf(SettingsKeys.LINEAGE_API_KEY),
            lineage.path(SettingsKeys.LINEAGE_API_KEY),
            "belongs to url, not to file",
            "");
      }
      return lineage
          .optional(SettingsKeys.LINEAGE_FILE)
          .flatMap(n -> path(n, lineage.path(SettingsKeys.LINEAGE_FILE)))
          .map(LineageTarget.Lines::new);
    }
    boolean withKey = lineage.has(SettingsKeys.LINEAGE_API_KEY);
    return lineage
        .optional(SettingsKeys.LINEAGE_URL)
        .flatMap(
            n ->
                url(
                    n,
                    lineage.path(SettingsKeys.LINEAGE_URL),
                    u -> LineageTarget.Server.refusal(u, withKey),
                    LINEAGE_URL_ALLOWED))
        .map(u -> new LineageTarget.Server(u, apiKey.orElse(null)));
  }

  /**
   * Decodes a reference to a secret. Messages never repeat the value, because it may be the secret
   * itself.
   */
  Optional<SecretRef> secret(YamlNode node, String path) {
    if (!(node instanceof Mapping mapping)) {
      problems.add(
          node.at(),
          path,
          "must name the place of the secret, not be the secret: take it out of this file",
          SECRET_ALLOWED);
      return Optional.empty();
    }
    boolean one =
        mapping.entries().size() == 1
            && mapping.entries().stream()
                .allMatch(e -> SecretKeys.SECRET.names().contains(e.key().text()));
    if (!one) {
      problems.add(node.at(), path, "must have exactly one key, env or file", SECRET_ALLOWED);
      return Optional.empty();
    }
    Section secret = new Section(mapping, path, SecretKeys.SECRET, problems);
    Optional<SecretRef> variable =
        secret.optional(SecretKeys.ENV).flatMap(n -> variable(n, secret.path(SecretKeys.ENV)));
    Optional<SecretRef> file =
        secret
            .optional(SecretKeys.SECRET_FILE)
            .flatMap(n -> path(n, secret.path(SecretKeys.SECRET_FILE)))
            .map(SecretRef.File::new);
    return variable.or(() -> file);
  }

  private Optional<SecretRef> variable(YamlNode node, String path) {
    Optional<String> name = values.text(node, path).map(Scalar::text);
    if (name.isPresent() && !SecretKeys.ENV.kind().matches(name.get())) {
      problems.add(
          node.at(),
          path,
          "is not the name of an environment variable",
          "allowed: letters, digits and _, such as FATHOM_API_TOKEN");
      return Optional.empty();
    }
    return name.map(SecretRef.Env::new);
  }

  /** Decodes a text that is not blank. */
  private Optional<String> filled(YamlNode node, String path) {
    Optional<String> text = values.text(node, path).map(Scalar::text);
    if (text.isPresent() && text.get().isBlank()) {
      problems.add(node.at(), path, "is empty", "");
      return Optional.empty();
    }
    return text;
  }

  /** Decodes a path and makes it absolute. */
  private Optional<String> path(YamlNode node, String path) {
    Optional<String> text = filled(node, path);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    if (text.get().startsWith("~")) {
      problems.add(node.at(), path, "begins with ~, which is not expanded: write the path out", "");
      return Optional.empty();
    }
    try {
      return Optional.of(workingDirectory.resolve(text.get()).normalize().toString());
    } catch (InvalidPathException e) {
      problems.add(node.at(), path, "cannot be a path: " + e.getReason(), "");
      return Optional.empty();
    }
  }
}
