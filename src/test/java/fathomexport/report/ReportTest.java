package fathomexport.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import fathomexport.report.Column.Role;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReportTest {
  private static final Filter NO_LOGIN = new Filter(Field.PATHNAME, Operator.IS_NOT, "/login");
  private static final Filter NO_ADMIN = new Filter(Field.PATHNAME, Operator.IS_NOT, "/admin");

  private static Report pages(
      List<Aggregate> aggregates, List<Field> fields, List<Filter> filters) {
    return new Report(
        "pages_daily", Entity.PAGEVIEW, null, aggregates, DateGrouping.DAY, fields, filters);
  }

  private static Report events(String name, @Nullable EventSelection selection) {
    return new Report(
        name,
        Entity.EVENT,
        selection,
        List.of(Aggregate.CONVERSIONS),
        DateGrouping.DAY,
        List.of(),
        List.of());
  }

  private static final Report PAGES =
      pages(
          List.of(Aggregate.VISITS, Aggregate.PAGEVIEWS),
          List.of(Field.HOSTNAME, Field.PATHNAME),
          List.of(NO_LOGIN, NO_ADMIN));

  @ParameterizedTest
  @ValueSource(
      strings = {"", "Pages", "1pages", "pages-daily", "pages\n", "päges", "current_visitors"})
  void refusesWhatCannotNameATable(String name) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> events(name, new EventSelection.All()))
        .withMessageContaining("'" + name + "'");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> events("a".repeat(52), new EventSelection.All()));
    assertThat(events("a".repeat(51), new EventSelection.All()).name()).hasSize(51);
  }

  @Test
  void refusesWhatTheApiCannotAnswer() {
    assertThatIllegalArgumentException().isThrownBy(() -> events("goals", null));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> pages(List.of(), List.of(), List.of()))
        .withMessageContaining("no aggregate");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> pages(List.of(Aggregate.CONVERSIONS), List.of(), List.of()))
        .withMessageContaining("pageview has no conversions");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> pages(List.of(Aggregate.VISITS), List.of(Field.DOMAIN), List.of()))
        .withMessageContaining("cannot group by domain");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                pages(List.of(Aggregate.VISITS), List.of(Field.BROWSER, Field.BROWSER), List.of()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> pages(List.of(Aggregate.VISITS, Aggregate.VISITS), List.of(), List.of()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> pages(List.of(Aggregate.VISITS), List.of(), List.of(NO_LOGIN, NO_LOGIN)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Filter(Field.BROWSER, Operator.MATCHING, "x"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Filter(Field.KEYWORD, Operator.IS, "x"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new EventSelection.Named(List.of("a", "a")));
    assertThatIllegalArgumentException().isThrownBy(() -> new EventSelection.Named(List.of()));
  }

  @Test
  void isDefinedByWhatItAsksAndNotByTheOrderOfItsColumns() {
    assertThat(PAGES.definition()).matches("[0-9a-f]{16}");
    assertThat(
            pages(
                    List.of(Aggregate.PAGEVIEWS, Aggregate.VISITS),
                    List.of(Field.PATHNAME, Field.HOSTNAME),
                    List.of(NO_ADMIN, NO_LOGIN))
                .definition())
        .isEqualTo(PAGES.definition());
    assertThat(
            List.of(
                PAGES.definition(),
                pages(PAGES.aggregates(), PAGES.fields(), List.of(NO_LOGIN)).definition(),
                pages(PAGES.aggregates(), List.of(Field.PATHNAME), PAGES.filters()).definition(),
                pages(List.of(Aggregate.VISITS), PAGES.fields(), PAGES.filters()).definition(),
                pages(
                        PAGES.aggregates(),
                        PAGES.fields(),
                        List.of(
                            NO_LOGIN, new Filter(Field.PATHNAME, Operator.IS_NOT_LIKE, "/admin")))
                    .definition(),
                pages(
                        PAGES.aggregates(),
                        PAGES.fields(),
                        List.of(NO_LOGIN, new Filter(Field.HOSTNAME, Operator.IS_NOT, "/admin")))
                    .definition()))
        .doesNotHaveDuplicates();
  }

  @Test
  void aFilterValueCannotPoseAsAnotherFilter() {
    Filter posing =
        new Filter(Field.PATHNAME, Operator.IS_NOT, "/admin\u0002pathname\u0001is not\u0001/login");

    assertThat(pages(PAGES.aggregates(), PAGES.fields(), List.of(posing)).definition())
        .isNotEqualTo(PAGES.definition());
  }

  @Test
  void columnsStandInTheOrderOfTheContract() {
    assertThat(PAGES.schema().columns().stream().map(Column::name))
        .containsExactly("site_id", "date", "hostname", "pathname", "visits", "pageviews");
    assertThat(PAGES.schema().keyColumns()).hasSize(4);
    assertThat(PAGES.schema().indexOf(Role.MEASURE)).isEqualTo(4);
    assertThat(PAGES.schema().indexOf(Role.EVENT)).isEqualTo(-1);
    assertThat(PAGES.schema().indexOf("pathname")).isEqualTo(3);

    Report goals =
        new Report(
            "goals",
            Entity.EVENT,
            new EventSelection.All(),
            List.of(Aggregate.VALUE, Aggregate.CONVERSIONS),
            DateGrouping.NONE,
            List.of(Field.REF),
            List.of());
    assertThat(goals.schema().columns())
        .containsExactly(
            new Column("site_id", ColumnType.TEXT, false, Role.SITE),
            new Column("event_name", ColumnType.TEXT, false, Role.EVENT),
            new Column("date_from", ColumnType.DATE, false, Role.TIME),
            new Column("date_to", ColumnType.DATE, false, Role.TIME),
            new Column("ref", ColumnType.TEXT, true, Role.FIELD),
            new Column("value", ColumnType.BIGINT, true, Role.MEASURE),
            new Column("conversions", ColumnType.BIGINT, false, Role.MEASURE));
  }

  @Test
  void shapesOfEqualAggregatesAreEqual() {
    QueryShape shape =
        new QueryShape(
            Entity.PAGEVIEW,
            List.of(Aggregate.BOUNCE_RATE, Aggregate.VISITS, Aggregate.VISITS),
            DateGrouping.DAY,
            List.of(Field.HOSTNAME, Field.PATHNAME),
            List.of(NO_LOGIN));

    assertThat(shape.aggregates()).containsExactly(Aggregate.VISITS, Aggregate.BOUNCE_RATE);
    assertThat(shape.key()).isEqualTo("pageview:day:hostname,pathname:pathname is not");
    assertThat(shape.withFilters(List.of(NO_ADMIN)).key()).isEqualTo(shape.key());
    assertThat(shape.withFields(List.of()).key()).isEqualTo("pageview:day::pathname is not");
    assertThat(QueryShape.inWords(shape.key()))
        .isEqualTo("pageviews per day by hostname, pathname, filtered: pathname is not");
    assertThat(QueryShape.inWords("event:none::")).isEqualTo("events in total");
    assertThat(QueryShape.inWords("of another version")).isEqualTo("of another version");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new QueryShape(Entity.PAGEVIEW, List.of(), DateGrouping.DAY, List.of(), List.of()));
  }
}
