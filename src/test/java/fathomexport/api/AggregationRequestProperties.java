package fathomexport.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.report.Aggregate;
import fathomexport.report.ApiNamed;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.Filter;
import fathomexport.report.Operator;
import fathomexport.report.QueryShape;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.testing.OddTexts;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;

class AggregationRequestProperties {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Property
  void decodingGivesBackWhatWasPutIn(@ForAll("requests") AggregationRequest request)
      throws Exception {
    String query = request.query();
    assertThat(URI.create("https://api.usefathom.com/v1/aggregations?" + query).getRawQuery())
        .isEqualTo(query);
    assertThat(query).matches("[A-Za-z0-9_=&%.*-]+").doesNotContain("timezone");
    Map<String, String> got = decode(query);
    assertThat(got).containsExactlyEntriesOf(request.parameters());

    QueryShape shape = request.shape();
    String event = request.slice().event();
    assertThat(got).containsEntry("entity", shape.entity().apiName());
    if (event == null) {
      assertThat(got)
          .containsEntry("entity_id", request.slice().site().value())
          .doesNotContainKeys("site_id", "entity_name");
    } else {
      assertThat(got)
          .containsEntry("site_id", request.slice().site().value())
          .containsEntry("entity_name", event)
          .doesNotContainKey("entity_id");
    }
    assertThat(got).containsEntry("aggregates", names(shape.aggregates()));
    if (shape.dateGrouping() == DateGrouping.NONE) {
      assertThat(got).doesNotContainKeys("date_grouping", "sort_by");
    } else {
      assertThat(got)
          .containsEntry("date_grouping", shape.dateGrouping().apiName())
          .containsEntry("sort_by", "timestamp:asc");
    }
    assertThat(got.getOrDefault("field_grouping", "")).isEqualTo(names(shape.fields()));
    DayRange days = request.days();
    if (days == null) {
      assertThat(got).doesNotContainKeys("date_from", "date_to");
    } else {
      assertThat(got)
          .containsEntry("date_from", days.first() + " 00:00:00")
          .containsEntry("date_to", days.last() + " 23:59:59");
    }
    assertThat(got).containsEntry("limit", Integer.toString(request.limit()));
    assertThat(filters(got.get("filters"))).isEqualTo(shape.filters());
  }

  private static List<Filter> filters(@Nullable String text) throws Exception {
    if (text == null) {
      return List.of();
    }
    JsonNode tree = JSON.readTree(text);
    return StreamSupport.stream(tree.spliterator(), false)
        .map(
            f ->
                new Filter(
                    ApiNamed.parse(Field.class, f.get("property").textValue()).orElseThrow(),
                    ApiNamed.parse(Operator.class, f.get("operator").textValue()).orElseThrow(),
                    f.get("value").textValue()))
        .toList();
  }

  private static Map<String, String> decode(String query) {
    Map<String, String> parameters = new LinkedHashMap<>();
    for (String part : query.split("&", -1)) {
      String[] pair = part.split("=", 2);
      parameters.put(pair[0], URLDecoder.decode(pair[1], StandardCharsets.UTF_8));
    }
    return parameters;
  }

  private static String names(List<? extends ApiNamed> list) {
    return list.stream().map(ApiNamed::apiName).collect(Collectors.joining(","));
  }

  @Provide
  Arbitrary<AggregationRequest> requests() {
    return Arbitraries.of(Entity.class).flatMap(this::requests);
  }

  private Arbitrary<AggregationRequest> requests(Entity entity) {
    Arbitrary<List<Aggregate>> aggregates =
        Arbitraries.of(Arrays.stream(Aggregate.values()).filter(a -> a.entity() == entity).toList())
            .list()
            .ofMinSize(1)
            .uniqueElements();
    Arbitrary<List<Field>> fields =
        Arbitraries.of(Arrays.stream(Field.values()).filter(Field::groupable).toList())
            .list()
            .ofMaxSize(4)
            .uniqueElements();
    Arbitrary<List<Filter>> filters =
        Arbitraries.of(Arrays.stream(Field.values()).filter(f -> !f.operators().isEmpty()).toList())
            .flatMap(
                f ->
                    Combinators.combine(Arbitraries.of(f.operators()), OddTexts.any())
                        .as((o, v) -> new Filter(f, o, v)))
            .list()
            .ofMaxSize(3);
    Arbitrary<QueryShape> shapes =
        Combinators.combine(aggregates, Arbitraries.of(DateGrouping.class), fields, filters)
            .as((a, g, f, w) -> new QueryShape(entity, a, g, f, w));
    Arbitrary<SiteId> sites =
        OddTexts.any()
            .filter(
                t ->
                    !t.isBlank()
                        && t.length() <= 100
                        && t.codePoints().noneMatch(Character::isISOControl))
            .map(SiteId::new);
    Arbitrary<Slice> slices =
        Combinators.combine(sites, OddTexts.any())
            .as((s, e) -> new Slice(s, entity == Entity.EVENT ? e : null));
    Arbitrary<@Nullable DayRange> days =
        Combinators.combine(
                Arbitraries.integers().between(0, 4000), Arbitraries.integers().between(0, 400))
            .as(
                (from, length) -> {
                  LocalDate first = LocalDate.of(2021, 3, 1).plusDays(from);
                  return new DayRange(first, first.plusDays(length));
                })
            .injectNull(0.1);
    return Combinators.combine(shapes, slices, days, Arbitraries.integers().between(1, 1_000_000))
        .as(AggregationRequest::new);
  }
}
