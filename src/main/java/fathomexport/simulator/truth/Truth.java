package fathomexport.simulator.truth;

import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.FieldValues;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.World;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The expected content of reports, computed from the raw records one by one: slow, but simple
 * enough to trust. It shares no code with the server's responses, and ignores the faults of a
 * behaviour: no lost or duplicated row, no cap, no hidden future. Days are whole, whatever {@code
 * date_to} means to the server.
 *
 * <p>A row is a map in the order date, fields, aggregates: {@code date} a {@link LocalDate} (for a
 * month or year its first day) or for hours a {@link LocalDateTime}, the local label; fields {@link
 * String} or null; counts and cents {@link Long}; {@code avg_duration} (seconds) and {@code
 * bounce_rate} (always percent, whatever the server writes) {@link Double} or null. Averages have
 * the API's 14 significant digits.
 */
public final class Truth {
  private static final MathContext DIGITS = new MathContext(14, RoundingMode.HALF_UP);

  private final World world;
  private final Behaviour behaviour;

  /**
   * Creates the truth about a world as a server with this behaviour shows it. Each call reads the
   * world's current records.
   */
  public Truth(World world, Behaviour behaviour) {
    this.world = world;
    this.behaviour = behaviour;
  }

  /** Returns the expected rows, in no particular order. */
  public List<Map<String, @Nullable Object>> rows(TruthQuery query) {
    ZoneId zone =
        world
            .site(query.site())
            .orElseThrow(() -> new IllegalArgumentException("no site " + query.site()))
            .zone();
    String event = query.event();
    if (event == null) {
      List<PageView> all = world.pageViews(query.site());
      return rows(query, zone, all, PageView::at, PageView::fields, Truth::ofPageViews);
    }
    List<Conversion> all =
        world.conversions(query.site()).stream().filter(c -> c.event().equals(event)).toList();
    return rows(query, zone, all, Conversion::at, Conversion::fields, Truth::ofConversions);
  }

  /** Computes an aggregate of a group. */
  private interface Measure<T> {
    @Nullable Object of(String aggregate, List<T> group, Behaviour behaviour);
  }

  private <T> List<Map<String, @Nullable Object>> rows(
      TruthQuery query,
      ZoneId zone,
      List<T> records,
      Function<T, Instant> at,
      Function<T, FieldValues> fields,
      Measure<T> measure) {
    Map<List<@Nullable Object>, List<T>> groups = new LinkedHashMap<>();
    for (T record : records) {
      LocalDateTime local = LocalDateTime.ofInstant(at.apply(record), zone);
      LocalDate day = local.toLocalDate();
      if (day.isBefore(query.from()) || day.isAfter(query.to())) {
        continue;
      }
      FieldValues values = fields.apply(record);
      if (!query.filters().stream().allMatch(f -> holds(f, values))) {
        continue;
      }
      List<@Nullable Object> key = new ArrayList<>();
      key.add(label(query.dateGrouping(), local));
      query.fields().forEach(f -> key.add(value(f, values)));
      int keyword = query.fields().indexOf("keyword");
      if (behaviour.keywordNullGroupLeftOut() && keyword >= 0 && key.get(keyword + 1) == null) {
        continue;
      }
      groups.computeIfAbsent(key, k -> new ArrayList<>()).add(record);
    }
    if (groups.isEmpty() && query.dateGrouping().equals("none") && query.fields().isEmpty()) {
      List<@Nullable Object> key = new ArrayList<>();
      key.add(null);
      groups.put(key, List.of());
    }
    List<Map<String, @Nullable Object>> rows = new ArrayList<>();
    groups.forEach(
        (key, group) -> {
          Map<String, @Nullable Object> row = new LinkedHashMap<>();
          if (!query.dateGrouping().equals("none")) {
            row.put("date", key.get(0));
          }
          for (int i = 0; i < query.fields().size(); i++) {
            row.put(query.fields().get(i), key.get(i + 1));
          }
          query.aggregates().forEach(a -> row.put(a, measure.of(a, group, behaviour)));
          rows.add(row);
        });
    return rows;
  }

  /**
   * Returns the fewest requests that can fetch a window and prove that it is complete: a response
   * of {@code limit} rows proves all its days except the last. For windows with a day or hour
   * grouping.
   *
   * @return empty if a single day reaches the limit, or without such a grouping
   */
  public OptionalInt fewestPages(TruthQuery query, int limit) {
    TreeMap<LocalDate, Integer> rowsOfDay = new TreeMap<>();
    for (Map<String, @Nullable Object> row : rows(query)) {
      Object date = row.get("date");
      if (date instanceof LocalDateTime hour) {
        rowsOfDay.merge(hour.toLocalDate(), 1, Integer::sum);
      } else if (date instanceof LocalDate day) {
        rowsOfDay.merge(day, 1, Integer::sum);
      } else {
        return OptionalInt.empty();
      }
    }
    int pages = 1;
    int room = limit;
    for (int rows : rowsOfDay.values()) {
      if (rows >= limit) {
        return OptionalInt.empty();
      }
      if (rows >= room) {
        pages++;
        room = limit;
      }
      room -= rows;
    }
    return OptionalInt.of(pages);
  }

  private static @Nullable Object label(String dateGrouping, LocalDateTime local) {
    return switch (dateGrouping) {
      case "none" -> null;
      case "hour" -> local.truncatedTo(ChronoUnit.HOURS);
      case "day" -> local.toLocalDate();
      case "month" -> local.toLocalDate().withDayOfMonth(1);
      case "year" -> local.toLocalDate().withDayOfYear(1);
      default -> throw new IllegalArgumentException("no date grouping " + dateGrouping);
    };
  }

  private static @Nullable Object ofPageViews(
      String aggregate, List<PageView> group, Behaviour behaviour) {
    long visits = group.stream().filter(PageView::startsVisit).count();
    return switch (aggregate) {
      case "visits" -> visits;
      case "uniques" ->
          behaviour.visitorsRecognised()
              ? group.stream().map(PageView::visit).distinct().count()
              : group.stream().filter(PageView::uniquePage).count();
      case "pageviews" -> (long) group.size();
      case "avg_duration" -> {
        List<Integer> durations =
            group.stream().map(PageView::durationSeconds).filter(Objects::nonNull).toList();
        long seconds = durations.stream().mapToLong(Integer::longValue).sum();
        yield durations.isEmpty() ? null : (Double) ratio(seconds, durations.size()).doubleValue();
      }
      case "bounce_rate" -> {
        long bounces = group.stream().filter(p -> p.startsVisit() && p.bounced()).count();
        yield visits == 0 ? null : (Double) percentage(bounces, visits, behaviour);
      }
      default -> throw new IllegalArgumentException("pageviews have no " + aggregate);
    };
  }

  private static double percentage(long bounces, long visits, Behaviour behaviour) {
    BigDecimal rate =
        behaviour.ratesToFourDigits()
            ? new BigDecimal(bounces).divide(new BigDecimal(visits), 4, RoundingMode.HALF_UP)
            : ratio(bounces, visits);
    return rate.movePointRight(2).doubleValue();
  }

  private static @Nullable Object ofConversions(
      String aggregate, List<Conversion> group, Behaviour behaviour) {
    return switch (aggregate) {
      case "conversions" -> (long) group.size();
      case "unique_conversions" -> group.stream().filter(Conversion::unique).count();
      case "value" -> {
        List<Long> cents = group.stream().map(Conversion::cents).filter(Objects::nonNull).toList();
        boolean unknown = behaviour.valueNullWithoutCents() && cents.isEmpty() && !group.isEmpty();
        yield unknown ? null : (Long) cents.stream().mapToLong(Long::longValue).sum();
      }
      default -> throw new IllegalArgumentException("events have no " + aggregate);
    };
  }

  private static BigDecimal ratio(long part, long whole) {
    return new BigDecimal(part).divide(new BigDecimal(whole), DIGITS);
  }

  /** Returns a field's value as the behaviour shows it. */
  private @Nullable String value(String field, FieldValues values) {
    String raw = null;
    for (Dimension d : Dimension.values()) {
      if (d.apiName().equals(field)) {
        raw = values.get(d);
      }
    }
    if (field.equals("hostname")
        && behaviour.hostnameWithScheme()
        && raw != null
        && !raw.isEmpty()) {
      raw = "https://" + raw;
    }
    if (field.equals("country_code")
        && behaviour.unknownCountryAsUn()
        && (raw == null || raw.isEmpty())) {
      return "un";
    }
    return switch (behaviour.emptyField()) {
      case AS_KEPT -> raw;
      case AS_NULL -> raw == null || raw.isEmpty() ? null : raw;
      case AS_EMPTY -> raw == null ? "" : raw;
    };
  }

  private boolean holds(TruthQuery.Condition filter, FieldValues values) {
    String property = filter.property().equals("domain") ? "hostname" : filter.property();
    String actual = value(property, values);
    String wanted = filter.value();
    if (actual == null) {
      return switch (filter.operator()) {
        case "is", "is like", "matching" -> false;
        case "is not" -> !behaviour.complementsDropNull();
        case "is not like", "not matching" -> !behaviour.complementsDropNull();
        default -> throw new IllegalArgumentException("no operator " + filter.operator());
      };
    }
    return switch (filter.operator()) {
      case "is" -> actual.equals(wanted);
      case "is not" -> !actual.equals(wanted);
      case "is like" -> contains(actual, wanted);
      case "is not like" -> !contains(actual, wanted);
      case "matching" -> matches(actual, wanted);
      case "not matching" -> !matches(actual, wanted);
      default -> throw new IllegalArgumentException("no operator " + filter.operator());
    };
  }

  private boolean matches(String text, String regex) {
    int flags = behaviour.regexIgnoresCase() ? Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE : 0;
    return Pattern.compile(regex, flags).matcher(text).find();
  }

  /** Returns whether the parts of a term between its asterisks occur one after the other. */
  private static boolean contains(String text, String term) {
    int at = 0;
    int start = 0;
    while (start <= term.length()) {
      int star = term.indexOf('*', start);
      String piece = star < 0 ? term.substring(start) : term.substring(start, star);
      int found = text.indexOf(piece, at);
      if (found < 0) {
        return false;
      }
      at = found + piece.length();
      start = star < 0 ? term.length() + 1 : star + 1;
    }
    return true;
  }
}
