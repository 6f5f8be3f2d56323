package fathomexport.config;

import java.io.Serializable;
import java.util.Comparator;

/**
 * One thing that is wrong with a configuration. Never holds a secret, or text that may be one.
 *
 * @param file as the user would name it: relative to the working directory where it lies below it
 * @param line from 1; 0 when the problem is the file as a whole
 * @param column from 1; 0 when the problem is the file as a whole
 * @param key path such as {@code reports[1].filters[0].operator}; empty when no key is concerned
 * @param message what is wrong, in one line
 * @param allowed what is allowed instead, such as {@code allowed for browser: is, is not}; may be
 *     empty
 */
public record Problem(String file, int line, int column, String key, String message, String allowed)
    implements Serializable {

  /** The order of reading. */
  static final Comparator<Problem> BY_PLACE =
      Comparator.comparing(Problem::file)
          .thenComparingInt(Problem::line)
          .thenComparingInt(Problem::column);

  /** A problem of a file as a whole. */
  static Problem ofFile(String file, String message, String allowed) {
    return new Problem(file, 0, 0, "", message, allowed);
  }

  /**
   * In one line: {@code pipelines/nightly.yaml:12: reports[1].filters[0].operator: 'contains' is
   * not an operator; allowed for pathname: is, is not, ...}.
   */
  public String render() {
    StringBuilder text = new StringBuilder(file);
    if (line > 0) {
      text.append(':').append(line);
    }
    text.append(": ");
    if (!key.isEmpty()) {
      text.append(key).append(": ");
    }
    text.append(message);
    if (!allowed.isEmpty()) {
      text.append("; ").append(allowed);
    }
    return text.toString();
  }

  @Override
  public String toString() {
    return render();
  }
}
