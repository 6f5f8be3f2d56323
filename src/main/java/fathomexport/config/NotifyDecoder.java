package fathomexport.config;

import fathomexport.config.Kind.Choice;
import fathomexport.config.Kind.ListOf;
import fathomexport.config.Kind.TextOr;
import fathomexport.config.YamlNode.Mapping;
import fathomexport.config.YamlNode.Scalar;
import fathomexport.report.NearMiss;
import fathomexport.report.SecretRef;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

/** Decodes a {@code notify} section, of the settings or of a pipeline. */
final class NotifyDecoder {
  private static final String ADDRESS_ALLOWED =
      "allowed: a URL such as https://chat.example.org/hooks/data, or the place where it is kept as a secret:"
          + " {env: NAME} or {file: path}";
  private static final List<String> CODES =
      NotifyKeys.EXIT_CODES.stream().map(String::valueOf).toList();

  private final SettingValues secrets;
  private final Problems problems;
  private final Values values;

  /**
   * @param secrets decodes references to secrets
   */
  NotifyDecoder(SettingValues secrets, Problems problems) {
    this.secrets = secrets;
    this.problems = problems;
    this.values = new Values(problems);
  }

  /** Decodes the section; empty if there is a problem in it. */
  Optional<Notify> decode(YamlNode node) {
    Optional<Section> found = values.section(node, Notify.SECTION, NotifyKeys.OF_A_PIPELINE.kind());
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Section notify = found.get();
    List<String> command = list(notify, NotifyKeys.COMMAND, this::word);
    Optional<Notify.Webhook> webhook =
        notify.optional(NotifyKeys.WEBHOOK).flatMap(n -> webhook(n, notify));
    List<Integer> exitCodes = list(notify, NotifyKeys.CODES, this::exitCode);
    List<String> after =
        list(notify, NotifyKeys.AFTER, (n, path) -> choice(n, path, NotifyKeys.COMMANDS));
    Optional<Boolean> recovery =
        choice(notify, NotifyKeys.RECOVERY).map(NotifyKeys.NOTIFY_RECOVERY::equals);
    Optional<Notify.Ping> ping = notify.optional(NotifyKeys.PING).flatMap(n -> ping(n, notify));
    Optional<Duration> timeout =
        notify
            .optional(NotifyKeys.TIMEOUT)
            .flatMap(
                n ->
                    values.duration(n, notify.path(NotifyKeys.TIMEOUT), NotifyKeys.TIMEOUT.kind()));
    return problems.none()
        ? Optional.of(
            new Notify(
                command,
                webhook.orElse(null),
                exitCodes,
                after,
                recovery.orElse(null),
                ping.orElse(null),
                timeout.orElse(null)))
        : Optional.empty();
  }

  private Optional<Notify.Webhook> webhook(YamlNode node, Section notify) {
    Optional<Section> found =
        values.section(node, notify.path(NotifyKeys.WEBHOOK), NotifyKeys.WEBHOOK.kind());
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Section webhook = found.get();
    Optional<Notify.Address> url = address(webhook, NotifyKeys.WEBHOOK_URL);
    Optional<SecretRef> secret =
        webhook
            .optional(NotifyKeys.WEBHOOK_SECRET)
            .flatMap(n -> secrets.secret(n, webhook.path(NotifyKeys.WEBHOOK_SECRET)));
    Optional<String> header =
        webhook
            .optional(NotifyKeys.HEADER)
            .flatMap(n -> header(n, webhook.path(NotifyKeys.HEADER)));
    if (webhook.has(NotifyKeys.HEADER) && !webhook.has(NotifyKeys.WEBHOOK_SECRET)) {
      problems.add(
          webhook.placeOf(NotifyKeys.HEADER),
          webhook.path(NotifyKeys.HEADER),
          "needs the key secret, which says where the value of the header is",
          "");
    }
    String byDefault = String.valueOf(NotifyKeys.HEADER.kind().byDefault());
    return url.map(u -> new Notify.Webhook(u, header.orElse(byDefault), secret.orElse(null)));
  }

  private Optional<String> header(YamlNode node, String path) {
    Optional<String> name = values.text(node, path).map(Scalar::text);
    if (name.isPresent() && !NotifyKeys.HEADER.kind().matches(name.get())) {
      problems.add(
          node.at(),
          path,
          "is not the name of a header",
          "allowed: up to 100 letters, digits and -, beginning with a letter, such as X-Webhook-Key");
      return Optional.empty();
    }
    return name;
  }

  private Optional<Notify.Ping> ping(YamlNode node, Section notify) {
    Optional<Section> found =
        values.section(node, notify.path(NotifyKeys.PING), NotifyKeys.PING.kind());
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Section ping = found.get();
    Optional<Notify.Address> url = address(ping, NotifyKeys.PING_URL);
    Optional<Notify.Address> failUrl =
        ping.has(NotifyKeys.FAIL_URL) ? address(ping, NotifyKeys.FAIL_URL) : Optional.empty();
    String after =
        choice(ping, NotifyKeys.PING_AFTER)
            .orElse(String.valueOf(NotifyKeys.PING_AFTER.kind().byDefault()));
    return url.map(u -> new Notify.Ping(u, failUrl.orElse(null), after));
  }

  /** Decodes an address, which is written out or kept as a secret. Messages never repeat it. */
  private Optional<Notify.Address> address(Section section, Key<TextOr> key) {
    String path = section.path(key);
    Optional<YamlNode> value =
        key.need() == Key.Need.REQUIRED
            ? section.required(key, ADDRESS_ALLOWED)
            : section.optional(key);
    if (value.isEmpty()) {
      return Optional.empty();
    }
    YamlNode node = value.get();
    if (node instanceof Mapping) {
      return secrets.secret(node, path).map(secret -> new Notify.Address(null, secret));
    }
    Optional<Scalar> text = values.text(node, path, ADDRESS_ALLOWED);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    URI url;
    try {
      url = new URI(text.get().text());
    } catch (URISyntaxException e) {
      problems.add(node.at(), path, "is not a URL: " + e.getReason(), ADDRESS_ALLOWED);
      return Optional.empty();
    }
    Optional<String> refused = Notify.Address.refusal(url);
    refused.ifPresent(why -> problems.add(node.at(), path, why, ADDRESS_ALLOWED));
    return refused.isPresent() ? Optional.empty() : Optional.of(new Notify.Address(url, null));
  }

  /** Decodes a list; an item is given only once where the key demands it. */
  private <T> List<T> list(
      Section section, Key<ListOf> key, BiFunction<YamlNode, String, Optional<T>> item) {
    String path = section.path(key);
    List<YamlNode> items =
        section
            .optional(key)
            .flatMap(n -> values.listOfValues(n, path, "write at least one"))
            .orElse(List.of());
    List<T> all = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      String itemPath = path + "[" + i + "]";
      Optional<T> decoded = item.apply(items.get(i), itemPath);
      if (decoded.isPresent() && key.kind().distinct() && all.contains(decoded.get())) {
        problems.add(items.get(i).at(), itemPath, "'" + decoded.get() + "' is given twice", "");
      }
      decoded.ifPresent(all::add);
    }
    return all;
  }

  private Optional<String> word(YamlNode node, String path) {
    Optional<String> text = values.text(node, path).map(Scalar::text);
    if (text.isPresent() && text.get().isBlank()) {
      problems.add(node.at(), path, "is empty", SettingValues.WHEN_EMPTY);
      return Optional.empty();
    }
    return text;
  }

  private Optional<Integer> exitCode(YamlNode node, String path) {
    String allowed = "allowed: " + String.join(", ", CODES);
    Optional<Scalar> text = values.text(node, path, allowed);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    if (!text.get().plain() || !CODES.contains(text.get().text())) {
      problems.add(
          node.at(),
          path,
          Problems.quote(text.get().text()) + " is not an exit code",
          text.get().plain() ? allowed : allowed + ", without quotes");
      return Optional.empty();
    }
    return Optional.of(Integer.valueOf(text.get().text()));
  }

  private Optional<String> choice(Section section, Key<Choice> key) {
    return section.optional(key).flatMap(n -> choice(n, section.path(key), key.kind().names()));
  }

  private Optional<String> choice(YamlNode node, String path, List<String> names) {
    String allowed = "allowed: " + String.join(", ", names);
    Optional<Scalar> text = values.text(node, path, allowed);
    if (text.isEmpty() || names.contains(text.get().text())) {
      return text.map(Scalar::text);
    }
    String written = text.get().text();
    problems.add(
        node.at(),
        path,
        Problems.quote(written) + " is not allowed here" + NearMiss.hint(written, names),
        allowed);
    return Optional.empty();
  }
}
