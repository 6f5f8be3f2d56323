package fathomexport.config;

import java.util.List;
import java.util.Optional;

/** What came of reading a file: a value, or everything that is wrong with it. */
public sealed interface Loaded<T> {

  /** Empty exactly when there are problems. */
  Optional<T> value();

  /** In the order of the file; empty exactly when there is a value. */
  List<Problem> problems();

  /**
   * The value.
   *
   * @throws ConfigException with all problems
   */
  T orThrow();

  /** The file is in order. */
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

  /** The file cannot be used. */
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
