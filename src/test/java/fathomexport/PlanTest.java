package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code plan} before anything is known, and after a run taught it how many rows there are. */
class PlanTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 6, 1);
  private static final LocalDate LAST = LocalDate.of(2026, 6, 20);
  private static final Instant NOW = Instant.parse("2026-06-22T14:00:00Z");
  private static final int ENOUGH = 1_000_000;
  private static final Question PAGES = Question.pageviews("pages_daily", "day", "pathname");

  @TempDir Path directory;

  private static JsonNode plan(Installation installation, String... more) throws IOException {
    String[] arguments = new String[more.length + 3];
    arguments[0] = "--json";
    arguments[1] = "plan";
    arguments[2] = "all";
    System.arraycopy(more, 0, arguments, 3, more.length);
    Installation.Ended ended = installation.run(arguments);
    assertThat(ended.code()).as(ended.said()).isZero();
    return new ObjectMapper().readTree(ended.out());
  }

  private static String[] range(String... more) {
    String[] range = new String[4 + more.length];
    System.arraycopy(
        new String[] {"--from", FIRST.toString(), "--to", LAST.toString()}, 0, range, 0, 4);
    System.arraycopy(more, 0, range, 4, more.length);
    return range;
  }

  private static Installation.Ended backfill(Installation installation, String... more) {
    List<String> arguments = new ArrayList<>(List.of("backfill", "all"));
    arguments.addAll(List.of(range(more)));
    return installation.run(arguments.toArray(new String[0]));
  }

  @Test
  void learnsFromTheLedger() throws IOException {
    List<Question> reports = List.of(Question.pageviews("traffic_daily", "day"), PAGES);
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api =
            FathomSimulator.start(World.dozen(21, FIRST, LAST, 0), Behaviour.unlimited())) {
      Installation installation =
          new Installation(
                  directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .settings(ENOUGH)
              .pipeline("all", "[" + World.BUSY_SITE + "]", "[postgres, parquet]", reports);

      // Nothing is known but what an ungrouped answer can hold.
      JsonNode before = plan(installation, range());
      assertThat(before.path("unknown").intValue()).isEqualTo(1);
      assertThat(before.path("bytes").isNull()).isTrue();
      // The ungrouped report is the control; it may report that there are no rows to ask for.
      assertThat(before.path("least_requests").intValue()).isEqualTo(1);
      assertThat(before.path("likely_requests").intValue()).isEqualTo(2);
      assertThat(before.path("billed_every").textValue()).isEqualTo("once");
      assertThat(before.path("billed_pageviews").intValue()).isEqualTo(2);

      Installation.Ended ended = backfill(installation);
      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(api.log().aggregations()).hasSize(2);

      // Of what is stored, all is known: the rows of the same days again are those that it has.
      JsonNode after = plan(installation, range("--force"));
      long stored = rows(installation);
      assertThat(after.path("rows").longValue()).isEqualTo(stored);
      assertThat(after.path("unknown").intValue()).isZero();
      assertThat(after.path("bytes").longValue()).isGreaterThan(stored);
      assertThat(after.path("splits")).isEmpty();

      // With a row limit that a day reaches alone, that day is named, and pages are counted.
      long busiest = busiestDay(api);
      installation.settings(Math.toIntExact(busiest));
      JsonNode tight = plan(installation, range("--force"));
      assertThat(tight.path("splits")).isNotEmpty();
      tight
          .path("splits")
          .forEach(s -> assertThat(s.path("rows").longValue()).isGreaterThanOrEqualTo(busiest));
      assertThat(tight.path("likely_requests").longValue())
          .isGreaterThan(tight.path("least_requests").longValue());
      assertThat(tight.path("most_requests").longValue())
          .isGreaterThan(tight.path("likely_requests").longValue());
      assertThat(
              StreamSupport.stream(tight.path("lines").spliterator(), false)
                  .mapToLong(line -> line.path("most_requests").longValue())
                  .sum())
          .as("the column adds up to what stands below it")
          .isEqualTo(tight.path("most_requests").longValue());

      // Just above it nothing is split, and what was said to be likely is what a run takes.
      installation.settings(Math.toIntExact(busiest + 1));
      JsonNode paged = plan(installation, range("--force"));
      assertThat(paged.path("splits")).isEmpty();
      int sofar = api.log().aggregations().size();
      Installation.Ended again = backfill(installation, "--force");
      assertThat(again.code()).as(again.said()).isZero();
      assertThat(api.log().aggregations().size() - sofar)
          .isEqualTo(paged.path("likely_requests").intValue())
          .isGreaterThan(2);
    }
  }

  @Test
  void windowsAreCountedAsTheRunAnnouncesThem() throws IOException {
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api =
            FathomSimulator.start(World.dozen(21, FIRST, LAST, 0), Behaviour.unlimited())) {
      Installation installation =
          new Installation(
                  directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .settings(ENOUGH)
              .pipeline(
                  "all",
                  "all",
                  "[parquet]",
                  List.of(Question.pageviews("traffic_daily", "day"), PAGES));
      long planned = plan(installation, range()).path("windows").longValue();

      Installation.Ended words =
          installation.run("plan", "all", "--from", LAST.toString(), "--to", LAST.toString());
      Installation.Ended ended =
          installation.run(
              "--json", "backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString());

      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(new ObjectMapper().readTree(ended.out()).path("windows_planned").longValue())
          .isEqualTo(planned);
      assertThat(words.out()).contains("windows: one per report,", "are stored in chunks");
    }
  }

  /** The sum says so where it does not know all that it is the sum of; windows are counted. */
  @Test
  void aSumOfWhatIsKnownInPartSaysSo() throws IOException {
    List<Question> reports = List.of(Question.pageviews("traffic_daily", "day"), PAGES);
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api =
            FathomSimulator.start(World.dozen(21, FIRST, LAST, 0), Behaviour.unlimited())) {
      Installation installation =
          new Installation(
                  directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .pipeline("all", "all", "[parquet]", reports);
      JsonNode plan = plan(installation, range());
      long unknown = 0;
      for (JsonNode line : plan.path("lines")) {
        unknown += line.path("rows").isNull() ? line.path("windows").longValue() : 0;
      }

      Installation.Ended ended =
          installation.run("plan", "all", "--from", FIRST.toString(), "--to", LAST.toString());

      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(unknown).isPositive();
      assertThat(plan.path("unknown_windows").longValue()).isEqualTo(unknown);
      assertThat(plan.path("unknown").longValue()).as("of queries").isLessThanOrEqualTo(unknown);
      assertThat(ended.out())
          .contains(
              ", without " + unknown + " windows of which nothing is stored yet",
              "; all " + plan.path("windows").longValue() + " windows: --all")
          .doesNotContain("questions");
      assertThat(ended.out().lines().filter(line -> line.matches("all +12 .*")).findFirst())
          .hasValueSatisfying(sum -> assertThat(sum).matches(".* [0-9,]+[+] +unknown *"));
    }
  }

  /**
   * Sites and events without traffic cost their controls alone: no run sends fewer than planned.
   */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void atLeastIsALowerBoundWhereNothingHappened(boolean traffic) throws IOException {
    World world = World.empty();
    for (String site : List.of("A", "B")) {
      world.addSite(site, ZoneId.of("Europe/London")).addEvent(site, "Sign up");
      if (traffic) {
        world.add(site, world.viewAt(site, LAST.atTime(9, 0)).path("/"));
      }
    }
    List<Question> reports =
        List.of(
            PAGES,
            Question.pageviews("browsers_daily", "day", "browser"),
            Question.events("goals_daily", "day", "browser"));
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          new Installation(
                  directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .settings(ENOUGH)
              .pipeline("all", "all", "[postgres]", reports);

      JsonNode plan = plan(installation, range());
      Installation.Ended ended = backfill(installation);

      assertThat(ended.code()).as(ended.said()).isZero();
      // One control of pageviews and one of the event per site; then rows of pageviews only.
      assertThat(plan.path("least_requests").intValue()).isEqualTo(4);
      assertThat(api.log().aggregations()).hasSize(traffic ? 4 + 4 : 4);
      assertThat(plan.path("likely_requests").intValue()).isEqualTo(10);
    }
  }

  /** Visitors can invent names of events: the bound is said before it costs anything. */
  @Test
  void eventsBeyondTheBoundAreSaidAndNotCounted() throws IOException {
    World world = World.empty().addSite("A", ZoneId.of("Europe/London"));
    for (int i = 0; i < 5; i++) {
      world.addEvent("A", "event " + i);
    }
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          new Installation(
                  directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .settings(ENOUGH)
              .pipeline("all", "all", "[postgres]", List.of(Question.events("goals", "day")));
      Path pipeline = directory.resolve("pipelines/all.yaml");
      installation.write("pipelines/all.yaml", "max_events: 2\n" + Files.readString(pipeline));

      JsonNode plan = plan(installation, range());
      Installation.Ended ended = backfill(installation);

      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(plan.path("least_requests").intValue()).isEqualTo(2);
      assertThat(plan.path("notes").toString()).contains("5 events", "max_events");
      assertThat(api.log().aggregations())
          .extracting(e -> e.request().parameter("entity_name"))
          .contains("event 0", "event 1")
          .doesNotContain("event 2");
    }
  }

  @Test
  void aMonthOfNightsIsBilledWhateverIsLeftToDoTonight() throws IOException {
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api =
            FathomSimulator.start(
                World.dozen(21, FIRST, LocalDate.of(2026, 6, 21), 0), Behaviour.unlimited())) {
      Installation installation =
          new Installation(
                  directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .settings(ENOUGH)
              .pipeline("all", "[" + World.BUSY_SITE + "]", "[parquet]", List.of(PAGES));

      JsonNode before = plan(installation);
      assertThat(before.path("likely_requests").intValue()).isEqualTo(2);
      assertThat(before.path("billed_every").textValue()).isEqualTo("month");
      assertThat(before.path("billed_pageviews").intValue()).isEqualTo(2 * 30);

      assertThat(installation.run("run", "all").code()).isZero();

      JsonNode after = plan(installation);
      assertThat(after.path("likely_requests").intValue()).isZero();
      assertThat(after.path("billed_pageviews").intValue()).isEqualTo(2 * 30);
      assertThat(installation.run("plan", "all").out())
          .contains("Nothing to do")
          .contains("60 pageviews a month");
    }
  }

  /** Rows that status says are stored. */
  private static long rows(Installation installation) throws IOException {
    JsonNode status =
        new ObjectMapper().readTree(installation.run("--json", "status", "all").out());
    return StreamSupport.stream(status.path("lines").spliterator(), false)
        .mapToLong(l -> l.path("rows").longValue())
        .sum();
  }

  /** The most rows that a day of pages holds. */
  private static long busiestDay(FathomSimulator api) {
    return api.truth().rows(PAGES.query(World.BUSY_SITE, null, FIRST, LAST)).stream()
        .collect(
            Collectors.groupingBy(row -> String.valueOf(row.get("date")), Collectors.counting()))
        .values()
        .stream()
        .mapToLong(n -> n)
        .max()
        .orElseThrow();
  }
}
