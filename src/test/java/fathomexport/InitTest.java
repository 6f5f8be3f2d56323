package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code init}: from an empty directory to a run. */
class InitTest {
  private static final LocalDate LAST = LocalDate.of(2026, 6, 17);
  private static final Instant NOW = Instant.parse("2026-06-18T14:00:00Z");
  private static final Path SETTINGS = Path.of("conf/fathom-export.yaml");
  private static final Path PIPELINE = Path.of("pipelines/nightly.yaml");

  @TempDir Path directory;

  private Installation installed(TestDatabase database, FathomSimulator api) throws IOException {
    Installation installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW);
    Files.delete(directory.resolve(SETTINGS));
    return installation;
  }

  private String text(Path file) throws IOException {
    return Files.readString(directory.resolve(file));
  }

  @Test
  void withNothingAtHandItSaysWhatIsMissing() throws IOException {
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = FathomSimulator.start(World.empty(), Behaviour.unlimited())) {
      Installation installation =
          installed(database, api).withoutVariable(Installation.TOKEN_VARIABLE);

      Installation.Ended ended = installation.run("init");
      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(ended.out())
          .contains("Written: " + SETTINGS, "Written: " + PIPELINE)
          .contains("There is no API token yet: set FATHOM_API_TOKEN")
          .endsWith("Next: fathom-export check nightly\n");
      assertThat(api.log().all()).isEmpty();
      assertThat(text(SETTINGS)).contains("root: warehouse", "\n# postgres:\n#   url: ");
      Installation.Ended valid = installation.run("validate");
      assertThat(valid.code()).as(valid.said()).isZero();

      // What is commented out is right, too.
      Files.writeString(
          directory.resolve(SETTINGS),
          text(SETTINGS).replaceAll("(?m)^# (postgres:|  \\w+:)", "$1"));
      assertThat(text(SETTINGS)).contains("\npostgres:\n  url: ");
      Installation.Ended whole = installation.run("validate");
      assertThat(whole.code()).as(whole.said()).isZero();
    }
  }

  @Test
  void withADatabaseAtHandItsSettingsAreWritten() throws IOException {
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = FathomSimulator.start(World.empty(), Behaviour.unlimited())) {
      Installation installation =
          installed(database, api)
              .withoutVariable(Installation.TOKEN_VARIABLE)
              .variable("PGHOST", database.host())
              .variable("PGPORT", Integer.toString(database.port()))
              .variable("PGDATABASE", database.name())
              .variable("PGUSER", "it's me")
              .variable("PGPASSWORD", "secret-of-the-test");
      Installation.Ended ended = installation.run("init");
      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(text(SETTINGS))
          .contains("url: '" + database.url() + "'", "user: 'it''s me'", "{env: PGPASSWORD}")
          .doesNotContain("secret-of-the-test");
      assertThat(installation.run("validate").code()).isZero();
    }
  }

  @Test
  void theAddressOfTheApiIsWritten() throws IOException {
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api =
            FathomSimulator.start(
                World.dozen(17, LAST.minusDays(1), LAST, 0), Behaviour.unlimited())) {
      Installation installation = installed(database, api);

      Installation.Ended wrong = installation.run("init", "--base-url", "http://example.com/v1");
      assertThat(wrong.code()).as(wrong.said()).isEqualTo(2);
      assertThat(wrong.err()).contains("--base-url: the URL must be https");
      assertThat(directory.resolve(SETTINGS)).doesNotExist();

      Installation.Ended ended = installation.run("init", "--base-url", api.baseUri().toString());
      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(ended.out()).contains("reads 12 sites.");
      assertThat(text(SETTINGS)).contains("\n  base_url: " + api.baseUri() + "\n");

      Installation.Ended again = installation.run("init", "--base-url", "https://example.com/v1");
      assertThat(again.out()).contains("--base-url was not written: " + SETTINGS);
    }
  }

  /** Without a network, {@code init} soon says so, and writes the files all the same. */
  @Test
  void withoutANetworkItGivesUpSoon() throws IOException {
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api = FathomSimulator.start(World.empty(), Behaviour.unlimited())) {
      String away = "127.0.0.1:" + freePort();
      Installation installation = installed(database, api);

      Installation.Ended ended = installation.run("init", "--base-url", "http://" + away + "/v1");

      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(ended.out())
          .contains(
              "The sites are not known: ", "no connection to " + away + ": Connection refused")
          .contains("(attempt 2 of 2); check the network", "api.base_url")
          .endsWith("Next: fathom-export check nightly\n");
      assertThat(ended.err()).isEmpty();
      assertThat(directory.resolve(PIPELINE)).exists();
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  /** Settings that are there are used and stay; the sites of the account are named. */
  @Test
  void whatIsThereIsKeptAndThePipelineRuns() throws IOException {
    try (TestDatabase database = TestDatabase.create();
        FathomSimulator api =
            FathomSimulator.start(
                World.dozen(17, LAST.minusDays(1), LAST, 0), Behaviour.unlimited())) {
      Installation installation = installed(database, api).settings(1_000);
      String before = text(SETTINGS);

      Installation.Ended ended = installation.run("init");
      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(ended.out())
          .contains("Kept as it is: " + SETTINGS, "Written: " + PIPELINE, "reads 12 sites.");
      assertThat(text(SETTINGS)).isEqualTo(before);
      assertThat(text(PIPELINE)).contains("#   " + World.BUSY_SITE + "  ");
      assertThat(api.log().aggregations()).isEmpty();
      assertThat(installation.run("validate").code()).isZero();

      String pipeline = text(PIPELINE);
      Installation.Ended again = installation.run("init");
      assertThat(again.out()).contains("Kept as it is: " + PIPELINE).doesNotContain("Written");
      assertThat(text(PIPELINE)).isEqualTo(pipeline);

      Installation.Ended run =
          installation.run(
              "run", "nightly", "--site", World.BUSY_SITE, "--report", "traffic_daily");
      assertThat(run.code()).as(run.said()).isZero();
    }
  }
}
