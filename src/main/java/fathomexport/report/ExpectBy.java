package fathomexport.report;

import java.io.Serializable;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The time of day by which the nightly run should have fetched what has ended since.
 *
 * @param zone the time zone of the time of day
 */
public record ExpectBy(LocalTime time, ZoneId zone) implements Serializable {
  /** The written form: a time of day, and optionally a time zone. */
  public static final Pattern WRITTEN =
      Pattern.compile("([01][0-9]|2[0-3]):([0-5][0-9])( [A-Za-z][A-Za-z0-9_+/-]*)?");

  private static final String UTC = "UTC";

  /**
   * Reads the written form, such as {@code 13:00} (which is in UTC) or {@code 13:00 Europe/Berlin}.
   *
   * @return empty if it is not a time of day, or if the zone is not one of the time zone database
   */
  public static Optional<ExpectBy> parse(String text) {
    Matcher matcher = WRITTEN.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    LocalTime time =
        LocalTime.of(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
    String zone = matcher.group(3) == null ? UTC : matcher.group(3).substring(1);
    return ZoneId.getAvailableZoneIds().contains(zone)
        ? Optional.of(new ExpectBy(time, ZoneId.of(zone)))
        : Optional.empty();
  }

  /** Returns the first time at or after this instant that has this time of day. */
  public Instant next(Instant from) {
    LocalDate day = LocalDate.ofInstant(from, zone);
    ZonedDateTime at = ZonedDateTime.of(day, time, zone);
    return at.toInstant().isBefore(from)
        ? ZonedDateTime.of(day.plusDays(1), time, zone).toInstant()
        : at.toInstant();
  }

  /** Returns the written form. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT, "%02d:%02d %s", time.getHour(), time.getMinute(), zone.getId());
  }
}
