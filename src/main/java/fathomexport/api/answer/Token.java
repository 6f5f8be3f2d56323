package fathomexport.api.answer;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The properties of the token in use, without the secret. Source: {@code GET /token}.
 *
 * @param abilities such as {@code all-sites-readonly} or {@code read:CDBUGS}
 * @param expiresAt null if the token does not expire, or if the API gives no readable time
 */
public record Token(String name, List<String> abilities, @Nullable Instant expiresAt) {
  public Token {
    abilities = List.copyOf(abilities);
  }
}
