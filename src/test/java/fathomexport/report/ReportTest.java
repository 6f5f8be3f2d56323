package fathomexport.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a report may be, and when two of them ask the same. */
class ReportTest {
  private static final Filter NO_LOGIN = new Filter(Field.PATHNAME, Operator.IS_NOT, "/login");
  private static final Filter CHROME = new Filter(Field.BROWSER, Operator.IS, "Chrome");

  private static Report report(
      String name,
      Entity entity,
      @Nullable EventSelection events,
      List<Aggregate> aggregates,
      DateGrouping grouping,
      List<Field> fields,
      List<Filter> filters) {
    return new Report(name, entity, events, aggregates, grouping, fields, filters);
  }

  private static Report pages(List<Aggregate> aggregates, List<Field> fields, Filter... filters) {
    return report(
        "pages", Entity.PAGEVIEW, null, aggregates, DateGrouping.DAY, fields, List.of(filters));
  }

  private static Report named(String name) {
    return report(
        name,
        Entity.PAGEVIEW,
        null,
        List.of(Aggregate.VISITS),
        DateGrouping.DAY,
        List.of(),
        List.of());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "1a",
        "_a",
        "A",
        "pages-daily",
        "pages daily",
        "pagesä",
        "a\n",
        "current_visitors",
        "current_pages",
        "current_referrers",
        "a.b",
        "a\"b",
        "a23456789012345678901234567890123456789012345678901x"
      })
  void namesThatAreNoTables(String name) {
    assertThatIllegalArgumentException().isThrownBy(() -> named(name));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"a", "pages_daily", "a23456789012345678901234567890123456789012345678901"})
  void namesOfTables(String name) {
    assertThat(named(name).name()).isEqualTo(name);
  }

  @Test
  void whatTheApiDoesNotAllowCannotBeBuilt() {
    List<Aggregate> visits = List.of(Aggregate.VISITS);
    assertThatIllegalArgumentException().isThrownBy(() -> pages(List.of(), List.of()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> pages(List.of(Aggregate.CONVERSIONS), List.of()))
        .withMessageContaining("conversions");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> pages(visits, List.of(Field.DOMAIN)))
        .withMessageContaining("domain");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> pages(List.of(Aggregate.VISITS, Aggregate.VISITS), List.of()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> pages(visits, List.of(Field.CITY, Field.CITY)));
    assertThatIllegalArgumentException().isThrownBy(() -> pages(visits, List.of(), CHROME, CHROME));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Filter(Field.BROWSER, Operator.MATCHING, "^C"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Filter(Field.KEYWORD, Operator.IS, "a"));
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                report(
                    "r",
                    Entity.EVENT,
                    null,
                    List.of(Aggregate.VALUE),
                    DateGrouping.DAY,
                    List.of(),
                    List.of()));
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                report(
                    "r",
                    Entity.PAGEVIEW,
                    new EventSelection.All(),
                    visits,
                    DateGrouping.DAY,
                    List.of(),
                    List.of()));
    assertThatIllegalArgumentException().isThrownBy(() -> new EventSelection.Named(List.of()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new EventSelection.Named(List.of("a", "a")));
    assertThatIllegalArgumentException().isThrownBy(() -> new EventSelection.Named(List.of("")));
  }

  @Test
  void theOrderOfColumnsAndTheNameAreNotPartOfTheDefinition() {
    List<Aggregate> aggregates = new ArrayList<>(List.of(Aggregate.VISITS, Aggregate.PAGEVIEWS));
    List<Field> fields = new ArrayList<>(List.of(Field.HOSTNAME, Field.PATHNAME));
    String definition = pages(aggregates, fields, NO_LOGIN, CHROME).definition();
    Collections.reverse(aggregates);
    Collections.reverse(fields);
    assertThat(pages(aggregates, fields, CHROME, NO_LOGIN).definition()).isEqualTo(definition);
    assertThat(named("a").definition()).isEqualTo(named("b").definition());
  }

  @Test
  void whateverElseIsAskedMakesAnotherDefinition() {
    List<Aggregate> visits = List.of(Aggregate.VISITS);
    List<Report> reports = new ArrayList<>();
    reports.add(pages(visits, List.of()));
    reports.add(pages(List.of(Aggregate.PAGEVIEWS), List.of()));
    reports.add(pages(List.of(Aggregate.PAGEVIEWS, Aggregate.VISITS), List.of()));
    reports.add(pages(visits, List.of(Field.HOSTNAME)));
    reports.add(pages(visits, List.of(Field.HOSTNAME, Field.CITY)));
    reports.add(pages(visits, List.of(), NO_LOGIN));
    reports.add(pages(visits, List.of(), CHROME));
    reports.add(pages(visits, List.of(), NO_LOGIN, CHROME));
    reports.add(pages(visits, List.of(), new Filter(Field.PATHNAME, Operator.IS, "/login")));
    reports.add(pages(visits, List.of(), new Filter(Field.PATHNAME, Operator.IS_NOT, "/login ")));
    reports.add(pages(visits, List.of(), new Filter(Field.HOSTNAME, Operator.IS_NOT, "/login")));
    for (DateGrouping grouping : DateGrouping.values()) {
      if (grouping != DateGrouping.DAY) {
        reports.add(report("r", Entity.PAGEVIEW, null, visits, grouping, List.of(), List.of()));
      }
    }
    Set<String> definitions = new HashSet<>();
    reports.forEach(r -> definitions.add(r.definition()));
    assertThat(definitions).hasSize(reports.size()).allMatch(d -> d.matches("[0-9a-f]{16}"));
  }

  @Test
  void columnsInTheOrderOfTheContract() {
    Report goals =
        report(
            "goals",
            Entity.EVENT,
            new EventSelection.All(),
            List.of(Aggregate.VALUE, Aggregate.CONVERSIONS),
            DateGrouping.NONE,
            List.of(Field.REFERRER_SOURCE),
            List.of());
    TableSchema schema = goals.schema();
    assertThat(schema.columns())
        .extracting(Column::name)
        .containsExactly(
            "site_id",
            "event_name",
            "date_from",
            "date_to",
            "referrer_source",
            "value",
            "conversions");
    assertThat(schema.keyColumns()).hasSize(5);
    assertThat(schema.columns())
        .filteredOn(Column::nullable)
        .extracting(Column::name)
        .containsExactly("referrer_source", "value");
    assertThat(schema.indexOf("value")).isEqualTo(5);
    assertThat(schema.indexOf("visits")).isEqualTo(-1);
    assertThat(schema.indexOf(Column.Role.FIELD)).isEqualTo(4);
    assertThat(named("a").schema().indexOf(Column.Role.EVENT)).isEqualTo(-1);
  }
}
