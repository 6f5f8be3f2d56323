package fathomexport.cli.output;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.encoder.EncoderBase;
import fathomexport.cli.process.Environment;
import fathomexport.cli.process.LogFormat;
import fathomexport.report.ShownText;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Formats log events in the format of a run's lines, so that a program can read the whole log: as
 * text on a terminal, otherwise as JSON lines with the same keys, unless the user asks for another
 * format. (Logback's own JSON has other keys.) Messages, including those of exceptions, are escaped
 * here, so that callers need not do it.
 */
public final class LogEncoder extends EncoderBase<ILoggingEvent> {
  /** Prevents a layout from adding the exception itself. */
  private static final String NO_EXCEPTION = "%nopex";

  private String pattern = "";
  private @Nullable PatternLayout head;

  /** Set by each command; events come from any thread. */
  private volatile @Nullable LogFormat asked;

  /** Sets the prefix of a message on a terminal; {@code logback.xml} calls it. */
  public void setPattern(String pattern) {
    this.pattern = pattern;
  }

  /** Sets the format that the user asks for in all appenders; null for the default. */
  public static void setFormat(LoggerContext context, @Nullable LogFormat format) {
    context
        .getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)
        .iteratorForAppenders()
        .forEachRemaining(
            appender -> {
              if (appender instanceof OutputStreamAppender<?> stream
                  && stream.getEncoder() instanceof LogEncoder encoder) {
                encoder.asked = format;
              }
            });
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
    PatternLayout layout = head;
    String line;
    if (LogLine.format(asked, layout != null) == LogFormat.JSON) {
      // In JSON a message keeps its line breaks, because they are characters of a string.
      line = line(event, message + trace).toString();
    } else if (layout != null) {
      line = layout.doLayout(event) + ShownText.line(message) + ShownText.lines(trace.toString());
    } else {
      line = line(event, message).text() + ShownText.lines(trace.toString());
    }
    return (line + System.lineSeparator()).getBytes(StandardCharsets.UTF_8);
  }

  private static LogLine line(ILoggingEvent event, String message) {
    String logger = event.getLoggerName();
    return LogLine.of(
            Instant.ofEpochMilli(event.getTimeStamp()), event.getLevel().toString(), "log")
        .with("logger", logger.substring(logger.lastIndexOf('.') + 1))
        .with("reason", message);
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
