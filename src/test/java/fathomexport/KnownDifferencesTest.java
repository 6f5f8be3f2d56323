package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code verify} has found to differ stays in {@code status} period by period, until a later
 * one finds it equal or it was exported again.
 */
class KnownDifferencesTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 6, 1);
  private static final LocalDate LAST = LocalDate.of(2026, 6, 10);
  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "pathname"));

  @TempDir Path directory;
  @RegisterExtension final Fixture fixture = new Fixture();
  private FathomSimulator api;
  private Installation installation;

  @BeforeEach
  void start() throws IOException {
    api = fixture.api(World.dozen(12, FIRST.minusDays(10), LAST, 0), Behaviour.unlimited());
    installation =
        new Installation(
            directory,
            fixture.database(REPORTS),
            api.baseUri(),
            SimulatorToken.STANDARD.secret(),
            Instant.EPOCH);
  }

  private void exported(String sinks) {
    installation.pipeline("nightly", "[LDNBOOKS, UTCSTATS]", sinks, REPORTS);
    assertEnds(0, "12:30", "backfill nightly --from 2026-06-01 --to 2026-06-10");
  }

  private Installation.Ended assertEnds(int code, String time, String command) {
    Installation.Ended ended =
        installation.at(Instant.parse("2026-06-11T" + time + ":00Z")).run(command.split(" ", -1));
    assertThat(ended.code()).as(ended.said()).isEqualTo(code);
    return ended;
  }

  private void change(String site, String day, int by) {
    installation
        .database()
        .execute(
            "UPDATE fathom.traffic_daily SET pageviews = pageviews + (%d) WHERE site_id = '%s' AND date = '%s'"
                .formatted(by, site, day));
  }

  private String status(int code, String time) {
    return assertEnds(code, time, "status nightly --check").out();
  }

  @Test
  void whatDiffersStaysUntilItIsFoundEqualOrExportedAgain() throws IOException {
    exported("[postgres, parquet]");
    change("LDNBOOKS", "2026-06-06", 1);
    change("UTCSTATS", "2026-06-08", 1);
    assertThat(status(0, "13:00")).as("rows are not read").doesNotContain("verify found");

    assertEnds(65, "13:10", "verify nightly --from 2026-06-01 --to 2026-06-10");
    String both =
        "! verify found 2 periods (1 report, 2 sites, 2026-06-06 .. 2026-06-08) that differ in"
            + " postgres: stored rows were changed after the export; export them again with:"
            + " fathom-export backfill nightly ";
    assertThat(status(65, "13:20"))
        .contains("what needs attention beside them is marked with !")
        .contains(both)
        .doesNotContain("verify of 2026", "CHANGED_IN_STORAGE");

    // Neither do other days that agree mend it, nor a night that confirms the days.
    assertEnds(0, "13:30", "verify nightly --from 2026-06-09 --to 2026-06-10");
    assertEnds(0, "13:31", "verify nightly --report pages_daily --from 2026-06-01 --to 2026-06-10");
    assertEnds(0, "13:40", "run nightly");
    assertThat(status(65, "13:50")).contains(both);

    // A part that is found equal is no longer named.
    change("LDNBOOKS", "2026-06-06", -1);
    assertEnds(
        0,
        "14:00",
        "verify nightly --site LDNBOOKS --report traffic_daily --from 2026-06-05 --to 2026-06-07");
    String one =
        "! verify found 1 period (1 report, 1 site, 2026-06-08 .. 2026-06-08) that differs in"
            + " postgres: ";
    String status = status(65, "14:10");
    assertThat(status).contains(one).doesNotContain(both);
    JsonNode json =
        new ObjectMapper().readTree(assertEnds(0, "14:10", "status nightly --json").out());
    assertThat(json.at("/verified/0/cause").textValue()).isEqualTo("CHANGED_IN_STORAGE");
    assertThat(json.at("/verified/0/extent/periods").intValue()).isEqualTo(1);

    // The rest is exported again, by the command as it is printed.
    String line = status.lines().filter(l -> l.startsWith(one)).findFirst().orElseThrow();
    assertEnds(0, "14:20", line.substring(line.indexOf("backfill nightly")));
    assertThat(status(0, "14:30")).doesNotContain("verify found", "changed later");
    // Fathom has reported the same all the time.
    assertThat(installation.database().query("SELECT DISTINCT reason FROM fathom_ops.restatement"))
        .containsExactly(List.of("storage"));
    assertThat(assertEnds(0, "14:30", "explain traffic_daily UTCSTATS 2026-06-08").out())
        .contains("replaced", ": the stored rows had been changed after the export")
        .doesNotContain("rows 1 by 1", "Fathom reported another number");
  }

  @Test
  void whatWasNeverExportedIsNamedUntilItIs() {
    exported("[parquet]");

    assertEnds(65, "13:00", "verify nightly --from 2026-05-29 --to 2026-06-03");
    assertThat(status(65, "13:10"))
        .contains("(2 reports, 2 sites, 2026-05-29 .. 2026-05-31) that differ in parquet: never")
        .contains("; export them again with: fathom-export backfill nightly ");
    assertThat(directory.resolve("warehouse/_fathom/differences/pages_daily.json")).exists();

    assertEnds(0, "13:20", "backfill nightly --from 2026-05-29 --to 2026-05-31");
    assertThat(status(0, "13:30")).doesNotContain("verify found");
    assertEnds(0, "13:40", "verify nightly --from 2026-05-29 --to 2026-06-03");
    assertThat(directory.resolve("warehouse/_fathom/differences/pages_daily.json")).doesNotExist();
  }

  /** A period without rows is compared, too, and the sink that is right is not called wrong. */
  @Test
  void anOlderFileInOneSinkIsFoundAlsoWhereItHasNoRows() throws IOException {
    World world = api.world().addSite("QUIETONE", ZoneId.of("UTC"));
    for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
      if (day.getDayOfMonth() != 5) {
        world.add("QUIETONE", world.viewAt("QUIETONE", day.atTime(9, 0)).path("/"));
      }
    }
    installation.pipeline("nightly", "[QUIETONE]", "[postgres, parquet]", REPORTS);
    assertEnds(0, "12:30", "backfill nightly --from 2026-06-01 --to 2026-06-10");
    Path file = directory.resolve("warehouse/traffic_daily/site_id=QUIETONE/month=2026-06");
    Path older = Files.copy(file.resolve("data.parquet"), directory.resolve("older"));
    world.add("QUIETONE", world.viewAt("QUIETONE", FIRST.plusDays(4).atTime(9, 0)).path("/"));
    assertEnds(0, "12:40", "backfill nightly --from 2026-06-05 --to 2026-06-05 --force");
    assertThat(status(0, "12:50")).doesNotContain("! ");

    Files.copy(older, file.resolve("data.parquet"), StandardCopyOption.REPLACE_EXISTING);

    String line =
        "! the sinks hold different rows of 1 period (1 report, 1 site, 2026-06-05 .. 2026-06-05);"
            + " fetch again with: fathom-export ";
    String status = status(65, "13:00");
    assertThat(status).contains(line);
    assertThat(assertEnds(0, "13:10", "run nightly").out()).contains("hold different rows of 1");
    assertThat(
            assertEnds(65, "13:20", "verify nightly --from 2026-06-01 --to 2026-06-10")
                .out()
                .lines()
                .filter(l -> l.startsWith("traffic_daily")))
        .isNotEmpty()
        .allMatch(l -> l.contains(" parquet "))
        .allMatch(l -> l.endsWith("another sink holds what Fathom reports"));
    assertThat(status(65, "13:30"))
        .contains(" that differs in parquet: another sink holds what Fathom reports; export");

    String command = status.lines().filter(l -> l.startsWith(line)).findFirst().orElseThrow();
    assertEnds(0, "13:40", command.substring(line.length()));
    assertThat(status(0, "13:50")).doesNotContain("! ");
    assertEnds(0, "14:00", "verify nightly --from 2026-06-01 --to 2026-06-10");
  }
}
