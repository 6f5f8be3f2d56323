package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import fathomexport.testing.DocumentedOutput;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The outputs in docs/evidence.md are what the commands print, after the history told there. */
class EvidencePageTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 10, 1);
  private static final LocalDate LATE = LocalDate.of(2025, 10, 26);
  private static final String BOOKS = "LDNBOOKS";
  private static final String BOARD = "UTCSTATS";

  private final World world = twoSites();
  @RegisterExtension final Fixture fixture = new Fixture();
  private final DocumentedOutput page;

  EvidencePageTest() throws IOException {
    page = new DocumentedOutput(Path.of("docs/evidence.md"));
  }

  private static World twoSites() {
    World world = World.dozen(4, FIRST, LocalDate.of(2025, 10, 28), 0);
    for (SimulatedSite site : world.sites()) {
      if (!List.of(BOOKS, BOARD).contains(site.id())) {
        world.removeSite(site.id());
      }
    }
    return world;
  }

  @Test
  void theHistoryOfThePage(@TempDir Path directory) throws IOException {
    FathomSimulator api = fixture.api(world, Behaviour.unlimited());
    TestDatabase database = fixture.database();
    Installation installation =
        new Installation(directory, database, api, Instant.parse("2025-10-27T14:00:00Z"))
            .pipeline(
                "nightly",
                List.of(
                    Question.pageviews("traffic_daily", "day"),
                    Question.pageviews("pages_daily", "day", "hostname", "pathname"),
                    Question.events("goals_daily", "day")));
    played(installation, 0, "backfill nightly --from 2025-10-01 --to 2025-10-26");
    visit(90_001, LATE);
    installation.at(Instant.parse("2025-10-29T14:00:00Z"));
    played(installation, 0, "run nightly");
    page.shows(
        "status nightly",
        played(installation, 0, "status nightly"),
        line -> line.startsWith("  ~"));
    shown(installation, 0, "explain pages_daily LDNBOOKS 2025-10-26");

    database.execute(
        """
        DELETE FROM fathom.pages_daily
         WHERE site_id = 'LDNBOOKS' AND date = '2025-10-20'
           AND pathname = (SELECT max(pathname) FROM fathom.pages_daily
                            WHERE site_id = 'LDNBOOKS' AND date = '2025-10-20')\
        """,
        """
        UPDATE fathom.pages_daily SET uniques = uniques + 1
         WHERE site_id = 'UTCSTATS' AND date = '2025-10-14' AND pathname = '/'\
        """);
    visit(90_002, LocalDate.of(2025, 10, 9));
    shown(installation, 65, "verify nightly --from 2025-10-01 --to 2025-10-28");
    shown(
        installation,
        0,
        "backfill nightly --site LDNBOOKS --report pages_daily --report traffic_daily"
            + " --from 2025-10-09 --to 2025-10-20 --force");
    shown(
        installation,
        0,
        "backfill nightly --site UTCSTATS --report pages_daily"
            + " --from 2025-10-14 --to 2025-10-14 --force");
    shown(installation, 0, "verify nightly --from 2025-10-01 --to 2025-10-28");

    world.setZone(BOARD, ZoneId.of("Europe/Lisbon"));
    shown(installation, 0, "run nightly");
    shown(installation, 0, "backfill nightly --site UTCSTATS --from 2025-10-01 --to 2025-10-24");
    page.endsHere();
  }

  private void visit(long number, LocalDate day) {
    world.add(
        BOOKS,
        world
            .viewAt(BOOKS, day.atTime(12, 0))
            .visit(number)
            .host("booklane.example")
            .path("/late"));
  }

  private void shown(Installation installation, int code, String command) throws IOException {
    page.shows(command, played(installation, code, command));
  }

  private static Installation.Ended played(Installation installation, int code, String command) {
    Installation.Ended ended = installation.run(command.split(" "));
    assertThat(ended.code()).as(ended.said()).isEqualTo(code);
    return ended;
  }
}
