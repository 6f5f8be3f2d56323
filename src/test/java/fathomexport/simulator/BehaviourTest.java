package fathomexport.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.truth.TruthQuery;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.World;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Every switch, one by one: what it changes on the wire. */
class BehaviourTest {
  private static final String SITE = "CDBUGS";
  private static final LocalDate DAY = LocalDate.parse("2026-06-11");
  private static final TruthQuery VIEWS =
      TruthQuery.pageviews(SITE, DAY, DAY).aggregates(List.of("pageviews"));

  private final World world = World.empty().addSite(SITE, ZoneId.of("Europe/Berlin"));
  private final FathomSimulator simulator = start();
  private final TestClient client = new TestClient(simulator);

  private FathomSimulator start() {
    try {
      return FathomSimulator.start(world, Behaviour.unlimited());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @AfterEach
  void stop() {
    simulator.close();
  }

  private Behaviour unlimited() {
    return Behaviour.unlimited().withAsciiJson(false);
  }

  private PageView view(int minute) {
    return world.viewAt(SITE, DAY.atTime(10, minute));
  }

  /** So many pages on each of so many days. */
  private void pages(int days, int pages) {
    for (int d = 0; d < days; d++) {
      for (int p = 0; p < pages; p++) {
        world.add(SITE, world.viewAt(SITE, DAY.plusDays(d).atTime(9, p)).path("/" + p));
      }
    }
  }

  private static TruthQuery byDay(int days) {
    return TruthQuery.pageviews(SITE, DAY, DAY.plusDays(days - 1))
        .aggregates(List.of("pageviews"))
        .by("day")
        .fields("pathname");
  }

  private HttpResponse<String> answer(Behaviour behaviour, Map<String, String> parameters)
      throws Exception {
    simulator.behave(behaviour);
    return client.aggregate(parameters);
  }

  private String body(Behaviour behaviour, TruthQuery query) throws Exception {
    return answer(behaviour, TestClient.parameters(query)).body();
  }

  private static Map<String, String> with(TruthQuery query, String name, String value) {
    Map<String, String> parameters = new LinkedHashMap<>(TestClient.parameters(query));
    parameters.put(name, value);
    return parameters;
  }

  @Test
  void empty_fields() throws Exception {
    world.add(
        SITE, view(1), view(2).with(Dimension.UTM_TERM, ""), view(3).with(Dimension.UTM_TERM, "x"));
    TruthQuery query = VIEWS.fields("utm_term");

    simulator.behave(unlimited().withEmptyField(Behaviour.EmptyField.AS_NULL));
    assertThat(client.rows(query)).extracting(r -> r.get("utm_term")).containsOnly(null, "x");
    simulator.behave(unlimited().withEmptyField(Behaviour.EmptyField.AS_EMPTY));
    assertThat(client.rows(query)).extracting(r -> r.get("utm_term")).containsOnly("", "x");
    simulator.behave(unlimited().withEmptyField(Behaviour.EmptyField.AS_KEPT));
    assertThat(client.rows(query))
        .extracting(r -> r.get("utm_term"))
        .containsExactlyInAnyOrder(null, "", "x");
  }

  @Test
  void complements_and_missing_values() throws Exception {
    world.add(SITE, view(1), view(2).with(Dimension.UTM_TERM, "x"));
    for (String operator : List.of("is not", "is not like", "not matching")) {
      TruthQuery query = VIEWS.where("utm_term", operator, "x");
      assertThat(body(unlimited(), query)).isEqualTo("[{\"pageviews\":\"1\"}]");
      assertThat(body(unlimited().withComplementsDropNull(true), query))
          .isEqualTo("[{\"pageviews\":\"0\"}]");
    }
  }

  @Test
  void keyword_groups_and_schemes() throws Exception {
    world.add(
        SITE, view(1).host("a.example"), view(2).host("a.example").with(Dimension.KEYWORD, "k"));

    assertThat(body(unlimited(), VIEWS.fields("keyword"))).contains("null", "\"k\"");
    assertThat(body(unlimited().withKeywordNullGroupLeftOut(true), VIEWS.fields("keyword")))
        .isEqualTo("[{\"keyword\":\"k\",\"pageviews\":\"1\"}]");
    assertThat(body(unlimited().withHostnameWithScheme(true), VIEWS.fields("hostname")))
        .isEqualTo("[{\"hostname\":\"https://a.example\",\"pageviews\":\"2\"}]");
  }

  @Test
  void numbers() throws Exception {
    world.add(SITE, view(1).bouncing().lasting(7), view(2).lasting(6), view(3).lasting(6));
    TruthQuery query =
        TruthQuery.pageviews(SITE, DAY, DAY)
            .aggregates(List.of("visits", "avg_duration", "bounce_rate"));

    assertThat(body(unlimited(), query))
        .isEqualTo(
            "[{\"visits\":\"3\",\"avg_duration\":\"6.3333333333333\","
                + "\"bounce_rate\":\"33.333333333333\"}]");
    assertThat(body(unlimited().withNumbersAsJson(true), query))
        .isEqualTo(
            "[{\"visits\":3,\"avg_duration\":6.3333333333333,\"bounce_rate\":33.333333333333}]");
    assertThat(
            body(
                unlimited()
                    .withBounceRateAsJson(true)
                    .withRateUnit(Behaviour.RateUnit.RATIO)
                    .withRatesToFourDigits(true),
                query))
        .isEqualTo(
            "[{\"visits\":\"3\",\"avg_duration\":\"6.3333333333333\",\"bounce_rate\":0.3333}]");
    assertThat(body(unlimited().withRateUnit(Behaviour.RateUnit.RATIO), query))
        .contains("\"bounce_rate\":\"0.33333333333333\"");
    assertThat(body(unlimited().withRatesToFourDigits(true), query))
        .contains("\"bounce_rate\":\"33.33\"");
  }

  @Test
  void values_without_cents() throws Exception {
    world.addEvent(SITE, "signup").add(SITE, Conversion.of("signup", view(1).at()));
    TruthQuery query = TruthQuery.event(SITE, "signup", DAY, DAY);

    assertThat(body(unlimited(), query)).contains("\"value\":\"0\"");
    assertThat(body(unlimited().withValueNullWithoutCents(true), query)).contains("\"value\":null");
  }

  @Test
  void cells_that_are_no_numbers() throws Exception {
    pages(2, 1);
    Behaviour corrupt =
        unlimited()
            .withCorruptCell(new Behaviour.CorruptCell(SITE, DAY.plusDays(1), "pageviews", "NaN"));

    assertThat(body(corrupt, byDay(2)))
        .isEqualTo(
            "[{\"pathname\":\"/0\",\"pageviews\":\"1\",\"date\":\"2026-06-11\"},"
                + "{\"pathname\":\"/0\",\"pageviews\":\"NaN\",\"date\":\"2026-06-12\"}]");
  }

  @Test
  void the_old_envelope_and_odd_strings() throws Exception {
    world.add(SITE, view(1).path("/ü\ud83d\u0000\"\\"));
    TruthQuery query = VIEWS.fields("pathname");

    JsonNode envelope =
        TestClient.json(answer(unlimited().withOldEnvelope(true), TestClient.parameters(query)));
    assertThat(envelope.get("object").textValue()).isEqualTo("list");
    assertThat(envelope.get("has_more").booleanValue()).isFalse();
    assertThat(envelope.get("data")).hasSize(1);
    // A lone surrogate cannot be sent but as an escape.
    assertThat(body(unlimited(), query)).contains("\"/ü\\ud83d\\u0000\\\"\\\\\"");
    assertThat(body(unlimited().withAsciiJson(true), query))
        .contains("\"\\/\\u00fc\\ud83d\\u0000\\\"\\\\\"");
  }

  @Test
  void caps_and_limits() throws Exception {
    pages(3, 5);
    TruthQuery query = byDay(3);

    simulator.behave(unlimited().withSilentRowCap(7));
    assertThat(client.rows(query, with(query, "limit", "12"))).hasSize(7);
    assertThat(client.rows(query, with(query, "limit", "3"))).hasSize(3);
    simulator.behave(unlimited().withDefaultLimit(4));
    assertThat(client.rows(query)).hasSize(4);
    assertThat(client.rows(query, with(query, "limit", "12"))).hasSize(12);
    Behaviour most = unlimited().withMaximumLimit(10);
    assertThat(answer(most, with(query, "limit", "11")).statusCode()).isEqualTo(400);
    assertThat(answer(most, with(query, "limit", "10")).statusCode()).isEqualTo(200);
  }

  @Test
  void orders_that_were_not_asked_for() throws Exception {
    pages(9, 3);
    TruthQuery query = byDay(9);
    simulator.behave(unlimited());
    List<Map<String, @Nullable Object>> sorted = client.rows(query);
    assertThat(client.rows(query)).isEqualTo(sorted);

    simulator.behave(unlimited().withSortByIgnored(true));
    assertThat(client.rows(query)).isNotEqualTo(sorted).containsExactlyInAnyOrderElementsOf(sorted);
    assertThat(client.rows(query, with(query, "limit", "5"))).hasSize(5);
    simulator.behave(unlimited().withUnstableTies(true));
    assertThat(client.rows(query))
        .isNotEqualTo(client.rows(query))
        .extracting(r -> String.valueOf(r.get("date")))
        .isSorted();
  }

  @Test
  void a_small_limit_gives_the_first_of_all_rows() throws Exception {
    pages(9, 30);
    TruthQuery query = byDay(9);
    simulator.behave(unlimited());
    List<Map<String, @Nullable Object>> all = client.rows(query);
    for (int limit : List.of(1, 7, 29, 30, 31, 100, 134, 135, 269, 270, 271)) {
      assertThat(client.rows(query, with(query, "limit", Integer.toString(limit))))
          .isEqualTo(all.subList(0, Math.min(limit, all.size())));
    }
  }

  @Test
  void rows_twice_outside_or_lost() throws Exception {
    pages(2, 2);
    TruthQuery query = byDay(2);

    simulator.behave(unlimited().withRowDuplicated(true));
    assertThat(client.rows(query)).hasSize(5);
    assertThat(client.rows(query, with(query, "limit", "4"))).hasSize(4);
    simulator.behave(unlimited().withRowOutsideRange(true));
    assertThat(client.rows(query))
        .hasSize(5)
        .anyMatch(r -> r.get("date") instanceof LocalDate d && d.isBefore(DAY));
    simulator.behave(unlimited().withLastGroupLost(true));
    assertThat(client.rows(query)).hasSize(3);
  }

  @Test
  void the_end_of_a_range() throws Exception {
    world.add(
        SITE,
        world.viewAt(SITE, DAY.atTime(0, 0)),
        world.viewAt(SITE, DAY.atTime(12, 0)),
        world.viewAt(SITE, DAY.atTime(23, 59, 59)),
        world.viewAt(SITE, DAY.plusDays(1).atTime(0, 0)));

    assertThat(body(unlimited(), VIEWS)).isEqualTo("[{\"pageviews\":\"3\"}]");
    assertThat(body(unlimited().withDateToExclusive(true), VIEWS))
        .isEqualTo("[{\"pageviews\":\"2\"}]");
    Map<String, String> dateOnly = with(VIEWS, "date_to", DAY.toString());
    assertThat(answer(unlimited(), dateOnly).body()).isEqualTo("[{\"pageviews\":\"1\"}]");
    assertThat(answer(unlimited().withDateOnlyTo(Behaviour.DateOnly.END_OF_DAY), dateOnly).body())
        .isEqualTo("[{\"pageviews\":\"3\"}]");
    assertThat(
            answer(unlimited().withDateOnlyTo(Behaviour.DateOnly.REFUSED), dateOnly).statusCode())
        .isEqualTo(400);
  }

  @Test
  void ranges_that_are_refused() throws Exception {
    Behaviour half =
        unlimited().withDayRangeRule(new Behaviour.RangeRule(184, 422, "at most six months"));
    assertThat(answer(half, TestClient.parameters(byDay(184))).statusCode()).isEqualTo(200);
    HttpResponse<String> refused = answer(half, TestClient.parameters(byDay(185)));
    assertThat(refused.statusCode()).isEqualTo(422);
    assertThat(refused.body()).contains("at most six months");

    // The clock goes back on 25 October: a week of 169 hours.
    LocalDate monday = LocalDate.parse("2026-10-19");
    Map<String, String> week =
        TestClient.parameters(TruthQuery.pageviews(SITE, monday, monday.plusDays(6)).by("hour"));
    assertThat(answer(unlimited(), week).statusCode()).isEqualTo(200);
    assertThat(answer(unlimited().withLongWeekRefused(true), week).statusCode()).isEqualTo(400);
    Map<String, String> next =
        TestClient.parameters(
            TruthQuery.pageviews(SITE, monday.plusDays(7), monday.plusDays(13)).by("hour"));
    assertThat(answer(unlimited().withLongWeekRefused(true), next).statusCode()).isEqualTo(200);
  }

  @Test
  void late_data_between_two_pages() throws Exception {
    pages(1, 2);
    simulator.behave(
        unlimited()
            .withChange(
                new Behaviour.Change(2, w -> w.add(SITE, world.viewAt(SITE, DAY.atTime(1, 1))))));

    assertThat(client.aggregate(VIEWS).body()).contains("\"2\"");
    assertThat(client.aggregate(VIEWS).body()).contains("\"2\"");
    assertThat(client.aggregate(VIEWS).body()).contains("\"3\"");
    assertThat(client.aggregate(VIEWS).body()).contains("\"3\"");
    assertThat(simulator.truth().rows(VIEWS)).containsExactly(Map.of("pageviews", 3L));
  }

  @Test
  void a_site_that_changes_its_zone() throws Exception {
    world.add(SITE, world.viewAt(SITE, DAY.atTime(23, 30)));
    assertThat(client.rows(VIEWS)).containsExactly(Map.of("pageviews", 1L));

    world.setZone(SITE, ZoneId.of("Asia/Kolkata"));
    assertThat(client.rows(VIEWS)).containsExactly(Map.of("pageviews", 0L));
    assertThat(simulator.truth().rows(VIEWS)).containsExactly(Map.of("pageviews", 0L));
  }

  @Test
  void lists_without_zones_or_an_end() throws Exception {
    simulator.behave(unlimited().withZoneInSites(false).withHasMoreAlways(true));
    JsonNode first = TestClient.json(client.get("/sites", Map.of()));
    assertThat(first.get("data").get(0).has("timezone")).isFalse();
    assertThat(first.get("has_more").booleanValue()).isTrue();
    JsonNode end = TestClient.json(client.get("/sites", Map.of("starting_after", SITE)));
    assertThat(end.get("data")).isEmpty();
    assertThat(end.get("has_more").booleanValue()).isFalse();
  }

  @Test
  void chunks() throws Exception {
    pages(1, 1);
    HttpResponse<String> response =
        answer(unlimited().withChunked(true), TestClient.parameters(VIEWS));
    assertThat(response.headers().firstValue("Content-Length")).isEmpty();
    assertThat(response.headers().firstValue("Transfer-Encoding")).hasValue("chunked");
    assertThat(response.body()).isEqualTo("[{\"pageviews\":\"1\"}]");
  }

  @Test
  void impossible_behaviours_are_refused() {
    assertThatThrownBy(() -> unlimited().withSilentRowCap(0)).hasMessageContaining("silentRowCap");
    assertThatThrownBy(() -> unlimited().withInFlightLimit(0))
        .hasMessageContaining("inFlightLimit");
    assertThatThrownBy(() -> new Fault.CutOff(1, false)).hasMessageContaining("share");
  }
}
