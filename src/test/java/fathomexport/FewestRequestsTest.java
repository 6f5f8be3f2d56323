package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.JumpingTime;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A night of many sites, a third of them silent, some with numbers that moved. */
class FewestRequestsTest {
  private int sites;
  private static final LocalDate FIRST = LocalDate.of(2026, 6, 12);
  private static final LocalDate YESTERDAY = LocalDate.of(2026, 6, 17);
  private static final LocalDate MOVED = LocalDate.of(2026, 6, 15);
  private static final Instant NOW = Instant.parse("2026-06-18T14:00:00Z");
  private static final int ROW_LIMIT = 1000;
  private static final int A_MINUTE = 10;

  /** What a night does about the look-back; fetch is for the comparison in docs/performance.md. */
  private static final String LOOKBACK =
      System.getProperty("fathomexport.test.lookback", "confirm");

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("pages_daily", "day", "hostname", "pathname"),
          Question.pageviews("referrers_daily", "day", "referrer_hostname"),
          Question.pageviews("countries_daily", "day", "country_code"),
          Question.pageviews("browsers_daily", "day", "browser", "device_type"),
          Question.events("goals_daily", "day", "referrer_source"));

  @TempDir Path directory;

  private static boolean isSilent(int site) {
    return site % 3 == 2;
  }

  private static boolean hasMoved(int site) {
    return site % 10 == 0;
  }

  private static String id(int site) {
    return "SITE%03d".formatted(site);
  }

  private World world() {
    World world = World.empty();
    for (int i = 0; i < sites; i++) {
      String site = id(i);
      world.addSite(site, ZoneId.of(i % 2 == 0 ? "Europe/Berlin" : "America/New_York"));
      if (i % 2 == 0) {
        world.addEvent(site, "signup");
      }
      for (LocalDate day = FIRST; !isSilent(i) && !day.isAfter(YESTERDAY); day = day.plusDays(1)) {
        for (int hour = 8; hour < 20; hour += 4) {
          world.add(site, world.viewAt(site, day.atTime(hour, i % 60)).path("/" + hour));
        }
        if (i % 4 == 0) {
          world.add(site, Conversion.of("signup", world.instant(site, day.atTime(9, i % 60))));
        }
      }
    }
    return world;
  }

  /** Controls, and the grouped questions about days that are new or have moved and have rows. */
  private long least(FathomSimulator api) {
    long least = 0;
    for (int i = 0; i < sites; i++) {
      for (Question report : REPORTS.subList(3, 5)) {
        least += report.slices(api.world(), id(i)).size();
      }
      for (Question report : REPORTS) {
        for (@Nullable String event : report.slices(api.world(), id(i))) {
          LocalDate from = hasMoved(i) && !isSilent(i) && event == null ? MOVED : YESTERDAY;
          if (!api.truth().rows(report.query(id(i), event, from, YESTERDAY)).isEmpty()) {
            least++;
          }
        }
      }
    }
    return least;
  }

  @Test
  void aNightOfSites() throws IOException {
    night(20);
  }

  @Test
  @Tag("chaos")
  void aNightOfManySites() throws IOException {
    night(Integer.getInteger("fathomexport.test.sites", 60));
  }

  private void night(int ofSites) throws IOException {
    sites = ofSites;
    World world = world();
    // Waiting for the quota takes no time, and is counted.
    JumpingTime time = new JumpingTime(NOW.minus(Duration.ofDays(1)));
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api =
            FathomSimulator.start(world, Behaviour.standard(), 0, time, time::pass)) {
      Installation installation =
          new Installation(
                  directory,
                  database,
                  api.baseUri(),
                  SimulatorToken.STANDARD.secret(),
                  NOW.minus(Duration.ofDays(1)))
              .on(time)
              .settings(ROW_LIMIT, A_MINUTE, "")
              .pipeline("all", "all", "[postgres]", REPORTS);
      if (LOOKBACK.equals("fetch")) {
        fetchingLookback(installation);
      }
      assertDone(installation.run("run", "all"));
      System.out.println("first night: " + api.log().aggregations().size());
      for (int i = 0; i < sites; i++) {
        if (hasMoved(i) && !isSilent(i)) {
          world.add(id(i), world.viewAt(id(i), MOVED.atTime(22, 0)).path("/late"));
        }
      }
      api.log().clear();
      time.pass(Duration.between(time.instant(), NOW));
      String plan = installation.run("plan", "all").out();
      Instant began = time.instant();
      assertDone(installation.run("run", "all"));
      Duration took = Duration.between(began, time.instant());

      long requests = api.log().aggregations().size();
      long least = least(api);
      System.out.println(
          sites
              + " sites: "
              + requests
              + " requests, "
              + least
              + " at least, "
              + took.toMinutes()
              + " min, "
              + api.log().aggregations().stream().filter(e -> e.rows() == 0).count()
              + " without a row\n"
              + plan.lines().filter(l -> !l.contains("SITE")).collect(Collectors.joining("\n")));
      if (LOOKBACK.equals("confirm")) {
        assertThat((double) requests / least).isLessThanOrEqualTo(1.05);
      }
      assertThat(api.log().tooMany()).isEmpty();
      assertThat(took).isLessThanOrEqualTo(Duration.ofMinutes(requests / A_MINUTE + 1));
      for (Question report : REPORTS) {
        assertThat(stored(database, report)).as(report.name()).isEqualTo(source(api, report));
      }
    }
  }

  /** Has a pipeline fetch its look-back every night. */
  private static void fetchingLookback(Installation installation) throws IOException {
    Path pipeline = installation.directory().resolve("pipelines/all.yaml");
    installation.write("pipelines/all.yaml", "lookback: fetch\n" + Files.readString(pipeline));
  }

  private static void assertDone(Installation.Ended ended) {
    assertThat(ended.code()).as(ended.said()).isZero();
  }

  private static Set<String> stored(TestDatabase database, Question question) {
    String columns = String.join(", ", question.columns()).replace("date,", "date::text,");
    return database.query("SELECT " + columns + " FROM fathom." + question.name()).stream()
        .map(FewestRequestsTest::text)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Set<String> source(FathomSimulator api, Question question) {
    Set<String> rows = new TreeSet<>();
    for (SimulatedSite site : api.world().sites()) {
      question
          .expected(api.world(), api.truth(), site.id(), YESTERDAY.minusDays(4), YESTERDAY)
          .forEach(row -> rows.add(text(row)));
    }
    return rows;
  }

  private static String text(List<?> row) {
    return row.stream()
        .map(c -> c instanceof Double d ? String.format("%.6f", d) : String.valueOf(c))
        .collect(Collectors.joining("|"));
  }
}
