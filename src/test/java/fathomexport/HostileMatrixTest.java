package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.RunControls;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Quota;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.truth.Truth;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.JumpingTime;
import fathomexport.testing.Landed;
import fathomexport.testing.PairwiseMatrix;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each of the things that the API's documentation leaves open, and of what a server may get wrong,
 * and with the tag chaos every pair of them. Whatever comes together: what is certified is the
 * truth; what is not certified is reported, and the rows that were stored before stand.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HostileMatrixTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 10, 24);
  private static final LocalDate LAST = LocalDate.of(2025, 11, 3);
  private static final Instant NOW = Instant.parse("2025-11-09T14:00:00Z");
  private static final int ROW_LIMIT = 120;

  /** Groups of the one day that alone exceeds every limit. */
  private static final int CROWD = 150;

  private static final long SEED = 5;

  /** Requests after which the data changes once more. */
  private static final List<Integer> CHANGES_AFTER = List.of(3, 7, 12);

  /** The documented quota of reports. */
  private static final int A_MINUTE = 10;

  /** Requests after which the API asks to wait, once. */
  private static final int CLOSED_AFTER = 5;

  private static final String QUOTAS = "both quotas";
  private static final String STORED = "stored before, data came late";
  private static final String CAPPED = "capped";
  private static final String CHANGES = "data changes between pages";
  private static final String MOVED = "a row on another day";

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "hostname", "pathname"),
          Question.pageviews("sources_daily", "day", "referrer_source", "country_code")
              .where("pathname", "is not", "/login")
              .measuring("bounce_rate", "uniques"),
          Question.pageviews("keywords_daily", "day", "keyword").measuring("visits"),
          Question.pageviews("browsers_hourly", "hour", "browser"),
          Question.pageviews("cities_total", "none", "city"),
          Question.events("goals_daily", "day", "referrer_source"));

  /** One setting of one switch. */
  private record Level(String name, UnaryOperator<Behaviour> change) {
    static Level usual(String name) {
      return new Level(name, UnaryOperator.identity());
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static List<Level> either(String name, UnaryOperator<Behaviour> change) {
    return List.of(Level.usual("not " + name), new Level(name, change));
  }

  private static Level closed(Duration time) {
    return new Level(
        "Retry-After of " + time.toSeconds() + " s",
        b -> b.withClosure(new Behaviour.Closure(CLOSED_AFTER, time)));
  }

  private static Behaviour tampered(Behaviour behaviour, Behaviour.Damage damage) {
    return behaviour.withTampering(new Behaviour.Tampering(damage, SEED));
  }

  /** What a right answer may look like. */
  private static final List<List<Level>> UNKNOWNS =
      List.of(
          List.of(
              new Level("null", b -> b.withEmptyField(Behaviour.EmptyField.AS_NULL)),
              new Level("\"\"", b -> b.withEmptyField(Behaviour.EmptyField.AS_EMPTY)),
              new Level("null and \"\"", b -> b.withEmptyField(Behaviour.EmptyField.AS_KEPT))),
          List.of(
              Level.usual("strings"),
              new Level("numbers", b -> b.withNumbersAsJson(true)),
              new Level("rates as numbers", b -> b.withBounceRateAsJson(true))),
          either("ratios", b -> b.withRateUnit(Behaviour.RateUnit.RATIO)),
          either("rounded", b -> b.withRatesToFourDigits(true)),
          either("date_to exclusive", b -> b.withDateToExclusive(true)),
          either(CAPPED, b -> b.withSilentRowCap(30)),
          either(
              "range refused",
              b ->
                  b.withDayRangeRule(
                      new Behaviour.RangeRule(6, 422, "The range must not exceed 6 days."))),
          either("169 hours refused", b -> b.withLongWeekRefused(true)),
          either("unstable ties", b -> b.withUnstableTies(true)),
          either("envelope", b -> b.withOldEnvelope(true)),
          either("scheme", b -> b.withHostnameWithScheme(true)),
          either("unicode as it is", b -> b.withAsciiJson(false)),
          either("chunked, not compressed", b -> b.withChunked(true).withGzip(false)),
          either("no zone in sites", b -> b.withZoneInSites(false)),
          either("has_more always", b -> b.withHasMoreAlways(true)),
          either("complements drop null", b -> b.withComplementsDropNull(true)),
          either("no default limit", b -> b.withDefaultLimit(10)),
          List.of(
              Level.usual("any limit"),
              new Level("limit above 100 refused by name", b -> b.withMaximumLimit(100)),
              new Level(
                  "limit above 100 refused without a name",
                  b -> b.withMaximumLimit(100).withMaximumNamed(false))),
          List.of(
              Level.usual("offset ignored"),
              new Level("offset honoured", b -> b.withOffset(Behaviour.Offset.HONOURED)),
              new Level("offset refused", b -> b.withOffset(Behaviour.Offset.REFUSED)),
              new Level("offset unstable", b -> b.withOffset(Behaviour.Offset.UNSTABLE))),
          either("RE2 only", b -> b.withRe2Only(true)),
          either("currency null", b -> b.withCurrencyUnknown(true)),
          either("country un", b -> b.withUnknownCountryAsUn(true)),
          either(
              "slow first query, headers of the quota",
              b -> b.withFirstOfShapeDelay(Duration.ofMillis(2)).withRateLimitHeaders(true)),
          List.of(
              Level.usual("no quota"),
              new Level(
                  QUOTAS,
                  b ->
                      b.withReportsQuota(Quota.aMinute(Quota.Model.FIXED_FROM_FIRST_HIT, A_MINUTE))
                          .withAccountQuota(
                              new Quota(
                                  Quota.Model.FIXED_FROM_FIRST_HIT,
                                  RunControls.LOOKUPS_PER_WINDOW,
                                  RunControls.LOOKUPS_WINDOW))),
              closed(Duration.ofSeconds(901)),
              closed(Duration.ofMinutes(55))),
          either(STORED, UnaryOperator.identity()));

  /** What no right answer has. */
  private static final List<Level> FAULTS =
      List.of(
          new Level("unsorted", b -> b.withSortByIgnored(true)),
          new Level("a row twice", b -> b.withRowDuplicated(true)),
          new Level("a row of another day", b -> b.withRowOutsideRange(true)),
          new Level("a row lost", b -> b.withLastGroupLost(true)),
          new Level("a value off by one", b -> tampered(b, Behaviour.Damage.VALUE_OFF_BY_ONE)),
          new Level(MOVED, b -> tampered(b, Behaviour.Damage.DAY_MOVED)),
          new Level("keyword null left out", b -> b.withKeywordNullGroupLeftOut(true)),
          new Level("value null", b -> b.withValueNullWithoutCents(true)),
          new Level(
              "limit above 50 refused without a name",
              b -> b.withMaximumLimit(50).withMaximumNamed(false)),
          Level.usual(CHANGES));

  @TempDir Path directory;

  private int certified;
  private int reported;

  /** What is certified as one. */
  private record Period(String report, String site, String event, LocalDate first) {}

  private record Evidence(String status, String runId) {}

  /** One row of the matrix, shown by what is unusual in it. */
  private record Combination(List<Level> levels) {
    boolean has(String name) {
      return levels.stream().anyMatch(level -> level.name().equals(name));
    }

    @Override
    public String toString() {
      return levels.stream()
          .map(Level::name)
          .filter(name -> !name.startsWith("not "))
          .collect(Collectors.joining(", "));
    }
  }

  private static List<List<Level>> withAFault() {
    List<List<Level>> factors = new ArrayList<>(UNKNOWNS);
    factors.add(FAULTS);
    return factors;
  }

  private static Stream<Combination> combinations(List<List<Level>> matrix) {
    return matrix.stream().map(Combination::new);
  }

  static Stream<Combination> eachOfTheRight() {
    return combinations(PairwiseMatrix.each(UNKNOWNS, SEED));
  }

  static Stream<Combination> eachOfTheWrong() {
    return combinations(PairwiseMatrix.each(withAFault(), SEED));
  }

  static Stream<Combination> allPairsOfTheRight() {
    return combinations(PairwiseMatrix.of(UNKNOWNS, SEED));
  }

  static Stream<Combination> allPairsOfTheWrong() {
    return combinations(PairwiseMatrix.of(withAFault(), SEED));
  }

  @AfterAll
  void report() {
    System.out.printf(
        "hostile matrix: %d wholly certified, %d reported; none certified and wrong%n",
        certified, reported);
  }

  @ParameterizedTest
  @MethodSource("eachOfTheRight")
  void eachOfTheRightIsCertified(Combination combination) throws IOException {
    right(combination);
  }

  @ParameterizedTest
  @MethodSource("allPairsOfTheRight")
  @Tag("chaos")
  void everyPairOfTheRightIsCertified(Combination combination) throws IOException {
    right(combination);
  }

  private void right(Combination combination) throws IOException {
    Installation.Ended ended = play(combination);
    if (combination.has(CAPPED) && combination.has(STORED)) {
      // The first export had longer answers: a cap that comes up later is reported, not learned.
      assertThat(ended.code()).as(ended.said()).isIn(0, 65);
    } else {
      assertThat(ended.code()).as("every answer was right: %s", ended.said()).isZero();
    }
  }

  @ParameterizedTest
  @MethodSource("eachOfTheWrong")
  void noneOfTheWrongIsCertified(Combination combination) throws IOException {
    play(combination);
  }

  @ParameterizedTest
  @MethodSource("allPairsOfTheWrong")
  @Tag("chaos")
  void noPairOfTheWrongIsCertified(Combination combination) throws IOException {
    play(combination);
  }

  /** Values without cents are got over; a sum that is wrong in every answer cannot be. */
  @Test
  void faultsAreMendedOrReported() throws IOException {
    assertThat(play(usualWith("value null")).code()).isZero();
    assertThat(play(usualWith("a value off by one")).code()).isNotZero();
  }

  private static Combination usualWith(String fault) {
    List<Level> levels = new ArrayList<>();
    UNKNOWNS.forEach(factor -> levels.add(factor.get(0)));
    FAULTS.stream().filter(level -> level.name().equals(fault)).forEach(levels::add);
    return new Combination(levels);
  }

  /** Exports under a combination and compares all that landed. */
  private Installation.Ended play(Combination combination) throws IOException {
    Behaviour behaviour = Behaviour.unlimited();
    for (Level level : combination.levels()) {
      behaviour = level.change().apply(behaviour);
    }
    if (combination.has(CHANGES)) {
      for (int after : CHANGES_AFTER) {
        behaviour =
            behaviour.withChange(new Behaviour.Change(after, w -> addLate(w, "changed" + after)));
      }
    }
    World world = world();
    JumpingTime time = new JumpingTime(NOW);
    try (TestDatabase database = TestDatabase.migrated(REPORTS);
        FathomSimulator api =
            FathomSimulator.start(world, Behaviour.unlimited(), 0, time, time::pass)) {
      Installation installation =
          new Installation(
                  directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .on(time)
              .settings(ROW_LIMIT, combination.has(QUOTAS) ? A_MINUTE : 1000, "")
              .pipeline("all", "all", "[postgres]", REPORTS);
      Map<Period, List<String>> old = Map.of();
      if (combination.has(STORED)) {
        Installation.Ended before = backfill(installation);
        assertThat(before.code()).as(before.said()).isZero();
        old = landed(database);
        addLate(world, "late");
      }
      Map<Period, List<String>> truthBefore = truth(world, new Truth(world, behaviour));
      api.log().clear();
      time.pass(Duration.ofHours(1));
      api.behave(behaviour);

      Installation.Ended ended = backfill(installation, "--force", "--wait");

      assertThat(api.log().tooMany())
          .as("the quotas are kept, and nothing is sent too early: %s", combination)
          .hasSizeLessThanOrEqualTo(
              combination.levels().stream().anyMatch(l -> l.name().startsWith("Retry-After"))
                  ? 1
                  : 0);

      Map<Period, List<String>> truth = truth(world, new Truth(world, behaviour));
      List<Map<Period, List<String>>> truths = new ArrayList<>(List.of(truthBefore, truth));
      if (combination.has(CHANGES)) {
        truths.addAll(truthsOnTheWay(behaviour, combination.has(STORED)));
      }
      check(combination, ended, database, old, truths);
      if (ended.code() == 0) {
        certified++;
      } else {
        reported++;
      }
      return ended;
    }
  }

  /** What was true between one change of the data and the next. */
  private static List<Map<Period, List<String>>> truthsOnTheWay(Behaviour behaviour, boolean late) {
    World world = world();
    if (late) {
      addLate(world, "late");
    }
    List<Map<Period, List<String>>> truths = new ArrayList<>();
    for (int after : CHANGES_AFTER) {
      addLate(world, "changed" + after);
      truths.add(truth(world, new Truth(world, behaviour)));
    }
    return truths;
  }

  private static void check(
      Combination combination,
      Installation.Ended ended,
      TestDatabase database,
      Map<Period, List<String>> old,
      List<Map<Period, List<String>>> truths) {
    String said = combination + "\n" + ended.said();
    Map<Period, List<String>> landed = landed(database);
    Map<Period, Evidence> ledger = ledger(database);
    Set<Period> attempts = attempts(database);
    String runId =
        String.valueOf(
            database
                .query("SELECT run_id FROM fathom_ops.run ORDER BY started_at DESC LIMIT 1")
                .get(0)
                .get(0));
    Set<Period> all = new HashSet<>();
    truths.forEach(truth -> all.addAll(truth.keySet()));
    all.addAll(landed.keySet());
    all.addAll(ledger.keySet());
    for (Period period : all) {
      List<String> rows = landed.getOrDefault(period, List.of());
      Evidence evidence = ledger.get(period);
      boolean certified =
          evidence != null
              && evidence.status().equals("certified")
              && evidence.runId().equals(runId)
              && !attempts.contains(period);
      if (certified) {
        List<List<String>> right =
            truths.stream().map(truth -> truth.getOrDefault(period, List.of())).toList();
        // One answer may move a row into a day and another answer move an equal row out of it. No
        // sum of the day can show that.
        if (!(combination.has(MOVED) && !rows.isEmpty() && sums(period, right, rows))) {
          assertThat(rows).as("%s is certified: %s", period, said).isIn(right);
        }
        continue;
      }
      assertThat(ended.code()).as("%s is not certified: %s", period, said).isNotZero();
      if (old.containsKey(period)) {
        assertThat(rows).as("%s stands as it was: %s", period, said).isEqualTo(old.get(period));
      } else if (evidence == null) {
        assertThat(rows).as("%s was never measured: %s", period, said).isEmpty();
      } else if (old.isEmpty()) {
        assertThat(evidence.status()).as("%s: %s", period, said).isNotEqualTo("certified");
      }
    }
  }

  /** Whether the rows have as many pageviews or conversions as those of one of the truths. */
  private static boolean sums(Period period, List<List<String>> right, List<String> rows) {
    Question report =
        REPORTS.stream().filter(r -> r.name().equals(period.report())).findFirst().orElseThrow();
    int column = report.aggregates().indexOf(report.event() ? "conversions" : "pageviews");
    if (column < 0) {
      return false;
    }
    // Counted from the end of the row: paths may have commas, numbers have none.
    int fromEnd = report.aggregates().size() - column;
    return right.stream().anyMatch(r -> sum(r, fromEnd) == sum(rows, fromEnd));
  }

  private static long sum(List<String> rows, int fromEnd) {
    return rows.stream()
        .map(row -> row.substring(0, row.length() - 1).split(", ", -1))
        .mapToLong(cells -> Long.parseLong(cells[cells.length - fromEnd]))
        .sum();
  }

  private static Installation.Ended backfill(Installation installation, String... force) {
    List<String> arguments =
        new ArrayList<>(
            List.of("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString()));
    arguments.addAll(List.of(force));
    return installation.run(arguments.toArray(new String[0]));
  }

  private static Map<Period, List<String>> landed(TestDatabase database) {
    Map<Period, List<String>> periods = new HashMap<>();
    for (Question report : REPORTS) {
      Landed.inPostgres(database, report).forEach(row -> put(periods, report, row));
    }
    periods.values().forEach(rows -> rows.sort(null));
    return periods;
  }

  private static Map<Period, List<String>> truth(World world, Truth truth) {
    Map<Period, List<String>> periods = new HashMap<>();
    for (Question report : REPORTS) {
      for (SimulatedSite site : world.sites()) {
        report
            .expected(world, truth, site.id(), FIRST, LAST)
            .forEach(row -> put(periods, report, row));
      }
    }
    periods.values().forEach(rows -> rows.sort(null));
    return periods;
  }

  private static void put(
      Map<Period, List<String>> periods, Question report, List<@Nullable Object> row) {
    Object time = row.get(report.event() ? 2 : 1);
    LocalDate day =
        time instanceof LocalDateTime hour
            ? hour.toLocalDate()
            : LocalDate.parse(String.valueOf(time));
    Period period =
        new Period(
            report.name(),
            String.valueOf(row.get(0)),
            report.event() ? String.valueOf(row.get(1)) : "",
            day);
    periods.computeIfAbsent(period, p -> new ArrayList<>()).add(row.toString());
  }

  private static Map<Period, Evidence> ledger(TestDatabase database) {
    Map<Period, Evidence> ledger = new HashMap<>();
    database
        .query(
            "SELECT report, site_id, event_name, period::text, status, run_id"
                + " FROM fathom_ops.ledger")
        .forEach(
            row ->
                ledger.put(
                    period(row),
                    new Evidence(String.valueOf(row.get(4)), String.valueOf(row.get(5)))));
    return ledger;
  }

  private static Set<Period> attempts(TestDatabase database) {
    return database
        .query("SELECT report, site_id, event_name, period::text FROM fathom_ops.attempt")
        .stream()
        .map(HostileMatrixTest::period)
        .collect(Collectors.toSet());
  }

  private static Period period(List<@Nullable Object> row) {
    return new Period(
        String.valueOf(row.get(0)),
        String.valueOf(row.get(1)),
        String.valueOf(row.get(2)),
        LocalDate.parse(String.valueOf(row.get(3))));
  }

  // --- A small world, with everything in it that the switches are about

  private static final @Nullable String[] PATHS = {"/", "/about", "/login", "/a b", "", "/é\"*'"};
  private static final @Nullable String[] SOURCES = {null, "", "Google", "t.co"};
  private static final @Nullable String[] COUNTRIES = {"DE", "NP", null};
  private static final @Nullable String[] BROWSERS = {"Firefox", "Chrome"};

  private static World world() {
    World world = World.empty();
    SplittableRandom random = new SplittableRandom(SEED);
    site(world, "BERLIN", "Europe/Berlin", random);
    site(world, "NEWYORK", "America/New_York", random);
    world.addSite("EMPTY", ZoneId.of("Asia/Kathmandu"));
    LocalDateTime crowded = LocalDate.of(2025, 11, 1).atTime(9, 0);
    for (int i = 0; i < CROWD; i++) {
      world.add(
          "BERLIN",
          world
              .viewAt("BERLIN", crowded.plusMinutes(i))
              .host("shop.example")
              .path("/crowd-" + i)
              .continuing());
    }
    return world;
  }

  private static void site(World world, String site, String zone, SplittableRandom random) {
    world.addSite(site, ZoneId.of(zone));
    world.addEvent(site, "signup");
    long visit = 1;
    for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
      if (random.nextInt(6) == 0) {
        continue;
      }
      for (int i = 3 + random.nextInt(10); i > 0; i--) {
        PageView view =
            fields(
                world
                    .viewAt(site, day.atTime(4 + random.nextInt(20), random.nextInt(60), 1))
                    .visit(visit++)
                    .lasting(random.nextInt(3) == 0 ? null : (Integer) random.nextInt(300)),
                random);
        view = random.nextInt(3) == 0 ? view.bouncing() : view;
        world.add(site, random.nextInt(4) == 0 ? view.continuing() : view);
        if (random.nextInt(4) == 0) {
          world.add(
              site,
              Conversion.of("signup", view.at())
                  .with(Dimension.REFERRER_SOURCE, pick(SOURCES, random))
                  .worth(random.nextBoolean() ? null : (Long) (long) random.nextInt(9_000)));
        }
      }
    }
  }

  private static PageView fields(PageView view, SplittableRandom random) {
    return view.host(random.nextBoolean() ? "shop.example" : "www.shop.example")
        .path(pick(PATHS, random))
        .with(Dimension.REFERRER_SOURCE, pick(SOURCES, random))
        .with(Dimension.COUNTRY_CODE, pick(COUNTRIES, random))
        .with(Dimension.CITY, pick(COUNTRIES, random))
        .with(Dimension.BROWSER, pick(BROWSERS, random))
        .with(Dimension.KEYWORD, random.nextInt(3) == 0 ? "kaffee" : null);
  }

  private static @Nullable String pick(@Nullable String[] values, SplittableRandom random) {
    return values[random.nextInt(values.length)];
  }

  /** Visits that turn up afterwards, on days of their own and on busy ones. */
  private static void addLate(World world, String path) {
    for (LocalDate day : List.of(FIRST, LocalDate.of(2025, 10, 26), LAST)) {
      world.add("BERLIN", world.viewAt("BERLIN", day.atTime(12, 30)).path("/" + path));
      world.add("NEWYORK", world.viewAt("NEWYORK", day.atTime(12, 30)).path("/" + path));
    }
  }
}
