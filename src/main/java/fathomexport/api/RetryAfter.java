package fathomexport.api;

import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.regex.Pattern;
import okhttp3.Headers;
import org.jspecify.annotations.Nullable;

/** Parses the header {@code Retry-After}: seconds or a date. Source: RFC 9110, 10.2.3. */
final class RetryAfter {
  private static final Pattern SECONDS = Pattern.compile("[0-9]{1,9}");

  private RetryAfter() {}

  /**
   * Returns how long to wait, or null if the header is missing or unreadable. A date is compared
   * with the {@code Date} of the response, so that the two clocks need not agree.
   */
  static @Nullable Duration read(Headers headers, Instant now) {
    String value = text(headers, "Retry-After");
    if (SECONDS.matcher(value).matches()) {
      return Duration.ofSeconds(Long.parseLong(value));
    }
    Optional<Instant> until = date(value);
    if (until.isEmpty()) {
      return null;
    }
    Instant there = serverTime(headers).orElse(now);
    Duration wait = Duration.between(there, until.get());
    return wait.isNegative() ? Duration.ZERO : wait;
  }

  /** Returns the server's clock according to a response's {@code Date}; empty if it has none. */
  static Optional<Instant> serverTime(Headers headers) {
    return date(text(headers, "Date"));
  }

  private static String text(Headers headers, String name) {
    String value = headers.get(name);
    return value == null ? "" : value.strip();
  }

  private static Optional<Instant> date(String text) {
    try {
      return Optional.of(
          ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
    } catch (DateTimeParseException e) {
      return Optional.empty(); // A header may hold any text.
    }
  }
}
