package fathomexport.config;

import java.util.List;
import java.util.Optional;

/** The result of reading a file: a value, or all problems of the file. */
public sealed interface Loaded<T> {

  /** Returns the value; empty if and only if there are problems. */
  Optional<T> value();

  /** Returns the problems in the order of the file; empty if and only if there is a value. */
  List<Problem> problems();

  /**
   * Returns the value.
   *
   * @throws ConfigException with all problems if there is no value
   */
  T orThrow();

  /** The file is valid. */
  record Valid<T>(T resolved) implements Loaded<T> {
    @Override
    public Optional<T> value() {
      return Optional.of(resolved);
    }

    @Override
    public List<Problem> problems() {
      return List.of();
    }

    @Override
    public T orThrow() {
      return resolved;
    }
  }

  /** The file is invalid. */
  record Refused<T>(List<Problem> problems) implements Loaded<T> {
    public Refused {
      problems = problems.stream().sorted(Problem.BY_PLACE).toList();
      if (problems.isEmpty()) {
        throw new IllegalArgumentException("a file without problems is not refused");
      }
    }

    @Override
    public Optional<T> value() {
      return Optional.empty();
    }

    @Override
    public T orThrow() {
      throw new ConfigException(problems);
    }
  }
}
