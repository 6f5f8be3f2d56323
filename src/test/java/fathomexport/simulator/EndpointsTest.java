package fathomexport.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.truth.TruthQuery;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.SimulatedMilestone;
import fathomexport.simulator.world.World;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What each endpoint answers, and what it refuses in which words. */
class EndpointsTest {
  private static final String SITE = "CDBUGS";
  private static final LocalDate DAY = LocalDate.parse("2026-06-11");

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

  @BeforeEach
  void records() {
    world.addEvent(SITE, "purchase").addEvent(SITE, "sign \"up\"").addEvent(SITE, "purchase");
    PageView one = world.viewAt(SITE, DAY.atTime(10, 15)).host("bugs.example").path("/a/ü");
    world.add(SITE, one.visit(1).lasting(10), one.visit(2).bouncing(), one.path("/b").visit(2));
    world.add(SITE, Conversion.of("purchase", one.at()).worth(1500L));
  }

  @AfterEach
  void stop() {
    simulator.close();
  }

  private static TruthQuery query() {
    return TruthQuery.pageviews(SITE, DAY, DAY);
  }

  private Map<String, String> valid() {
    return new LinkedHashMap<>(TestClient.parameters(query().by("day").fields("pathname")));
  }

  @Test
  void aggregations_are_a_bare_array_of_strings() throws Exception {
    Map<String, String> parameters = valid();
    parameters.put("sort_by", "pathname:desc");
    HttpResponse<String> response = client.aggregate(parameters);

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
    assertThat(response.headers().firstValue("Content-Length")).isPresent();
    assertThat(response.body())
        .isEqualTo(
            "[{\"pathname\":\"\\/b\",\"visits\":\"1\",\"uniques\":\"1\",\"pageviews\":\"1\","
                + "\"avg_duration\":null,\"bounce_rate\":\"0\",\"date\":\"2026-06-11\"},"
                + "{\"pathname\":\"\\/a\\/\\u00fc\",\"visits\":\"2\",\"uniques\":\"2\","
                + "\"pageviews\":\"2\",\"avg_duration\":\"10\",\"bounce_rate\":\"50\","
                + "\"date\":\"2026-06-11\"}]");
  }

  @Test
  void an_empty_range_is_zeros_without_a_date_grouping() throws Exception {
    TruthQuery empty = TruthQuery.pageviews(SITE, DAY.plusDays(1), DAY.plusDays(2));

    assertThat(client.aggregate(empty).body())
        .isEqualTo(
            "[{\"visits\":\"0\",\"uniques\":\"0\",\"pageviews\":\"0\",\"avg_duration\":null,"
                + "\"bounce_rate\":null}]");
    assertThat(client.aggregate(empty.by("day")).body()).isEqualTo("[]");
    assertThat(client.aggregate(empty.fields("browser")).body()).isEqualTo("[]");
  }

  @Test
  void labels_of_all_groupings() throws Exception {
    for (Map.Entry<String, String> e :
        Map.of(
                "hour", "2026-06-11 10:00:00",
                "day", "2026-06-11",
                "month", "2026-06",
                "year", "2026")
            .entrySet()) {
      JsonNode rows = TestClient.json(client.aggregate(query().by(e.getKey())));
      assertThat(rows.get(0).get("date").textValue()).isEqualTo(e.getValue());
    }
  }

  @Test
  void events_by_name_or_by_code() throws Exception {
    HttpResponse<String> byName = client.aggregate(TruthQuery.event(SITE, "purchase", DAY, DAY));
    HttpResponse<String> byCode =
        client.aggregate(
            Map.of(
                "entity", "event",
                "entity_id", world.events(SITE).get(0).id(),
                "aggregates", "conversions,unique_conversions,value"));

    assertThat(byName.body())
        .isEqualTo("[{\"conversions\":\"1\",\"unique_conversions\":\"1\",\"value\":\"1500\"}]")
        .isEqualTo(byCode.body());
  }

  @Test
  void a_zone_may_be_asked_for_and_ranges_have_defaults() throws Exception {
    Map<String, String> parameters = valid();
    parameters.put("timezone", "Asia/Kathmandu");
    parameters.put("date_grouping", "hour");

    assertThat(TestClient.json(client.aggregate(parameters)).get(0).get("date").textValue())
        .isEqualTo("2026-06-11 14:00:00");

    Map<String, String> open = valid();
    open.remove("date_from");
    open.remove("date_to");
    assertThat(TestClient.json(client.aggregate(open))).hasSize(2);
  }

  @Test
  void limits_and_orders() throws Exception {
    for (int i = 0; i < 30; i++) {
      world.add(SITE, world.viewAt(SITE, DAY.plusDays(i % 3).atTime(1, i)).path("/p" + i % 10));
    }
    TruthQuery wide = TruthQuery.pageviews(SITE, DAY, DAY.plusDays(9)).by("day").fields("pathname");
    Map<String, String> parameters = new LinkedHashMap<>(TestClient.parameters(wide));
    parameters.put("limit", "7");
    List<Map<String, @Nullable Object>> page = client.rows(wide, parameters);
    assertThat(page).hasSize(7).allMatch(r -> DAY.equals(r.get("date")));

    parameters.put("sort_by", "pageviews:desc");
    parameters.put("limit", "5");
    assertThat(client.rows(wide, parameters).stream().map(r -> String.valueOf(r.get("pageviews"))))
        .isSortedAccordingTo(Comparator.reverseOrder())
        .first()
        .isEqualTo("2");

    parameters.put("sort_by", "timestamp:desc");
    assertThat(client.rows(wide, parameters)).allMatch(r -> DAY.plusDays(2).equals(r.get("date")));

    // No order was asked for: none is to be relied on.
    parameters.remove("sort_by");
    parameters.remove("limit");
    assertThat(client.rows(wide, parameters).stream().map(r -> String.valueOf(r.get("date"))))
        .isNotEmpty();
    List<String> dates =
        client.rows(wide, parameters).stream().map(r -> String.valueOf(r.get("date"))).toList();
    assertThat(dates).isNotEqualTo(dates.stream().sorted().toList());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "entity | | 400 | entity",
        "entity | page | 400 | entity",
        "entity_id | | 400 | entity_id",
        "entity_id | NOSUCH | 404 |",
        "aggregates | | 400 | aggregates",
        "aggregates | visits,views | 400 | aggregates",
        "aggregates | visits,visits | 400 | aggregates",
        "aggregates | conversions | 422 | aggregates",
        "date_grouping | week | 400 | date_grouping",
        "field_grouping | path | 400 | field_grouping",
        "field_grouping | domain | 422 | field_grouping",
        "sort_by | pageviews | 400 | sort_by",
        "sort_by | browser:asc | 400 | sort_by",
        "sort_by | date:asc | 400 | sort_by",
        "date_from | 2026-02-30 00:00:00 | 400 | date_from",
        "date_from | 2026-06-11T00:00:00 | 400 | date_from",
        "date_from | 2026-06-13 00:00:00 | 400 | date_to",
        "date_to | yesterday | 400 | date_to",
        "timezone | Mars/Base | 400 | timezone",
        "limit | 0 | 400 | limit",
        "limit | many | 400 | limit",
        "filters | [ | 400 | filters",
        "filters | {} | 400 | filters",
        "filters | [{\"property\":\"pathname\",\"operator\":\"is\",\"value\":3}] | 400 | filters",
        "filters | [{\"property\":\"path\",\"operator\":\"is\",\"value\":\"\"}] | 400 | filters",
        "filters | [{\"property\":\"pathname\",\"operator\":\"=\",\"value\":\"\"}] | 400 | filters",
        "filters | [{\"property\":\"pathname\",\"operator\":\"matching\",\"value\":\"(\"}] | 400 | filters",
        "filters | [{\"property\":\"keyword\",\"operator\":\"is\",\"value\":\"a\"}] | 422 | filters",
        "filters | [{\"property\":\"browser\",\"operator\":\"is like\",\"value\":\"a\"}] | 422 | filters",
        "filters | [{\"property\":\"city\",\"operator\":\"matching\",\"value\":\"a\"}] | 422 | filters",
      })
  void bad_parameters(String name, @Nullable String value, int status, @Nullable String field)
      throws Exception {
    Map<String, String> parameters = valid();
    if (value == null) {
      parameters.remove(name);
    } else {
      parameters.put(name, value);
    }
    HttpResponse<String> response = client.aggregate(parameters);

    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    JsonNode body = TestClient.json(response);
    if (field == null) {
      assertThat(body.get("error").isTextual()).isTrue();
    } else {
      assertThat(body.get("errors").get(field).get(0).isTextual()).as(response.body()).isTrue();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "is | /about | /about",
        "is not | /about | /,/blog/2025/07/my-post,/a*b",
        "is like | out | /about",
        "is like | bo*o | ",
        "is like | b*o | /about,/blog/2025/07/my-post",
        "is like | *post* | /blog/2025/07/my-post",
        "is like | a*b | /about,/a*b",
        "is not like | a*b | /,/blog/2025/07/my-post",
        "matching | ^/(about,contact)?$ | /",
        "matching | ^/blog/\\d{4}/\\d{2}/ | /blog/2025/07/my-post",
        "not matching | ^/[a-z] | /",
      })
  void operators(String operator, String value, @Nullable String paths) throws Exception {
    LocalDate day = DAY.plusDays(50);
    for (String path : List.of("/", "/about", "/blog/2025/07/my-post", "/a*b")) {
      world.add(SITE, world.viewAt(SITE, day.atTime(9, 0)).path(path));
    }
    TruthQuery filtered =
        TruthQuery.pageviews(SITE, day, day).fields("pathname").where("pathname", operator, value);
    List<String> expected = paths == null ? List.of() : List.of(paths.split(",", -1));

    assertThat(client.rows(filtered))
        .extracting(r -> String.valueOf(r.get("pathname")))
        .containsExactlyInAnyOrderElementsOf(expected);
    assertThat(simulator.truth().rows(filtered))
        .extracting(r -> String.valueOf(r.get("pathname")))
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void hours_are_for_seven_days() throws Exception {
    assertThat(
            client
                .aggregate(TruthQuery.pageviews(SITE, DAY, DAY.plusDays(6)).by("hour"))
                .statusCode())
        .isEqualTo(200);
    HttpResponse<String> eight =
        client.aggregate(TruthQuery.pageviews(SITE, DAY, DAY.plusDays(7)).by("hour"));
    assertThat(eight.statusCode()).isEqualTo(400);
    assertThat(eight.body()).contains("7 days");
  }

  @Test
  void sites_come_in_pages_oldest_first() throws Exception {
    for (int i = 0; i < 14; i++) {
      world.addSite("SITE" + i, ZoneId.of("UTC"));
    }
    JsonNode first = TestClient.json(client.get("/sites", Map.of()));
    assertThat(first.get("object").textValue()).isEqualTo("list");
    assertThat(first.get("has_more").booleanValue()).isTrue();
    assertThat(first.get("data")).hasSize(10);
    assertThat(first.get("data").get(0).toString())
        .isEqualTo(
            "{\"id\":\"CDBUGS\",\"object\":\"site\",\"name\":\"Site CDBUGS\",\"sharing\":\"none\","
                + "\"created_at\":\"2021-03-01 00:00:00\",\"timezone\":\"Europe/Berlin\"}");

    JsonNode second =
        TestClient.json(client.get("/sites", Map.of("limit", "5", "starting_after", "SITE8")));
    assertThat(second.get("has_more").booleanValue()).isFalse();
    assertThat(second.get("data").findValuesAsText("id"))
        .containsExactly("SITE9", "SITE10", "SITE11", "SITE12", "SITE13");

    assertThat(client.get("/sites", Map.of("limit", "101")).statusCode()).isEqualTo(400);
    assertThat(client.get("/sites", Map.of("starting_after", "X")).statusCode()).isEqualTo(400);
  }

  @Test
  void one_site_its_events_and_the_token() throws Exception {
    assertThat(TestClient.json(client.get("/sites/CDBUGS", Map.of())).get("timezone").textValue())
        .isEqualTo("Europe/Berlin");
    assertThat(client.get("/sites/NOSUCH", Map.of()).statusCode()).isEqualTo(404);

    JsonNode events = TestClient.json(client.get("/sites/CDBUGS/events", Map.of("limit", "2")));
    assertThat(events.get("has_more").booleanValue()).isTrue();
    assertThat(events.get("data").findValuesAsText("name"))
        .containsExactly("purchase", "sign \"up\"");
    assertThat(events.get("data").get(0).get("currency").textValue()).isEqualTo("USD");
    assertThat(
            TestClient.json(
                    client.get("/sites/CDBUGS/events", Map.of("starting_after", "CDBUGSE2")))
                .get("data")
                .findValuesAsText("name"))
        .containsExactly("purchase");
    assertThat(client.get("/sites/NOSUCH/events", Map.of()).statusCode()).isEqualTo(404);
    assertThat(client.get("/nothing", Map.of()).statusCode()).isEqualTo(404);

    assertThat(TestClient.json(client.get("/token", Map.of())).get("abilities").get(0).textValue())
        .isEqualTo("all-sites-readonly");
  }

  @Test
  void the_milestones_of_a_site() throws Exception {
    world.putMilestone(SITE, new SimulatedMilestone("u-1", LocalDate.of(2026, 2, 28), "Launch"));
    JsonNode notes = TestClient.json(client.get("/sites/" + SITE + "/milestones", Map.of()));
    assertThat(notes.get("has_more").booleanValue()).isFalse();
    assertThat(notes.get("data").get(0).get("id").textValue()).isEqualTo("u-1");
    assertThat(notes.get("data").get(0).get("milestone_date").textValue()).isEqualTo("2026-02-28");
    assertThat(client.get("/sites/NOSUCH/milestones", Map.of()).statusCode()).isEqualTo(404);
    simulator.behave(Behaviour.standard().withMilestonesRefused(403));
    assertThat(client.get("/sites/" + SITE + "/milestones", Map.of()).statusCode()).isEqualTo(403);
  }

  @Test
  void current_visitors_in_total_and_in_detail() throws Exception {
    Instant now = world.instant(SITE, DAY.atTime(12, 0));
    PageView here =
        PageView.at(now)
            .host("bugs.example")
            .with(Dimension.REFERRER_HOSTNAME, "https://t.co")
            .with(Dimension.REFERRER_PATHNAME, "/x");
    world.add(
        SITE,
        here.visit(10).path("/now"),
        here.visit(11).path("/now"),
        PageView.at(now.minusSeconds(100)).visit(11).path("/before"),
        PageView.at(now.minusSeconds(301)).visit(12).path("/gone"));

    assertThat(client.get("/current_visitors", Map.of("site_id", SITE)).body())
        .isEqualTo("{\"total\":2}");
    Map<String, String> detailed = Map.of("site_id", SITE, "detailed", "true");
    assertThat(client.get("/current_visitors", detailed).body())
        .isEqualTo(
            "{\"total\":2,\"content\":[{\"hostname\":\"bugs.example\",\"pathname\":\"/now\","
                + "\"total\":2}],\"referrers\":[{\"referrer_hostname\":\"https://t.co\","
                + "\"referrer_pathname\":\"/x\",\"total\":2}]}");
    simulator.behave(Behaviour.unlimited().withCurrentVisitorsAsStrings(true));
    assertThat(client.get("/current_visitors", detailed).body())
        .startsWith("{\"total\":2,")
        .contains("\"total\":\"2\"");
    assertThat(client.get("/current_visitors", Map.of()).statusCode()).isEqualTo(400);
  }

  @Test
  void tokens() throws Exception {
    world.addSite("OTHER", ZoneId.of("UTC"));
    simulator.behave(
        Behaviour.unlimited()
            .withTokens(
                SimulatorToken.STANDARD, new SimulatorToken("one", "owner", Set.of("OTHER"))));
    TestClient one = new TestClient(simulator, "one");

    assertThat(new TestClient(simulator, "wrong").get("/token", Map.of()).statusCode())
        .isEqualTo(401);
    assertThat(one.get("/sites/OTHER", Map.of()).statusCode()).isEqualTo(200);
    assertThat(one.get("/sites", Map.of()).statusCode()).isEqualTo(403);
    assertThat(one.get("/token", Map.of()).body()).contains("read:OTHER");
    for (Behaviour.Refusal refusal : Behaviour.Refusal.values()) {
      simulator.behave(simulator.behaviour().withForeignSite(refusal).withListingSites(refusal));
      assertThat(one.aggregate(valid()).statusCode()).isEqualTo(refusal.status());
      assertThat(one.get("/sites", Map.of()).statusCode()).isEqualTo(refusal.status());
    }
    assertThat(
            client
                .send(HttpRequest.newBuilder(URI.create(simulator.baseUri() + "/token")).build())
                .statusCode())
        .isEqualTo(401);
  }

  @Test
  void without_accept_errors_are_web_pages() throws Exception {
    HttpResponse<String> response =
        client.send(client.request("/aggregations", Map.of()).setHeader("Accept", "*/*").build());

    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.headers().firstValue("Content-Type").orElseThrow()).contains("text/html");
    assertThat(response.body()).startsWith("<!DOCTYPE html>");
  }

  @Test
  void only_reading_is_possible() throws Exception {
    HttpRequest post =
        client.request("/sites", Map.of()).POST(HttpRequest.BodyPublishers.ofString("{}")).build();

    assertThat(client.send(post).statusCode()).isEqualTo(405);
  }

  @Test
  void compressed_when_accepted() throws Exception {
    HttpRequest request =
        client.request("/aggregations", valid()).header("Accept-Encoding", "gzip").build();
    HttpResponse<byte[]> packed = client.sendForBytes(request);
    assertThat(packed.headers().firstValue("Content-Encoding")).hasValue("gzip");
    byte[] plain = new GZIPInputStream(new ByteArrayInputStream(packed.body())).readAllBytes();
    assertThat(new String(plain, StandardCharsets.UTF_8)).contains("pageviews");

    simulator.behave(Behaviour.unlimited().withGzip(false));
    assertThat(client.sendForBytes(request).headers().firstValue("Content-Encoding")).isEmpty();
  }
}
