package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a night costs: one request per site for the control, and one per report that has rows. */
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

  /**
   * Runs some nights in a row, and holds each one's requests against what they must be by the
   * source: a control a family, and for each grouped report a request when there was traffic on a
   * day that is new. Silence that comes suddenly may be asked once more.
   */
  private void nights(
      TestDatabase database, FathomSimulator api, String yaml, List<Question> reports)
      throws IOException {
    Installation installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW);
    installation.write("pipelines/night.yaml", yaml);
    for (int night = 0; night < NIGHTS; night++) {
      api.log().clear();
      Instant now = NOW.plus(Duration.ofDays(night));
      Installation.Ended ended = installation.at(now).run("run", "night");
      assertThat(ended.code()).as(ended.said()).isZero();
      long totals =
          api.log().aggregations().stream()
              .filter(e -> e.request().parameter("date_grouping") == null)
              .count();
      long least = 0;
      long silences = 0;
      for (SimulatedSite site : api.world().sites()) {
        LocalDate yesterday = now.atZone(site.zone()).toLocalDate().minusDays(1);
        Set<List<Object>> families = new HashSet<>();
        Set<List<Object>> questions = new HashSet<>();
        for (Question report : reports) {
          for (String event : report.slices(api.world(), site.id())) {
            List<Object> family =
                Arrays.asList(event, report.event(), report.dateGrouping(), report.filters());
            least += families.add(family) ? 1 : 0;
            silences += traffic(api, report, site.id(), event, yesterday, yesterday) ? 0 : 1;
            boolean monthly = report.dateGrouping().equals("month");
            LocalDate from =
                monthly
                    ? yesterday.withDayOfMonth(1)
                    : night == 0 ? yesterday.minusDays(3) : yesterday;
            if (!report.fields().isEmpty()
                && questions.add(Arrays.asList(family, report.fields()))
                && traffic(api, report, site.id(), event, from, yesterday)) {
              least++;
            }
          }
        }
      }
      assertThat(api.log().aggregations().size() - totals).as("night %s", night).isEqualTo(least);
      assertThat(totals).as("silences asked again").isLessThanOrEqualTo(silences);
    }
  }

  private static boolean traffic(
      FathomSimulator api,
      Question report,
      String site,
      @Nullable String event,
      LocalDate from,
      LocalDate to) {
    return !api.truth().rows(report.query(site, event, from, to)).isEmpty();
  }

  private static String yaml(List<Question> reports) {
    StringBuilder yaml =
        new StringBuilder("sites: all\nlookback_days: 3\nsinks: [postgres]\nreports:\n");
    reports.forEach(r -> yaml.append(r.yaml()));
    return yaml.toString();
  }

  @Test
  void oneRequestPerReportAndSiteAndOnePerSite() throws IOException {
    World world = World.dozen(61, FIRST, LAST, 0);
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      nights(database, api, yaml(GROUPED), GROUPED);
    }
  }

  @Test
  void anUngroupedReportIsTheControl() throws IOException {
    World world = World.dozen(62, FIRST, LAST, 0);
    List<Question> reports = new ArrayList<>(GROUPED);
    reports.add(Question.pageviews("traffic_daily", "day"));
    // Other aggregates of a question that is asked anyway.
    reports.add(Question.pageviews("times_daily", "day", "browser").measuring("avg_duration"));
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      nights(database, api, yaml(reports), reports);
    }
  }

  /** Each set of filters and each grouping by time has a control of its own. */
  @Test
  void filtersAndGroupingsHaveTheirOwnControls() throws IOException {
    World world = World.dozen(63, FIRST, LAST, 0);
    List<Question> reports = new ArrayList<>(GROUPED);
    reports.add(
        Question.pageviews("desktop_pages", "day", "pathname")
            .where("device_type", "is", "Desktop"));
    reports.add(
        Question.pageviews("desktop_countries", "day", "country_code")
            .where("device_type", "is", "Desktop"));
    reports.add(Question.pageviews("cities_monthly", "month", "city"));
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      nights(database, api, yaml(reports), reports);
    }
  }
}
