package fathomexport.fetch.partition;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.Field;
import fathomexport.report.Filter;
import fathomexport.report.Operator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a period of 100 full answers costs by filters, for rows of different kinds. */
class SplitRequestsTest {
  private static final int ROWS = 20_000;
  private static final int LIMIT = 200;

  /** What the sum of 1/n exceeds the logarithm by. */
  private static final double EULER = 0.577;

  /** Rows, and how many requests they may take for each that their number needs. */
  @SuppressWarnings("ImmutableEnumChecker") // No kind's list or function is ever changed.
  enum Kind {
    /** Many pages and sources of few rows each, and a few of many. */
    SKEWED(
        1.075,
        r ->
            new String[] {
              List.of("example.com", "shop.example.com", "blog.example.com").get(below(r, 3, 2)),
              "/archive/" + below(r, 8_000, 3) + "/",
              "https://site-" + below(r, 3_000, 2) + ".example"
            },
        Field.HOSTNAME,
        Field.PATHNAME,
        Field.REFERRER_HOSTNAME),
    /** Values as frequent as words: the second half as much as the first, the third a third. */
    ZIPF(
        1.15,
        r ->
            new String[] {
              List.of("example.com", "shop.example.com").get(below(r, 2, 3)),
              "/p/" + zipf(r, 20_000) + "/",
              "https://r" + zipf(r, 3_000) + ".example"
            },
        Field.HOSTNAME,
        Field.PATHNAME,
        Field.REFERRER_HOSTNAME),
    /** Every value of a field has many rows, but few beside a value of the other. */
    EVEN(
        1.10,
        r -> new String[] {"/p/" + below(r, 130, 1), "https://r" + below(r, 400, 1) + ".example"},
        Field.PATHNAME,
        Field.REFERRER_HOSTNAME),
    /** Letters of two, three and four bytes. */
    UNICODE(
        1.10,
        r -> {
          int page = below(r, 6_000, 3);
          return new String[] {
            "/日本/" + (char) ('一' + page % 97) + (page % 3 == 0 ? "é" : "\ud83d\ude00") + page,
            "Quelle-ü" + below(r, 800, 2)
          };
        },
        Field.PATHNAME,
        Field.REFERRER_SOURCE),
    /** Fields that take no expressions, beside one that does. */
    CATEGORIES(
        1.075,
        r ->
            new String[] {
              "C" + below(r, 190, 2), "Browser " + below(r, 25, 2), "/page-" + below(r, 1_500, 1.7)
            },
        Field.COUNTRY_CODE,
        Field.BROWSER,
        Field.PATHNAME);

    private final double most;
    private final Function<Random, String[]> row;
    private final List<Field> fields;

    Kind(double most, Function<Random, String[]> row, Field... fields) {
      this.most = most;
      this.row = row;
      this.fields = List.of(fields);
    }

    private static int below(Random random, int bound, double skew) {
      return (int) (bound * Math.pow(random.nextDouble(), skew));
    }

    /** Draws a number below the bound; the weight of n is 1 / (n + 1). */
    private static int zipf(Random random, int bound) {
      double left = random.nextDouble() * (Math.log(bound) + EULER);
      int n = 0;
      while (n < bound - 1 && left > 1.0 / (n + 1)) {
        left -= 1.0 / ++n;
      }
      return n;
    }

    List<String[]> rows() {
      Random random = new Random(5);
      Set<List<String>> seen = new HashSet<>();
      List<String[]> rows = new ArrayList<>();
      while (rows.size() < ROWS) {
        String[] row = this.row.apply(random);
        if (seen.add(Arrays.asList(row))) {
          rows.add(row);
        }
      }
      return rows;
    }
  }

  /** A server that sorts by code points and takes every filter at its word. */
  private static final class Server {
    private final List<Field> fields;
    private final Map<Field, List<String[]>> sorted = new HashMap<>();

    Server(List<Field> fields, List<String[]> rows) {
      this.fields = fields;
      for (int i = 0; i < fields.size(); i++) {
        int by = i;
        List<String[]> order = new ArrayList<>(rows);
        order.sort(Comparator.comparing(r -> r[by], FieldOrder.CODE_POINT::compare));
        sorted.put(fields.get(i), order);
      }
    }

    List<String[]> answer(Split.Ask ask) {
      List<String[]> order = new ArrayList<>(sorted.get(ask.sortBy()));
      if (!ask.ascending()) {
        Collections.reverse(order);
      }
      Map<Filter, Pattern> patterns = new HashMap<>();
      Map<Filter, Map<String, Boolean>> known = new HashMap<>();
      for (Filter filter : ask.filters()) {
        if (filter.operator() == Operator.MATCHING || filter.operator() == Operator.NOT_MATCHING) {
          // The API's engine takes RE2's syntax only; this throws where it would refuse.
          assertThat(com.google.re2j.Pattern.compile(filter.value())).isNotNull();
          patterns.put(filter, Pattern.compile(filter.value()));
        }
      }
      return order.stream()
          .filter(
              row ->
                  ask.filters().stream()
                      .allMatch(
                          f ->
                              known
                                  .computeIfAbsent(f, x -> new HashMap<>())
                                  .computeIfAbsent(
                                      row[fields.indexOf(f.property())],
                                      v -> passes(f, patterns.get(f), v))))
          .limit(LIMIT)
          .toList();
    }

    private static boolean passes(Filter filter, @Nullable Pattern pattern, String value) {
      boolean found =
          pattern == null ? value.equals(filter.value()) : pattern.matcher(value).find();
      return found == (filter.operator() == Operator.IS || filter.operator() == Operator.MATCHING);
    }
  }

  @ParameterizedTest
  @EnumSource
  void littleMoreThanTheFewest(Kind kind) {
    List<String[]> rows = kind.rows();
    Server server = new Server(kind.fields, rows);
    Sample first = new Sample(kind.fields.size());
    rows.subList(0, LIMIT).forEach(first::add);
    Split split = new Split(kind.fields, List.of(), LIMIT, first, ROWS);
    Set<String[]> kept = Collections.newSetFromMap(new java.util.IdentityHashMap<>());
    // The first page, and the second that is asked for by offset.
    int requests = 2;

    while (!split.done()) {
      List<String[]> taken = new ArrayList<>();
      int block = 0;
      List<String[]> answer = server.answer(split.ask());
      requests++;
      for (String[] row : answer) {
        boolean take = split.row(row);
        block = split.blockStarts() ? taken.size() : block;
        if (take) {
          taken.add(row);
        }
      }
      Split.KeptRows what = split.answered(answer.size());
      assertThat(what).isNotEqualTo(Split.KeptRows.RESTART);
      if (what != Split.KeptRows.NOTHING) {
        for (String[] row : what == Split.KeptRows.ALL ? taken : taken.subList(0, block)) {
          assertThat(kept.add(row)).as("once").isTrue();
        }
      }
    }

    assertThat(split.failure()).isNull();
    assertThat(kept).hasSize(ROWS);
    double ratio = (double) requests * LIMIT / ROWS;
    System.out.printf(
        "%s: %d rows at a row limit of %d by filters: %d requests, %.3f times the fewest%n",
        kind, ROWS, LIMIT, requests, ratio);
    assertThat(ratio).isLessThanOrEqualTo(kind.most);
  }
}
