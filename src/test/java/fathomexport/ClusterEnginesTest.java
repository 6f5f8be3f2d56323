package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import fathomexport.testing.DocumentedTable;
import fathomexport.testing.EngineAnswers;
import fathomexport.testing.EngineData;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Spark and Trino read the files by the documented statements, and answer what PostgreSQL answers.
 * Each runs in a separate process, from the sources in {@code src/engines} and the libraries that
 * the profile {@code engines} has laid into {@code target/engines}.
 */
@Tag("engines")
class ClusterEnginesTest {
  private static final Path DOCUMENT = Path.of("docs/warehouse.md");
  private static final Path LIBRARIES =
      Path.of(System.getProperty("fathomexport.test.engines", "target/engines"));
  private static final long MINUTES = 8;

  @TempDir static Path directory;
  private static EngineData data;

  @BeforeAll
  static void export() throws IOException {
    data = EngineData.export(directory);
  }

  @AfterAll
  static void close() {
    data.close();
  }

  // --- The engines' processes

  /** Runs a reader with these lines as its input, and returns the rows of each answer. */
  private static List<List<String>> run(
      Path java, String engine, String source, List<String> options, String input)
      throws IOException, InterruptedException, URISyntaxException {
    // Of the tests' classes they use one.
    Path tests =
        Path.of(EngineAnswers.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Path in = Files.writeString(directory.resolve(engine + ".in"), input);
    Path out = directory.resolve(engine + ".out");
    Path err = directory.resolve(engine + ".err");
    List<String> command = new ArrayList<>(List.of(java.toString(), "-Xmx1g"));
    command.add("-XX:+UseSerialGC");
    command.add("-Duser.timezone=UTC");
    command.addAll(options);
    command.add("-cp");
    command.add(LIBRARIES.resolve(engine).toAbsolutePath() + "/*" + File.pathSeparator + tests);
    command.add(Path.of("src/engines", engine, source).toAbsolutePath().toString());
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectInput(in.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    try {
      assertThat(process.waitFor(MINUTES, TimeUnit.MINUTES)).as("%s has ended", engine).isTrue();
    } finally {
      process.destroyForcibly();
    }
    List<String> said = Files.readAllLines(err);
    assertThat(process.exitValue())
        .as(
            "%s: %s",
            engine, String.join("\n", said.subList(Math.max(0, said.size() - 60), said.size())))
        .isZero();
    List<List<String>> answers = new ArrayList<>();
    List<String> rows = new ArrayList<>();
    for (String line : Files.readAllLines(out)) {
      if (line.equals(".")) {
        answers.add(rows.stream().sorted().toList());
        rows.clear();
      } else {
        rows.add(line);
      }
    }
    return answers;
  }

  private static void requireLibraries(String engine) {
    assumeTrue(
        Files.isDirectory(LIBRARIES.resolve(engine)),
        "the libraries of " + engine + " are not there: mvn -Pengines verify");
  }

  /** Returns the Java that Trino needs, if it is installed beside the one of this process. */
  private static Optional<Path> newerJava() throws IOException {
    String configured = System.getenv("TRINO_JAVA_HOME");
    if (configured != null) {
      return Optional.of(Path.of(configured, "bin", "java"));
    }
    Path beside = Path.of(System.getProperty("java.home")).getParent();
    try (Stream<Path> homes = Files.list(beside)) {
      for (Path home : homes.sorted().toList()) {
        Path release = home.resolve("release");
        if (Files.isRegularFile(release)
            && Files.readString(release)
                .lines()
                .anyMatch(l -> l.matches("JAVA_VERSION=\"(2[5-9]|[3-9]\\d).*"))) {
          return Optional.of(home.resolve("bin/java"));
        }
      }
    }
    return Optional.empty();
  }

  // --- What is asked

  private static String input(String definitions, String seconds) {
    StringBuilder input = new StringBuilder(definitions);
    for (String sql : asked()) {
      input.append("query\t").append(EngineData.inFiles(sql, seconds)).append('\n');
    }
    return input.toString();
  }

  /** Returns the questions, then the whole tables. */
  private static List<String> asked() {
    List<String> asked = new ArrayList<>();
    EngineData.QUESTIONS.forEach(q -> asked.add(q.sql()));
    data.dataSets().forEach(name -> asked.add(data.wholeTable(name)));
    return asked;
  }

  private static void assertAnswers(String engine, List<List<String>> answers) throws IOException {
    List<String> asked = asked();
    assertThat(answers).as(engine).hasSameSizeAs(asked);
    for (int i = 0; i < asked.size(); i++) {
      assertThat(answers.get(i))
          .as(engine + ": " + asked.get(i))
          .isEqualTo(data.postgres(asked.get(i)));
    }
    List<String> questions = new ArrayList<>();
    List<List<String>> cells = new ArrayList<>();
    for (int i = 0; i < EngineData.QUESTIONS.size(); i++) {
      questions.add(EngineData.QUESTIONS.get(i).question());
      cells.add(List.of(String.join(", ", answers.get(i))));
    }
    new DocumentedTable(DOCUMENT, "answers")
        .hasColumns("question", questions, List.of(engine), cells);
  }

  private static String documented(String engine) throws IOException {
    String text = Files.readString(DOCUMENT);
    int section = text.indexOf("\n### " + engine + "\n");
    int start = text.indexOf("```sql\n", section) + 7;
    assertThat(section).as(engine).isNotNegative();
    return text.substring(start, text.indexOf("```", start));
  }

  // --- Spark

  /** What Spark's own launcher opens of the Java platform. */
  private static final List<String> OPENED =
      Stream.of(
              "java.base/java.io",
              "java.base/java.lang",
              "java.base/java.lang.invoke",
              "java.base/java.lang.reflect",
              "java.base/java.net",
              "java.base/java.nio",
              "java.base/java.util",
              "java.base/java.util.concurrent",
              "java.base/java.util.concurrent.atomic",
              "java.base/jdk.internal.ref",
              "java.base/sun.nio.ch",
              "java.base/sun.nio.cs",
              "java.base/sun.security.action",
              "java.base/sun.util.calendar")
          .map(name -> "--add-opens=" + name + "=ALL-UNNAMED")
          .toList();

  /** Returns the documented setting and statement for this data set. */
  private static String sparkView(String dataSet) throws IOException {
    return "do\t"
        + documented("Spark")
            .replace("pages_daily", dataSet)
            .replace("'warehouse/", "'" + data.installation().warehouse() + "/")
            .strip()
            .replaceAll(";$", "")
            .replace(";\n", "\ndo\t")
            .replace("OPTIONS", " OPTIONS")
            .replaceAll("\n(?!do\t)", "")
        + "\n";
  }

  @Test
  void sparkAnswersWhatPostgresAnswers() throws Exception {
    requireLibraries("spark");
    StringBuilder views = new StringBuilder();
    for (String name : data.dataSets()) {
      views.append(sparkView(name));
    }
    assertAnswers(
        "Spark",
        run(
            Path.of(System.getProperty("java.home"), "bin", "java"),
            "spark",
            "SparkReader.java",
            OPENED,
            input(views.toString(), "unix_seconds(#)")));
  }

  // --- Trino

  private static List<String> partitionKeys(String dataSet) throws IOException {
    try (Stream<Path> files = Files.walk(data.installation().warehouse().resolve(dataSet))) {
      Path file = files.filter(f -> f.toString().endsWith(".parquet")).findFirst().orElseThrow();
      List<String> keys = new ArrayList<>();
      for (Path part : data.installation().warehouse().resolve(dataSet).relativize(file)) {
        if (part.toString().contains("=")) {
          keys.add(part.toString().split("=", 2)[0]);
        }
      }
      return keys;
    }
  }

  /** Returns the documented statements with the columns and keys of this data set. */
  private static String trinoTable(String dataSet) throws IOException {
    List<String> keys = partitionKeys(dataSet);
    Map<String, String> types =
        Map.of(
            "text", "varchar",
            "ARRAY", "varchar",
            "bigint", "bigint",
            "double precision", "double",
            "date", "date",
            "timestamp without time zone", "timestamp(6)",
            "timestamp with time zone", "timestamp(6)");
    Map<String, @Nullable String> columns = new LinkedHashMap<>();
    data.columns(dataSet).forEach((name, type) -> columns.put(name, types.get(type)));
    for (String key : keys) {
      columns.remove(key);
      columns.put(key, "varchar");
    }
    String declared =
        columns.entrySet().stream()
            .map(c -> c.getKey() + " " + c.getValue())
            .collect(Collectors.joining(", "));
    String partitions =
        keys.stream().map(k -> "'" + k + "'").collect(Collectors.joining(", ", "ARRAY[", "]"));
    StringBuilder statements = new StringBuilder();
    for (String statement : documented("Trino and Athena").split(";\n", -1)) {
      if (statement.startsWith("CALL") && keys.isEmpty()) {
        continue;
      }
      String own =
          statement
              .replaceFirst("(?s)pages_daily \\(.*\\)\nWITH", "pages_daily (" + declared + ") WITH")
              .replace("'s3://bucket/warehouse", "'local://" + data.installation().warehouse())
              .replace("pages_daily", dataSet)
              .replace(
                  ", partitioned_by = ARRAY['site_id', 'month']",
                  keys.isEmpty() ? "" : ", partitioned_by = " + partitions)
              .replace("\n", " ");
      if (!own.isBlank()) {
        statements.append("do\t").append(own).append('\n');
      }
    }
    return statements.toString();
  }

  @Test
  void trinoAnswersWhatPostgresAnswers() throws Exception {
    requireLibraries("trino");
    Optional<Path> java = newerJava();
    assumeTrue(java.isPresent(), "Trino needs Java 25 or later: set TRINO_JAVA_HOME");
    StringBuilder tables = new StringBuilder("do\tCREATE SCHEMA files.fathom\n");
    for (String name : data.dataSets()) {
      tables.append(trinoTable(name));
    }
    assertAnswers(
        "Trino",
        run(
            java.orElseThrow(),
            "trino",
            "TrinoReader.java",
            List.of("--add-modules", "jdk.incubator.vector"),
            input(
                tables.toString(), "CAST(floor(to_unixtime(with_timezone(#, 'UTC'))) AS bigint)")));
  }
}
