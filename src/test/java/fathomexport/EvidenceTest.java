package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the server breaks is found, and what is stored stands; in both sinks. */
class EvidenceTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 10, 6);
  private static final LocalDate LAST = LocalDate.of(2025, 10, 19);
  private static final Instant NOW = Instant.parse("2025-10-28T14:00:00Z");
  private static final String SITE = "BERLIN";

  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");
  private static final Question PAGES =
      Question.pageviews("pages_daily", "day", "hostname", "pathname");
  private static final List<Question> REPORTS = List.of(TRAFFIC, PAGES);

  private final World world = world();
  @RegisterExtension final Fixture fixture = new Fixture();
  private FathomSimulator api;
  private TestDatabase database;
  private Installation installation;

  @BeforeEach
  void start(@TempDir Path directory) throws IOException {
    api = fixture.api(world, Behaviour.unlimited());
    database = fixture.database();
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .settings(40)
            .pipeline("all", REPORTS);
  }

  private static World world() {
    World world = World.empty().addSite(SITE, ZoneId.of("Europe/Berlin"));
    SplittableRandom random = new SplittableRandom(9);
    long visit = 1;
    for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
      for (int i = 5 + random.nextInt(15); i > 0; i--) {
        PageView view =
            world
                .viewAt(SITE, day.atTime(random.nextInt(24), random.nextInt(60)))
                .visit(visit++)
                .host("shop.example")
                .path("/" + random.nextInt(8))
                .with(Dimension.BROWSER, random.nextBoolean() ? "Firefox" : "Chrome")
                .lasting(random.nextInt(3) == 0 ? null : (Integer) random.nextInt(100));
        world.add(SITE, random.nextBoolean() ? view.bouncing() : view);
      }
    }
    return world;
  }

  private Installation.Ended backfill(String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString()));
    arguments.addAll(Arrays.asList(more));
    return installation.run(arguments.toArray(new String[0]));
  }

  private void assertTrue(Question... reports) {
    for (Question report : reports) {
      List<List<@Nullable Object>> expected = new ArrayList<>();
      for (SimulatedSite site : world.sites()) {
        expected.addAll(report.expected(world, api.truth(), site.id(), FIRST, LAST));
      }
      assertThat(Landed.differences(expected, Landed.inPostgres(database, report)))
          .as("%s in Postgres", report.name())
          .isEmpty();
      assertThat(Landed.differences(expected, Landed.inParquet(installation.warehouse(), report)))
          .as("%s in Parquet", report.name())
          .isEmpty();
    }
  }

  private static void assertEnded(Installation.Ended ended, int code, String... words) {
    assertThat(ended.code()).as(ended.said()).isEqualTo(code);
    for (String word : words) {
      assertThat(ended.out() + ended.err()).contains(word);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"ROW_DROPPED", "VALUE_OFF_BY_ONE"})
  void oneRowOfAnAnswerIsDamaged(Behaviour.Damage damage) {
    damaged(damage, 1);
  }

  @ParameterizedTest
  @EnumSource
  @Tag("chaos")
  void oneRowOfAnAnswerIsDamagedInAnyWay(Behaviour.Damage damage) {
    damaged(damage, 2);
  }

  /** At random places, before anything is stored and after. */
  private void damaged(Behaviour.Damage damage, int seeds) {
    for (long seed = 1; seed <= seeds; seed++) {
      installation.pipeline("all", REPORTS);
      api.behave(Behaviour.unlimited().withTampering(new Behaviour.Tampering(damage, seed)));

      assertEnded(backfill("--force"), 65, "pages_daily");

      assertThat(
              Landed.inPostgres(database, PAGES).stream()
                  .filter(
                      row -> !PAGES.expected(world, api.truth(), SITE, FIRST, LAST).contains(row)))
          .as("%s %s: no row that is not true", damage, seed)
          .isEmpty();
      assertThat(
              database.query(
                  "SELECT 1 FROM fathom_ops.ledger WHERE report = 'pages_daily' AND status ="
                      + " 'incomplete'"))
          .as("%s %s", damage, seed)
          .isNotEmpty();
      api.behave(Behaviour.unlimited());
      assertEnded(backfill("--force"), 0);
      assertTrue(TRAFFIC, PAGES);

      api.behave(Behaviour.unlimited().withTampering(new Behaviour.Tampering(damage, 100 + seed)));
      assertEnded(backfill("--force"), 65, "pages_daily");
      assertTrue(TRAFFIC, PAGES);
      assertThat(database.query("SELECT 1 FROM fathom_ops.attempt WHERE kept")).isNotEmpty();
      api.behave(Behaviour.unlimited());
      database.execute(
          "TRUNCATE fathom.traffic_daily, fathom.pages_daily, fathom_ops.ledger,"
              + " fathom_ops.attempt");
    }
  }

  /** An API that has nothing to say all of a sudden, whatever it is asked. */
  @Test
  void emptyAnswersNeverWipe() {
    neverWipes("grouped");
  }

  @ParameterizedTest
  @ValueSource(strings = {"all", "dated"})
  @Tag("chaos")
  void otherEmptyAnswersNeverWipe(String which) {
    neverWipes(which);
  }

  private void neverWipes(String which) {
    assertEnded(backfill(), 0);
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    r ->
                        r.aggregation() > 0
                            && switch (which) {
                              case "grouped" -> r.parameter("field_grouping") != null;
                              case "dated" -> r.parameter("date_grouping") != null;
                              default -> true;
                            },
                    Fault.body("[]"))));

    assertEnded(backfill("--force"), 65);

    assertTrue(TRAFFIC, PAGES);
  }

  /** What the API's owner deletes is gone from the tables too, and journaled. */
  @Test
  void aDayThatIsEmptyInTruthIsEmptied() throws IOException {
    assertEnded(backfill(), 0);
    long rows = Landed.inPostgres(database, TRAFFIC).size();
    World without = World.empty().addSite(SITE, ZoneId.of("Europe/Berlin"));
    LocalDate gone = FIRST.plusDays(4);
    without.addPageViews(
        SITE,
        world.pageViews(SITE).stream()
            .filter(v -> !LocalDate.ofInstant(v.at(), ZoneId.of("Europe/Berlin")).equals(gone))
            .toList());
    try (FathomSimulator other = FathomSimulator.start(without, Behaviour.unlimited())) {
      Installation moved =
          new Installation(
                  installation.directory(),
                  database,
                  other.baseUri(),
                  SimulatorToken.STANDARD.secret(),
                  NOW)
              .pipeline("all", REPORTS);
      Installation.Ended ended =
          moved.run(
              "backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString(), "--force");
      assertEnded(ended, 0);
    }
    assertThat(Landed.inPostgres(database, TRAFFIC)).hasSize((int) rows - 1);
    assertThat(Landed.inParquet(installation.warehouse(), TRAFFIC)).hasSize((int) rows - 1);
    assertThat(
            database.query(
                "SELECT DISTINCT day::text FROM fathom_ops.restatement WHERE after = 0 AND measure"
                    + " = 'rows'"))
        .isEqualTo(List.of(List.of(gone.toString())));
    assertThat(
            database.query(
                "SELECT status, rows FROM fathom_ops.ledger WHERE report = 'pages_daily' AND"
                    + " period = '"
                    + gone
                    + "'"))
        .isEqualTo(List.of(List.of("certified", 0L)));
  }

  private List<List<@Nullable Object>> allTrue(Question report) {
    return report.expected(world, api.truth(), SITE, FIRST, LAST);
  }

  /** Windows of both eras in one table, in all the forms that rates had. */
  @Test
  void bothErasOfTheRateEndAsPercentages() {
    bothEras(false);
  }

  @Test
  @Tag("chaos")
  void soDoRoundedOnes() {
    bothEras(true);
  }

  private void bothEras(boolean rounded) {
    LocalDate middle = FIRST.plusDays(6);
    api.behave(
        Behaviour.unlimited()
            .withRateUnit(Behaviour.RateUnit.RATIO)
            .withBounceRateAsJson(true)
            .withRatesToFourDigits(rounded));
    assertEnded(
        installation.run("backfill", "all", "--from", FIRST.toString(), "--to", middle.toString()),
        0);
    api.behave(Behaviour.unlimited().withRatesToFourDigits(rounded));

    assertEnded(backfill(), 0);

    for (Question report : REPORTS) {
      int rate = report.columns().indexOf("bounce_rate");
      assertThat(Landed.differences(allTrue(report), Landed.inPostgres(database, report)))
          .isEmpty();
      assertThat(
              Landed.differences(
                  allTrue(report), Landed.inParquet(installation.warehouse(), report)))
          .isEmpty();
      assertThat(Landed.inPostgres(database, report))
          .allSatisfy(
              row ->
                  assertThat(row.get(rate))
                      .isInstanceOfSatisfying(
                          Double.class, r -> assertThat(r).isBetween(0.0, 100.0)))
          .anySatisfy(row -> assertThat((Double) row.get(rate)).isGreaterThan(1.0));
    }
  }

  /** The API changes the unit between two pages of a window: no unit is guessed. */
  @Test
  void aWindowOfBothErasIsKeptOut() {
    assertEnded(backfill(), 0);
    AtomicBoolean changed = new AtomicBoolean();
    Behaviour ratios = Behaviour.unlimited().withRateUnit(Behaviour.RateUnit.RATIO);
    api.behave(
        ratios.withChange(
            new Behaviour.Change(
                api.log().aggregations().size() + 2,
                w -> {
                  changed.set(true);
                  api.behave(Behaviour.unlimited());
                })));

    Installation.Ended ended = backfill("--force");

    assertThat(changed).isTrue();
    assertEnded(ended, 65, "pages_daily", "neither a ratio nor a percentage");
    assertTrue(TRAFFIC, PAGES);
  }

  /** Rates of 0 and 1 only: pages whose visits all bounce, or none. */
  @Test
  void ratiosThatAreAllOrNothing() {
    allOrNothing(Behaviour.RateUnit.RATIO);
  }

  @Test
  @Tag("chaos")
  void percentagesThatAreAllOrNothing() {
    allOrNothing(Behaviour.RateUnit.PERCENTAGE);
  }

  private void allOrNothing(Behaviour.RateUnit unit) {
    world.addSite("EXTREME", ZoneId.of("UTC"));
    for (int i = 0; i < 40; i++) {
      PageView view =
          world
              .viewAt("EXTREME", FIRST.plusDays(i % 10).atTime(12, i))
              .visit(1_000 + i)
              .host("x.example")
              .path("/" + i % 4);
      world.add("EXTREME", i % 2 == 0 ? view.bouncing() : view);
    }
    api.behave(Behaviour.unlimited().withRateUnit(unit));

    assertEnded(backfill(), 0);

    assertTrue(TRAFFIC, PAGES);
    assertThat(
            database.query(
                "SELECT DISTINCT bounce_rate FROM fathom.pages_daily WHERE site_id = 'EXTREME'"
                    + " ORDER BY 1"))
        .isEqualTo(List.of(List.of(0.0), List.of(100.0)));
  }
}
