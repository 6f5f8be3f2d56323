package fathomexport.cli.command;

import fathomexport.cli.process.DayExpression;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The option of commands that write nothing to answer as if it were another day. */
final class Rehearsal {
  @Option(
      names = "--as-of",
      paramLabel = "DAY",
      description =
          "Answer as if today were this day (in UTC, at the present time of day), with what is"
              + " stored now.")
  @Nullable DayExpression day;

  @Spec(Spec.Target.MIXEE)
  CommandSpec spec = CommandSpec.create();

  /** Returns the day that counts as today. */
  LocalDate today(Context context) {
    try {
      return day == null ? context.today() : day.day(context.today());
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--as-of: " + e.getMessage(), e);
    }
  }

  /** Returns the instant that counts as now. */
  Instant now(Context context) {
    Instant now = context.environment().clock().instant();
    LocalTime time = LocalTime.ofInstant(now, ZoneOffset.UTC);
    return day == null ? now : today(context).atTime(time).toInstant(ZoneOffset.UTC);
  }
}
