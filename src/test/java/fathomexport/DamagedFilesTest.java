package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A Parquet file that is not what was written there fails the windows of its site and month alone:
 * it is named, stands as it is, and PostgreSQL and all other files get their rows.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DamagedFilesTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 8, 30);
  private static final LocalDate LAST = LocalDate.of(2025, 9, 2);
  private static final Instant NOW = Instant.parse("2025-10-02T14:00:00Z");
  private static final List<String> SITES = List.of("LDNBOOKS", "UTCSTATS");
  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");
  private static final Question PAGES = Question.pageviews("pages_daily", "day", "pathname");
  private static final String AUGUST = "traffic_daily/site_id=LDNBOOKS/month=2025-08/data.parquet";
  private static final String SEPTEMBER =
      "traffic_daily/site_id=LDNBOOKS/month=2025-09/data.parquet";
  private static final String OTHER_SITE =
      "traffic_daily/site_id=UTCSTATS/month=2025-09/data.parquet";

  private final World world = World.dozen(41, FIRST, LAST, 0);
  private FathomSimulator api;

  @BeforeAll
  void start() throws IOException {
    api = FathomSimulator.start(world, Behaviour.unlimited());
  }

  @AfterAll
  void stop() {
    api.close();
  }

  /** What is done to a file. */
  enum Damage {
    TRUNCATED,
    NO_PARQUET,
    ANOTHER_MONTHS,
    ANOTHER_SITES,
    ANOTHER_REPORTS;

    void inflict(Path warehouse) throws IOException {
      Path file = warehouse.resolve(SEPTEMBER);
      switch (this) {
        case TRUNCATED -> {
          byte[] whole = Files.readAllBytes(file);
          Files.write(file, Arrays.copyOf(whole, whole.length - 20));
        }
        case NO_PARQUET -> Files.writeString(file, "these are no rows");
        case ANOTHER_MONTHS -> copy(warehouse.resolve(AUGUST), file);
        case ANOTHER_SITES -> copy(warehouse.resolve(OTHER_SITE), file);
        case ANOTHER_REPORTS ->
            copy(warehouse.resolve(SEPTEMBER.replace("traffic_daily", "pages_daily")), file);
      }
    }

    private static void copy(Path from, Path to) throws IOException {
      Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private List<List<@Nullable Object>> truth(Question report) {
    List<List<@Nullable Object>> expected = new ArrayList<>();
    for (String site : SITES) {
      expected.addAll(report.expected(world, api.truth(), site, FIRST, LAST));
    }
    return expected;
  }

  private static Installation.Ended backfill(Installation installation) {
    return installation.run("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString());
  }

  @ParameterizedTest
  @EnumSource(names = {"TRUNCATED", "ANOTHER_SITES"})
  void aDamagedFileConcernsItsSiteAndMonthAlone(Damage damage, @TempDir Path directory)
      throws IOException {
    concernsItsSiteAndMonthAlone(damage, directory);
  }

  @ParameterizedTest
  @EnumSource(
      names = {"TRUNCATED", "ANOTHER_SITES"},
      mode = EnumSource.Mode.EXCLUDE)
  @Tag("chaos")
  void soDoesOneThatIsDamagedOtherwise(Damage damage, @TempDir Path directory) throws IOException {
    concernsItsSiteAndMonthAlone(damage, directory);
  }

  private void concernsItsSiteAndMonthAlone(Damage damage, Path directory) throws IOException {
    try (TestDatabase database = TestDatabase.migrated()) {
      Installation installation =
          new Installation(
                  directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .pipeline(
                  "all",
                  "[" + String.join(", ", SITES) + "]",
                  "[postgres, parquet]",
                  List.of(TRAFFIC, PAGES));
      assertThat(backfill(installation).code()).isZero();
      Path file = installation.warehouse().resolve(SEPTEMBER);
      damage.inflict(installation.warehouse());
      byte[] damaged = Files.readAllBytes(file);
      database.execute(
          "DELETE FROM fathom.traffic_daily WHERE site_id = 'LDNBOOKS'",
          "DELETE FROM fathom_ops.ledger WHERE report = 'traffic_daily' AND site_id = 'LDNBOOKS'");

      Installation.Ended status = installation.run("status", "all");
      assertThat(status.code()).as(status.said()).isZero();
      assertThat(status.out()).contains("! damaged: " + file).contains("mv '" + file + "'");

      Installation.Ended ended = backfill(installation);
      assertThat(ended.code()).as(ended.said()).isEqualTo(74);
      assertThat(ended.said()).contains(file.toString()).doesNotContain("internal error");
      assertThat(ended.said().lines().filter(line -> line.contains(file.toString())))
          .noneMatch(line -> line.contains("pages_daily LDNBOOKS"));
      assertThat(Files.readAllBytes(file)).as("it stands as it was").isEqualTo(damaged);
      for (Question report : List.of(TRAFFIC, PAGES)) {
        assertThat(Landed.differences(truth(report), Landed.inPostgres(database, report)))
            .as(report.name())
            .isEmpty();
      }

      Files.move(file, file.resolveSibling("data.parquet.damaged"));
      Installation.Ended repaired = backfill(installation.at(NOW.plusSeconds(60)));
      assertThat(repaired.code()).as(repaired.said()).isZero();
      assertThat(
              Landed.differences(
                  truth(TRAFFIC), Landed.inParquet(installation.warehouse(), TRAFFIC)))
          .isEmpty();
      assertThat(installation.run("status", "all").out()).doesNotContain("damaged");
    }
  }

  private Installation exported(TestDatabase database, Path directory, String sinks) {
    Installation installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .pipeline("all", "[" + String.join(", ", SITES) + "]", sinks, List.of(TRAFFIC, PAGES));
    Installation.Ended ended = backfill(installation);
    assertThat(ended.code()).as(ended.said()).isZero();
    return installation;
  }

  private static Installation.Ended verified(Installation installation, String... more) {
    List<String> command =
        new ArrayList<>(
            List.of("verify", "all", "--from", FIRST.toString(), "--to", LAST.toString()));
    command.addAll(List.of(more));
    return installation.run(command.toArray(new String[0]));
  }

  /** Runs the backfill that a text gives last. */
  private static Installation.Ended asAdvised(Installation installation, String text) {
    String command = text.substring(text.lastIndexOf("fathom-export backfill ")).strip();
    return installation.run(
        command.lines().findFirst().orElseThrow().replace("fathom-export ", "").split(" "));
  }

  /** What a run said to do about a file is not repeated when the file is whole again. */
  @Test
  void aFileThatIsMendedIsNotToBeMovedAwayAgain(@TempDir Path directory) throws IOException {
    try (TestDatabase database = TestDatabase.migrated(List.of(TRAFFIC, PAGES))) {
      Installation installation =
          exported(database, directory, "[parquet]").at(Instant.parse("2025-09-04T14:00:00Z"));
      Path file = installation.warehouse().resolve(SEPTEMBER);
      Files.writeString(file, "these are no rows");
      Installation.Ended run = installation.run("run", "all");
      assertThat(run.code()).as(run.said()).isEqualTo(74);
      String damaged =
          installation
              .run("status", "all")
              .out()
              .lines()
              .filter(line -> line.startsWith("! damaged: " + file))
              .findFirst()
              .orElseThrow();
      assertThat(damaged).contains("(mv '" + file);

      Files.move(file, file.resolveSibling("data.parquet.damaged"));
      Installation.Ended mended = asAdvised(installation, damaged);
      assertThat(mended.code()).as(mended.said()).isZero();

      assertThat(installation.run("status", "all").out())
          .contains("(exit 74)", file + " cannot be read")
          .doesNotContain("! damaged: ", "mv '");
    }
  }

  /** The footer is whole, so that only reading the rows shows the damage. */
  @Test
  void damagedRowsAreADifferenceAndTheOthersAreCompared(@TempDir Path directory)
      throws IOException {
    try (TestDatabase database = TestDatabase.migrated(List.of(TRAFFIC, PAGES))) {
      Installation installation = exported(database, directory, "[postgres, parquet]");
      Path file = installation.warehouse().resolve(SEPTEMBER);
      byte[] bytes = Files.readAllBytes(file);
      Arrays.fill(bytes, 60, 64, (byte) 0x5a);
      Files.write(file, bytes);
      long periods =
          new ObjectMapper()
              .readTree(verified(installation, "--json").out())
              .path("periods")
              .longValue();

      JsonNode said = new ObjectMapper().readTree(verified(installation, "--json").out());
      assertThat(said.path("differences")).as(said.toString()).hasSize(1);
      JsonNode difference = said.path("differences").path(0);
      assertThat(difference.path("report").textValue()).isEqualTo("traffic_daily");
      assertThat(difference.path("site").textValue()).isEqualTo("LDNBOOKS");
      assertThat(difference.path("sink").textValue()).isEqualTo("parquet");
      assertThat(difference.path("period").textValue()).isEqualTo("2025-09-01");
      assertThat(difference.path("cause").textValue()).isEqualTo("DAMAGED");
      Installation.Ended ended = verified(installation);
      assertThat(ended.code()).as(ended.said()).isEqualTo(65);
      assertThat(ended.out())
          .contains("1 difference, 1 damaged file.")
          .contains("(mv '" + file + "' '" + file + ".damaged')")
          .contains(
              "fathom-export backfill all --site LDNBOOKS --report traffic_daily --from 2025-09-01"
                  + " --to 2025-09-02 --force")
          .doesNotContain("count as not stored");
      Installation.Ended status = installation.run("status", "all", "--check");
      assertThat(status.code()).as(status.said()).isEqualTo(65);

      Files.move(file, file.resolveSibling("data.parquet.damaged"));
      Installation.Ended mended = asAdvised(installation, ended.out());

      assertThat(mended.code()).as(mended.said()).isZero();
      JsonNode agreed = new ObjectMapper().readTree(verified(installation, "--json").out());
      assertThat(agreed.path("differences")).isEmpty();
      assertThat(agreed.path("damaged")).isEmpty();
      assertThat(agreed.path("periods").longValue()).isEqualTo(periods);
    }
  }

  /** What is damaged is mended first: until then no request helps, and none is sent. */
  @ParameterizedTest
  @ValueSource(strings = {"[postgres, parquet]", "[parquet]"})
  void theRemedyComesFirstAndNoRequestIsSentInVain(String sinks, @TempDir Path directory)
      throws IOException {
    try (TestDatabase database = TestDatabase.migrated(List.of(TRAFFIC, PAGES))) {
      Installation installation = exported(database, directory, sinks);
      Path note =
          installation
              .warehouse()
              .resolve("_fathom/confirmed/traffic_daily/site_id=LDNBOOKS/month=2025-09.json");
      Files.createDirectories(note.getParent());
      Files.writeString(note, "garbage");

      assertRemedyFirst(installation, "(rm '" + note + "')");
      Files.delete(note);
      assertThat(installation.run("status", "all").out()).doesNotContain("damaged", "fetch with");

      Path file = installation.warehouse().resolve(SEPTEMBER);
      Files.writeString(file, "these are no rows");

      String said = assertRemedyFirst(installation, "(mv '" + file + "' '" + file + ".damaged')");
      Files.move(file, file.resolveSibling("data.parquet.damaged"));
      Installation.Ended mended = asAdvised(installation, said);
      assertThat(mended.code()).as(mended.said()).isZero();
      assertThat(installation.run("status", "all").out()).doesNotContain("! damaged", "fetch with");
    }
  }

  /** Returns the line that status prints on what is damaged. */
  private String assertRemedyFirst(Installation installation, String remedy) {
    Installation.Ended status = installation.run("status", "all");
    assertThat(status.out()).contains(remedy);
    int fetch = status.out().indexOf("fathom-export backfill");
    assertThat(fetch < 0 || fetch > status.out().indexOf(remedy)).as(status.out()).isTrue();
    int requests = api.log().aggregations().size();

    Installation.Ended ended = backfill(installation);

    assertThat(ended.code()).as(ended.said()).isEqualTo(74);
    assertThat(ended.out()).contains(remedy);
    assertThat(api.log().aggregations()).as(ended.said()).hasSize(requests);
    return status.out().lines().filter(l -> l.contains(remedy)).findFirst().orElseThrow();
  }
}
