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
          "A program to start, and its arguments. It is started without a shell, and reads the "
              + "summary of the run as JSON from its standard input.",
          "[/usr/local/bin/tell-the-team, --channel, data]");

  static final Key<TextOr> WEBHOOK_URL =
      Key.required(
          "url",
          new TextOr(ADDRESS, SecretKeys.SECRET),
          "The address to which the summary of the run is sent as JSON, with POST. It must begin "
              + "with https; http is allowed only to this machine. If the address is a secret, write "
              + "{env: NAME} or {file: path} to name the place where it is kept.",
          "https://chat.example.org/hooks/data");
  static final Key<Text> HEADER =
      Key.optional(
          "header",
          Text.matching(
                  Pattern.compile("[A-Za-z][A-Za-z0-9-]{0,99}"),
                  "must be the name of a header: letters, digits and -, beginning with a letter")
              .orElse("Authorization"),
          "The name of the HTTP header in which the secret is sent. Change the default, "
              + "Authorization, if the receiver expects another header.",
          "X-Webhook-Key");
  static final Key<Group> WEBHOOK_SECRET =
      Key.optional(
          "secret",
          SecretKeys.SECRET,
          "The place from which the program reads the value of the header: {env: NAME} is an "
              + "environment variable, {file: path} is a file. The value is sent unchanged, so for the "
              + "header Authorization it usually begins with 'Bearer '. Leave this key out if the "
              + "receiver does not ask for a secret.");
  static final Key<Group> WEBHOOK =
      Key.optional(
          "webhook",
          Group.of(WEBHOOK_URL, HEADER, WEBHOOK_SECRET)
              .with(new Rule.Needs(HEADER.name(), WEBHOOK_SECRET.name())),
          "A web address to which the summary of the run is sent, such as that of a chat.");

  static final Key<ListOf> CODES =
      Key.optional(
          "exit_codes",
          new ListOf(new Numbers(EXIT_CODES)),
          "The exit codes after which a notification is sent. Without this key, these are all "
              + "codes except 0 (success) and 143 (stopped as requested). 143 also stands for 130; "
              + "README explains all codes.",
          "[65, 70, 74, 75, 77, 78]");
  static final Key<ListOf> AFTER =
      Key.optional(
          "after",
          new ListOf(Choice.of(COMMANDS)),
          "The commands after which a notification is sent. Without this key, it is only run, the "
              + "nightly export.",
          "[run, backfill]");
  static final Key<Choice> RECOVERY =
      Key.optional(
          "recovery",
          Choice.of(List.of(NOTIFY_RECOVERY, IGNORE_RECOVERY)).orElse(NOTIFY_RECOVERY),
          "Whether the first success after a failure that was reported is reported as well. The "
              + "default, notify, reports it; ignore does not.");

  static final Key<TextOr> PING_URL =
      Key.required(
          "url",
          new TextOr(ADDRESS, SecretKeys.SECRET),
          "The address that is requested (with GET) each time the command ends with exit code 0. "
              + "It must begin with https; http is allowed only to this machine. If the address is a "
              + "secret, write {env: NAME} or {file: path} to name the place where it is kept.",
          "https://ping.example.org/nightly");
  static final Key<TextOr> FAIL_URL =
      Key.optional(
          "fail_url",
          new TextOr(ADDRESS, SecretKeys.SECRET),
          "The address that is requested instead after an exit code that is reported. Without "
              + "this key, no request is sent then, and the monitoring service notices the failure "
              + "because the ping is missing.",
          "https://ping.example.org/nightly/fail");
  static final Key<Choice> PING_AFTER =
      Key.optional(
          "after",
          Choice.of(COMMANDS).orElse(COMMANDS.get(0)),
          "The command whose success is reported to the monitoring service. The default, run, is "
              + "the nightly export.");
  static final Key<Group> PING =
      Key.optional(
          "ping",
          Group.of(PING_URL, FAIL_URL, PING_AFTER),
          "A monitoring service that notifies you when it has not been pinged in time. It also "
              + "notices a night on which no run was started, which no other notification can report. "
              + "Give each pipeline a separate address.");

  static final Key<Span> TIMEOUT =
      Key.optional(
          "timeout",
          new Span(Notify.LEAST_TIMEOUT, Notify.MOST_TIMEOUT, Notify.DEFAULT_TIMEOUT),
          "How long the program, or one request, may take. If it fails or takes longer, it is "
              + "tried once more; after that, the run only prints a warning.",
          "30s");

  private static final Group KEYS =
      Group.of(COMMAND, WEBHOOK, CODES, AFTER, RECOVERY, PING, TIMEOUT);

  static final Key<Group> NOTIFY =
      Key.optional(
          Notify.SECTION,
          KEYS,
          "Who is notified when a run fails, and when one succeeds again. A pipeline may have "
              + "this section as well: each key that it gives there is used instead of the same key "
              + "here. Without the section, no notification is sent.");

  static final Key<Group> OF_A_PIPELINE =
      Key.optional(
          Notify.SECTION,
          KEYS,
          "Who is notified of the runs of this pipeline. Each key that is given here is used "
              + "instead of the same key in the settings; all other keys are taken from there.");

  private NotifyKeys() {}
}
