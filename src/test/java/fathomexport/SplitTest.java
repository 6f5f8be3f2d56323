package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.PairwiseMatrix;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A period whose rows alone reach the row limit is had in parts by filters: every row of it. */
class SplitTest {
  private static final LocalDate DAY = LocalDate.of(2025, 6, 11);
  private static final Instant NOW = Instant.parse("2025-06-13T14:00:00Z");
  private static final String SITE = "CROWDED";

  @TempDir Path directory;

  private Installation install(TestDatabase database, FathomSimulator api) {
    return new Installation(
        directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW);
  }

  private static Installation.Ended backfill(Installation installation) {
    return installation.run("backfill", "all", "--from", DAY.toString(), "--to", DAY.toString());
  }

  /** Requests for rows: all but the shared control. */
  private static long requests(FathomSimulator api) {
    return api.log().aggregations().stream()
        .filter(e -> e.request().parameter("field_grouping") != null)
        .count();
  }

  private static void assertTrue(
      Installation.Ended ended, TestDatabase database, FathomSimulator api, Question report) {
    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(
            Landed.differences(
                report.expected(api.world(), api.truth(), SITE, DAY, DAY),
                Landed.inPostgres(database, report)))
        .as(ended.said())
        .isEmpty();
    assertThat(
            database.query(
                "SELECT DISTINCT status FROM fathom_ops.ledger WHERE report = '"
                    + report.name()
                    + "'"))
        .isEqualTo(List.of(List.of("certified")));
  }

  // --- A crowded day

  private static final int ROWS = 250_000;
  private static final int ROW_LIMIT = 1_000;

  /** As many groups, a few pages and sources with many of them, most with few. */
  private static World crowd() {
    World world = World.empty().addSite(SITE, ZoneId.of("Europe/Berlin"));
    SplittableRandom random = new SplittableRandom(7);
    Instant start = DAY.atStartOfDay(ZoneId.of("Europe/Berlin")).toInstant();
    Set<Long> seen = new HashSet<>();
    List<PageView> views = new ArrayList<>();
    while (seen.size() < ROWS) {
      int host = (int) (3 * Math.pow(random.nextDouble(), 2));
      int page = (int) (30_000 * Math.pow(random.nextDouble(), 3));
      int referrer = (int) (3_000 * Math.pow(random.nextDouble(), 2));
      if (!seen.add((host * 100_000L + page) * 10_000L + referrer)) {
        continue;
      }
      views.add(
          PageView.at(start.plus(Duration.ofMillis(random.nextLong(86_000_000L))))
              .host(host == 0 ? "example.com" : host == 1 ? "shop.example.com" : "blog.example.com")
              .path(page(page))
              .with(
                  Dimension.REFERRER_HOSTNAME,
                  referrer == 0 ? null : "https://site-" + (referrer * 7919) % 3_000 + ".example"));
    }
    world.addPageViews(SITE, views);
    return world;
  }

  private static String page(int page) {
    return switch (page % 10) {
          case 0 -> "/";
          case 1 -> "/blog/2025/0" + page % 9 + "/article-" + page;
          case 2 -> "/Products/" + page;
          case 3 -> "/suche?q=" + page;
          default -> "/archive/" + (page * 7919L) % 30_000 + "/";
        }
        + (page % 10 == 0 && page > 0 ? page : "");
  }

  @Test
  void aCrowdedDayTakesLittleMoreThanTheFewestRequests() throws IOException {
    crowdedDay(Behaviour.Offset.HONOURED);
  }

  @ParameterizedTest
  @EnumSource(names = "HONOURED", mode = EnumSource.Mode.EXCLUDE)
  @Tag("chaos")
  void soItDoesWhateverElseBecomesOfAnOffset(Behaviour.Offset offset) throws IOException {
    crowdedDay(offset);
  }

  private void crowdedDay(Behaviour.Offset offset) throws IOException {
    Question report =
        Question.pageviews("pages_daily", "day", "hostname", "pathname", "referrer_hostname")
            .measuring("pageviews", "visits");
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api =
            FathomSimulator.start(
                crowd(), Behaviour.unlimited().withOffset(offset).withRe2Only(true))) {
      Installation installation =
          install(database, api)
              .settings(ROW_LIMIT)
              .pipeline("all", "all", "[postgres]", List.of(report));

      Installation.Ended ended = backfill(installation);

      double ratio = (double) requests(api) * ROW_LIMIT / ROWS;
      System.out.printf(
          "%d rows at a row limit of %d, offset %s: %d requests, %.3f times the fewest%n",
          ROWS, ROW_LIMIT, offset, requests(api), ratio);
      assertTrue(ended, database, api, report);
      assertThat(database.query("SELECT count(*) FROM fathom.pages_daily").get(0).get(0))
          .isEqualTo((long) ROWS);
      assertThat(ratio)
          .isLessThanOrEqualTo(
              switch (offset) {
                case HONOURED -> 1.01;
                // Asked by offset until a row comes twice, once per account.
                case UNSTABLE -> 1.11;
                case IGNORED, REFUSED -> 1.055;
              });
      assertThat(database.query("SELECT answer FROM fathom_ops.learned WHERE kind = 'offset'"))
          .isEqualTo(List.of(List.of(offset.name().toLowerCase(Locale.ROOT))));
      switch (offset) {
        case HONOURED -> assertThat(byOffset(api)).isEqualTo(ROWS / ROW_LIMIT);
        case UNSTABLE -> assertThat(byOffset(api)).as("until a row comes twice").isBetween(1L, 12L);
        case IGNORED, REFUSED -> assertThat(byOffset(api)).as("asked once").isEqualTo(1);
      }
    }
  }

  private static long byOffset(FathomSimulator api) {
    return api.log().aggregations().stream()
        .filter(e -> e.request().parameter("offset") != null)
        .count();
  }

  // --- Odd values, and servers of all kinds

  private static final int SMALL_LIMIT = 25;

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("pages_daily", "day", "hostname", "pathname"),
          Question.pageviews("sources_daily", "day", "referrer_source", "utm_campaign", "browser")
              .where("pathname", "is not", "/login"),
          Question.pageviews("countries_daily", "day", "country_code", "browser"),
          Question.pageviews("pages_hourly", "hour", "pathname").measuring("pageviews"),
          Question.pageviews("places_total", "none", "city", "pathname"),
          Question.events("goals_daily", "day", "referrer_source", "country_code"));

  private static final @Nullable String[] ODD = {
    null,
    "",
    "/",
    "/a",
    "/A",
    "/A/b",
    "/a/B",
    "/a*b",
    "/\"quoted\"'s",
    "^$.|?*+()[]{}\\d-&&~#",
    "/\u00e9t\u00e9",
    "/\u00c9t\u00e9",
    "/\u65e5\u672c",
    "/\uffee",
    "/\ud83d\ude00",
    "/line\nbreak",
    "/tab\t\u0001",
    "/login",
    "/x/" + "y".repeat(3_990),
    "/x/" + "y".repeat(3_990) + "z"
  };

  private static @Nullable String pick(SplittableRandom random) {
    int i = random.nextInt(4 * ODD.length);
    return i < ODD.length ? ODD[i] : i % 2 == 0 ? "/blog/" + i : "/Blog/" + (i - 1);
  }

  private static World oddWorld() {
    ZoneId zone = ZoneId.of("America/New_York");
    World world = World.empty().addSite(SITE, zone).addEvent(SITE, "signup");
    SplittableRandom random = new SplittableRandom(3);
    Instant start = DAY.atStartOfDay(zone).toInstant();
    for (int i = 0; i < 220; i++) {
      Instant at = start.plusSeconds(random.nextLong(86_000));
      String country = random.nextInt(8) == 0 ? null : "C" + random.nextInt(12);
      world.add(
          SITE,
          PageView.at(at)
              .host(random.nextInt(3) == 0 ? "Shop.example" : "shop.example")
              .path(pick(random))
              .with(Dimension.REFERRER_SOURCE, pick(random))
              .with(Dimension.UTM_CAMPAIGN, random.nextBoolean() ? null : pick(random))
              .with(Dimension.BROWSER, random.nextInt(5) == 0 ? null : "B" + random.nextInt(5))
              .with(Dimension.COUNTRY_CODE, country)
              .with(Dimension.CITY, random.nextInt(3) == 0 ? null : "T" + random.nextInt(20))
              .with(Dimension.KEYWORD, "word " + i));
      world.add(
          SITE,
          Conversion.of("signup", at)
              .with(Dimension.REFERRER_SOURCE, pick(random))
              .with(Dimension.COUNTRY_CODE, country)
              .worth((long) random.nextInt(9_000)));
    }
    return world;
  }

  @Test
  void oddValuesLandOnceEach() throws IOException {
    oddValues(Behaviour.EmptyField.AS_KEPT);
  }

  @ParameterizedTest
  @EnumSource(names = "AS_KEPT", mode = EnumSource.Mode.EXCLUDE)
  @Tag("chaos")
  void oddValuesLandOnceEachHoweverNothingIsShown(Behaviour.EmptyField empty) throws IOException {
    oddValues(empty);
  }

  private void oddValues(Behaviour.EmptyField empty) throws IOException {
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api =
            FathomSimulator.start(oddWorld(), Behaviour.unlimited().withEmptyField(empty))) {
      Installation.Ended ended = small(database, api, REPORTS);

      for (Question report : REPORTS) {
        assertTrue(ended, database, api, report);
      }
      assertThat(
              database.query(
                  "SELECT count(DISTINCT report) FROM fathom_ops.ledger WHERE splits > 0"))
          .as("each was split")
          .isEqualTo(List.of(List.of((long) REPORTS.size())));
    }
  }

  private Installation.Ended small(
      TestDatabase database, FathomSimulator api, List<Question> reports) {
    return backfill(
        install(database, api).settings(SMALL_LIMIT).pipeline("all", "all", "[postgres]", reports));
  }

  @Test
  void whatCannotBeFilteredOnIsIncompleteByANumber() throws IOException {
    Question report = Question.pageviews("keywords_daily", "day", "keyword");
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(oddWorld(), Behaviour.unlimited())) {
      Installation.Ended ended = small(database, api, List.of(report));

      assertThat(ended.code()).as(ended.said()).isEqualTo(65);
      assertThat(requests(api))
          .as("one request shows that offset is of no use, and none is spent on filters")
          .isEqualTo(2);
      assertThat(database.query("SELECT status, reason FROM fathom_ops.ledger").toString())
          .contains("incomplete")
          .contains("no field of the grouping can be filtered on")
          .contains("(pageviews 25 of 220)");
    }
  }

  private record Level(String name, UnaryOperator<Behaviour> change) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static List<Level> either(String name, UnaryOperator<Behaviour> change) {
    return List.of(new Level("not " + name, b -> b), new Level(name, change));
  }

  private static <T> List<Level> each(List<T> values, BiFunction<Behaviour, T, Behaviour> change) {
    return values.stream().map(v -> new Level(String.valueOf(v), b -> change.apply(b, v))).toList();
  }

  /** What a server may do to a split. */
  private static final List<List<Level>> SWITCHES =
      List.of(
          each(List.of(Behaviour.EmptyField.values()), Behaviour::withEmptyField),
          each(List.of(Behaviour.FieldSort.values()), Behaviour::withFieldSort),
          either("nulls last", b -> b.withNullsLast(true)),
          either("complements drop null", b -> b.withComplementsDropNull(true)),
          either("expressions ignore case", b -> b.withRegexIgnoringCase(true)),
          either("expressions refused", b -> b.withRegexRefused(true)),
          either("capped", b -> b.withSilentRowCap(SMALL_LIMIT - 5)),
          either("unstable ties", b -> b.withUnstableTies(true)),
          each(List.of(Behaviour.Offset.values()), Behaviour::withOffset),
          either("RE2 only", b -> b.withRe2Only(true)));

  /** Each of it once. */
  @Test
  void neverCertifiedAndWrong() throws IOException {
    assertThat(certified(PairwiseMatrix.each(SWITCHES, 5))).isPositive();
  }

  @Test
  @Tag("chaos")
  void noPairIsCertifiedAndWrong() throws IOException {
    List<List<Level>> combinations = PairwiseMatrix.of(SWITCHES, 5);
    assertThat(certified(combinations))
        .as("most reports are certified, by offset or by filters")
        .isGreaterThan(combinations.size() * REPORTS.size() / 2);
  }

  /** How many reports are certified under these combinations, all of them rightly. */
  private int certified(List<List<Level>> combinations) throws IOException {
    int certified = 0;
    int reported = 0;
    World world = oddWorld();
    for (List<Level> combination : combinations) {
      Behaviour behaviour = Behaviour.unlimited();
      for (Level level : combination) {
        behaviour = level.change().apply(behaviour);
      }
      try (TestDatabase database = TestDatabase.migrated();
          FathomSimulator api = FathomSimulator.start(world, behaviour)) {
        Installation.Ended ended = small(database, api, REPORTS);

        assertThat(ended.code()).as("%s: %s", combination, ended.said()).isIn(0, 65);
        for (Question report : REPORTS) {
          if (database
              .query("SELECT status FROM fathom_ops.ledger WHERE report = '" + report.name() + "'")
              .equals(List.of(List.of("certified")))) {
            certified++;
            assertThat(
                    Landed.differences(
                        report.expected(world, api.truth(), SITE, DAY, DAY),
                        Landed.inPostgres(database, report)))
                .as("%s is certified under %s", report.name(), combination)
                .isEmpty();
          } else {
            reported++;
            assertThat(ended.code()).as("%s: %s", combination, ended.said()).isEqualTo(65);
          }
        }
      }
    }
    System.out.printf(
        "splits under %d combinations of %d switches: %d reports certified, %d reported as"
            + " incomplete; none certified and wrong%n",
        combinations.size(), SWITCHES.size(), certified, reported);
    return certified;
  }
}
