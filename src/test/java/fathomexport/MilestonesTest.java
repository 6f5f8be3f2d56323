package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.StopSignal;
import fathomexport.config.ConfigLoader;
import fathomexport.report.SiteId;
import fathomexport.run.Budget;
import fathomexport.run.ExportJob;
import fathomexport.run.Patience;
import fathomexport.run.RunListener;
import fathomexport.run.RunResult;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.SimulatedMilestone;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import fathomexport.testing.Exporters;
import fathomexport.testing.JumpingTime;
import fathomexport.testing.Question;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Milestones are the last that a run asks for, while it still holds its pipeline's lock: whatever
 * the API asks, the run ends soon. Time passes only where the exporter waits.
 */
class MilestonesTest {
  private static final Instant NOW = Instant.parse("2026-03-15T14:00:00Z");
  private static final List<String> SITES = List.of("AAAA", "BBBB", "CCCC", "DDDD", "EEEE");
  private static final Duration SOON = Duration.ofMinutes(1);

  @TempDir Path directory;

  private final JumpingTime time = new JumpingTime(NOW);
  private final List<String> notices = new CopyOnWriteArrayList<>();
  private FathomSimulator api;

  @BeforeEach
  void start() throws IOException {
    World world = World.empty();
    for (String id : SITES) {
      SimulatedSite site =
          new SimulatedSite(id, id, ZoneOffset.UTC, Instant.parse("2026-03-12T00:00:00Z"));
      world.addSite(site);
      world.add(id, PageView.at(Instant.parse("2026-03-13T12:00:00Z")).visit(1));
      world.putMilestone(
          id, new SimulatedMilestone("m-" + id, LocalDate.of(2026, 3, 13), "Launch of " + id));
    }
    api = FathomSimulator.start(world, Behaviour.standard(), 0, time, time::pass);
  }

  @AfterEach
  void end() {
    api.close();
  }

  private static FaultRule ofMilestones(String site, Fault fault) {
    return FaultRule.when(r -> r.path().endsWith(site + "/milestones"), fault);
  }

  private static Fault unavailable(Duration retryAfter) {
    return new Fault.Status(
        503,
        "application/json",
        "{\"error\":\"maintenance\"}",
        Map.of("Retry-After", Long.toString(retryAfter.toSeconds())));
  }

  private RunResult run(Patience patience) throws IOException {
    Path pipeline = Files.createDirectories(directory.resolve("pipelines")).resolve("nightly.yaml");
    Files.writeString(
        pipeline,
        "sites: all\nsinks: [parquet]\nreports:\n"
            + Question.pageviews("traffic_daily", "day").yaml());
    RunListener listener =
        new RunListener() {
          @Override
          public void notice(String message) {
            if (message.contains("milestones")) {
              notices.add(message);
            }
          }
        };
    return Exporters.toFiles(
            api.baseUri(), directory.resolve("warehouse"), time, new StopSignal(), listener)
        .run(
            new ExportJob(
                "nightly",
                new ConfigLoader(directory).pipeline("nightly").orThrow().reports(),
                Optional.of(SITES.stream().map(SiteId::new).toList()),
                3,
                false,
                true),
            false,
            Budget.UNLIMITED,
            patience,
            List.of());
  }

  private List<String> stored() throws SQLException {
    List<String> sites = new ArrayList<>();
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT site_id FROM read_parquet('%s/milestone/data.parquet') ORDER BY 1"
                    .formatted(directory.resolve("warehouse")))) {
      while (result.next()) {
        sites.add(result.getString(1));
      }
    }
    return sites;
  }

  private long asked() {
    return api.log().all().stream().filter(e -> e.request().path().endsWith("/milestones")).count();
  }

  @Test
  void aSiteThatIsToBeLeftAloneIsSkippedAndTheOthersAreRead() throws Exception {
    api.behave(
        Behaviour.standard()
            .withFault(ofMilestones("BBBB", unavailable(Duration.ofMinutes(10))))
            .withFault(ofMilestones("DDDD", unavailable(Duration.ofSeconds(5)))));

    assertThat(run(Patience.LIMITED).exitCode()).isZero();

    assertThat(time.passed()).isLessThan(SOON);
    assertThat(stored()).containsExactly("AAAA", "CCCC", "EEEE");
    assertThat(asked()).isEqualTo(SITES.size());
    assertThat(notices)
        .singleElement()
        .asString()
        .startsWith(
            "the milestones of 2 sites (BBBB, DDDD) could not be read, and the next run asks again:"
                + " the API is unavailable: it asks that nothing is sent about site BBBB before")
        .doesNotContain("--wait", "not asked");
  }

  @Test
  void aRunThatWaitsForTheApiDoesNotWaitForMilestonesEither() throws Exception {
    api.behave(
        Behaviour.standard()
            .withFault(ofMilestones("AAAA", unavailable(Duration.ofHours(3))))
            .withFault(ofMilestones("CCCC", Fault.tooMany("7200"))));

    assertThat(run(Patience.ENDLESS).exitCode()).isZero();

    assertThat(time.passed()).isLessThan(SOON);
    assertThat(stored()).containsExactly("BBBB");
    assertThat(notices)
        .singleElement()
        .asString()
        .contains("2 sites (AAAA, CCCC)", "not asked for those of 2 more");
  }

  /** The limit of an account concerns every site: nothing more is sent. */
  @Test
  void theAccountsLimitEndsTheMilestonesAtOnce() throws Exception {
    for (String retryAfter : List.of("300", "86400")) {
      api.log().clear();
      notices.clear();
      api.behave(Behaviour.standard().withFault(ofMilestones("", Fault.tooMany(retryAfter))));
      Duration before = time.passed();

      assertThat(run(Patience.LIMITED).exitCode()).isZero();

      assertThat(time.passed().minus(before)).isLessThan(SOON);
      assertThat(asked()).isEqualTo(1);
      assertThat(notices)
          .singleElement()
          .asString()
          .contains("site AAAA could not be read", "has asked to wait until", "not asked")
          .doesNotContain("--wait");
      time.pass(Duration.ofDays(2));
    }
  }

  /** Without a response there is nothing to wait for either; three sites are enough to see it. */
  @Test
  void anApiThatFailsForEverySiteIsNotAskedForAllOfThem() throws Exception {
    api.behave(Behaviour.standard().withFault(ofMilestones("", Fault.status(500))));

    assertThat(run(Patience.LIMITED).exitCode()).isZero();

    assertThat(time.passed()).isLessThan(SOON);
    assertThat(asked()).isEqualTo(6);
    assertThat(notices).singleElement().asString().contains("3 sites (AAAA, BBBB, CCCC)");
  }

  @Test
  void oneRefusedSiteDoesNotHideThoseBehindIt() throws Exception {
    api.behave(Behaviour.standard().withFault(ofMilestones("AAAA", Fault.status(422))));

    assertThat(run(Patience.LIMITED).exitCode()).isZero();

    assertThat(stored()).containsExactly("BBBB", "CCCC", "DDDD", "EEEE");
    assertThat(notices).singleElement().asString().contains("site AAAA could not be read", "422");
  }
}
