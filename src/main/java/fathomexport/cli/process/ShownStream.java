package fathomexport.cli.process;

import fathomexport.report.ShownText;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Where commands print to: what is printed as a line stays one line, and no text from outside
 * reaches the terminal or the log with characters that mean something there (see {@link
 * ShownText}). All output of commands passes here, so that no caller has to think of it.
 *
 * <p>{@code print} takes texts of our own that have several lines; bytes (the help texts) pass
 * unchanged.
 */
public final class ShownStream extends PrintStream {
  /** A line that is printed as it is: it holds nothing that would have to be escaped. */
  public interface Escaped {}

  private final PrintStream to;

  private ShownStream(PrintStream to) {
    super(to, true, StandardCharsets.UTF_8);
    this.to = to;
  }

  static ShownStream over(PrintStream stream) {
    return stream instanceof ShownStream shown ? shown : new ShownStream(stream);
  }

  /** The stream below, for what moves the cursor itself. */
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
