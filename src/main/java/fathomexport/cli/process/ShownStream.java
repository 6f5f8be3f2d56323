package fathomexport.cli.process;

import fathomexport.report.ShownText;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The output stream of commands. A printed line stays one line, and external text cannot reach the
 * terminal or the log with control characters (see {@link ShownText}). All output of commands
 * passes through this stream, so that callers need not escape it.
 *
 * <p>{@code print} accepts texts with several lines; bytes (the help texts) pass unchanged.
 */
public final class ShownStream extends PrintStream {
  /** A line that is printed without escaping, because it contains nothing to escape. */
  public interface Escaped {}

  private final PrintStream to;

  private ShownStream(PrintStream to) {
    super(to, true, StandardCharsets.UTF_8);
    this.to = to;
  }

  static ShownStream over(PrintStream stream) {
    return stream instanceof ShownStream shown ? shown : new ShownStream(stream);
  }

  /** Returns the underlying stream, for output that moves the cursor itself. */
  public static PrintStream raw(PrintStream stream) {
    return stream instanceof ShownStream shown ? shown.to : stream;
  }

  @Override
  public void println(@Nullable String line) {
    to.println(ShownText.line(String.valueOf(line)));
  }

  @Override
  public void println(@Nullable Object line) {
    to.println(
        line instanceof Escaped escaped
            ? escaped.toString()
            : ShownText.line(String.valueOf(line)));
  }

  @Override
  public void println(char[] line) {
    println(String.valueOf(line));
  }

  @Override
  public void println() {
    to.println();
  }

  @Override
  public void print(@Nullable String text) {
    to.print(ShownText.lines(String.valueOf(text)));
  }

  @Override
  public void print(@Nullable Object text) {
    print(String.valueOf(text));
  }

  @Override
  public void print(char[] text) {
    print(String.valueOf(text));
  }

  @Override
  public void print(char c) {
    print(String.valueOf(c));
  }
}
