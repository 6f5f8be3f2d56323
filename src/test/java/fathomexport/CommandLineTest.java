package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.cli.process.Environment;
import fathomexport.cli.process.Shutdown;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Help, version and completion, and the options that choose how the program prints. */
class CommandLineTest {
  private static final Instant NOW = Instant.parse("2026-06-18T14:00:00Z");
  private static final Pattern OPTION = Pattern.compile("--[a-z][a-z-]+");

  @TempDir Path directory;
  private String out = "";
  private String err = "";

  private int run(String... arguments) {
    ByteArrayOutputStream stdout = new ByteArrayOutputStream();
    ByteArrayOutputStream stderr = new ByteArrayOutputStream();
    int code =
        Main.run(
            List.of(arguments),
            new Environment(
                Map.of(),
                directory,
                new PrintStream(stdout, true, StandardCharsets.UTF_8),
                new PrintStream(stderr, true, StandardCharsets.UTF_8),
                InstantSource.fixed(NOW),
                false,
                new Shutdown()));
    out = stdout.toString(StandardCharsets.UTF_8);
    err = stderr.toString(StandardCharsets.UTF_8);
    return code;
  }

  /** Names of the commands, as the help lists them. */
  private List<String> commands() {
    assertThat(run("help")).isZero();
    List<String> names = new ArrayList<>();
    out.substring(out.indexOf("Commands ("), out.indexOf("Exit codes:"))
        .lines()
        .skip(1)
        .filter(line -> line.matches("  [a-z].*"))
        .forEach(line -> names.add(line.strip().split(" ", 2)[0]));
    assertThat(names).contains("run", "help", "version", "completion");
    return names;
  }

  @Test
  void helpOfACommandIsTheSameInBothWays() {
    for (String command : commands()) {
      assertThat(run("help", command)).as(command).isZero();
      String help = out;
      assertThat(run(command, "--help")).as(command).isZero();
      assertThat(out).isEqualTo(help).contains("Usage: fathom-export " + command);
    }
    assertThat(run("help", "backfil")).isEqualTo(2);
    assertThat(err).contains("there is no command 'backfil' (did you mean 'backfill'?)");
  }

  @Test
  void versionIsForPeopleAndPrograms() throws IOException {
    assertThat(run("version")).isZero();
    String own = out.lines().findFirst().orElseThrow();
    assertThat(out).contains("Java " + Runtime.version(), "Beam 2.");
    assertThat(run("--version")).isZero();
    assertThat(out.strip()).isEqualTo(own);
    assertThat(run("version", "--json")).isZero();
    JsonNode json = new ObjectMapper().readTree(out);
    assertThat("fathom-export " + json.path("fathom_export").textValue()).isEqualTo(own);
  }

  /** Whatever --help names, the man page and the completion name, too. */
  @Test
  void theManPageAndTheCompletionKnowEveryCommandAndOption() throws Exception {
    List<String> commands = commands();
    List<String> options = new ArrayList<>();
    for (String command : commands) {
      run("help", command);
      OPTION
          .matcher(out.substring(out.indexOf("Usage:")))
          .results()
          .forEach(r -> options.add(r.group()));
    }
    assertThat(options).contains("--site", "--as-of", "--check", "--max-requests");

    assertThat(run("help", "--man")).isZero();
    String page = out.replace("\\-", "-");
    assertThat(page).startsWith(".TH").contains(options).doesNotContain("${");
    commands.forEach(c -> assertThat(page).contains(".SS \"" + c + "\"\n"));
    assertThat(out.lines())
        .allMatch(line -> !line.startsWith(".") || line.matches("\\.[A-Za-z]{2}( .*)?"));

    for (String shell : List.of("bash", "zsh")) {
      assertThat(run("completion", shell)).isZero();
      String script = out;
      assertThat(script).contains(commands);
      assertThat(options)
          .filteredOn(o -> !o.equals("--runner"))
          .allMatch(script::contains, "is completed");
    }
    assertThat(run("completion", "fish")).isEqualTo(2);
    assertThat(err).contains("bash, zsh");
  }

  /** The script runs in the shell for which it is made. */
  @Test
  void bashCompletesWithTheScript() throws Exception {
    assumeThat(Files.isExecutable(Path.of("/bin/bash"))).isTrue();
    run("completion", "bash");
    Files.writeString(directory.resolve("completion.bash"), out);
    Path asked = directory.resolve("ask.bash");
    Files.writeString(
        asked,
        """
        source ./completion.bash
        complete_words() {
          COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
          _complete_fathom-export 2>/dev/null; echo "${COMPREPLY[@]}"
        }
        complete_words fathom-export bac
        complete_words fathom-export backfill --ma
        complete_words fathom-export run --ma
        """);
    Process bash =
        new ProcessBuilder("/bin/bash", "--norc", "ask.bash")
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .start();
    String said = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(bash.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(said.lines().map(String::strip))
        .as(said)
        .containsExactly(
            "backfill", "--max-requests --max-minutes", "--max-requests --max-minutes");
  }

  /** The database of these settings does not answer, so the command cannot begin. */
  private void unreachable() throws IOException {
    Files.createDirectories(directory.resolve("conf"));
    Files.createDirectories(directory.resolve("pipelines"));
    Files.writeString(
        directory.resolve("conf/fathom-export.yaml"),
        "api: {token: {file: token}}\nparquet: {root: warehouse}\n");
    Files.writeString(
        directory.resolve("pipelines/nightly.yaml"),
        "sites: all\nsinks: [parquet]\nreports:\n  - {name: t, entity: pageview, aggregates:"
            + " [visits], date_grouping: day}\n");
  }

  @Test
  void aRunThatCannotBeginAlsoSaysSoInOnePlainLine() throws IOException {
    unreachable();
    assertThat(run("run", "nightly")).isEqualTo(77);
    List<String> lines = err.lines().toList();
    JsonNode json = new ObjectMapper().readTree(lines.get(lines.size() - 2));
    assertThat(json.path("event").textValue()).isEqualTo("failed");
    assertThat(json.path("exit_code").intValue()).isEqualTo(77);
    assertThat(lines.get(lines.size() - 1))
        .isEqualTo("fathom-export: " + json.path("reason").textValue())
        .contains("token");
  }

  @Test
  void theLogCanBeText() throws IOException {
    unreachable();
    assertThat(run("run", "nightly", "--log-format", "text")).isEqualTo(77);
    assertThat(err.lines())
        .singleElement()
        .asString()
        .startsWith("2026-06-18T14:00:00Z ERROR failed ")
        .contains("exit_code=77 reason: ")
        .doesNotContain("{", "null");
    assertThat(run("run", "nightly", "--log-format", "xml")).isEqualTo(2);
    assertThat(err).contains("'xml'", "text or json");
  }
}
