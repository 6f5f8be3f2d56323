package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.RunControls;
import fathomexport.api.pacing.StopSignal;
import fathomexport.inspect.PlanOverview;
import fathomexport.run.ExportJob;
import fathomexport.run.RunListener;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Quota;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Exporters;
import fathomexport.testing.Installation;
import fathomexport.testing.JumpingTime;
import fathomexport.testing.LogCapture;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import fathomexport.testing.TestReports;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The hourly quota of sites and events, where an account has hundreds of sites. */
@Timeout(120)
class LookupQuotaTest {
  private static final Instant NOW = Instant.parse("2026-03-15T14:00:00Z");
  private static final int SITES = 100;

  /** Pages of a hundred sites, and the events of each site. */
  private static final int REQUESTS = SITES / 100 + SITES;

  private static final Question GOALS = Question.events("goals_daily", "day", "referrer_source");

  @TempDir Path directory;

  private static World world(int sites) {
    World world = World.empty();
    for (int i = 0; i < sites; i++) {
      String id = "SITE%04d".formatted(i);
      world.addSite(id, ZoneOffset.UTC);
      world.addEvent(id, "signup");
    }
    return world;
  }

  /** A server that has counted what others have used of the hour, and grants the rest. */
  private static Behaviour granting(int lookups) {
    return Behaviour.standard()
        .withAccountQuota(
            new Quota(Quota.Model.FIXED_FROM_FIRST_HIT, lookups, RunControls.LOOKUPS_WINDOW));
  }

  /**
   * Two processes discover the account at the same time, in what others have left of the hour; then
   * nothing is left, and every command that asks these endpoints knows.
   */
  @Test
  void allCommandsShareTheHourByWayOfTheDatabase() throws IOException {
    int left = 2 * REQUESTS;
    try (TestDatabase database = TestDatabase.migrated(List.of(GOALS));
        FathomSimulator api = FathomSimulator.start(world(SITES), granting(left))) {
      Installation installation =
          new Installation(
                  directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .pipeline("goals", List.of(GOALS));
      usedByOthers(database, api, RunControls.LOOKUPS_PER_WINDOW - left);

      CompletableFuture<Installation.Ended> one =
          CompletableFuture.supplyAsync(() -> installation.run("plan", "goals", "--all"));
      Installation.Ended two = installation.run("plan", "goals");
      for (Installation.Ended plan : List.of(one.join(), two)) {
        assertThat(plan.code()).as(plan.said()).isZero();
      }
      assertThat(one.join().out())
          .contains("SITE0000 (Site SITE0000) / signup", "SITE0099 (Site SITE0099) / signup");
      assertThat(two.out().lines().toList())
          .as("a screen, and not a line for each of the sites")
          .hasSizeLessThan(30)
          .anyMatch(line -> line.matches("goals_daily +100 +2\\S+ \\.\\. 2\\S+ +100 +.*"))
          .anyMatch(line -> line.contains("all 100 windows: --all"));
      assertThat(api.log().all()).hasSize(left).allMatch(e -> e.status() == 200);

      for (List<String> command :
          List.of(
              List.of("sites"),
              List.of("plan", "goals"),
              List.of("run", "goals"),
              List.of("snapshot", "goals"),
              List.of("verify", "goals", "--from", "2026-03-01", "--to", "2026-03-02"))) {
        Installation.Ended ended = installation.run(command.toArray(new String[0]));
        assertThat(ended.code()).as("%s: %s", command, ended.said()).isEqualTo(75);
        assertThat(ended.err()).as("%s", command).contains("run again after that time");
        assertThat(ended.err())
            .as("%s names the cause that applies", command)
            .contains("the quota of sites and events, 2,000 requests per hour, is used up until")
            .doesNotContain("has asked to wait");
      }
      assertThat(api.log().all()).as("nothing more was sent").hasSize(left);
    }
  }

  /**
   * A run that begins while the API wants no requests, as another run was told: it waits for as
   * long as any run waits, and ends at once when that is not enough.
   */
  @Test
  void aWaitThatAnotherRunWasAskedFor() throws IOException {
    try (TestDatabase database = TestDatabase.migrated(List.of(GOALS));
        FathomSimulator api = FathomSimulator.start(world(1), Behaviour.unlimited())) {
      Installation installation =
          new Installation(
                  directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .pipeline("goals", List.of(GOALS));
      String account = api.baseUri() + "#default";
      database.execute(
          "INSERT INTO fathom_ops.account (account, quota, deferred_until) VALUES ('"
              + account
              + "', 'reports', clock_timestamp() + interval '16 minutes')");

      Installation.Ended far = installation.run("run", "goals");
      assertThat(far.code()).as(far.said()).isEqualTo(75);
      assertThat(far.out()).contains("the API has asked to wait until");
      assertThat(api.log().aggregations()).isEmpty();

      database.execute(
          "UPDATE fathom_ops.account SET deferred_until = clock_timestamp() + interval '1 second'");
      Installation.Ended near = installation.run("run", "goals");
      assertThat(near.code()).as(near.said()).isZero();
      assertThat(api.log().aggregations()).isNotEmpty();
    }
  }

  private static void usedByOthers(TestDatabase database, FathomSimulator api, int requests) {
    String account = api.baseUri() + "#default";
    database.execute(
        "INSERT INTO fathom_ops.account (account, quota) VALUES ('" + account + "', 'lookups')");
    database.execute(
        "INSERT INTO fathom_ops.permit (account, quota, holder, taken_at, lease_until, ended_at)"
            + " SELECT '"
            + account
            + "', 'lookups', 1, clock_timestamp(), clock_timestamp(), clock_timestamp()"
            + " FROM generate_series(1, "
            + requests
            + ")");
  }

  /** Nobody has shared anything by way of a database that no export has prepared. */
  @Test
  void aDatabaseThatWasNeverMigratedHoldsUpNoLookUp() throws IOException {
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = FathomSimulator.start(world(1), granting(100));
        LogCapture log = LogCapture.ofAll()) {
      Installation installation =
          new Installation(
                  directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .pipeline("goals", List.of(GOALS));

      assertThat(installation.run("sites").code()).isZero();
      Installation.Ended plan = installation.run("plan", "goals");
      assertThat(plan.code()).as(plan.said()).isZero();
      assertThat(database.query("SELECT to_regnamespace('fathom_ops') IS NULL"))
          .as("neither writes anything")
          .containsExactly(List.of(true));
      assertThat(log.text()).doesNotContain("cannot share the quota");
    }
  }

  /** Without a database, a process keeps to the quota by itself. */
  @Test
  void aProcessAloneKeepsToTheHour() throws IOException {
    int sites = RunControls.LOOKUPS_PER_WINDOW + 100;
    JumpingTime time = new JumpingTime(NOW);
    try (FathomSimulator api =
        FathomSimulator.start(
            world(sites), granting(RunControls.LOOKUPS_PER_WINDOW), 0, time, time::pass)) {
      PlanOverview plan =
          Exporters.toFiles(
                  api.baseUri(),
                  directory.resolve("warehouse"),
                  time,
                  new StopSignal(),
                  RunListener.NONE)
              .planRun(
                  new ExportJob(
                      "goals", List.of(TestReports.goals()), Optional.empty(), 3, false, true));

      int found = RunControls.LOOKUPS_PER_WINDOW - sites / 100;
      assertThat(api.log().all())
          .hasSize(RunControls.LOOKUPS_PER_WINDOW)
          .allMatch(e -> e.status() == 200);
      assertThat(plan.notes())
          .anyMatch(
              note ->
                  note.contains("and of " + (sites - found - 1) + " more")
                      && note.contains("run again after that time"));
    }
  }
}
