package fathomexport.config;

import java.util.List;
import java.util.stream.Collectors;

/** The configuration is invalid. The message lists all problems, one per line. */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final List<Problem> problems;

  public ConfigException(List<Problem> problems) {
    super(problems.stream().map(Problem::render).collect(Collectors.joining("\n")));
    if (problems.isEmpty()) {
      throw new IllegalArgumentException("a configuration without problems is not refused");
    }
    this.problems = List.copyOf(problems);
  }

  /** Returns the problems, one or more. */
  public List<Problem> problems() {
    return problems;
  }
}
