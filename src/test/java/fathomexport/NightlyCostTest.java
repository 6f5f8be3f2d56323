package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.Behaviour;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.SimulatorToken;
import fathomexport.simulator.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a night costs: a request a report and site, and one a site for the control. */
class NightlyCostTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 10, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 10, 31);
  private static final Instant NOW = Instant.parse("2025-10-28T14:00:00Z");
  private static final int NIGHTS = 3;

  private static final List<Question> GROUPED =
      List.of(
          Question.pageviews("pages_daily", "day", "hostname", "pathname"),
          Question.pageviews("browsers_daily", "day", "browser"),
          Question.pageviews("countries_daily", "day", "country_code"));

  @TempDir Path directory;

  /** Runs some nights in a row, and counts each one's requests. */
  private List<Integer> nights(TestDatabase database, FathomSimulator api, String yaml)
      throws IOException {
    Installation installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW);
    installation.write("pipelines/night.yaml", yaml);
    List<Integer> requests = new ArrayList<>();
    for (int night = 0; night < NIGHTS; night++) {
      api.log().clear();
      Installation.Ended ended =
          installation.at(NOW.plus(Duration.ofDays(night))).run("run", "night");
      assertThat(ended.code()).as(ended.said()).isZero();
      requests.add(api.log().aggregations().size());
    }
    return requests;
  }

  private static String yaml(List<Question> reports) {
    StringBuilder yaml =
        new StringBuilder("sites: all\nlookback_days: 3\nsinks: [postgres, parquet]\nreports:\n");
    reports.forEach(r -> yaml.append(r.yaml()));
    return yaml.toString();
  }

  private static List<Integer> everyNight(int requests) {
    return java.util.Collections.nCopies(NIGHTS, requests);
  }

  @Test
  void aRequestAReportAndSiteAndOneASite() throws IOException {
    World world = World.dozen(61, FIRST, LAST, 0);
    int sites = world.sites().size();
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      assertThat(nights(database, api, yaml(GROUPED)))
          .isEqualTo(everyNight(GROUPED.size() * sites + sites));
    }
  }

  @Test
  void anUngroupedReportIsTheControl() throws IOException {
    World world = World.dozen(62, FIRST, LAST, 0);
    int sites = world.sites().size();
    List<Question> reports = new ArrayList<>(GROUPED);
    reports.add(Question.pageviews("traffic_daily", "day"));
    // Other aggregates of a question that is asked anyway.
    reports.add(Question.pageviews("times_daily", "day", "browser").measuring("avg_duration"));
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      assertThat(nights(database, api, yaml(reports)))
          .isEqualTo(everyNight((GROUPED.size() + 1) * sites));
    }
  }

  /** Each set of filters and each grouping by time has a control of its own. */
  @Test
  void filtersAndGroupingsHaveTheirOwnControls() throws IOException {
    World world = World.dozen(63, FIRST, LAST, 0);
    int sites = world.sites().size();
    List<Question> reports = new ArrayList<>(GROUPED);
    reports.add(
        Question.pageviews("desktop_pages", "day", "pathname")
            .where("device_type", "is", "Desktop"));
    reports.add(
        Question.pageviews("desktop_countries", "day", "country_code")
            .where("device_type", "is", "Desktop"));
    reports.add(Question.pageviews("cities_monthly", "month", "city"));
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      assertThat(nights(database, api, yaml(reports)))
          .isEqualTo(everyNight(reports.size() * sites + 3 * sites));
    }
  }

  /** The pipeline that comes with the program: its events by name, its pageviews by site. */
  @Test
  void theShippedPipeline() throws IOException {
    World world = World.dozen(64, FIRST, LAST, 0);
    String yaml = Files.readString(Path.of("pipelines/nightly.yaml"));
    int events = world.sites().stream().mapToInt(s -> world.eventNames(s.id()).size()).sum();
    int ofPageviews = yaml.split("entity: pageview", -1).length - 1;
    int ofEvents = yaml.split("entity: event", -1).length - 1;
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      assertThat(nights(database, api, yaml))
          .isEqualTo(everyNight(ofPageviews * world.sites().size() + (ofEvents + 1) * events));
    }
  }
}
