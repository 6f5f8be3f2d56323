package fathomexport.listing;

import fathomexport.api.Outcome;
import fathomexport.api.answer.Refusal;
import java.net.URI;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Recognizes a base URL that leads to a server, but not to its API. A token that may not list sites
 * has a list of none, or is refused; but every token has its own endpoint.
 */
public final class WrongBaseUrl {
  private WrongBaseUrl() {}

  /**
   * Returns what is wrong with a base URL, for people; empty if something of the API is there.
   *
   * @param one the answer of one of the endpoints {@code /sites} and {@code /token}
   * @param other asks the other one, if the first does not exist
   */
  public static Optional<String> words(
      URI baseUrl, Outcome<?> one, Supplier<? extends Outcome<?>> other) {
    if (one instanceof Outcome.Refused<?> refused && isMissing(refused) && isMissing(other.get())) {
      return Optional.of(
          "api.base_url in the settings leads to no API: "
              + baseUrl
              + " has neither /sites nor /token ("
              + refused.describe()
              + "); correct it: the URL of Fathom's API ends with /v1");
    }
    return Optional.empty();
  }

  private static boolean isMissing(Outcome<?> answer) {
    return answer instanceof Outcome.Refused<?> refused && refused.refusal() == Refusal.NOT_FOUND;
  }
}
