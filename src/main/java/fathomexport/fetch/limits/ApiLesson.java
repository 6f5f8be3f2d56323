package fathomexport.fetch.limits;

import com.fasterxml.jackson.annotation.JsonInclude;
import fathomexport.ledger.Learned;
import fathomexport.ledger.OffsetSupport;
import fathomexport.report.QueryShape;
import fathomexport.run.Account;
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
 * @param account the account that it applies to; null if it applies to all, and where there is only
 *     one
 */
public record ApiLesson(
    String kind,
    @Nullable String shape,
    @Nullable Integer number,
    @Nullable String answer,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String account) {

  /** Returns what was learned of these accounts. */
  public static List<ApiLesson> of(Learned learned, List<Account> accounts) {
    List<ApiLesson> lessons = new ArrayList<>();
    for (Account account : accounts) {
      Map<String, Integer> limits = new TreeMap<>();
      learned
          .limits()
          .forEach(
              (whose, rows) -> {
                if (whose.account().equals(account.key())) {
                  limits.put(whose.shapeKey(), rows);
                }
              });
      limits.forEach(
          (shape, rows) -> lessons.add(new ApiLesson("limit", shape, rows, null, name(account))));
    }
    learned.rowCap().ifPresent(cap -> lessons.add(new ApiLesson("row_cap", null, cap, null, null)));
    new TreeMap<>(learned.maxDays())
        .forEach((shape, days) -> lessons.add(new ApiLesson("max_days", shape, days, null, null)));
    for (Account account : accounts) {
      OffsetSupport offset = learned.offsets().get(account.key());
      if (offset != null) {
        lessons.add(new ApiLesson("offset", null, null, offset.label(), name(account)));
      }
    }
    return lessons;
  }

  private static @Nullable String name(Account account) {
    return account.isNamed() ? account.name() : null;
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
    return Account.inWords(account == null ? "" : account, limit());
  }

  private String limit() {
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
