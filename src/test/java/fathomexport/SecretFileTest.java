package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file with a secret: what it must be, and what is said when it is not. */
class SecretFileTest {
  private static final Instant NOW = Instant.parse("2025-06-13T14:00:00Z");
  private static final String SECRET = SimulatorToken.STANDARD.secret();

  @TempDir Path directory;

  private static Installation token(Installation installation, FathomSimulator api) {
    return installation.settings(
        """
        api:
          base_url: %s
          token: {file: token}
        parquet:
          root: warehouse
        """
            .formatted(api.baseUri()));
  }

  private interface Check {
    void on(Installation installation, Path token) throws IOException;
  }

  private void withToken(Check check) throws IOException {
    World world = World.empty().addSite("CDBUGS", ZoneOffset.UTC);
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation = new Installation(directory, database, api.baseUri(), SECRET, NOW);
      check.on(token(installation, api), directory.resolve("token"));
    }
  }

  @Test
  void onlyOneThatOthersCanReadIsWarnedOfAndOnlyOnce() throws IOException {
    withToken(
        (installation, token) -> {
          Files.writeString(token, SECRET + "\n");
          for (String mode : new String[] {"rw-r-----", "rw----r--", "rw-r--r--"}) {
            Files.setPosixFilePermissions(token, PosixFilePermissions.fromString(mode));
            for (String command : new String[] {"sites", "validate"}) {
              Installation.Ended ended = installation.run(command);
              assertThat(ended.code()).as(ended.said()).isZero();
              assertThat(ended.err().lines()).as(mode).hasSize(1);
              assertThat(ended.err())
                  .contains("\"level\":\"WARN\"")
                  .contains(
                      "the secret's file "
                          + token
                          + " can be read by other users: chmod 600 "
                          + token);
            }
          }
          Files.setPosixFilePermissions(token, PosixFilePermissions.fromString("rw-------"));
          Installation.Ended ended = installation.run("sites");
          assertThat(ended.code()).as(ended.said()).isZero();
          assertThat(ended.err()).isEmpty();
        });
  }

  @Test
  void whatIsNoSecretIsRefusedWithoutBeingShown() throws IOException {
    withToken(
        (installation, token) -> {
          assertRefused(installation, token, "does not exist");
          Files.createDirectory(token);
          assertRefused(installation, token, "is a directory");
          Files.delete(token);
          Files.writeString(token, " \n");
          assertRefused(installation, token, "is empty");
          Files.writeString(token, SECRET + "\nhunter2\n");
          assertRefused(installation, token, "has 2 lines: write the secret alone, in one line");
          Files.writeString(token, "hunter2 ".repeat(1000));
          assertRefused(installation, token, "is larger than 4 KiB, so it is not a secret");
          Files.write(token, "hunter2\u00e9".getBytes(StandardCharsets.ISO_8859_1));
          assertRefused(installation, token, "is not text in UTF-8");
          Files.delete(token);
          Files.createSymbolicLink(token, Path.of("/dev/zero"));
          assertRefused(installation, token, "is larger than 4 KiB, so it is not a secret");
        });
  }

  /** Settings may be checked where there are no secrets; who is about to export wants to know. */
  @Test
  void validateWarnsOfEachSecretThatIsNotThere() throws IOException {
    withToken(
        (installation, token) -> {
          assertWarned(installation, "api.token: the secret's file " + token + " does not exist");
          Files.writeString(token, "\n");
          Files.setPosixFilePermissions(token, PosixFilePermissions.fromString("rw-------"));
          assertWarned(installation, "api.token: the secret's file " + token + " is empty");
          Files.writeString(token, SECRET);
          Installation.Ended ended = installation.run("validate");
          assertThat(ended.code()).as(ended.said()).isZero();
          assertThat(ended.err()).isEmpty();

          installation.settings(1_000);
          assertThat(installation.run("validate").err()).isEmpty();
          installation.withoutVariable(TestDatabase.PASSWORD_VARIABLE);
          assertWarned(
              installation,
              "postgres.password: environment variable "
                  + TestDatabase.PASSWORD_VARIABLE
                  + " is not set");
          installation.variable(Installation.TOKEN_VARIABLE, " ");
          assertWarned(
              installation,
              "api.token: environment variable " + Installation.TOKEN_VARIABLE + " is not set");
        });
  }

  private static void assertWarned(Installation installation, String words) {
    Installation.Ended ended = installation.run("validate");
    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(ended.err()).contains("WARN", "conf/fathom-export.yaml: " + words);
    assertThat(installation.run("validate", "--json").out()).contains(words);
  }

  private static void assertRefused(Installation installation, Path token, String why)
      throws IOException {
    if (Files.isRegularFile(token)) {
      Files.setPosixFilePermissions(token, PosixFilePermissions.fromString("rw-------"));
    }
    Installation.Ended ended = installation.run("sites");
    assertThat(ended.code()).as(ended.said()).isEqualTo(77);
    assertThat(ended.err()).contains("the secret's file " + token + " " + why);
    assertThat(ended.said()).doesNotContain("hunter2").doesNotContain(SECRET);
  }
}
