package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.ApiRequest;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Days above the limit, where the API may or may not honour {@code offset}. */
class OffsetTest {
  private static final int DAYS = 25;
  private static final LocalDate FIRST = LocalDate.of(2025, 8, 1);
  private static final LocalDate LAST = FIRST.plusDays(DAYS - 1);
  private static final Instant NOW = Instant.parse("2025-10-10T14:00:00Z");
  private static final int ROW_LIMIT = 40;
  private static final int SITES = 7;

  private static final Question REPORT = Question.pageviews("pages_daily", "day", "pathname");

  @TempDir Path directory;

  /** The rows of its site and day, 20 to 150 of them. */
  private static World world(int sites) {
    World world = World.empty();
    SplittableRandom random = new SplittableRandom(21);
    for (int s = 0; s < sites; s++) {
      String site = "SITE" + s;
      world.addSite(site, ZoneId.of("Europe/Berlin"));
      for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
        for (int row = 20 + random.nextInt(131); row > 0; row--) {
          world.add(
              site,
              world
                  .viewAt(site, day.atTime(random.nextInt(24), random.nextInt(60), 7))
                  .path("/page-" + row));
        }
      }
    }
    return world;
  }

  private Installation install(TestDatabase database, FathomSimulator api) {
    return new Installation(
            directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
        .settings(ROW_LIMIT)
        .pipeline("all", "all", "[postgres]", List.of(REPORT));
  }

  private static Installation.Ended backfill(Installation installation, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString()));
    arguments.addAll(List.of(more));
    return installation.run(arguments.toArray(new String[0]));
  }

  private static void assertWhole(
      Installation.Ended ended, TestDatabase database, FathomSimulator api, int sites) {
    assertThat(ended.code()).as(ended.said()).isZero();
    for (int s = 0; s < sites; s++) {
      String site = "SITE" + s;
      assertThat(
              Landed.differences(
                  REPORT.expected(api.world(), api.truth(), site, FIRST, LAST),
                  Landed.inPostgres(database, REPORT).stream()
                      .filter(row -> site.equals(row.get(0)))
                      .toList()))
          .as("%s: %s", site, ended.said())
          .isEmpty();
    }
    assertThat(database.query("SELECT DISTINCT status FROM fathom_ops.ledger"))
        .isEqualTo(List.of(List.of("certified")));
  }

  private static long byOffset(FathomSimulator api) {
    return api.log().aggregations().stream()
        .filter(e -> e.request().parameter("offset") != null)
        .count();
  }

  private static String known(TestDatabase database) {
    return database
        .query(
            "SELECT coalesce(max(answer), 'unknown') FROM fathom_ops.learned WHERE kind = 'offset'")
        .toString()
        .replaceAll("[\\[\\]]", "");
  }

  @Test
  void honouredEachRowIsFetchedOnce() throws IOException {
    honoured(1);
  }

  @Test
  @Tag("chaos")
  void honouredEachRowOfManySitesIsFetchedOnce() throws IOException {
    honoured(SITES);
  }

  private static long pages(long rows) {
    return (rows + ROW_LIMIT - 1) / ROW_LIMIT;
  }

  private void honoured(int sites) throws IOException {
    try (TestDatabase database = TestDatabase.migrated(List.of(REPORT));
        FathomSimulator api =
            FathomSimulator.start(
                world(sites), Behaviour.unlimited().withOffset(Behaviour.Offset.HONOURED))) {
      Installation.Ended ended = backfill(install(database, api));

      assertWhole(ended, database, api, sites);
      long least = 0;
      for (int s = 0; s < sites; s++) {
        String count = "SELECT count(*) FROM fathom.pages_daily WHERE site_id = 'SITE" + s + "'";
        long rows = Long.parseLong(String.valueOf(database.query(count).get(0).get(0)));
        // The pages of rows, and those of the control totals, one row per day.
        least += pages(rows) + pages(DAYS);
      }
      long requests = api.log().aggregations().size();
      System.out.printf(
          "%d days of %d sites at a row limit of %d, by offset: %d requests, at least %d%n",
          DAYS, sites, ROW_LIMIT, requests, least);
      assertThat((double) requests / least).isLessThanOrEqualTo(1.02);
      assertThat(known(database)).isEqualTo("honoured");
      assertThat(install(database, api).run("status", "all").out()).contains("offset is honoured");
    }
  }

  @Test
  void ignoredItCostsOneRequestEver() throws IOException {
    try (TestDatabase database = TestDatabase.migrated(List.of(REPORT));
        FathomSimulator api = FathomSimulator.start(world(2), Behaviour.unlimited())) {
      Installation installation = install(database, api);

      assertWhole(backfill(installation), database, api, 2);
      assertWhole(backfill(installation, "--force"), database, api, 2);

      assertThat(byOffset(api)).isEqualTo(1);
      assertThat(known(database)).isEqualTo("ignored");
    }
  }

  /** What the API honoured yesterday it need not honour today. */
  @Test
  void whatNoLongerAddsUpIsForgotten() throws IOException {
    try (TestDatabase database = TestDatabase.migrated(List.of(REPORT));
        FathomSimulator api =
            FathomSimulator.start(
                world(1), Behaviour.unlimited().withOffset(Behaviour.Offset.HONOURED))) {
      Installation installation = install(database, api);
      assertWhole(backfill(installation), database, api, 1);
      assertThat(known(database)).isEqualTo("honoured");

      api.behave(Behaviour.unlimited().withOffset(Behaviour.Offset.UNSTABLE));
      assertWhole(backfill(installation, "--force"), database, api, 1);
      assertThat(known(database)).isEqualTo("unknown");

      assertWhole(backfill(installation, "--force"), database, api, 1);
      assertThat(known(database)).isEqualTo("unstable");
      api.log().clear();

      assertWhole(backfill(installation, "--force"), database, api, 1);
      assertThat(byOffset(api)).isZero();
    }
  }

  private static int offset(ApiRequest request) {
    String offset = request.parameter("offset");
    return offset == null ? 0 : Integer.parseInt(offset);
  }

  /** A failure that is not about the offset teaches nothing about it, wherever it comes. */
  @ParameterizedTest
  @CsvSource({"404, 40", "500, 80", "400, 80"})
  void aFailureOnTheWayIsNoLesson(int status, int from) throws IOException {
    noLesson(status, from);
  }

  @ParameterizedTest
  @CsvSource({"402, 40", "500, 40", "402, 80", "404, 80"})
  @Tag("chaos")
  void noFailureOnTheWayIsALesson(int status, int from) throws IOException {
    noLesson(status, from);
  }

  private void noLesson(int status, int from) throws IOException {
    Behaviour honoured = Behaviour.unlimited().withOffset(Behaviour.Offset.HONOURED);
    try (TestDatabase database = TestDatabase.migrated(List.of(REPORT));
        FathomSimulator api =
            FathomSimulator.start(
                smallWorld(),
                honoured.withFault(
                    FaultRule.first(
                        status < 500 ? 1 : 99, r -> offset(r) >= from, Fault.status(status))))) {
      Installation installation = install(database, api);
      Installation.Ended ended = installation.run("run", "all");
      assertThat(known(database)).as(ended.said()).isIn("unknown", "honoured");

      api.behave(honoured);
      api.log().clear();
      ended = installation.run("backfill", "all", "--from", DAY, "--to", DAY, "--force");

      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(known(database)).isEqualTo("honoured");
      assertThat(byOffset(api)).as("pages by offset").isEqualTo(2);
    }
  }

  private static final String DAY = "2025-10-09";

  private static World smallWorld() {
    World world = World.empty().addSite("SITE0", ZoneId.of("Europe/Berlin"));
    for (int row = 0; row < 100; row++) {
      world.add(
          "SITE0", world.viewAt("SITE0", LocalDate.parse(DAY).atTime(12, 0, 7)).path("/p" + row));
    }
    return world;
  }

  /** Late rows shift the pages: nothing is lost, nothing comes twice. */
  @Test
  void dataThatChangesBetweenPages() throws IOException {
    Behaviour behaviour = Behaviour.unlimited().withOffset(Behaviour.Offset.HONOURED);
    for (int after = 5; after < 2 * DAYS; after += 9) {
      int now = after;
      behaviour =
          behaviour.withChange(
              new Behaviour.Change(
                  after,
                  w ->
                      w.add(
                          "SITE0",
                          w.viewAt("SITE0", FIRST.plusDays(now / 2).atTime(12, 0, 7))
                              .path("/late-" + now))));
    }
    try (TestDatabase database = TestDatabase.migrated(List.of(REPORT));
        FathomSimulator api = FathomSimulator.start(world(1), behaviour)) {
      Installation installation = install(database, api);
      Installation.Ended ended = backfill(installation);
      assertThat(ended.code()).as(ended.said()).isIn(0, 65);
      api.behave(Behaviour.unlimited().withOffset(Behaviour.Offset.HONOURED));

      assertWhole(backfill(installation, "--force"), database, api, 1);
    }
  }

  /** A control that is asked again is younger than the rows that stay: it cannot confirm them. */
  @ParameterizedTest
  @CsvSource({"HONOURED, 2", "IGNORED, 4"})
  void aControlThatIsAskedAgainConfirmsNoOlderRows(Behaviour.Offset offset, int after)
      throws IOException {
    LocalDate day = LocalDate.of(2025, 10, 9);
    World world = World.empty().addSite("SITE0", ZoneId.of("Europe/Berlin"));
    for (int row = 100; row < 200; row++) {
      world.add("SITE0", world.viewAt("SITE0", day.atTime(12, 0, 7)).path("/page-" + row));
    }
    Behaviour.Change late =
        new Behaviour.Change(
            after,
            w -> w.add("SITE0", w.viewAt("SITE0", day.atTime(13, 0, 7)).path("/page-199/late")));
    try (TestDatabase database = TestDatabase.migrated(List.of(REPORT));
        FathomSimulator api =
            FathomSimulator.start(
                world, Behaviour.unlimited().withOffset(offset).withChange(late))) {
      Installation installation = install(database, api);
      assertThat(installation.run("run", "all").code()).isZero();
      assertThat(
              api.log().aggregations().stream()
                  .filter(e -> e.request().parameter("field_grouping") == null))
          .as("the control was asked again")
          .hasSize(2);
      api.log().clear();

      assertThat(installation.at(NOW.plus(Duration.ofDays(1))).run("run", "all").code()).isZero();

      assertThat(
              api.log().aggregations().stream()
                  .filter(e -> e.request().parameter("field_grouping") != null))
          .as("fetched, not confirmed")
          .isNotEmpty();
    }
  }
}
