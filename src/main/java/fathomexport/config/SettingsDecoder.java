package fathomexport.config;

import fathomexport.config.Settings.Account;
import fathomexport.config.Settings.Api;
import fathomexport.config.Settings.Lineage;
import fathomexport.config.Settings.Parquet;
import fathomexport.config.Settings.Postgres;
import fathomexport.config.YamlNode.Mapping;
import fathomexport.config.YamlNode.Scalar;
import fathomexport.report.Currencies;
import fathomexport.report.SecretRef;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Decodes {@code conf/fathom-export.yaml}. */
final class SettingsDecoder {
  private static final String LINEAGE_URL_ALLOWED =
      "allowed: a URL such as http://marquez:5000, which /api/v1/lineage is added to";

  private final Problems problems;
  private final Values values;
  private final SettingValues settings;

  SettingsDecoder(Path workingDirectory, Problems problems) {
    this.problems = problems;
    this.values = new Values(problems);
    this.settings = new SettingValues(workingDirectory, problems);
  }

  /** Decodes the settings; empty if there is a problem. */
  Optional<Settings> decode(Path file, Mapping root) {
    ApiDecoder apiDecoder = new ApiDecoder(settings, problems);
    Section top = new Section(root, "", SettingsKeys.FILE, problems);
    List<Account> accounts = top.has(SettingsKeys.ACCOUNTS) ? apiDecoder.accounts(top) : List.of();
    Optional<Api> api =
        top.has(SettingsKeys.ACCOUNTS)
            ? accounts.stream().findFirst().map(Account::api)
            : top.required(
                    SettingsKeys.API, "write at least 'api: {token: {env: FATHOM_API_TOKEN}}'")
                .flatMap(apiDecoder::api);
    Optional<Postgres> postgres = top.optional(SettingsKeys.POSTGRES).flatMap(this::postgres);
    Optional<Parquet> parquet = top.optional(SettingsKeys.PARQUET).flatMap(this::parquet);
    Optional<Lineage> lineage = top.optional(SettingsKeys.LINEAGE).flatMap(this::lineage);
    Currencies currencies =
        top.optional(SettingsKeys.CURRENCIES)
            .map(n -> new CurrenciesDecoder(settings, problems).decode(n))
            .orElse(Currencies.NONE);
    // Only checked here: ConfigLoader.notify reads it, also from a file with other problems.
    top.optional(NotifyKeys.NOTIFY).ifPresent(n -> new NotifyDecoder(settings, problems).decode(n));
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

  private Optional<Postgres> postgres(YamlNode node) {
    Optional<Section> section = settings.section(node, SettingsKeys.POSTGRES);
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
            .required(
                SettingsKeys.POSTGRES_USER,
                "give the name of the database role with which the program logs in")
            .flatMap(n -> settings.filled(n, postgres.path(SettingsKeys.POSTGRES_USER)));
    Optional<SecretRef> password =
        postgres
            .optional(SettingsKeys.POSTGRES_PASSWORD)
            .flatMap(n -> settings.secret(n, postgres.path(SettingsKeys.POSTGRES_PASSWORD)));
    return url.flatMap(u -> user.map(name -> new Postgres(u, name, password.orElse(null))));
  }

  private Optional<String> url(YamlNode node, String path) {
    Optional<String> text = values.text(node, path).map(Scalar::text);
    Optional<String> refused = text.flatMap(Postgres::refusal);
    refused.ifPresent(why -> problems.add(node.at(), path, why, ""));
    return refused.isPresent() ? Optional.empty() : text;
  }

  private Optional<Parquet> parquet(YamlNode node) {
    return settings
        .section(node, SettingsKeys.PARQUET)
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
    return written.isEmpty() ? Optional.empty() : settings.path(node, path);
  }

  private Optional<Lineage> lineage(YamlNode node) {
    Optional<Section> section = settings.section(node, SettingsKeys.LINEAGE);
    if (section.isEmpty()) {
      return Optional.empty();
    }
    Section lineage = section.get();
    Optional<LineageTarget> target = lineageTarget(lineage);
    String namespace = settings.filled(lineage, SettingsKeys.NAMESPACE);
    Duration timeout = settings.duration(lineage, SettingsKeys.LINEAGE_TIMEOUT);
    return target.map(t -> new Lineage(t, namespace, timeout));
  }

  private Optional<LineageTarget> lineageTarget(Section lineage) {
    Optional<SecretRef> apiKey =
        lineage
            .optional(SettingsKeys.LINEAGE_API_KEY)
            .flatMap(n -> settings.secret(n, lineage.path(SettingsKeys.LINEAGE_API_KEY)));
    if (lineage.has(SettingsKeys.LINEAGE_URL) == lineage.has(SettingsKeys.LINEAGE_FILE)) {
      problems.add(
          lineage.at(),
          SettingsKeys.LINEAGE.name(),
          lineage.has(SettingsKeys.LINEAGE_URL)
              ? "has both url and file"
              : "has neither url nor file",
          "allowed: url for a server, or file for a file of this machine");
      return Optional.empty();
    }
    if (lineage.has(SettingsKeys.LINEAGE_FILE)) {
      if (lineage.has(SettingsKeys.LINEAGE_API_KEY)) {
        problems.add(
            lineage.placeOf(SettingsKeys.LINEAGE_API_KEY),
            lineage.path(SettingsKeys.LINEAGE_API_KEY),
            "is only for url: a file needs no key",
            "");
      }
      return lineage
          .optional(SettingsKeys.LINEAGE_FILE)
          .flatMap(n -> settings.path(n, lineage.path(SettingsKeys.LINEAGE_FILE)))
          .map(LineageTarget.Lines::new);
    }
    boolean withKey = lineage.has(SettingsKeys.LINEAGE_API_KEY);
    return lineage
        .optional(SettingsKeys.LINEAGE_URL)
        .flatMap(
            n ->
                settings.url(
                    n,
                    lineage.path(SettingsKeys.LINEAGE_URL),
                    u -> LineageTarget.Server.refusal(u, withKey),
                    LINEAGE_URL_ALLOWED))
        .map(u -> new LineageTarget.Server(u, apiKey.orElse(null)));
  }
}
