package fathomexport.fetch;

import fathomexport.ledger.Learned;
import fathomexport.ledger.OffsetSupport;
import fathomexport.report.QueryShape;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One limit of the API that its responses have shown, for display.
 *
 * @param kind {@code limit}: most rows per request; {@code max_days}: widest range; {@code
 *     row_cap}: number of rows at which responses are cut off; {@code offset}: how the API treats
 *     that parameter
 * @param shape the query shape that it applies to; null if it applies to all
 * @param number rows or days; null for {@code offset}
 * @param answer {@code honoured}, {@code ignored}, {@code refused} or {@code unstable}; null except
 *     for {@code offset}
 */
public record ApiLesson(
    String kind, @Nullable String shape, @Nullable Integer number, @Nullable String answer) {

  public static List<ApiLesson> of(Learned learned, String account) {
    List<ApiLesson> lessons = new ArrayList<>();
    Map<String, Integer> limits = new TreeMap<>();
    learned
        .limits()
        .forEach(
            (whose, rows) -> {
              if (whose.account().equals(account)) {
                limits.put(whose.shapeKey(), rows);
              }
            });
    limits.forEach((shape, rows) -> lessons.add(new ApiLesson("limit", shape, rows, null)));
    learned.rowCap().ifPresent(cap -> lessons.add(new ApiLesson("row_cap", null, cap, null)));
    new TreeMap<>(learned.maxDays())
        .forEach((shape, days) -> lessons.add(new ApiLesson("max_days", shape, days, null)));
    OffsetSupport offset = learned.offsets().get(account);
    if (offset != null) {
      lessons.add(new ApiLesson("offset", null, null, offset.label()));
    }
    return lessons;
  }

  /** Returns all lessons on one line; empty if there are none. */
  public static String summary(List<ApiLesson> lessons) {
    Map<String, List<ApiLesson>> byText =
        lessons.stream()
            .collect(Collectors.groupingBy(ApiLesson::text, TreeMap::new, Collectors.toList()));
    return byText.entrySet().stream()
        .map(e -> e.getKey() + shapes(e.getValue()))
        .collect(Collectors.joining("; "));
  }

  /**
   * Returns the query shape of equal lessons; empty if they apply to all shapes, or to too many for
   * one line.
   */
  private static String shapes(List<ApiLesson> alike) {
    String shape = alike.get(0).shape();
    return shape == null || alike.size() > 1 ? "" : " (" + QueryShape.inWords(shape) + ")";
  }

  private String text() {
    return switch (kind) {
      case "limit" ->
          String.format(Locale.ROOT, "the API allows at most %,d rows per request", number);
      case "row_cap" -> String.format(Locale.ROOT, "the API cuts off answers at %,d rows", number);
      case "max_days" ->
          String.format(Locale.ROOT, "the API allows at most %,d days per request", number);
      default -> "offset is " + answer;
    };
  }
}
