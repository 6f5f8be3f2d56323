package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.Behaviour;
import fathomexport.simulator.Dimension;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.PageView;
import fathomexport.simulator.SimulatorToken;
import fathomexport.simulator.World;
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
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
    Question report =
        Question.pageviews("pages_daily", "day", "hostname", "pathname", "referrer_hostname")
            .measuring("pageviews", "visits");
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = FathomSimulator.start(crowd(), Behaviour.unlimited())) {
      Installation installation =
          install(database, api)
              .settings(ROW_LIMIT)
              .pipeline("all", "all", "[postgres]", List.of(report));

      Installation.Ended ended = backfill(installation);

      double ratio = (double) requests(api) * ROW_LIMIT / ROWS;
      System.out.printf(
          "%d rows at a row limit of %d: %d requests, %.3f times the fewest%n",
          ROWS, ROW_LIMIT, requests(api), ratio);
      assertTrue(ended, database, api, report);
      assertThat(database.query("SELECT count(*) FROM fathom.pages_daily").get(0).get(0))
          .isEqualTo((long) ROWS);
      assertThat(ratio).isLessThanOrEqualTo(1.6);
    }
  }
}
