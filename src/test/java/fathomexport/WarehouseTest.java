package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.Behaviour;
import fathomexport.simulator.Conversion;
import fathomexport.simulator.Dimension;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.PageView;
import fathomexport.simulator.SimulatorToken;
import fathomexport.simulator.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The views of schema fathom_bi over one exported world, compared with its visits. */
class WarehouseTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 9, 29);
  private static final LocalDate LAST = LocalDate.of(2025, 11, 2);
  private static final Instant NOW = Instant.parse("2025-11-03T14:00:00Z");
  private static final String BERLIN = "BERLIN";
  private static final String NEW_YORK = "NYC";

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "hostname", "pathname"),
          Question.pageviews("referrers_daily", "day", "referrer_hostname", "referrer_source"),
          Question.pageviews("sources_daily", "day", "referrer_source"),
          Question.pageviews("campaigns_daily", "day", "utm_source", "utm_medium", "utm_campaign"),
          Question.pageviews("blog_daily", "day").where("pathname", "is like", "/blog*"),
          Question.pageviews("traffic_monthly", "month"),
          Question.events("goals_daily", "day", "referrer_source"));

  @TempDir static Path directory;
  private static TestDatabase database;
  private static FathomSimulator api;
  private static World world;

  private static World world() {
    World world =
        World.empty()
            .addSite(BERLIN, ZoneId.of("Europe/Berlin"))
            .addSite(NEW_YORK, ZoneId.of("America/New_York"))
            .addEvent(BERLIN, "purchase");
    long visit = 1;
    for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
      // Every seventh day has no traffic.
      if (day.getDayOfMonth() % 7 == 0) {
        continue;
      }
      for (int n = 0; n < 2 + day.getDayOfMonth() % 5; n++) {
        PageView first =
            world
                .viewAt(BERLIN, day.atTime(8 + n, 5))
                .visit(visit++)
                .host("https://berlin.example")
                .path(n % 3 == 0 ? "/" : "/blog/" + n)
                .lasting(10 * n);
        first =
            switch (n) {
              case 0 -> first;
              case 1 ->
                  first
                      .with(Dimension.REFERRER_HOSTNAME, "https://www.google.de")
                      .with(Dimension.REFERRER_SOURCE, "Google");
              case 2 ->
                  first
                      .with(Dimension.REFERRER_HOSTNAME, "https://chatgpt.com")
                      .with(Dimension.REFERRER_SOURCE, "ChatGPT");
              case 3 ->
                  first
                      .with(Dimension.UTM_SOURCE, "shop")
                      .with(Dimension.UTM_MEDIUM, "cpc")
                      .with(Dimension.UTM_CAMPAIGN, "autumn");
              default ->
                  first
                      .with(Dimension.REFERRER_HOSTNAME, "https://mail.google.com")
                      .with(Dimension.UTM_MEDIUM, "(none)");
            };
        world.add(BERLIN, n % 2 == 0 ? first.bouncing() : first);
        if (n % 2 == 1) {
          world.add(BERLIN, first.path("/").continuing());
        }
      }
      world.add(NEW_YORK, world.viewAt(NEW_YORK, day.atTime(23, 30)).visit(visit++).path("/"));
      world.add(
          BERLIN,
          Conversion.of("purchase", world.instant(BERLIN, day.atTime(12, 0)))
              .with(Dimension.REFERRER_SOURCE, "Google")
              .worth(1999L));
    }
    return world;
  }

  @BeforeAll
  static void export() throws IOException {
    world = world();
    database = TestDatabase.migrated();
    api = FathomSimulator.start(world, Behaviour.unlimited());
    Installation installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .pipeline("all", "all", "[postgres]", REPORTS)
            .pipeline(
                "hours",
                "all",
                "[postgres]",
                List.of(Question.pageviews("traffic_hourly", "hour")));
    database.executeAsSuperuser(
        "ALTER DATABASE " + database.name() + " SET fathom.as_of = '" + NOW + "'");
    database.execute(
        "INSERT INTO fathom.site (site_id, name, time_zone, first_seen_at, last_seen_at) VALUES"
            + " ('BERLIN', 'Berlin''s site', 'Europe/Berlin', now(), now())",
        "INSERT INTO fathom.event (site_id, event_name, currency, first_seen_at, last_seen_at)"
            + " VALUES ('BERLIN', 'purchase', 'EUR', now(), now())",
        "INSERT INTO fathom.milestone (site_id, milestone_id, date, name) VALUES ('BERLIN', 'm1',"
            + " '2025-10-10', 'Launch')");
    Installation.Ended ended =
        installation.run("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString());
    assertThat(ended.code()).as(ended.said()).isZero();
    ended = installation.run("backfill", "hours", "--from", "2025-10-25", "--to", "2025-10-27");
    assertThat(ended.code()).as(ended.said()).isZero();
    System.out.println(ended.said());
  }

  @AfterAll
  static void close() {
    api.close();
    database.close();
  }

  @Test
  void look() {
    for (Object view :
        database
            .query(
                "SELECT relname FROM pg_class WHERE relnamespace = 'fathom_bi'::regnamespace ORDER"
                    + " BY 1")
            .stream()
            .map(r -> r.get(0))
            .toList()) {
      System.out.println("== " + view);
      database
          .query("SELECT row_to_json(v)::text FROM fathom_bi." + view + " v LIMIT 4")
          .forEach(System.out::println);
    }
  }
}
