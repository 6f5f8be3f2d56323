package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.truth.Truth;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a backfill leaves in PostgreSQL and in Parquet, every row and column of every table, is what
 * the raw visits say: for a dozen sites in as many zones, over both changes of the clock of a year.
 */
class TruthTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 3, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 11, 15);

  /** Over everywhere on the first day after the range, and on none but that in the Pacific. */
  private static final Instant NOW = Instant.parse("2025-11-16T14:00:00Z");

  /** Fewer than the burst day has, and than many windows have. */
  private static final int ROW_LIMIT = 2_500;

  private static final int BURST_PAGES = 4_000;

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "hostname", "pathname"),
          Question.pageviews(
                  "referrers_daily",
                  "day",
                  "referrer_hostname",
                  "referrer_pathname",
                  "referrer_source")
              .measuring("visits", "avg_duration"),
          Question.pageviews(
                  "campaigns_monthly",
                  "month",
                  "utm_campaign",
                  "utm_content",
                  "utm_medium",
                  "utm_source",
                  "utm_term",
                  "ref")
              .measuring("bounce_rate", "uniques"),
          Question.pageviews("traffic_monthly", "month"),
          Question.pageviews("keywords_yearly", "year", "keyword", "country_code"),
          Question.pageviews("traffic_total", "none"),
          Question.pageviews("places_total", "none", "city", "state", "region"),
          Question.pageviews("read_on_a_phone", "day", "browser", "operating_system")
              .where("device_type", "is", "Mobile")
              .where("pathname", "is not", "/login")
              .where("pathname", "not matching", "^/blog/\\d{4}/"),
          Question.pageviews("found_in_shops", "day")
              .where("domain", "is like", "shop.*example")
              .where("referrer_source", "is not", "Google"),
          Question.events("goals_daily", "day", "referrer_source"),
          Question.events("goals_monthly", "month").measuring("value"),
          Question.events("goals_total", "none", "device_type"),
          Question.events("goals_by_search", "year", "pathname")
              .where("referrer_source", "matching", "^(Google|DuckDuckGo)$"));

  private static final List<Question> HOURLY =
      List.of(
          Question.pageviews("traffic_hourly", "hour"),
          Question.pageviews("browsers_hourly", "hour", "browser").measuring("pageviews", "visits"),
          Question.events("goals_hourly", "hour"));

  /** Around the changes in America, Europe and Cairo, on Lord Howe; and back. */
  private static final List<List<LocalDate>> HOUR_RANGES =
      List.of(
          List.of(LocalDate.of(2025, 3, 6), LocalDate.of(2025, 3, 12)),
          List.of(LocalDate.of(2025, 3, 28), LocalDate.of(2025, 4, 8)),
          List.of(LocalDate.of(2025, 4, 24), LocalDate.of(2025, 4, 26)),
          List.of(LocalDate.of(2025, 10, 4), LocalDate.of(2025, 10, 6)),
          List.of(LocalDate.of(2025, 10, 24), LocalDate.of(2025, 11, 3)));

  @TempDir Path directory;

  @Test
  void everyRowAndColumnIsTheTruth() throws IOException {
    World world = World.dozen(7, FIRST, LAST, BURST_PAGES);
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          new Installation(
                  directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .settings(ROW_LIMIT)
              .pipeline("all", REPORTS)
              .pipeline("hourly", HOURLY);

      Installation.Ended daily =
          installation.run("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString());
      assertThat(daily.code()).as(daily.said()).isZero();
      for (List<LocalDate> range : HOUR_RANGES) {
        Installation.Ended hours =
            installation.run(
                "backfill",
                "hourly",
                "--from",
                range.get(0).toString(),
                "--to",
                range.get(1).toString());
        assertThat(hours.code()).as(hours.said()).isZero();
      }

      assertThat(
              database.query(
                  "SELECT report, site_id, period FROM fathom_ops.ledger"
                      + " WHERE status <> 'certified' OR NOT stored"))
          .as("all is certified, the day above the row limit too")
          .isEmpty();
      assertThat(
              database.query(
                  "SELECT site_id, period::text FROM fathom_ops.ledger WHERE splits > 0"
                      + " AND report = 'pages_daily'"))
          .as("had in parts by filters")
          .contains(List.of(World.BURST_SITE, World.burstDay(FIRST, LAST).toString()));
      for (Question report : REPORTS) {
        assertLanded(installation, api, report, List.of(List.of(FIRST, LAST)));
      }
      for (Question report : HOURLY) {
        assertLanded(installation, api, report, HOUR_RANGES);
      }
      assertThat(api.log().tooMany()).isEmpty();
    }
  }

  private static void assertLanded(
      Installation installation,
      FathomSimulator api,
      Question report,
      List<List<LocalDate>> ranges) {
    Truth truth = api.truth();
    List<List<@Nullable Object>> expected = new ArrayList<>();
    for (SimulatedSite site : api.world().sites()) {
      for (List<LocalDate> range : ranges) {
        expected.addAll(report.expected(api.world(), truth, site.id(), range.get(0), range.get(1)));
      }
    }
    assertThat(expected).as("the world has rows for %s", report.name()).isNotEmpty();
    Map<String, List<List<@Nullable Object>>> landed =
        Map.of(
            "Postgres",
            Landed.inPostgres(installation.database(), report),
            "Parquet",
            Landed.inParquet(installation.warehouse(), report));
    landed.forEach(
        (sink, rows) ->
            assertThat(Landed.differences(expected, rows))
                .as("%s in %s", report.name(), sink)
                .isEmpty());
    Map<String, Long> statuses = Landed.parquetStatuses(installation.warehouse(), report);
    assertThat(statuses.keySet())
        .as("%s is certified in the files too: %s", report.name(), statuses)
        .isEqualTo(Set.of("certified"));
  }
}
