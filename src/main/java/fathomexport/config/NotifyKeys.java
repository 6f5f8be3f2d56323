package fathomexport.config;

import fathomexport.config.Kind.Choice;
import fathomexport.config.Kind.Group;
import fathomexport.config.Kind.ListOf;
import fathomexport.config.Kind.Numbers;
import fathomexport.config.Kind.Rule;
import fathomexport.config.Kind.Span;
import fathomexport.config.Kind.Text;
import fathomexport.config.Kind.TextOr;
import java.util.List;
import java.util.regex.Pattern;

/** The keys of {@code notify}, which both the settings and a pipeline may have. */
final class NotifyKeys {
  /** The program's own commands after which notifications are sent. */
  static final List<String> COMMANDS = List.of("run", "backfill", "snapshot", "verify");

  /** All exit codes of these commands; 143 stands for 130, too. */
  static final List<Integer> EXIT_CODES = List.of(0, 2, 65, 70, 74, 75, 77, 78, 143);

  static final String NOTIFY_RECOVERY = "notify";
  static final String IGNORE_RECOVERY = "ignore";

  private static final Text ADDRESS = Text.ANY.finding(Urls.ADDRESS, Urls.ADDRESS_ALLOWED);

  static final Key<ListOf> COMMAND =
      Key.optional(
          "command",
          new ListOf(Text.FILLED, false),
          "A program and its arguments. It is started without a shell, and receives the summary of"
              + " the run as JSON on its standard input.",
          "[/usr/local/bin/tell-the-team, --channel, data]");

  static final Key<TextOr> WEBHOOK_URL =
      Key.required(
          "url",
          new TextOr(ADDRESS, SecretKeys.SECRET),
          "The address that receives the summary of the run as JSON, by POST. Where the address is a"
              + " secret: {env: NAME} or {file: path}. It must be https, or http to this machine.",
          "https://chat.example.org/hooks/data");
  static final Key<Text> HEADER =
      Key.optional(
          "header",
          Text.matching(
                  Pattern.compile("[A-Za-z][A-Za-z0-9-]{0,99}"),
                  "must be the name of a header: letters, digits and -, beginning with a letter")
              .orElse("Authorization"),
          "The name of the header that carries the secret.",
          "X-Webhook-Key");
  static final Key<Group> WEBHOOK_SECRET =
      Key.optional(
          "secret",
          SecretKeys.SECRET,
          "Where the value of the header is: {env: NAME} or {file: path}. It is sent as it is, so"
              + " for Authorization it begins with Bearer, for example.");
  static final Key<Group> WEBHOOK =
      Key.optional(
          "webhook",
          Group.of(WEBHOOK_URL, HEADER, WEBHOOK_SECRET)
              .with(new Rule.Needs(HEADER.name(), WEBHOOK_SECRET.name())),
          "An address that receives the summary of the run.");

  static final Key<ListOf> CODES =
      Key.optional(
          "exit_codes",
          new ListOf(new Numbers(EXIT_CODES)),
          "The exit codes that are reported. Left out: all but 0 and 143. 143 stands for 130, too.",
          "[65, 70, 74, 75, 77, 78]");
  static final Key<ListOf> AFTER =
      Key.optional(
          "after",
          new ListOf(Choice.of(COMMANDS)),
          "The commands whose ends are reported. Left out: run.",
          "[run, backfill]");
  static final Key<Choice> RECOVERY =
      Key.optional(
          "recovery",
          Choice.of(List.of(NOTIFY_RECOVERY, IGNORE_RECOVERY)).orElse(NOTIFY_RECOVERY),
          "Whether the first run with exit code 0 after one that was reported is reported, too.");

  static final Key<TextOr> PING_URL =
      Key.required(
          "url",
          new TextOr(ADDRESS, SecretKeys.SECRET),
          "The address that is requested (GET) after each exit code 0. Where the address is a secret:"
              + " {env: NAME} or {file: path}. It must be https, or http to this machine.",
          "https://ping.example.org/nightly");
  static final Key<TextOr> FAIL_URL =
      Key.optional(
          "fail_url",
          new TextOr(ADDRESS, SecretKeys.SECRET),
          "The address that is requested instead after an exit code that is reported.",
          "https://ping.example.org/nightly/fail");
  static final Key<Choice> PING_AFTER =
      Key.optional(
          "after",
          Choice.of(COMMANDS).orElse(COMMANDS.get(0)),
          "The one command that resets the switch.");
  static final Key<Group> PING =
      Key.optional(
          "ping",
          Group.of(PING_URL, FAIL_URL, PING_AFTER),
          "A dead man's switch: a service that reports to you when a ping is missing, so that a night"
              + " that did not even start is noticed. Give each pipeline a separate address.");

  static final Key<Span> TIMEOUT =
      Key.optional(
          "timeout",
          new Span(Notify.LEAST_TIMEOUT, Notify.MOST_TIMEOUT, Notify.DEFAULT_TIMEOUT),
          "The longest that the command, or one request, may take. Each is tried twice at most.",
          "30s");

  private static final Group KEYS =
      Group.of(COMMAND, WEBHOOK, CODES, AFTER, RECOVERY, PING, TIMEOUT);

  static final Key<Group> NOTIFY =
      Key.optional(
          Notify.SECTION,
          KEYS,
          "Who is notified when a run fails, and when it succeeds again. A pipeline may have this"
              + " section, too: its keys take the place of these. Without the section, no notification"
              + " is sent.");

  static final Key<Group> OF_A_PIPELINE =
      Key.optional(
          Notify.SECTION,
          KEYS,
          "Who is notified of this pipeline's runs. Each key here takes the place of the same key in"
              + " the settings.");

  private NotifyKeys() {}
}
