package fathomexport;

import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.LIST;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Fixture;
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
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A run of many windows: how far it is stands in its record, and it is one run to its end. */
@Timeout(300)
class LongRunTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 3, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 9, 16);
  private static final Instant NOW = Instant.parse("2025-10-02T14:00:00Z");
  private static final List<String> SITES = List.of("LDNBOOKS", "UTCSTATS", "KTMTRAIL");
  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");

  /** A window a day: 200 of each site. */
  private static final int WINDOWS = 600;

  private static final String RUN =
      "SELECT windows_planned, windows_committed, windows_skipped, exit_code FROM fathom_ops.run";

  @TempDir Path directory;

  private final World world = World.dozen(41, FIRST, LAST, 0);
  @RegisterExtension final Fixture fixture = new Fixture();
  private FathomSimulator api;
  private TestDatabase database;
  private Installation installation;

  @BeforeEach
  void start() throws IOException {
    api = fixture.api(world, Behaviour.unlimited());
    database = fixture.database(List.of(TRAFFIC));
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .settings(1_000, 1000, "  max_range_days: 1\n");
    pipeline(SITES);
  }

  private void pipeline(List<String> sites) {
    installation.pipeline(
        "all", "[" + String.join(", ", sites) + "]", "[postgres]", List.of(TRAFFIC));
  }

  private Installation.Ended backfill(String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString()));
    arguments.addAll(List.of(more));
    return installation.run(arguments.toArray(new String[0]));
  }

  @Test
  void itIsOneRun() {
    AtomicReference<List<List<@Nullable Object>>> underWay = new AtomicReference<>(List.of());
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    r -> {
                      if (r.aggregation() == WINDOWS - 10) {
                        underWay.set(database.query(RUN));
                      }
                      return false;
                    },
                    Fault.empty())));

    Installation.Ended ended = backfill();

    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(api.log().aggregations()).hasSize(WINDOWS);
    List<List<@Nullable Object>> expected = new ArrayList<>();
    SITES.forEach(site -> expected.addAll(TRAFFIC.expected(world, api.truth(), site, FIRST, LAST)));
    assertThat(Landed.differences(expected, Landed.inPostgres(database, TRAFFIC))).isEmpty();
    assertThat(database.query(RUN)).containsExactly(List.of((long) WINDOWS, (long) WINDOWS, 0L, 0));
    // A run that is killed now has not ended.
    assertThat(underWay.get())
        .singleElement(as(LIST))
        .satisfies(run -> assertThat(run.get(1)).isEqualTo(500L))
        .satisfies(run -> assertThat(run.get(3)).isNull());
  }

  @Test
  void whatItStopsBeforeIsReported() {
    int windows = WINDOWS / SITES.size();
    pipeline(SITES.subList(0, 1));
    Installation.Ended ended = backfill("--max-requests", "50");

    assertThat(ended.code()).as(ended.said()).isEqualTo(75);
    assertThat(api.log().aggregations()).hasSize(50);
    assertThat(database.query(RUN))
        .containsExactly(List.of((long) windows, 50L, windows - 50L, 75));

    assertThat(backfill().code()).isZero();
    assertThat(api.log().aggregations()).hasSize(windows);
  }
}
