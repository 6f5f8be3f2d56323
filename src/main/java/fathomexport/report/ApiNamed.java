package fathomexport.report;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** A constant that the API knows under a name of its own. */
public interface ApiNamed {
  /** The API's spelling, which is also the spelling in YAML and in column names. */
  String apiName();

  /** The constant with exactly this API name. */
  static <E extends Enum<E> & ApiNamed> Optional<E> parse(Class<E> type, String apiName) {
    return Arrays.stream(type.getEnumConstants())
        .filter(e -> e.apiName().equals(apiName))
        .findFirst();
  }

  /** All API names of a type, for messages that say what is allowed. */
  static <E extends Enum<E> & ApiNamed> String names(Class<E> type) {
    return Arrays.stream(type.getEnumConstants())
        .map(ApiNamed::apiName)
        .collect(Collectors.joining(", "));
  }
}
