package fathomexport.config;

import fathomexport.config.Settings.Api;
import fathomexport.config.Settings.Lineage;
import fathomexport.config.Settings.LineageTarget;
import fathomexport.config.Settings.Parquet;
import fathomexport.config.Settings.Postgres;
import fathomexport.config.YamlNode.Mapping;
import fathomexport.config.YamlNode.Scalar;
import fathomexport.report.SecretRef;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Resolves {@code conf/fathom-export.yaml}. */
final class SettingsDecoder {
  private static final String SECRET_ALLOWED =
      "allowed: {env: NAME} for an environment variable, or {file: path} for a file";
  private static final String LINEAGE = "lineage";
  private static final String LINEAGE_URL_ALLOWED =
      "allowed: a URL such as http://marquez:5000, which /api/v1/lineage is added to";
  private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  private final Path workingDirectory;
  private final Problems problems;
  private final Values values;

  SettingsDecoder(Path workingDirectory, Problems problems) {
    this.workingDirectory = workingDirectory;
    this.problems = problems;
    this.values = new Values(problems);
  }

  /** Empty when there is a problem. */
  Optional<Settings> decode(Path file, Mapping root) {
    Section top =
        new Section(
            root, "", List.of("api", Settings.POSTGRES, Settings.PARQUET, LINEAGE), problems);
    Optional<Api> api =
        top.required("api", "write at least 'api: {token: {env: FATHOM_API_TOKEN}}'")
            .flatMap(this::api);
    Optional<Postgres> postgres = top.optional(Settings.POSTGRES).flatMap(this::postgres);
    Optional<Parquet> parquet = top.optional(Settings.PARQUET).flatMap(this::parquet);
    Optional<Lineage> lineage = top.optional(LINEAGE).flatMap(this::lineage);
    return api.filter(a -> problems.none())
        .map(
            a ->
                new Settings(
                    file.toString(),
                    a,
                    postgres.orElse(null),
                    parquet.orElse(null),
                    lineage.orElse(null)));
  }

  private Optional<Api> api(YamlNode node) {
    return values
        .section(
            node,
            "api",
            List.of(
                "base_url",
                "token",
                "requests_per_minute",
                "max_in_flight",
                "row_limit",
                "timeout",
                "max_range_days",
                "account",
                "patience"))
        .flatMap(this::api);
  }

  private Optional<Api> api(Section api) {
    Optional<SecretRef> token =
        api.required("token", SECRET_ALLOWED).flatMap(n -> secret(n, api.path("token")));
    URI baseUrl =
        api.optional("base_url")
            .flatMap(n -> baseUrl(n, api.path("base_url")))
            .orElse(Api.DEFAULT_BASE_URL);
    int requestsPerMinute =
        wholeNumber(
            api,
            "requests_per_minute",
            Api.MOST_REQUESTS_PER_MINUTE,
            Api.DEFAULT_REQUESTS_PER_MINUTE);
    int maxInFlight =
        wholeNumber(api, "max_in_flight", Api.MOST_IN_FLIGHT, Api.DEFAULT_MAX_IN_FLIGHT);
    int rowLimit = wholeNumber(api, "row_limit", Api.MOST_ROW_LIMIT, Api.DEFAULT_ROW_LIMIT);
    int maxRangeDays =
        wholeNumber(api, "max_range_days", Api.MOST_MAX_RANGE_DAYS, Api.DEFAULT_MAX_RANGE_DAYS);
    Duration timeout =
        api.optional("timeout")
            .flatMap(
                n -> values.duration(n, api.path("timeout"), Api.LEAST_TIMEOUT, Api.MOST_TIMEOUT))
            .orElse(Api.DEFAULT_TIMEOUT);
    String account =
        api.optional("account")
            .flatMap(n -> filled(n, api.path("account")))
            .orElse(Api.DEFAULT_ACCOUNT);
    Duration patience =
        api.optional("patience")
            .flatMap(
                n ->
                    values.duration(n, api.path("patience"), Api.LEAST_PATIENCE, Api.MOST_PATIENCE))
            .orElse(Api.DEFAULT_PATIENCE);
    return token.map(
        t ->
            new Api(
                baseUrl,
                t,
                requestsPerMinute,
                maxInFlight,
                rowLimit,
                timeout,
                maxRangeDays,
                account,
                patience));
  }

  private int wholeNumber(Section section, String key, int most, int byDefault) {
    return section
        .optional(key)
        .flatMap(n -> values.wholeNumber(n, section.path(key), 1, most))
        .orElse(byDefault);
  }

  private Optional<URI> baseUrl(YamlNode node, String path) {
    return url(node, path, Api::refusal, "allowed: a URL such as " + Api.DEFAULT_BASE_URL);
  }

  /** A URL without a slash at its end. */
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
    Optional<Section> section =
        values.section(node, Settings.POSTGRES, List.of("url", "user", "password"));
    if (section.isEmpty()) {
      return Optional.empty();
    }
    Section postgres = section.get();
    Optional<String> url =
        postgres
            .required("url", "write one like " + Postgres.URL_PREFIX + "//127.0.0.1:5432/analytics")
            .flatMap(n -> url(n, postgres.path("url")));
    Optional<String> user =
        postgres
            .required("user", "name the database role that loads")
            .flatMap(n -> filled(n, postgres.path("user")));
    Optional<SecretRef> password =
        postgres.optional("password").flatMap(n -> secret(n, postgres.path("password")));
    return url.flatMap(u -> user.map(name -> new Postgres(u, name, password.orElse(null))));
  }

  private Optional<String> url(YamlNode node, String path) {
    Optional<String> text = values.text(node, path).map(Scalar::text);
    Optional<String> refused = text.flatMap(Postgres::refusal);
    refused.ifPresent(why -> problems.add(node.at(), path, why, ""));
    return refused.isPresent() ? Optional.empty() : text;
  }

  private Optional<Parquet> parquet(YamlNode node) {
    return values
        .section(node, Settings.PARQUET, List.of("root"))
        .flatMap(
            parquet ->
                parquet
                    .required("root", "name the directory that the data sets go into")
                    .flatMap(n -> path(n, parquet.path("root"))))
        .map(Parquet::new);
  }

  private Optional<Lineage> lineage(YamlNode node) {
    Optional<Section> section =
        values.section(node, LINEAGE, List.of("url", "api_key", "file", "namespace", "timeout"));
    if (section.isEmpty()) {
      return Optional.empty();
    }
    Section lineage = section.get();
    Optional<LineageTarget> target = lineageTarget(lineage);
    String namespace =
        lineage
            .optional("namespace")
            .flatMap(n -> filled(n, lineage.path("namespace")))
            .orElse(Lineage.DEFAULT_NAMESPACE);
    Duration timeout =
        lineage
            .optional("timeout")
            .flatMap(
                n ->
                    values.duration(
                        n, lineage.path("timeout"), Lineage.LEAST_TIMEOUT, Lineage.MOST_TIMEOUT))
            .orElse(Lineage.DEFAULT_TIMEOUT);
    return target.map(t -> new Lineage(t, namespace, timeout));
  }

  private Optional<LineageTarget> lineageTarget(Section lineage) {
    Optional<SecretRef> apiKey =
        lineage.optional("api_key").flatMap(n -> secret(n, lineage.path("api_key")));
    if (lineage.has("url") == lineage.has("file")) {
      problems.add(
          lineage.at(),
          LINEAGE,
          lineage.has("url") ? "has both url and file" : "names no target",
          "allowed: url for a server, or file for a file of this machine");
      return Optional.empty();
    }
    if (lineage.has("file")) {
      if (lineage.has("api_key")) {
        problems.add(
            lineage.placeOf("api_key"), lineage.path("api_key"), "belongs to url, not to file", "");
      }
      return lineage
          .optional("file")
          .flatMap(n -> path(n, lineage.path("file")))
          .map(LineageTarget.Lines::new);
    }
    boolean withKey = lineage.has("api_key");
    return lineage
        .optional("url")
        .flatMap(
            n ->
                url(
                    n,
                    lineage.path("url"),
                    u -> LineageTarget.Server.refusal(u, withKey),
                    LINEAGE_URL_ALLOWED))
        .map(u -> new LineageTarget.Server(u, apiKey.orElse(null)));
  }

  /** Never repeats what was written: it may be the secret itself. */
  private Optional<SecretRef> secret(YamlNode node, String path) {
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
                .allMatch(e -> List.of("env", "file").contains(e.key().text()));
    if (!one) {
      problems.add(node.at(), path, "must have exactly one key, env or file", SECRET_ALLOWED);
      return Optional.empty();
    }
    Section secret = new Section(mapping, path, List.of("env", "file"), problems);
    Optional<SecretRef> variable =
        secret.optional("env").flatMap(n -> variable(n, secret.path("env")));
    Optional<SecretRef> file =
        secret.optional("file").flatMap(n -> path(n, secret.path("file"))).map(SecretRef.File::new);
    return variable.or(() -> file);
  }

  private Optional<SecretRef> variable(YamlNode node, String path) {
    Optional<String> name = values.text(node, path).map(Scalar::text);
    if (name.isPresent() && !VARIABLE.matcher(name.get()).matches()) {
      problems.add(
          node.at(),
          path,
          "is not the name of an environment variable",
          "allowed: letters, digits and _, such as FATHOM_API_TOKEN");
      return Optional.empty();
    }
    return name.map(SecretRef.Env::new);
  }

  /** Text that is not blank. */
  private Optional<String> filled(YamlNode node, String path) {
    Optional<String> text = values.text(node, path).map(Scalar::text);
    if (text.isPresent() && text.get().isBlank()) {
      problems.add(node.at(), path, "is empty", "");
      return Optional.empty();
    }
    return text;
  }

  /** An absolute path. */
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
