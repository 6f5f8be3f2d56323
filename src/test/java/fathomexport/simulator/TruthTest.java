package fathomexport.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.truth.Truth;
import fathomexport.simulator.truth.TruthQuery;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.World;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Numbers small enough to be worked out by hand. */
class TruthTest {
  private static final String SITE = "CDBUGS";
  private static final LocalDate DAY = LocalDate.parse("2026-06-11");

  private final World world = World.empty().addSite(SITE, ZoneId.of("Europe/Berlin"));
  private final Truth truth = new Truth(world, Behaviour.standard());

  private static Map<String, @Nullable Object> row(@Nullable Object... keysAndValues) {
    Map<String, @Nullable Object> row = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      row.put(String.valueOf(keysAndValues[i]), keysAndValues[i + 1]);
    }
    return row;
  }

  @Test
  void every_aggregate_of_pageviews() {
    PageView first = world.viewAt(SITE, DAY.atTime(10, 0)).path("/a");
    world.add(
        SITE,
        first.lasting(10),
        first.bouncing(),
        first.visit(1).continuing().lasting(11),
        first.visit(1).continuing().seenBefore().lasting(10),
        first.path("/b"));

    assertThat(truth.rows(TruthQuery.pageviews(SITE, DAY, DAY).fields("pathname")))
        .containsExactlyInAnyOrder(
            row(
                "pathname",
                "/a",
                "visits",
                2L,
                "uniques",
                3L,
                "pageviews",
                4L,
                "avg_duration",
                10.333333333333,
                "bounce_rate",
                50.0),
            row(
                "pathname",
                "/b",
                "visits",
                1L,
                "uniques",
                1L,
                "pageviews",
                1L,
                "avg_duration",
                null,
                "bounce_rate",
                0.0));
  }

  @Test
  void a_rate_has_fourteen_digits_or_four() {
    PageView view = world.viewAt(SITE, DAY.atTime(10, 0));
    world.add(SITE, view.bouncing(), view, view);
    TruthQuery query = TruthQuery.pageviews(SITE, DAY, DAY).aggregates(List.of("bounce_rate"));

    assertThat(truth.rows(query)).containsExactly(row("bounce_rate", 33.333333333333));
    assertThat(new Truth(world, Behaviour.standard().withRatesToFourDigits(true)).rows(query))
        .containsExactly(row("bounce_rate", 33.33));
  }

  @Test
  void every_aggregate_of_an_event() {
    world.addEvent(SITE, "purchase").addEvent(SITE, "signup");
    Conversion one = Conversion.of("purchase", world.instant(SITE, DAY.atTime(9, 0)));
    world.add(SITE, one.worth(1999L), one.worth(1L).repeated(), one);
    world.add(SITE, Conversion.of("signup", one.at()));

    assertThat(truth.rows(TruthQuery.event(SITE, "purchase", DAY, DAY).by("day")))
        .containsExactly(
            row("date", DAY, "conversions", 3L, "unique_conversions", 2L, "value", 2000L));
    assertThat(truth.rows(TruthQuery.event(SITE, "signup", DAY, DAY)))
        .containsExactly(row("conversions", 1L, "unique_conversions", 1L, "value", 0L));
    assertThat(
            new Truth(world, Behaviour.standard().withValueNullWithoutCents(true))
                .rows(TruthQuery.event(SITE, "signup", DAY, DAY)))
        .containsExactly(row("conversions", 1L, "unique_conversions", 1L, "value", null));
  }

  @Test
  void a_repeated_hour_has_one_label() {
    world.add(
        SITE,
        PageView.at(Instant.parse("2026-10-25T00:30:00Z")),
        PageView.at(Instant.parse("2026-10-25T01:30:00Z")));
    LocalDate change = LocalDate.parse("2026-10-25");

    assertThat(
            truth.rows(
                TruthQuery.pageviews(SITE, change, change)
                    .by("hour")
                    .aggregates(List.of("pageviews"))))
        .containsExactly(row("date", LocalDateTime.parse("2026-10-25T02:00"), "pageviews", 2L));
  }

  @Test
  void half_hours_and_days_without_midnight() {
    world.addSite("LORDHOWE", ZoneId.of("Australia/Lord_Howe"));
    world.addSite("CAIRO", ZoneId.of("Africa/Cairo"));
    // Lord Howe goes from 02:00 (+11) back to 01:30 (+10:30) here.
    world.add(
        "LORDHOWE",
        PageView.at(Instant.parse("2026-04-04T14:59:00Z")),
        PageView.at(Instant.parse("2026-04-04T15:00:00Z")));
    // Cairo goes from 00:00 to 01:00 here.
    world.add(
        "CAIRO",
        PageView.at(Instant.parse("2026-04-23T21:59:00Z")),
        PageView.at(Instant.parse("2026-04-23T22:00:00Z")));
    LocalDate from = LocalDate.parse("2026-04-01");
    LocalDate to = LocalDate.parse("2026-04-30");
    List<String> pageviews = List.of("pageviews");

    assertThat(
            truth.rows(TruthQuery.pageviews("LORDHOWE", from, to).by("hour").aggregates(pageviews)))
        .containsExactly(row("date", LocalDateTime.parse("2026-04-05T01:00"), "pageviews", 2L));
    assertThat(truth.rows(TruthQuery.pageviews("CAIRO", from, to).by("hour").aggregates(pageviews)))
        .containsExactly(
            row("date", LocalDateTime.parse("2026-04-23T23:00"), "pageviews", 1L),
            row("date", LocalDateTime.parse("2026-04-24T01:00"), "pageviews", 1L));
  }

  @Test
  void months_and_years_are_their_first_day() {
    world.add(SITE, world.viewAt(SITE, DAY.atTime(0, 0)));
    TruthQuery query = TruthQuery.pageviews(SITE, DAY, DAY).aggregates(List.of("visits"));

    assertThat(truth.rows(query.by("month")))
        .containsExactly(row("date", LocalDate.parse("2026-06-01"), "visits", 1L));
    assertThat(truth.rows(query.by("year")))
        .containsExactly(row("date", LocalDate.parse("2026-01-01"), "visits", 1L));
  }

  @Test
  void nothing_is_zeros_without_groups_and_no_row_with_them() {
    TruthQuery query = TruthQuery.pageviews(SITE, DAY, DAY);

    assertThat(truth.rows(query))
        .containsExactly(
            row(
                "visits",
                0L,
                "uniques",
                0L,
                "pageviews",
                0L,
                "avg_duration",
                null,
                "bounce_rate",
                null));
    assertThat(truth.rows(query.by("day"))).isEmpty();
    assertThat(truth.rows(query.fields("pathname"))).isEmpty();
  }

  @Test
  void the_fewest_pages_of_a_window() {
    // 3, 2 and 2 rows.
    for (int i = 0; i < 7; i++) {
      LocalDate day = DAY.plusDays(i < 3 ? 0 : i < 5 ? 1 : 2);
      world.add(SITE, world.viewAt(SITE, day.atTime(8, i)).path("/" + i));
    }
    TruthQuery query =
        TruthQuery.pageviews(SITE, DAY, DAY.plusDays(5)).by("day").fields("pathname");

    assertThat(truth.fewestPages(query, 8)).isEqualTo(OptionalInt.of(1));
    // Seven rows of seven asked for prove nothing about the last day.
    assertThat(truth.fewestPages(query, 7)).isEqualTo(OptionalInt.of(2));
    assertThat(truth.fewestPages(query, 6)).isEqualTo(OptionalInt.of(2));
    assertThat(truth.fewestPages(query, 4)).isEqualTo(OptionalInt.of(3));
    assertThat(truth.fewestPages(query, 3)).isEqualTo(OptionalInt.empty());
    assertThat(truth.fewestPages(TruthQuery.pageviews("CDBUGS", DAY, DAY).by("day"), 3))
        .isEqualTo(OptionalInt.of(1));
  }

  @Test
  void what_the_world_does_not_have_is_refused() {
    assertThatThrownBy(() -> truth.rows(TruthQuery.pageviews("NOSUCH", DAY, DAY)))
        .hasMessageContaining("NOSUCH");
    assertThatThrownBy(() -> world.add(SITE, Conversion.of("unknown", Instant.EPOCH)))
        .hasMessageContaining("unknown");
    assertThatThrownBy(() -> world.viewAt(SITE, LocalDateTime.parse("2026-03-29T02:30:00")))
        .hasMessageContaining("does not exist");
  }
}
