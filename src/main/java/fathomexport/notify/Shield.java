package fathomexport.notify;

import fathomexport.report.SecretRef;
import fathomexport.report.SecretUnavailableException;
import fathomexport.report.ShownText;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Makes texts fit to leave this machine: on one line, without control characters, and without any
 * configured secret, should a message of a server or a driver repeat one.
 */
public final class Shield {
  /** Shorter texts would also be found within ordinary words. */
  private static final int SHORTEST = 4;

  private static final String INSTEAD = "***";

  private final List<String> secrets;

  private Shield(List<String> secrets) {
    this.secrets = secrets;
  }

  /** Creates a shield for these secrets; one that cannot be read cannot be in a message. */
  public static Shield of(Collection<SecretRef> places, Map<String, String> variables) {
    return new Shield(longestFirst(places.stream().flatMap(place -> value(place, variables))));
  }

  /** Returns a shield for further texts. */
  Shield and(Collection<String> more) {
    return new Shield(longestFirst(Stream.concat(secrets.stream(), more.stream())));
  }

  private static List<String> longestFirst(Stream<String> texts) {
    return texts
        .filter(text -> text.length() >= SHORTEST)
        .distinct()
        .sorted(Comparator.comparing(String::length).reversed())
        .toList();
  }

  private static Stream<String> value(SecretRef place, Map<String, String> variables) {
    try {
      return Stream.of(place.resolve(variables));
    } catch (SecretUnavailableException e) {
      return Stream.empty();
    }
  }

  /** Returns the text on one line, without secrets. */
  public String line(String text) {
    String left = text;
    for (String secret : secrets) {
      left = left.replace(secret, INSTEAD);
    }
    return ShownText.line(left);
  }
}
