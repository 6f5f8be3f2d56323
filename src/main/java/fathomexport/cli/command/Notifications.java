package fathomexport.cli.command;

import fathomexport.cli.process.Environment;
import fathomexport.cli.process.ExitCodes;
import fathomexport.config.ConfigException;
import fathomexport.config.Notify;
import fathomexport.config.Problem;
import fathomexport.config.Settings;
import fathomexport.http.HttpClients;
import fathomexport.notify.Notifier;
import fathomexport.notify.RunEnd;
import fathomexport.notify.Shield;
import fathomexport.report.SecretRef;
import fathomexport.run.EarlierRun;
import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunListener;
import fathomexport.run.RunResult;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParameterException;

/**
 * Notifies people of the end of a command, as {@code notify} in the settings and in the pipeline
 * says. Reads these sections apart from the rest of the configuration, so that a command that
 * cannot start because of another mistake is reported, too.
 */
public final class Notifications {
  /** The variable in which a scheduler that repeats a run after exit code 75 counts down. */
  private static final String TRIES_LEFT = "FATHOM_EXPORT_TRIES_LEFT";

  private Notifications() {}

  /** A command that reports how it ends. */
  interface ReportingCommand {
    int run(Seen seen);
  }

  /** What is known of the end of a command, for its summary. */
  static final class Seen {
    private @Nullable RunResult result;
    private final List<String> reasons = new ArrayList<>();

    Launch.Ended ended(Launch.Ended ended) {
      result = ended.result();
      if (!ended.reason().isEmpty()) {
        failed(ended.reason());
      }
      return ended;
    }

    void failed(String reason) {
      if (!reasons.contains(reason)) {
        reasons.add(reason);
      }
    }
  }

  /**
   * Runs a command, and notifies of its end, however it ends.
   *
   * @return the exit code of the command
   */
  static int after(Context context, String pipeline, String command, ReportingCommand work) {
    Instant startedAt = context.environment().clock().instant();
    Seen seen = new Seen();
    int code = ExitCodes.FAULT;
    boolean report = true;
    try {
      code = work.run(seen);
      return code;
    } catch (ParameterException e) {
      // Reported by misused, which also receives the mistakes that prevent a start.
      report = false;
      throw e;
    } catch (ConfigException e) {
      code = ExitCodes.CONFIGURATION;
      e.problems().stream().map(Problem::render).forEach(seen::failed);
      throw e;
    } catch (ExportFailedException e) {
      code = e.kind().exitCode();
      seen.failed(String.valueOf(e.getMessage()));
      throw e;
    } catch (RuntimeException | Error e) {
      seen.failed("internal error: " + e);
      throw e;
    } finally {
      if (report) {
        send(context, pipeline, command, code, startedAt, seen);
      }
    }
  }

  /**
   * Notifies of a command that did not start because its command line is wrong. On a terminal the
   * person who made the mistake reads the message, and no notification is sent.
   */
  public static void misused(Context context, ParameterException mistake) {
    if (context.environment().terminal()) {
      return;
    }
    String command = mistake.getCommandLine().getCommandName();
    Seen seen = new Seen();
    seen.failed(String.valueOf(mistake.getMessage()));
    send(context, "", command, ExitCodes.USAGE, context.environment().clock().instant(), seen);
  }

  private static void send(
      Context context, String pipeline, String command, int code, Instant startedAt, Seen seen) {
    Notify notify = context.loader().notify(context.configFile(), pipeline);
    if (!notify.hasTarget()
        || (code == FailureKind.TRY_LATER.exitCode() && isTriedAgain(context))) {
      return;
    }
    RunEnd end =
        new RunEnd(
            pipeline,
            command,
            code,
            startedAt,
            context.environment().clock().instant(),
            seen.result,
            seen.reasons);
    notifier(context, notify)
        .ended(end, () -> before(context, pipeline, command, startedAt))
        .forEach(context::warn);
  }

  private static boolean isTriedAgain(Context context) {
    return context.environment().variables().getOrDefault(TRIES_LEFT, "0").matches("[1-9][0-9]*");
  }

  /** Creates a notifier that keeps all secrets of the configuration to itself. */
  static Notifier notifier(Context context, Notify notify) {
    Environment environment = context.environment();
    Map<String, SecretRef> secrets = new HashMap<>(notify.secrets());
    context
        .loader()
        .settings(context.configFile())
        .value()
        .ifPresent(settings -> secrets.putAll(Context.secretsOfRuns(settings)));
    return new Notifier(
        notify,
        environment.workingDirectory(),
        environment.variables(),
        new HttpClients(
            environment.variables(),
            context.loader().caCertificates(context.configFile()).orElse(null)),
        secrets.values().stream()
            .filter(SecretRef.Env.class::isInstance)
            .map(secret -> ((SecretRef.Env) secret).name())
            .collect(Collectors.toSet()),
        Shield.of(secrets.values(), environment.variables()),
        length -> pause(environment, length));
  }

  private static void pause(Environment environment, Duration length) {
    try {
      RunEnvironment.of(environment.variables(), environment.clock(), RunListener.NONE)
          .pause(length);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns the run before this one; none, with a warning, if the ledger cannot say. */
  private static Optional<EarlierRun> before(
      Context context, String pipeline, String command, Instant startedAt) {
    try {
      Settings settings = context.settings();
      return context
          .exporter(settings, RunListener.NONE)
          .runBefore(Context.job(context.pipeline(pipeline, settings)), command, startedAt);
    } catch (ConfigException | ExportFailedException e) {
      context.warn(
          "notify: whether the run before this one failed is unknown, so no recovery is reported: "
              + e.getMessage());
      return Optional.empty();
    }
  }

  /**
   * Returns what the notifications of a pipeline need and this process cannot find, one message
   * each. What the settings alone name is left to the check of the settings, except the program.
   */
  static List<String> missing(Context context, String pipeline) {
    Notify notify = context.loader().notify(context.configFile(), pipeline);
    Map<String, SecretRef> ofSettings = context.loader().notify(context.configFile(), "").secrets();
    Environment environment = context.environment();
    List<String> missing = new ArrayList<>();
    notify
        .secrets()
        .forEach(
            (key, secret) -> {
              if (!secret.equals(ofSettings.get(key))) {
                secret
                    .absence(environment.variables())
                    .ifPresent(why -> missing.add(pipeline + ": " + key + ": " + why));
              }
            });
    if (!notify.command().isEmpty()) {
      String program = notify.command().get(0);
      if (program.contains("/")
          && !Files.isExecutable(environment.workingDirectory().resolve(program))) {
        missing.add(
            pipeline + ": notify.command: " + program + " is not a program that can be started");
      }
    }
    return missing;
  }

  /** Returns a line that says how the ends of a pipeline's runs are reported; empty if not. */
  static Optional<String> ways(Context context, String pipeline) {
    Notify notify = context.loader().notify(context.configFile(), pipeline);
    List<String> ways = new ArrayList<>();
    if (!notify.command().isEmpty()) {
      ways.add("command " + notify.command().get(0));
    }
    if (notify.webhook() != null) {
      ways.add("a webhook");
    }
    if (notify.ping() != null) {
      ways.add("a ping to a dead man's switch");
    }
    return ways.isEmpty()
        ? Optional.empty()
        : Optional.of(pipeline + " notifies by " + String.join(", ", ways));
  }
}
