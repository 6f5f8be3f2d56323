package fathomexport.cli;

import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.encoder.EncoderBase;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Writes what is logged: to a terminal as text, else as lines of the same keys as those of a run,
 * so that a program can read all of it. (Logback's own JSON has other keys.)
 */
public final class LogEncoder extends EncoderBase<ILoggingEvent> {
  private String pattern = "%msg%n";
  private @Nullable PatternLayout text;

  /** The pattern for a terminal, set from {@code logback.xml}. */
  public void setPattern(String pattern) {
    this.pattern = pattern;
  }

  @Override
  public void start() {
    if (Boolean.getBoolean(Environment.TERMINAL)) {
      PatternLayout layout = new PatternLayout();
      layout.setContext(getContext());
      layout.setPattern(pattern);
      layout.start();
      text = layout;
    }
    super.start();
  }

  @Override
  public byte[] headerBytes() {
    return new byte[0];
  }

  @Override
  public byte[] encode(ILoggingEvent event) {
    String line = text == null ? line(event) + System.lineSeparator() : text.doLayout(event);
    return line.getBytes(StandardCharsets.UTF_8);
  }

  private static String line(ILoggingEvent event) {
    String logger = event.getLoggerName();
    IThrowableProxy thrown = event.getThrowableProxy();
    String message = event.getFormattedMessage();
    return LogLine.of(
            Instant.ofEpochMilli(event.getTimeStamp()), event.getLevel().toString(), "log")
        .with("logger", logger.substring(logger.lastIndexOf('.') + 1))
        .with(
            "reason",
            thrown == null ? message : message + "\n" + ThrowableProxyUtil.asString(thrown))
        .toString();
  }

  @Override
  public byte[] footerBytes() {
    return new byte[0];
  }
}
