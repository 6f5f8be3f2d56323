package fathomexport.cli.command;

import fathomexport.cli.output.Printer;
import fathomexport.cli.process.ExitCodes;
import fathomexport.config.Notify;
import fathomexport.config.Settings;
import fathomexport.notify.RunEnd;
import fathomexport.run.FailureKind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code notify}: sends a test by every way that a failed run would take. */
@Command(
    name = "notify",
    description = {
      "Send a test to every receiver under notify: in the settings and the pipeline.",
      "",
      "Starts the command, calls the webhook and pings the dead man's switch as a run does. Asks"
          + " the API and the database nothing. Exits 75 if one of them fails, 78 if there is none."
    },
    footer = {"", "Example: fathom-export notify nightly"})
public final class NotifyCommand implements Callable<Integer> {
  private final Context context;

  @Parameters(paramLabel = "PIPELINE", description = CommandOptions.PIPELINE)
  String pipeline = "";

  public NotifyCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Settings settings = context.settings();
    String name = context.pipeline(pipeline, settings).name();
    Notify notify = context.loader().notify(context.configFile(), pipeline);
    if (!notify.hasTarget()) {
      context
          .environment()
          .err()
          .println(
              "fathom-export: no notification is configured: write "
                  + Notify.SECTION
                  + " with command, webhook or ping into "
                  + context.configFile()
                  + " or into the pipeline "
                  + name);
      return ExitCodes.CONFIGURATION;
    }
    Instant now = context.environment().clock().instant();
    Map<String, String> results =
        Notifications.notifier(context, notify)
            .test(new RunEnd(pipeline, "notify", 0, now, now, null, List.of()));
    print(results);
    return results.values().stream().allMatch(String::isEmpty)
        ? 0
        : FailureKind.TRY_LATER.exitCode();
  }

  private void print(Map<String, String> results) {
    Printer printer = context.printer();
    if (printer.json()) {
      List<Map<String, @Nullable String>> all = new ArrayList<>();
      results.forEach(
          (way, failure) -> {
            Map<String, @Nullable String> one = new LinkedHashMap<>();
            one.put("to", way);
            one.put("failure", failure.isEmpty() ? null : failure);
            all.add(one);
          });
      printer.json(all);
    } else {
      results.forEach(
          (way, failure) -> printer.line(way + ": " + (failure.isEmpty() ? "sent" : failure)));
    }
  }
}
