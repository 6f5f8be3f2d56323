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
 * Formats log events: as text on a terminal, otherwise as JSON lines with the same keys as those of
 * a run, so that a program can read the whole log. (Logback's own JSON has other keys.) Messages,
 * including those of exceptions, are escaped here, so that callers need not do it.
 */
public final class LogEncoder extends EncoderBase<ILoggingEvent> {
  /** Prevents a layout from adding the exception itself. */
  private static final String NO_EXCEPTION = "%nopex";

  private String pattern = "";
  private @Nullable PatternLayout head;

  /** Sets the prefix of a message on a terminal; {@code logback.xml} calls it. */
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
    // In JSON a message keeps its line breaks, because they are characters of a string.
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

  /** Appends an exception with its causes: one line per message and per frame. */
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
