package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A run on a cluster whose process was killed, as the next run finds it. */
class KilledClusterRunTest {
  private static final LocalDate LAST = LocalDate.of(2025, 10, 1);
  private static final Instant NOW = Instant.parse("2025-10-02T14:00:00Z");
  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");

  @TempDir Path directory;
  @RegisterExtension final Fixture fixture = new Fixture();

  /** The workers had exported all windows before they noticed. */
  @Test
  void itsRequestsAreRecordedAndItsRowsRemovedByAnyRun() throws IOException {
    FathomSimulator api =
        fixture.api(World.dozen(41, LAST.minusDays(9), LAST, 0), Behaviour.unlimited());
    TestDatabase database = fixture.database(List.of(TRAFFIC));
    Installation installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .pipeline("all", "[LDNBOOKS]", "[postgres]", List.of(TRAFFIC));
    assertThat(installation.run("run", "all").code()).isZero();
    database.execute(
        "UPDATE fathom_ops.run SET finished_at = NULL, exit_code = NULL, requests = 0");
    database.execute(
        "INSERT INTO fathom_ops.cluster_run (run_id, pipeline, requests)"
            + " SELECT run_id, pipeline, 96 FROM fathom_ops.run");
    database.execute(
        "INSERT INTO fathom_ops.cluster_lane (run_id, lane, attempt, host)"
            + " SELECT run_id, 0, 'first', 'host-1' FROM fathom_ops.run");

    Installation.Ended next = installation.run("run", "all");

    assertThat(next.code()).as(next.said()).isZero();
    assertThat(next.out()).contains("nothing to do");
    assertThat(database.query("SELECT requests FROM fathom_ops.run WHERE finished_at IS NULL"))
        .containsExactly(List.of(96L));
    assertThat(database.query("SELECT run_id FROM fathom_ops.cluster_run")).isEmpty();
    assertThat(database.query("SELECT lane FROM fathom_ops.cluster_lane")).isEmpty();
  }
}
