package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every command line that a document or a schedule shows is one that the program accepts: its
 * command and options exist. Each is started in an empty directory, where a command that is
 * accepted ends because there are no settings.
 */
class CommandLinesTest {
  private static final int USAGE = 2;

  /** They need no settings, and would start servers. */
  private static final Set<String> NOT_STARTED = Set.of("demo", "simulate");

  /** In code of a document: in a fenced block, or between back quotes. */
  private static final Pattern CODE = Pattern.compile("(?ms)^```[a-z]*\n(.*?)^```|`([^`\n]+)`");

  private static final Pattern CALL =
      Pattern.compile("(?:fathom-export|run-locked|by-hand) ([a-z]+(?:[ \t][^\n`#>|;&)…]*)?)");
  private static final Pattern YAML_ARGUMENTS = Pattern.compile("(?m)^ *args: \\[(.*)\\]");
  private static final Pattern PYTHON_ARGUMENTS = Pattern.compile("arguments=\\[(.*)\\]");

  @TempDir Path empty;

  private record Line(Path file, List<String> words) {
    @Override
    public String toString() {
      return file + ": " + String.join(" ", words);
    }
  }

  /** The launcher finds the command among the options, to choose how Java compiles for it. */
  @Test
  void theLauncherKnowsEveryCommand() throws IOException {
    ByteArrayOutputStream help = new ByteArrayOutputStream();
    start(List.of("--help"), help);
    Set<String> commands =
        Pattern.compile("(?m)^  ([a-z]+)  +\\S")
            .matcher(help.toString(StandardCharsets.UTF_8))
            .results()
            .map(found -> found.group(1))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(commands).contains("run", "notify", "completion").hasSizeGreaterThan(15);

    Matcher list =
        Pattern.compile("case \\$argument in\\s+([a-z |\\\\\\s]+)\\)\\s+command_name=")
            .matcher(Files.readString(Path.of("fathom-export")));
    assertThat(list.find()).isTrue();
    assertThat(list.group(1).split("[|\\\\\\s]+")).containsExactlyInAnyOrderElementsOf(commands);
  }

  @Test
  void everyCommandLineIsAccepted() throws IOException {
    List<Line> lines = lines();
    assertThat(lines).hasSizeGreaterThan(40);
    assertThat(lines.stream().map(line -> line.file().toString()))
        .contains(
            "README.md",
            "docs/scheduling.md",
            "conf/schedule/fathom-export.cron",
            "conf/schedule/by-hand",
            "conf/schedule/run-locked",
            "conf/schedule/airflow/fathom_export_dag.py",
            "conf/schedule/kubernetes/backfill-job.yaml",
            "conf/schedule/kubernetes/snapshot-cronjob.yaml",
            "conf/schedule/systemd/fathom-export-backfill@.service",
            "conf/schedule/systemd/fathom-export-status@.service");

    List<String> refused = new ArrayList<>();
    Set<List<String>> tried = new TreeSet<>(Comparator.comparing(Object::toString));
    for (Line line : lines) {
      if (tried.add(line.words()) && !NOT_STARTED.contains(line.words().get(0))) {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        if (start(line.words(), said) == USAGE) {
          refused.add(line + ": " + said.toString(StandardCharsets.UTF_8).strip());
        }
      }
    }

    assertThat(refused).isEmpty();
  }

  @Test
  void aWrongOptionIsFound() {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    for (String wrong : List.of("run nightly --forse", "exprot nightly", "backfill nightly")) {
      assertThat(start(words(wrong), said)).as(wrong).isEqualTo(USAGE);
    }
    assertThat(start(words("run PIPELINE --force"), said)).isNotEqualTo(USAGE);
  }

  private int start(List<String> words, ByteArrayOutputStream said) {
    PrintStream print = new PrintStream(said, true, StandardCharsets.UTF_8);
    return Main.run(
        words,
        new Environment(
            Map.of(),
            empty,
            print,
            print,
            InstantSource.fixed(Instant.parse("2026-06-10T14:00:00Z")),
            false,
            new Shutdown()));
  }

  private static List<Line> lines() throws IOException {
    List<Line> lines = new ArrayList<>();
    for (Path file : below("docs", ".md")) {
      document(file, lines);
    }
    document(Path.of("README.md"), lines);
    for (Path file : below("conf/schedule", "")) {
      String text = Files.readString(file);
      calls(file, started(file, text), lines);
      arguments(file, YAML_ARGUMENTS, text, lines);
      arguments(file, PYTHON_ARGUMENTS, text, lines);
    }
    return lines;
  }

  /** Returns the lines of a schedule that start a command, and the examples in its comments. */
  private static String started(Path file, String text) {
    String name = file.toString();
    return text.lines()
        .filter(
            line ->
                line.startsWith("ExecStart=")
                    || line.matches("#.* such as: .*")
                    || (name.endsWith(".cron") && !line.startsWith("#")))
        .collect(Collectors.joining("\n"));
  }

  private static void document(Path file, List<Line> lines) throws IOException {
    Matcher code = CODE.matcher(Files.readString(file));
    while (code.find()) {
      String text = code.group(1) == null ? code.group(2) : code.group(1);
      calls(file, text.replaceAll("\\\\\n *", " "), lines);
    }
  }

  private static void calls(Path file, String text, List<Line> lines) {
    Matcher call = CALL.matcher(text);
    while (call.find()) {
      // Brackets stand for what may be left out, and "$@" for what a script was given.
      if (!call.group(1).contains("[") && !call.group(1).contains("$@")) {
        lines.add(new Line(file, words(call.group(1))));
      }
    }
  }

  private static void arguments(Path file, Pattern pattern, String text, List<Line> lines) {
    Matcher given = pattern.matcher(text);
    while (given.find()) {
      lines.add(
          new Line(
              file,
              words(
                  given
                      .group(1)
                      .replaceAll("\\{\\{ params\\.[a-z]+ \\}\\}", "DAY")
                      .replaceAll("[\",]", " "))));
    }
  }

  /** Splits a command line, with values in place of what stands for one. */
  private static List<String> words(String line) {
    return Arrays.stream(line.strip().split("[ \t]+"))
        .map(word -> word.replaceAll("[\"']", "").replaceAll("[.,:]$", ""))
        .map(
            word ->
                switch (word) {
                  case "%i", "PIPELINE" -> "nightly";
                  case "${FIRST}", "${LAST}", "DAY", "DATE" -> "2026-01-01";
                  case "N", "M" -> "1";
                  default -> word;
                })
        .filter(word -> !word.isEmpty())
        .toList();
  }

  private static List<Path> below(String folder, String ending) throws IOException {
    try (Stream<Path> files = Files.walk(Path.of(folder))) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> file.toString().endsWith(ending))
          .filter(file -> !file.startsWith("docs/decisions"))
          .sorted()
          .toList();
    }
  }
}
