package fathomexport.fetch.partition;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.Field;
import fathomexport.report.Filter;
import fathomexport.report.Operator;
import fathomexport.report.StoredText;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;
import org.jspecify.annotations.Nullable;

/**
 * Any rows over any fields, split under any limit against a server with any quirks: each row comes
 * once, or the total says that some did not; from a server without quirks all come, in about the
 * fewest requests there can be.
 */
class SplitProperties {

  /** How a server sorts text. */
  enum Order {
    CODE_POINTS,
    IGNORING_CASE_LOW,
    IGNORING_CASE_HIGH,
    WITHOUT_MARKS,
    NONE
  }

  record Server(
      Order order,
      boolean nullsLast,
      boolean dropsNull,
      boolean ignoresCase,
      boolean refusesExpressions,
      boolean refusesFilters) {
    boolean plain() {
      return order == Order.CODE_POINTS
          && !dropsNull
          && !ignoresCase
          && !refusesExpressions
          && !refusesFilters;
    }
  }

  /** A row: its fields' values, and a number that tells rows of equal values (hours) apart. */
  record Row(List<@Nullable String> cells, int number) {
    @Override
    public String toString() {
      return cells.stream()
              .map(c -> c == null ? "null" : '"' + (c.length() > 20 ? c.substring(0, 20) : c) + '"')
              .toList()
          + "#"
          + number;
    }
  }

  record Case(List<Field> fields, List<Row> rows, int limit, Server server, long seed) {}

  private static final List<@Nullable String> ODD =
      Collections.unmodifiableList(
          java.util.Arrays.asList(
              null,
              "",
              "/",
              "/a",
              "/A",
              "/a/b",
              "/a/B",
              "/a b",
              "/a_b",
              "/é",
              "/É",
              "/ß",
              "/ẞ",
              "/k",
              "/\u212a",
              "/i",
              "/İ",
              "/\uffee",
              "/\ud83d\ude00",
              "/\ud83d\ude00x",
              "/a\ud83d",
              "/a\ud83c",
              "/a\ud83dx",
              "/\udc00",
              "\udfff\ud800",
              "/a\0",
              "/\n",
              "/a\n",
              "/\u0001",
              "*",
              "\"'\\",
              "^$.|?*+()[]{}-&&~#",
              "Z",
              "_",
              "`",
              "a",
              "~",
              "/" + "x".repeat(4_000),
              "/" + "x".repeat(4_000) + "1",
              "/" + "x".repeat(4_000) + "2",
              "日本/" + "語".repeat(300)));

  @Provide
  Arbitrary<Case> cases() {
    Arbitrary<Server> servers =
        Combinators.combine(
                Arbitraries.of(Order.class),
                Arbitraries.of(true, false),
                Arbitraries.of(true, false),
                Arbitraries.of(true, false),
                Arbitraries.frequencyOf(
                    net.jqwik.api.Tuple.of(5, Arbitraries.just(false)),
                    net.jqwik.api.Tuple.of(1, Arbitraries.just(true))),
                Arbitraries.frequencyOf(
                    net.jqwik.api.Tuple.of(9, Arbitraries.just(false)),
                    net.jqwik.api.Tuple.of(1, Arbitraries.just(true))))
            .as(Server::new);
    return servers.flatMap(this::casesOf);
  }

  @Provide
  Arbitrary<Case> plain() {
    return Arbitraries.of(true, false)
        .flatMap(
            nullsLast ->
                casesOf(new Server(Order.CODE_POINTS, nullsLast, false, false, false, false)));
  }

  private Arbitrary<Case> casesOf(Server server) {
    Arbitrary<List<Field>> fields =
        Arbitraries.of(
                Field.PATHNAME, Field.HOSTNAME, Field.BROWSER, Field.COUNTRY_CODE, Field.KEYWORD)
            .set()
            .ofMinSize(1)
            .ofMaxSize(3)
            .map(List::copyOf);
    return fields.flatMap(
        chosen ->
            Combinators.combine(
                    Arbitraries.integers().between(0, 150),
                    Arbitraries.oneOf(
                        Arbitraries.integers().between(2, 12),
                        Arbitraries.integers().between(2, 60)),
                    Arbitraries.longs().between(0, 1_000_000))
                .as((size, limit, seed) -> made(chosen, size, limit, server, seed)));
  }

  private static Case made(List<Field> fields, int size, int limit, Server server, long seed) {
    Random random = new Random(seed);
    Set<Row> rows = new LinkedHashSet<>();
    for (int i = 0; i < size; i++) {
      List<@Nullable String> cells = new ArrayList<>();
      for (int f = 0; f < fields.size(); f++) {
        cells.add(value(random));
      }
      rows.add(new Row(Collections.unmodifiableList(cells), random.nextInt(3)));
    }
    return new Case(fields, List.copyOf(rows), limit, server, seed);
  }

  private static @Nullable String value(Random random) {
    int kind = random.nextInt(6);
    if (kind < 3) {
      return ODD.get(random.nextInt(ODD.size()));
    }
    if (kind < 5) {
      return List.of("/", "/about", "/blog").get(random.nextInt(3));
    }
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(5); i > 0; i--) {
      text.append("aAbB_/~\u00e9".charAt(random.nextInt(8)));
    }
    return text.toString();
  }

  // --- A server

  private static final class Refused extends Exception {
    private static final long serialVersionUID = 1L;
  }

  private static List<Row> answer(Case c, Split.Ask ask, Random random) throws Refused {
    Server server = c.server;
    Set<Field> fixed = new HashSet<>();
    int length = 0;
    for (Filter filter : ask.filters()) {
      length += Patterns.encodedLength(filter);
      assertThat(StoredText.isSendable(filter.value())).as("can be sent: %s", ask).isTrue();
      boolean expression =
          filter.operator() == Operator.MATCHING || filter.operator() == Operator.NOT_MATCHING;
      if (expression) {
        // The API's engine takes RE2's syntax only; this throws where it would refuse.
        assertThat(com.google.re2j.Pattern.compile(filter.value())).isNotNull();
      }
      if (server.refusesFilters || (server.refusesExpressions && expression)) {
        throw new Refused();
      }
      if (filter.operator() == Operator.IS) {
        assertThat(fixed.add(filter.property())).as("one 'is' a property: %s", ask).isTrue();
      }
    }
    assertThat(length).isLessThan(7_000);
    List<Predicate<Row>> conditions = ask.filters().stream().map(f -> condition(c, f)).toList();
    List<Row> rows = new ArrayList<>();
    for (Row row : c.rows) {
      if (conditions.stream().allMatch(f -> f.test(row))) {
        rows.add(row);
      }
    }
    Collections.shuffle(rows, random);
    Field by = ask.sortBy();
    if (by != null && server.order != Order.NONE) {
      int i = c.fields.indexOf(by);
      Comparator<Row> order =
          Comparator.comparing(
              r -> r.cells.get(i), Comparator.nullsFirst((a, b) -> compare(server.order, a, b)));
      if (server.nullsLast) {
        order =
            Comparator.comparing(
                r -> r.cells.get(i), Comparator.nullsLast((a, b) -> compare(server.order, a, b)));
      }
      rows.sort(ask.ascending() ? order : order.reversed());
    }
    return rows.subList(0, Math.min(rows.size(), c.limit));
  }

  private static int compare(Order order, String a, String b) {
    return java.util.Arrays.compare(
        sortKey(order, a).codePoints().toArray(), sortKey(order, b).codePoints().toArray());
  }

  private static String sortKey(Order order, String text) {
    return switch (order) {
      case CODE_POINTS, NONE -> text;
      case IGNORING_CASE_LOW -> text.toLowerCase(java.util.Locale.ROOT);
      case IGNORING_CASE_HIGH -> text.toUpperCase(java.util.Locale.ROOT);
      case WITHOUT_MARKS -> text.toLowerCase(java.util.Locale.ROOT).replaceAll("[^a-z]", "");
    };
  }

  private static Predicate<Row> condition(Case c, Filter filter) {
    int i = c.fields.indexOf(filter.property());
    boolean complement =
        filter.operator() == Operator.IS_NOT || filter.operator() == Operator.NOT_MATCHING;
    Predicate<String> found =
        switch (filter.operator()) {
          case IS, IS_NOT ->
              c.server.ignoresCase ? filter.value()::equalsIgnoreCase : filter.value()::equals;
          case MATCHING, NOT_MATCHING ->
              Pattern.compile(
                      filter.value(),
                      c.server.ignoresCase ? Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE : 0)
                  .asPredicate();
          default -> throw new IllegalArgumentException(filter.toString());
        };
    return row -> {
      String value = row.cells.get(i);
      return value == null ? complement && !c.server.dropsNull : found.test(value) != complement;
    };
  }

  // --- A client

  private record Result(List<Row> rows, int requests, Split split) {}

  private static Result run(Case c) {
    Random random = new Random(c.seed);
    List<Row> first = new ArrayList<>(c.rows);
    Collections.shuffle(first, random);
    Sample sample = new Sample(c.fields.size());
    first.subList(0, Math.min(c.limit, first.size())).forEach(r -> sample.add(cells(r)));
    Split split = new Split(c.fields, List.of(), c.limit, sample, c.rows.size());
    List<Row> kept = new ArrayList<>();
    int requests = 0;
    while (true) {
      while (!split.done()) {
        assertThat(++requests).as("ends").isLessThan(3_000);
        List<Row> answer;
        try {
          answer = answer(c, split.ask(), random);
        } catch (Refused e) {
          if (split.refused("refused") == Split.KeptRows.RESTART) {
            kept.clear();
          }
          continue;
        }
        List<Row> taken = new ArrayList<>();
        int block = 0;
        for (Row row : answer) {
          boolean take = split.row(cells(row));
          if (split.blockStarts()) {
            block = taken.size();
          }
          if (take) {
            taken.add(row);
          }
        }
        switch (split.answered(answer.size())) {
          case ALL -> kept.addAll(taken);
          case BEFORE_LAST_BLOCK -> kept.addAll(taken.subList(0, block));
          case NOTHING -> {}
          case RESTART -> kept.clear();
        }
      }
      if (split.failure() != null || kept.size() == c.rows.size()) {
        return new Result(kept, requests, split);
      }
      switch (split.missing(true)) {
        case ASK -> {}
        case RESTART -> kept.clear();
        case NONE -> {
          return new Result(kept, requests, split);
        }
      }
    }
  }

  private static @Nullable String[] cells(Row row) {
    return row.cells.toArray(new String[0]);
  }

  @Property(tries = 600)
  void noRowComesTwice(@ForAll("cases") Case c) {
    Result result = run(c);
    assertThat(result.rows).doesNotHaveDuplicates();
    assertThat(c.rows).containsAll(result.rows);
    boolean whole = result.rows.size() == c.rows.size();
    if (c.rows.size() > c.limit) {
      Statistics.label("whole").collect(whole);
      Statistics.label("order and whole").collect(c.server.order, whole);
    }
  }

  @Property(tries = 400)
  void fromAPlainServerAllCome(@ForAll("plain") Case c) {
    Result result = run(c);
    boolean whole = result.rows.size() == c.rows.size();
    Statistics.collect(whole, whole ? "" : String.valueOf(result.split.failure()));
    assertThat(whole || result.split.failure() != null).isTrue();
  }

  /** Sorted or not: it is found out soon, and said, not asked for until the address is too long. */
  @Property
  void moreRowsWithoutAValueThanTheLimitAreFoundOutSoon(
      @ForAll Order order, @ForAll boolean nullsLast) {
    List<Row> rows = new ArrayList<>();
    rows.add(new Row(List.of("/"), 0));
    for (int i = 0; i < 20; i++) {
      rows.add(new Row(Collections.singletonList(null), i));
    }
    Server server = new Server(order, nullsLast, false, false, false, false);

    Result result = run(new Case(List.of(Field.HOSTNAME), rows, 5, server, 1));

    assertThat(result.split.failure())
        .isEqualTo("one partition has more rows than the limit, and no field is left to divide it");
    assertThat(result.requests).isLessThan(10);
  }

  @Example
  void foldingIsStable() {
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      assertThat(Patterns.fold(Patterns.fold(c))).isEqualTo(Patterns.fold(c));
    }
  }
}
