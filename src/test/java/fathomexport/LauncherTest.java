package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.testing.ForkedRun;
import fathomexport.testing.Installation;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands that messages suggest run as they are printed, however the program was started. */
class LauncherTest {
  private static final String PROPERTY = "-Dfathomexport.program=";

  /** A command of this program within a literal. */
  private static final Pattern COMMAND =
      Pattern.compile(
          "\"[^\"]*fathom-export (run|backfill|status|plan|check|migrate|init|sites)\\b");

  @TempDir Path home;

  /** The launcher with a Java that prints its arguments. */
  private void install() throws IOException {
    Files.copy(Path.of("fathom-export"), home.resolve("fathom-export"));
    Files.createDirectories(home.resolve("target"));
    Files.createFile(home.resolve("target/fathom-export.jar"));
    Files.createDirectories(home.resolve("jdk/bin"));
    Files.writeString(home.resolve("jdk/release"), "JAVA_VERSION=\"17.0.1\"\n");
    Path java = home.resolve("jdk/bin/java");
    Files.writeString(java, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
    Files.createDirectories(home.resolve("bin"));
    Files.createSymbolicLink(home.resolve("bin/fathom-export"), home.resolve("fathom-export"));
    assertThat(java.toFile().setExecutable(true)).isTrue();
    assertThat(home.resolve("fathom-export").toFile().setExecutable(true)).isTrue();
  }

  private String started(String path, String... command) throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(home.resolve("bin").toFile())
            .redirectErrorStream(true);
    builder.environment().put("JAVA_HOME", home.resolve("jdk").toString());
    builder.environment().put("PATH", path + System.getenv("PATH"));
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said.lines()
        .filter(line -> line.startsWith(PROPERTY))
        .map(line -> line.substring(PROPERTY.length()))
        .findFirst()
        .orElse(said);
  }

  @Test
  void theLauncherSaysHowItWasStarted() throws Exception {
    install();
    String absolute = home.resolve("fathom-export").toString();

    assertThat(started("", "../fathom-export", "status")).isEqualTo("../fathom-export");
    assertThat(started("", absolute, "status")).isEqualTo(absolute);
    assertThat(started("", "sh", "fathom-export", "status")).isEqualTo("./fathom-export");
    String path = home.resolve("bin") + ":";
    assertThat(started(path, "sh", "-c", "fathom-export status")).isEqualTo("fathom-export");
    assertThat(started(path, absolute, "status")).isEqualTo("fathom-export");
  }

  @Test
  void aChangedSourceIsBuiltWithTheProfileOfTheLastBuild() throws Exception {
    install();
    Path mvn = home.resolve("bin/mvn");
    Files.writeString(mvn, "#!/bin/sh\necho \"$@\" > target/asked\n");
    assertThat(mvn.toFile().setExecutable(true)).isTrue();
    Files.createFile(home.resolve("pom.xml"));
    Files.createDirectories(home.resolve("target/lib"));
    Files.createDirectories(home.resolve("target/lib-flink"));
    Files.createDirectories(home.resolve("target/lib-spark"));
    Path libraries = home.resolve("target/fathom-export.libraries");

    for (String last : List.of("lib", "lib-flink", "lib-spark")) {
      Files.writeString(libraries, last + "\n");
      Files.setLastModifiedTime(
          home.resolve("target/fathom-export.jar"), FileTime.from(Instant.EPOCH));
      started(home.resolve("bin") + ":", "../fathom-export", "status");
      String asked = Files.readString(home.resolve("target/asked"));
      assertThat(asked.contains("-Pflink")).as(asked).isEqualTo(last.equals("lib-flink"));
      assertThat(asked.contains("-Pspark")).as(asked).isEqualTo(last.equals("lib-spark"));
    }
  }

  /** A warning that fails the build has its file and line in the warning alone. */
  @Test
  void aBuildThatFailsShowsFileAndLine() throws Exception {
    install();
    Path mvn = home.resolve("bin/mvn");
    Files.writeString(
        mvn,
        """
        #!/bin/sh
        case " $* " in *" -q "*) ;; *) echo '[WARNING] A.java:[3,4] [Rule] words' && echo '[INFO] other' ;; esac
        echo '[ERROR] error: warnings found and -Werror specified'
        exit 1
        """);
    assertThat(mvn.toFile().setExecutable(true)).isTrue();
    Files.createFile(home.resolve("pom.xml"));
    Files.setLastModifiedTime(
        home.resolve("target/fathom-export.jar"), FileTime.from(Instant.EPOCH));

    assertThat(
            started(
                home.resolve("bin") + ":",
                "sh",
                "-c",
                "../fathom-export status && exit 1; [ $? = 70 ]"))
        .contains("[WARNING] A.java:[3,4]", "[ERROR] error: warnings found", "launcher-build.log")
        .doesNotContain("[INFO]");
  }

  @Test
  void hintsBeginWithHowTheProgramWasStarted() throws Exception {
    try (TestDatabase database = TestDatabase.create()) {
      Installation installation =
          new Installation(home, database, URI.create("http://127.0.0.1:9/"), "", Instant.EPOCH);
      Files.delete(home.resolve("conf/fathom-export.yaml"));
      List<String> options = List.of(PROPERTY + "../my tools/fathom-export");

      try (ForkedRun run = ForkedRun.start(installation, options, List.of("run", "nightly"))) {
        assertThat(run.await(60).said()).contains("`'../my tools/fathom-export' init` writes one");
      }
      try (ForkedRun run = ForkedRun.start(installation, options, List.of("run", "--what"))) {
        assertThat(run.await(60).said()).contains("More: '../my tools/fathom-export' run --help");
      }
    }
  }

  /** Help texts and generated files, the schemas of the keys too, have the program's own name. */
  @Test
  void noHintHasAnotherName() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      for (Path file :
          files
              .filter(f -> f.toString().endsWith(".java"))
              .filter(f -> !f.toString().contains("/describe/"))
              .filter(f -> !f.toString().matches(".*/config/[A-Za-z]+Keys[.]java"))
              .toList()) {
        String source =
            Files.readString(file)
                .replaceAll("(?s)footer = \\{.*?\\}", "")
                .replaceAll("(?m)^ *\"  fathom-export .*$", "");
        Matcher hint = COMMAND.matcher(source);
        assertThat(hint.find() ? hint.group() : "").as(file.toString()).isEmpty();
      }
    }
  }
}
