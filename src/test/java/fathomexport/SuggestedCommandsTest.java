package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A command that a message suggests does what it is suggested for, as it is printed: with the same
 * settings and pipeline, for what needs it and for little else.
 */
class SuggestedCommandsTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 8, 30);
  private static final LocalDate LAST = LocalDate.of(2025, 9, 2);
  private static final Instant NOW = Instant.parse("2025-10-02T14:00:00Z");
  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");
  private static final Question PAGES = Question.pageviews("pages_daily", "day", "pathname");
  private static final Question MONTHS = Question.pageviews("months", "month");
  private static final List<String> SITES = List.of("KTMTRAIL", "LDNBOOKS", "UTCSTATS");

  @TempDir Path directory;

  private World world;
  private TestDatabase database;
  private FathomSimulator api;
  private Installation installation;

  @BeforeEach
  void install() throws IOException {
    world = World.dozen(41, FIRST, LAST, 0);
    database = TestDatabase.migrated();
    api = FathomSimulator.start(world, Behaviour.unlimited());
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW);
  }

  @AfterEach
  void close() {
    api.close();
    database.close();
  }

  private void backfilled(String sinks, String sites, Question... reports) {
    installation.pipeline("nightly", sites, sinks, List.of(reports));
    assertDone(
        installation.run(
            "backfill", "nightly", "--from", FIRST.toString(), "--to", LAST.toString()));
  }

  private static void assertDone(Installation.Ended ended) {
    assertThat(ended.code()).as(ended.said()).isZero();
  }

  /** Runs the only backfill that a text suggests. */
  private Installation.Ended asPrinted(String text) {
    Matcher command = Pattern.compile("fathom-export ((?:--\\S+ \\S+ )*backfill .*)").matcher(text);
    assertThat(command.find()).as(text).isTrue();
    String arguments = command.group(1);
    assertThat(command.find()).as(text).isFalse();
    return installation.run(arguments.split(" "));
  }

  @Test
  void theSettingsAndThePipelineAreThoseThatWereGiven() throws IOException {
    installation.pipeline("nightly", "[LDNBOOKS]", "[parquet]", List.of(TRAFFIC));
    String pipeline = Files.readString(directory.resolve("pipelines/nightly.yaml"));
    installation.write("other/nightly.yaml", pipeline);
    installation.write(
        "other/s.yaml",
        Files.readString(directory.resolve("conf/fathom-export.yaml"))
            .replace("root: warehouse", "root: elsewhere"));
    String[] given = {"--config", "other/s.yaml"};
    assertDone(
        installation.run(
            "backfill",
            "other/nightly.yaml",
            given[0],
            given[1],
            "--from",
            FIRST.toString(),
            "--to",
            LAST.toString()));
    installation.write(
        "other/nightly.yaml",
        pipeline.replace(TRAFFIC.yaml(), TRAFFIC.where("pathname", "is not", "/x").yaml()));

    Installation.Ended status =
        installation.run("status", "other/nightly.yaml", given[0], given[1]);

    assertThat(status.out())
        .contains("renew with: fathom-export --config other/s.yaml backfill other/nightly.yaml --");
    String line =
        status.out().lines().filter(l -> l.contains("renew with: ")).findFirst().orElseThrow();
    assertDone(asPrinted(line));
    assertThat(installation.run("status", "other/nightly.yaml", given[0], given[1]).out())
        .doesNotContain("renew with: ");
    assertThat(directory.resolve("warehouse/traffic_daily")).doesNotExist();
  }

  @Test
  void whatVerifyFoundIsExportedAgainAlone() {
    backfilled("[postgres]", "[LDNBOOKS, UTCSTATS]", TRAFFIC, PAGES);
    database.execute(
        "UPDATE fathom.pages_daily SET pageviews = pageviews + 1000"
            + " WHERE ctid = (SELECT min(ctid) FROM fathom.pages_daily"
            + " WHERE site_id = 'LDNBOOKS' AND date = '2025-09-01')");
    String[] verify = {"verify", "nightly", "--from", FIRST.toString(), "--to", LAST.toString()};

    Installation.Ended found = installation.run(verify);

    assertThat(found.code()).as(found.said()).isEqualTo(65);
    assertThat(found.out())
        .contains(
            "backfill nightly --site LDNBOOKS --report pages_daily --from 2025-09-01 --to"
                + " 2025-09-01 --force");
    assertDone(asPrinted(found.out()));
    assertDone(installation.run(verify));
  }

  private Path damaged(String folder) throws IOException {
    Path file = installation.warehouse().resolve(folder).resolve("data.parquet");
    Files.writeString(file, "these are no rows");
    return file;
  }

  /** A file of a year or a month covers more days than were ever stored. */
  @Test
  void ofADamagedFileOnlyWhatWasStoredIsExportedAgain() throws IOException {
    backfilled("[postgres, parquet]", "[LDNBOOKS, UTCSTATS]", MONTHS);
    Path file = damaged("months/site_id=LDNBOOKS/year=2025");

    String status = installation.run("status", "nightly").out();
    String line = status.lines().filter(l -> l.startsWith("! damaged: ")).findFirst().orElseThrow();
    assertThat(line)
        .endsWith(
            "export its days again with: fathom-export backfill nightly --site LDNBOOKS --report"
                + " months --from 2025-08-01 --to 2025-09-30 --force");
    assertThat(installation.run("run", "nightly").out())
        .contains("--from 2025-08-01 --to 2025-09-30 --force");

    Files.move(file, file.resolveSibling("data.parquet.damaged"));
    assertDone(asPrinted(line));
    assertThat(
            database.query(
                "SELECT min(period)::text FROM fathom_ops.ledger WHERE site_id = 'LDNBOOKS'"))
        .containsExactly(List.of("2025-08-01"));
  }

  @Test
  void whereNoLedgerKnowsWhatWasStoredThisIsSaid() throws IOException {
    backfilled("[parquet]", "[LDNBOOKS, UTCSTATS]", TRAFFIC);
    damaged("traffic_daily/site_id=LDNBOOKS/month=2025-09");

    assertThat(installation.run("status", "nightly").out())
        .contains(
            "export its days again (this also fetches those that were never stored) with:"
                + " fathom-export backfill nightly --site LDNBOOKS --report traffic_daily --from"
                + " 2025-09-01 --to 2025-09-30 --force");
  }

  /** Whichever pipeline's run has found that a site is gone, no command for it is suggested. */
  @Test
  void nothingIsSuggestedOfWhatARunOfAnotherPipelineFoundToBeGone() {
    backfilled("[postgres, parquet]", "all", TRAFFIC);
    installation.pipeline("monthly", "all", "[postgres, parquet]", List.of(MONTHS));
    assertDone(installation.run("run", "monthly"));
    world.setZone("LDNBOOKS", ZoneId.of("America/New_York"));
    assertDone(installation.run("run", "nightly"));
    String renewed = "renew with: fathom-export backfill nightly --site LDNBOOKS ";
    assertThat(installation.run("status", "nightly").out()).contains(renewed);
    world.removeSite("LDNBOOKS");
    installation.at(NOW.plus(Duration.ofHours(1)));
    assertDone(installation.run("run", "monthly"));

    String status = installation.run("status", "nightly").out();

    assertThat(status).contains("retired, last day 2025-10-01").doesNotContain("--site LDNBOOKS");
  }

  /** No command can fetch the rows of a retired site. */
  @Test
  void aDamagedFileOfARetiredSiteIsToBeRestored() throws IOException {
    backfilled("[postgres, parquet]", "all", TRAFFIC);
    world.removeSite("LDNBOOKS");
    installation.run("run", "nightly");
    Path file = damaged("traffic_daily/site_id=LDNBOOKS/month=2025-09");

    assertThat(installation.run("status", "nightly").out())
        .contains("! damaged: " + file + " cannot be read")
        .contains("restore it from a backup")
        .doesNotContain("--site LDNBOOKS", "mv ");
  }

  @Test
  void ofManyDamagedFilesARunNamesTheFirst() throws IOException {
    backfilled("[postgres, parquet]", "[" + String.join(", ", SITES) + "]", TRAFFIC, PAGES);
    for (String report : List.of("traffic_daily", "pages_daily")) {
      for (String site : SITES) {
        for (String month : List.of("2025-08", "2025-09")) {
          damaged(report + "/site_id=" + site + "/month=" + month);
        }
      }
    }

    Installation.Ended ended =
        installation.run(
            "backfill", "nightly", "--from", FIRST.toString(), "--to", LAST.toString());

    assertThat(ended.code()).as(ended.said()).isEqualTo(74);
    assertThat(ended.out().lines().filter(l -> l.contains("move it away"))).hasSize(3);
    assertThat(ended.out())
        .contains("9 more files", "`fathom-export status nightly --all` says of each what to do");
    assertThat(
            installation
                .run("status", "nightly", "--all")
                .out()
                .lines()
                .filter(l -> l.startsWith("! damaged")))
        .hasSize(12);
  }
}
