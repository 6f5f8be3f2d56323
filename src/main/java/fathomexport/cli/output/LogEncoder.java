package fathomexport.cli.output;

import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import ch.qos.logback.core.encoder.EncoderBase;
import fathomexport.cli.process.Environment;
import fathomexport.report.ShownText;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Writes what is logged: to a terminal as text, else as lines of the same keys as those of a run,
 * so that a program can read all of it. (Logback's own JSON has other keys.) Messages, those of
 * exceptions included, are made safe to show here, so that no caller has to think of it.
 */
public final class LogEncoder extends EncoderBase<ILoggingEvent> {
  /** Keeps a layout from adding the exception by itself. */
  private static final String NO_EXCEPTION = "%nopex";

  private String pattern = "";
  private @Nullable PatternLayout head;

  /** What stands before a message on a terminal, set from {@code logback.xml}. */
  public void setPattern(String pattern) {
    this.pattern = pattern;
  }

  @Override
  public void start() {
    if (Boolean.getBoolean(Environment.TERMINAL)) {
      PatternLayout layout = new PatternLayout();
      layout.setContext(getContext());
      layout.setPattern(pattern + NO_EXCEPTION);
      layout.start();
      head = layout;
    }
    super.start();
  }

  @Override
  public byte[] headerBytes() {
    return new byte[0];
  }

  @Override
  public byte[] encode(ILoggingEvent event) {
    StringBuilder trace = new StringBuilder();
    trace(event.getThrowableProxy(), "", trace);
    String message = event.getFormattedMessage();
    // In JSON a message keeps its lines: there they are characters of a string.
    String line =
        head == null
            ? line(event, message + trace)
            : head.doLayout(event) + ShownText.line(message) + ShownText.lines(trace.toString());
    return (line + System.lineSeparator()).getBytes(StandardCharsets.UTF_8);
  }

  private static String line(ILoggingEvent event, String message) {
    String logger = event.getLoggerName();
    return LogLine.of(
            Instant.ofEpochMilli(event.getTimeStamp()), event.getLevel().toString(), "log")
        .with("logger", logger.substring(logger.lastIndexOf('.') + 1))
        .with("reason", message)
        .toString();
  }

  /** Appends an exception with its causes: one line for each message and each frame. */
  private static void trace(@Nullable IThrowableProxy thrown, String role, StringBuilder out) {
    if (thrown == null) {
      return;
    }
    String words = thrown.getMessage();
    out.append('\n').append(role).append(thrown.getClassName());
    if (words != null) {
      out.append(": ").append(ShownText.line(words));
    }
    if (thrown.isCyclic()) {
      out.append(" (shown above)");
      return;
    }
    StackTraceElementProxy[] frames = thrown.getStackTraceElementProxyArray();
    int own = frames.length - thrown.getCommonFrames();
    for (int i = 0; i < own; i++) {
      out.append("\n\t").append(frames[i].getSTEAsString());
    }
    if (own < frames.length) {
      out.append("\n\t... ").append(frames.length - own).append(" frames as above");
    }
    for (IThrowableProxy suppressed : thrown.getSuppressed()) {
      trace(suppressed, "Suppressed: ", out);
    }
    trace(thrown.getCause(), "Caused by: ", out);
  }

  @Override
  public byte[] footerBytes() {
    return new byte[0];
  }
}
