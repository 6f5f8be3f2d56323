package fathomexport.simulator.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.truth.Truth;
import fathomexport.simulator.truth.TruthQuery;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class WorldTest {
  private static final LocalDate FROM = LocalDate.parse("2026-03-01");
  private static final LocalDate TO = LocalDate.parse("2026-04-30");

  @Test
  void the_same_seed_gives_the_same_world() {
    World one = World.dozen(5, FROM, TO, 50);
    World same = World.dozen(5, FROM, TO, 50);
    World other = World.dozen(6, FROM, TO, 50);

    assertThat(one.sites()).isEqualTo(same.sites()).hasSize(12);
    for (SimulatedSite site : one.sites()) {
      assertThat(one.pageViews(site.id())).isEqualTo(same.pageViews(site.id()));
      assertThat(one.conversions(site.id())).isEqualTo(same.conversions(site.id()));
    }
    assertThat(one.pageViews(World.BUSY_SITE)).isNotEqualTo(other.pageViews(World.BUSY_SITE));
  }

  @Test
  void it_has_what_an_exporter_stumbles_over() {
    World world = World.dozen(5, FROM, TO, 2_000);

    assertThat(world.sites().stream().map(SimulatedSite::zone)).doesNotHaveDuplicates();
    assertThat(world.pageViews(World.EMPTY_SITE)).isEmpty();
    LocalDate burst = World.burstDay(FROM, TO);
    assertThat(
            new Truth(world, Behaviour.standard())
                .rows(
                    TruthQuery.pageviews(World.BURST_SITE, burst, burst)
                        .by("day")
                        .fields("hostname", "pathname", "referrer_hostname")))
        .hasSizeGreaterThan(2_000);
    List<String> paths =
        world.pageViews(World.BUSY_SITE).stream()
            .map(p -> String.valueOf(p.fields().get(Dimension.PATHNAME)))
            .toList();
    assertThat(paths).anyMatch(p -> p.length() == 4_000).contains("", "null", "/it's \"quoted\"");
    assertThat(world.pageViews(World.BUSY_SITE).stream().map(PageView::durationSeconds))
        .containsNull();
    for (SimulatedSite site : world.sites()) {
      List<LocalDateTime> times =
          world.pageViews(site.id()).stream()
              .map(p -> LocalDateTime.ofInstant(p.at(), site.zone()))
              .toList();
      assertThat(times)
          .allMatch(t -> !t.toLocalDate().isBefore(FROM) && !t.toLocalDate().isAfter(TO))
          .noneMatch(t -> t.toLocalTime().equals(LocalTime.of(23, 59, 59)));
    }
    assertThat(
            world.pageViews("KTMTRAIL").stream()
                .map(
                    p -> LocalDateTime.ofInstant(p.at(), ZoneId.of("Asia/Kathmandu")).toLocalDate())
                .collect(Collectors.toSet()))
        .hasSizeLessThan(61)
        .contains(FROM, TO);
  }

  @Test
  void a_quarter_of_a_million_pages_on_one_day() {
    World world = World.dozen(5, FROM, FROM.plusDays(2), 250_000);

    assertThat(world.pageViews(World.BURST_SITE)).hasSizeGreaterThan(250_000);
  }

  @Test
  void the_local_time_of_a_repeated_hour_is_its_first_pass() {
    World world = World.empty().addSite("A", ZoneId.of("Europe/Berlin"));

    assertThat(world.instant("A", LocalDateTime.parse("2026-10-25T02:30:00")))
        .isEqualTo("2026-10-25T00:30:00Z");
  }

  @Test
  void impossible_worlds_are_refused() {
    World world = World.empty().addSite("A", ZoneId.of("UTC"));
    assertThatThrownBy(() -> world.addSite("A", ZoneId.of("UTC")))
        .hasMessageContaining("already exists");
    assertThatThrownBy(() -> world.addSite("a b", ZoneId.of("UTC")))
        .hasMessageContaining("not a site id");
    assertThatThrownBy(() -> world.pageViews("B")).hasMessageContaining("no site B");
    assertThatThrownBy(() -> World.dozen(1, TO, FROM)).hasMessageContaining("before it starts");
  }
}
