package fathomexport.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.answer.AggregationQuery;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Behaviour.EmptyField;
import fathomexport.simulator.truth.Truth;
import fathomexport.simulator.truth.TruthQuery;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.jspecify.annotations.Nullable;

/** Two ways of computing a report from the same records must agree in every cell. */
class AnswersEqualTruthProperties {
  // Both changes of the clock in Berlin, New York, Cairo, Lord Howe and more.
  private static final LocalDate FROM = LocalDate.parse("2026-02-20");
  private static final LocalDate TO = LocalDate.parse("2026-11-10");
  private static final World WORLD = World.dozen(7, FROM, TO, 300);
  private static @Nullable FathomSimulator simulator;

  @BeforeContainer
  static void start() throws Exception {
    simulator = FathomSimulator.start(WORLD, Behaviour.unlimited());
  }

  @AfterContainer
  static void stop() {
    server().close();
  }

  private static FathomSimulator server() {
    if (simulator == null) {
      throw new IllegalStateException("not started");
    }
    return simulator;
  }

  @Property(tries = 250)
  void a_report_of_pageviews(
      @ForAll("queries") TruthQuery query, @ForAll("behaviours") Behaviour behaviour)
      throws Exception {
    assertEqual(query, behaviour);
  }

  @Property(tries = 100)
  void a_report_of_an_event(
      @ForAll("eventQueries") TruthQuery query, @ForAll("behaviours") Behaviour behaviour)
      throws Exception {
    assertEqual(query, behaviour);
  }

  @Property(tries = 60)
  void days_add_up_to_the_total(@ForAll("sites") String site) {
    Truth truth = new Truth(WORLD, Behaviour.unlimited());
    TruthQuery total =
        TruthQuery.pageviews(site, FROM, TO).aggregates(List.of("visits", "uniques", "pageviews"));
    List<Map<String, @Nullable Object>> days = truth.rows(total.by("day"));
    Map<String, @Nullable Object> sum = truth.rows(total).get(0);
    for (String aggregate : total.aggregates()) {
      assertThat(days.stream().mapToLong(r -> count(r, aggregate)).sum())
          .isEqualTo(count(sum, aggregate));
    }
  }

  private static long count(Map<String, @Nullable Object> row, String aggregate) {
    return row.get(aggregate) instanceof Long n ? n : 0;
  }

  private static void assertEqual(TruthQuery query, Behaviour behaviour) throws Exception {
    server().behave(behaviour);
    List<Map<String, @Nullable Object>> answered = new TestClient(server()).rows(query);
    List<Map<String, @Nullable Object>> expected = new Truth(WORLD, behaviour).rows(query);
    assertThat(answered).containsExactlyInAnyOrderElementsOf(expected);
    assertThat(answered).doesNotHaveDuplicates();
    if (!query.dateGrouping().equals("none")) {
      assertThat(answered.stream().map(r -> String.valueOf(r.get("date")))).isSorted();
    }
  }

  @Provide
  Arbitrary<String> sites() {
    return Arbitraries.of(WORLD.sites().stream().map(SimulatedSite::id).toList());
  }

  @Provide
  Arbitrary<Behaviour> behaviours() {
    return Combinators.combine(
            Arbitraries.of(EmptyField.class),
            Arbitraries.of(true, false),
            Arbitraries.of(true, false),
            Arbitraries.of(true, false),
            Arbitraries.of(true, false),
            Arbitraries.of(true, false))
        .as(
            (empty, drop, scheme, keyword, chunked, ascii) ->
                Behaviour.unlimited()
                    .withEmptyField(empty)
                    .withComplementsDropNull(drop)
                    .withHostnameWithScheme(scheme)
                    .withKeywordNullGroupLeftOut(keyword)
                    .withChunked(chunked)
                    .withValueNullWithoutCents(keyword)
                    .withRatesToFourDigits(scheme)
                    .withAsciiJson(ascii)
                    .withUnstableTies(ascii));
  }

  @Provide
  Arbitrary<TruthQuery> queries() {
    Arbitrary<List<String>> aggregates =
        Arbitraries.of(AggregationQuery.PAGEVIEW_AGGREGATES).set().ofMinSize(1).map(ArrayList::new);
    return Combinators.combine(sites(), aggregates)
        .as((site, names) -> TruthQuery.pageviews(site, FROM, TO).aggregates(names))
        .flatMap(AnswersEqualTruthProperties::shaped);
  }

  @Provide
  Arbitrary<TruthQuery> eventQueries() {
    return sites()
        .filter(site -> !WORLD.eventNames(site).isEmpty())
        .flatMap(
            site ->
                Arbitraries.of(WORLD.eventNames(site))
                    .map(name -> TruthQuery.event(site, name, FROM, TO)))
        .flatMap(AnswersEqualTruthProperties::shaped);
  }

  private static Arbitrary<TruthQuery> shaped(TruthQuery plain) {
    Arbitrary<List<String>> fields =
        Arbitraries.of(Dimension.apiNames()).set().ofMaxSize(3).map(ArrayList::new);
    Arbitrary<Integer> start = Arbitraries.integers().between(0, 262);
    return Combinators.combine(
            Arbitraries.of("none", "hour", "day", "month", "year"),
            fields,
            conditions().list().ofMaxSize(2),
            start,
            Arbitraries.integers().between(0, 200))
        .as(
            (grouping, names, conditions, first, days) -> {
              LocalDate from = FROM.plusDays(first);
              LocalDate to = from.plusDays(grouping.equals("hour") ? days % 7 : days);
              return new TruthQuery(
                  plain.site(),
                  plain.event(),
                  plain.aggregates(),
                  grouping,
                  names,
                  conditions,
                  from,
                  to);
            });
  }

  private static Arbitrary<TruthQuery.Condition> conditions() {
    Arbitrary<TruthQuery.Condition> text =
        Combinators.combine(
                Arbitraries.of("pathname", "hostname", "domain", "referrer_hostname", "utm_term"),
                Arbitraries.of(
                    Map.entry("is", "/about"),
                    Map.entry("is", ""),
                    Map.entry("is not", "/login"),
                    Map.entry("is not", "https://t.co"),
                    Map.entry("is like", "o*e"),
                    Map.entry("is like", "*blog/*/"),
                    Map.entry("is like", "a*b"),
                    Map.entry("is like", "bo*o"),
                    Map.entry("is not like", "."),
                    Map.entry("is not like", "/it's \"quoted\""),
                    Map.entry("matching", "^/(about|contact|pricing)$"),
                    Map.entry("matching", "^/blog/\\d{4}/\\d{2}/"),
                    Map.entry("matching", "^[^a-m]*$"),
                    Map.entry("not matching", "^/[a-f]"),
                    Map.entry("not matching", "^$")))
            .as((field, op) -> new TruthQuery.Condition(field, op.getKey(), op.getValue()));
    Arbitrary<TruthQuery.Condition> categorical =
        Combinators.combine(
                Arbitraries.of("device_type", "browser", "country_code", "city"),
                Arbitraries.of("is", "is not"),
                Arbitraries.of("Desktop", "Chrome", "US", "São Paulo", ""))
            .as(TruthQuery.Condition::new);
    return Arbitraries.oneOf(text, categorical);
  }
}
