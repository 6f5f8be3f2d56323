package fathomexport.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the API says of the token in use; never the secret itself. Source: {@code GET /token}.
 *
 * @param abilities such as {@code all-sites-readonly} or {@code read:CDBUGS}
 * @param expiresAt null when it does not, or when the API did not say
 */
public record Token(String name, List<String> abilities, @Nullable Instant expiresAt) {
  public Token {
    abilities = List.copyOf(abilities);
  }
}
