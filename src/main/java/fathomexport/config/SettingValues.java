package fathomexport.config;

import fathomexport.config.Kind.Group;
import fathomexport.config.Kind.Span;
import fathomexport.config.Kind.Text;
import fathomexport.config.Kind.WholeNumber;
import fathomexport.config.YamlNode.Mapping;
import fathomexport.config.YamlNode.Scalar;
import fathomexport.report.SecretRef;
import fathomexport.report.SiteId;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Decodes the kinds of values that settings have: secrets, paths, URLs, site ids. */
final class SettingValues {
  static final String SECRET_ALLOWED =
      "allowed: {env: NAME} for an environment variable, or {file: path} for a file";

  static final String WHEN_EMPTY = "give it a value, or leave it out";

  private final Path workingDirectory;
  private final Problems problems;
  private final Values values;

  SettingValues(Path workingDirectory, Problems problems) {
    this.workingDirectory = workingDirectory;
    this.problems = problems;
    this.values = new Values(problems);
  }

  Optional<Section> section(YamlNode node, Key<Group> key) {
    return values.section(node, key.name(), key.kind());
  }

  int wholeNumber(Section section, Key<WholeNumber> key) {
    return section
        .optional(key)
        .flatMap(n -> values.wholeNumber(n, section.path(key), key.kind()))
        .orElseGet(() -> byDefault(key, key.kind().byDefault()));
  }

  Optional<Integer> wholeNumberOrNone(Section section, Key<WholeNumber> key) {
    return section.optional(key).flatMap(n -> values.wholeNumber(n, section.path(key), key.kind()));
  }

  Duration duration(Section section, Key<Span> key) {
    return section
        .optional(key)
        .flatMap(n -> values.duration(n, section.path(key), key.kind()))
        .orElse(key.kind().byDefault());
  }

  /** Decodes a text that is not blank. */
  String filled(Section section, Key<Text> key) {
    return section
        .optional(key)
        .flatMap(n -> filled(n, section.path(key)))
        .orElseGet(() -> byDefault(key, key.kind().byDefault()));
  }

  private static <T> T byDefault(Key<?> key, @Nullable T value) {
    return Objects.requireNonNull(value, () -> key.name() + " is declared without a default");
  }

  /** Decodes a text that is not blank. */
  Optional<String> filled(YamlNode node, String path) {
    Optional<String> text = values.text(node, path).map(Scalar::text);
    if (text.isPresent() && text.get().isBlank()) {
      problems.add(node.at(), path, "is empty", WHEN_EMPTY);
      return Optional.empty();
    }
    return text;
  }

  Optional<SiteId> siteId(String id, YamlNode.Place place, String path) {
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

  /** Decodes a URL without a trailing slash. */
  Optional<URI> url(
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

  /** Decodes a path and makes it absolute. */
  Optional<String> path(YamlNode node, String path) {
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
}
