package fathomexport.notify;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.report.ShownText;
import fathomexport.run.EarlierRun;
import fathomexport.run.RunResult;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The summary of a run that a command or a webhook receives, as JSON. docs/operations.md describes
 * its keys; a key without a value is null.
 */
final class Summary {
  private static final int MESSAGES = 20;

  /** The messages that the text for people repeats. */
  private static final int IN_TEXT = 3;

  private static final ObjectMapper JSON = new ObjectMapper();

  private Summary() {}

  /**
   * @param earlier the run before this one, if it is known
   */
  static String json(Event event, RunEnd end, Optional<EarlierRun> earlier, Shield shield) {
    RunResult result = end.result();
    ExitMeaning meaning =
        ExitMeaning.of(end.exitCode(), end.command(), shield.line(end.pipeline()));
    List<String> messages = new ArrayList<>(end.reasons());
    if (result != null) {
      messages.addAll(result.messages());
    }
    List<String> shown = messages.stream().limit(MESSAGES).map(shield::line).toList();
    Map<String, @Nullable Object> summary = new LinkedHashMap<>();
    summary.put("event", event.label());
    summary.put("text", text(event, end, earlier, meaning, shown, messages.size(), shield));
    summary.put("pipeline", end.pipeline().isEmpty() ? null : shield.line(end.pipeline()));
    summary.put("command", end.command());
    summary.put("exit_code", end.exitCode());
    summary.put("meaning", meaning.words());
    summary.put("next", meaning.next().isEmpty() ? null : meaning.next());
    summary.put("run_id", result == null ? null : result.runId());
    summary.put("started_at", end.startedAt().toString());
    summary.put("ended_at", end.endedAt().toString());
    summary.put("previous_exit_code", earlier.map(EarlierRun::exitCode).orElse(null));
    summary.put("previous_started_at", earlier.map(e -> e.startedAt().toString()).orElse(null));
    summary.put("windows", result == null ? null : windows(result));
    summary.put("rows", result == null ? null : result.rows());
    summary.put("quarantined_rows", result == null ? null : result.quarantined());
    summary.put("requests", result == null ? null : result.requests());
    summary.put("messages", shown);
    summary.put("messages_left_out", messages.size() - shown.size());
    try {
      return ShownText.json(JSON.writeValueAsString(summary));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write the summary of a run", e);
    }
  }

  private static Map<String, Long> windows(RunResult result) {
    Map<String, Long> windows = new LinkedHashMap<>();
    windows.put("planned", result.windowsPlanned());
    windows.put("committed", result.windowsCommitted());
    windows.put("unchanged", result.windowsUnchanged());
    windows.put("incomplete", result.windowsIncomplete());
    windows.put("failed", result.windowsFailed());
    windows.put("not_begun", result.windowsSkipped());
    return windows;
  }

  /** Returns what a person reads on a small screen: what happened, why, and what to do. */
  private static String text(
      Event event,
      RunEnd end,
      Optional<EarlierRun> earlier,
      ExitMeaning meaning,
      List<String> messages,
      int all,
      Shield shield) {
    StringBuilder text =
        new StringBuilder(("fathom-export " + end.command() + " " + end.pipeline()).strip())
            .append(": ");
    switch (event) {
      case TEST -> text.append("this is a test of the notifications, no run has ended");
      case RECOVERY -> text.append("works again (").append(before(earlier)).append(")");
      case SUCCESS, FAILURE, STOPPED ->
          text.append(meaning.words()).append(" (exit ").append(end.exitCode()).append(")");
    }
    messages.stream().limit(IN_TEXT).forEach(m -> text.append("; ").append(m));
    if (all > IN_TEXT) {
      text.append("; and ").append(all - IN_TEXT).append(" more messages");
    }
    if (!meaning.next().isEmpty() && event != Event.TEST) {
      text.append(". What to do: ").append(meaning.next());
    }
    return shield.line(text.toString());
  }

  private static String before(Optional<EarlierRun> earlier) {
    return earlier
        .map(
            run ->
                "the run of "
                    + run.startedAt()
                    + (run.exitCode() == null ? " did not end" : " had exit " + run.exitCode()))
        .orElse("");
  }
}
