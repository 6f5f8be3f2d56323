package fathomexport.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How the process of an engine answers: the readers in {@code src/engines} have this class on their
 * class path. It knows the Java platform only.
 *
 * <p>Each line of the input is a statement ({@code do SQL}) or a query ({@code query SQL}), with a
 * tab between; each row of an answer is a line, its cells separated by tabs, and a line {@code .}
 * ends an answer.
 */
public final class EngineAnswers {
  private final PrintStream out = System.out;

  /** Takes the standard output for the answers; what libraries write there goes to the errors. */
  public EngineAnswers() {
    System.setOut(System.err);
  }

  /** Runs one statement or query in an engine. */
  @FunctionalInterface
  public interface Engine {
    List<List<Object>> rows(String sql) throws Exception;
  }

  /** Answers the standard input to its end. */
  public void answer(Engine engine) throws Exception {
    try (BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] words = line.split("\t", -1);
        List<List<Object>> rows = engine.rows(words[1]);
        if (words[0].equals("query")) {
          for (List<Object> row : rows) {
            print(line(row));
          }
          print(".");
        }
      }
    }
  }

  private void print(String line) throws IOException {
    out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  /** Returns a row as a line. */
  public static String line(List<? extends @Nullable Object> row) {
    return row.stream().map(EngineAnswers::shown).collect(Collectors.joining("\t"));
  }

  private static String shown(@Nullable Object value) {
    if (value instanceof Number) {
      BigDecimal number = new BigDecimal(value.toString()).round(new MathContext(12));
      return number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString();
    }
    return value == null ? "NULL" : value instanceof String ? "'" + value + "'" : value.toString();
  }
}
