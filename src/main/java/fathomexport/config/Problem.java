package fathomexport.config;

import java.io.Serializable;
import java.util.Comparator;

/**
 * One problem of a configuration. Never contains a secret, or text that may be one.
 *
 * @param file the path as the user would write it, relative to the working directory if the file is
 *     below it
 * @param line from 1; 0 if the problem concerns the whole file
 * @param column from 1; 0 if the problem concerns the whole file
 * @param key path such as {@code reports[1].filters[0].operator}; empty if no key is concerned
 * @param message the error, on one line
 * @param allowed the allowed values, such as {@code allowed for browser: is, is not}; may be empty
 */
public record Problem(String file, int line, int column, String key, String message, String allowed)
    implements Serializable {

  /** Orders problems by their place in the file. */
  static final Comparator<Problem> BY_PLACE =
      Comparator.comparing(Problem::file)
          .thenComparingInt(Problem::line)
          .thenComparingInt(Problem::column);

  /** Creates a problem of a whole file. */
  static Problem ofFile(String file, String message, String allowed) {
    return new Problem(file, 0, 0, "", message, allowed);
  }

  /**
   * Formats the problem on one line: {@code pipelines/nightly.yaml:12:
   * reports[1].filters[0].operator: 'contains' is not an operator; allowed for pathname: is, is
   * not, ...}.
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
