package fathomexport.report;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** A constant that has a name in the API. */
public interface ApiNamed {
  /** Returns the API's spelling, which YAML files and column names use too. */
  String apiName();

  /** Returns the constant with exactly this API name, or empty. */
  static <E extends Enum<E> & ApiNamed> Optional<E> parse(Class<E> type, String apiName) {
    return Arrays.stream(type.getEnumConstants())
        .filter(e -> e.apiName().equals(apiName))
        .findFirst();
  }

  /**
   * Returns all API names of a type, separated by commas, for messages that list allowed values.
   */
  static <E extends Enum<E> & ApiNamed> String names(Class<E> type) {
    return Arrays.stream(type.getEnumConstants())
        .map(ApiNamed::apiName)
        .collect(Collectors.joining(", "));
  }
}
