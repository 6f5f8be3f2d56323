package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.Behaviour;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.SimulatedSite;
import fathomexport.simulator.SimulatorToken;
import fathomexport.simulator.Truth;
import fathomexport.simulator.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
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

  /** A period that is known not to be held whole. */
  private record Gap(String report, String site, LocalDate period) {}

  @Test
  void everyRowAndColumnIsTheTruth() throws IOException {
    World world = World.dozen(7, FIRST, LAST, BURST_PAGES);
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          new Installation(
                  directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .settings(ROW_LIMIT)
              .pipeline("all", REPORTS)
              .pipeline("hourly", HOURLY);

      Installation.Ended daily =
          installation.run("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString());
      Set<Gap> gaps = gaps(database);
      assertThat(daily.code()).as(daily.said()).isEqualTo(gaps.isEmpty() ? 0 : 65);
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

      LocalDate burst = World.burstDay(FIRST, LAST);
      assertThat(gaps(database))
          .as("only a day above the row limit may be less than certified")
          .allSatisfy(gap -> assertThat(gap.site()).isEqualTo(World.BURST_SITE))
          .allSatisfy(gap -> assertThat(gap.report()).isEqualTo("pages_daily"))
          .allSatisfy(gap -> assertThat(gap.period()).isEqualTo(burst));
      for (Question report : REPORTS) {
        assertLanded(installation, api, report, List.of(List.of(FIRST, LAST)), gaps);
      }
      for (Question report : HOURLY) {
        assertLanded(installation, api, report, HOUR_RANGES, gaps);
      }
      assertThat(api.log().tooMany()).isEmpty();
    }
  }

  private static Set<Gap> gaps(TestDatabase database) {
    Set<Gap> gaps = new HashSet<>();
    for (List<@Nullable Object> row :
        database.query(
            "SELECT report, site_id, period::text FROM fathom_ops.ledger WHERE status <>"
                + " 'certified' OR NOT stored")) {
      gaps.add(
          new Gap(
              String.valueOf(row.get(0)),
              String.valueOf(row.get(1)),
              LocalDate.parse(String.valueOf(row.get(2)))));
    }
    return gaps;
  }

  private static void assertLanded(
      Installation installation,
      FathomSimulator api,
      Question report,
      List<List<LocalDate>> ranges,
      Set<Gap> gaps) {
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
        (sink, rows) -> {
          assertThat(
                  Landed.differences(outside(expected, gaps, report), outside(rows, gaps, report)))
              .as("%s in %s", report.name(), sink)
              .isEmpty();
          List<List<@Nullable Object>> invented = new ArrayList<>(rows);
          invented.removeAll(new HashSet<>(expected));
          assertThat(invented)
              .as("rows of %s in %s that are not true", report.name(), sink)
              .isEmpty();
        });
    long gapsOfReport = gaps.stream().filter(g -> g.report().equals(report.name())).count();
    Map<String, Long> statuses = Landed.parquetStatuses(installation.warehouse(), report);
    assertThat(statuses.getOrDefault("certified", 0L)).isPositive();
    assertThat(statuses.values().stream().mapToLong(n -> n).sum())
        .as("%s: all but the gaps are certified in the files too: %s", report.name(), statuses)
        .isEqualTo(statuses.getOrDefault("certified", 0L) + gapsOfReport);
  }

  private static List<List<@Nullable Object>> outside(
      List<List<@Nullable Object>> rows, Set<Gap> gaps, Question report) {
    if (gaps.stream().noneMatch(g -> g.report().equals(report.name()))) {
      return rows;
    }
    return rows.stream()
        .filter(
            row ->
                !(row.get(1) instanceof LocalDate day
                    && gaps.contains(new Gap(report.name(), String.valueOf(row.get(0)), day))))
        .toList();
  }
}
