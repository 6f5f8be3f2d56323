package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import fathomexport.simulator.Behaviour;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.Fault;
import fathomexport.simulator.FaultRule;
import fathomexport.simulator.SimulatorToken;
import fathomexport.simulator.World;
import fathomexport.testing.Landed;
import fathomexport.testing.Question;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What is in {@code conf/schedule} works, as far as it can be tried without a cluster. */
class ScheduleTest {
  private static final Path SCHEDULE = Path.of("conf/schedule").toAbsolutePath();
  private static final Path RUN_LOCKED = SCHEDULE.resolve("run-locked");
  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");

  /** Of a run: all but done, and stopped. */
  private static final List<Integer> FAILURES = List.of(2, 65, 70, 74, 75, 77, 78);

  @TempDir Path home;

  private record Ended(int code, String said) {}

  private static Ended run(Path directory, Map<String, String> variables, String... command)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().putAll(variables);
    Process process = builder.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
    return new Ended(process.exitValue(), said);
  }

  private static boolean isThere(String program) {
    return Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }

  // --- cron

  /** fathom-export as it is installed, but for the jar: these classes. */
  private void install(FathomSimulator api) throws IOException {
    String classPath =
        Arrays.stream(
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path"))
                    .split(File.pathSeparator))
            .map(entry -> Path.of(entry).toAbsolutePath().toString())
            .collect(Collectors.joining(File.pathSeparator));
    Path launcher = home.resolve("fathom-export");
    Files.writeString(
        launcher,
        "#!/bin/sh\nexec '%s' -XX:TieredStopAtLevel=1 -Xmx256m -cp '%s' fathomexport.Main \"$@\"\n"
            .formatted(Path.of(System.getProperty("java.home"), "bin", "java"), classPath));
    assertThat(launcher.toFile().setExecutable(true)).isTrue();
    Files.createDirectories(home.resolve("conf"));
    Files.createDirectories(home.resolve("pipelines"));
    Files.writeString(
        home.resolve("conf/fathom-export.yaml"),
        """
        api:
          base_url: %s
          token: {env: FATHOM_API_TOKEN}
          requests_per_minute: 1000
        parquet: {root: warehouse}
        """
            .formatted(api.baseUri()));
    Files.writeString(
        home.resolve("pipelines/nightly.yaml"),
        """
        sites: [LDNBOOKS]
        sinks: [parquet]
        reports:
          - name: traffic_daily
            entity: pageview
            aggregates: [visits, uniques, pageviews, avg_duration, bounce_rate]
            date_grouping: day
        """);
  }

  private Ended cron(String... command) throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of(RUN_LOCKED.toString()));
    words.addAll(List.of(command));
    return run(
        Path.of("/"),
        Map.of(
            "FATHOM_EXPORT_HOME",
            home.toString(),
            "FATHOM_EXPORT_TRIES",
            "2",
            "FATHOM_EXPORT_PAUSE",
            "0",
            "FATHOM_API_TOKEN",
            SimulatorToken.STANDARD.secret()),
        words.toArray(new String[0]));
  }

  private static FathomSimulator api() throws IOException {
    LocalDate today = LocalDate.now(ZoneOffset.UTC);
    return FathomSimulator.start(
        World.dozen(5, today.minusDays(6), today, 0), Behaviour.unlimited());
  }

  @Test
  void cronSkipsWhatIsStillUnderWay() throws Exception {
    assumeTrue(isThere("flock"), "flock (util-linux)");
    try (FathomSimulator api = api()) {
      install(api);
      Files.createDirectories(home.resolve("run"));
      // Somebody else's process holds it, as last night's run would.
      Process holder =
          new ProcessBuilder(
                  "flock", "run/run-nightly.lock", "sh", "-c", "echo held; exec sleep 60")
              .directory(home.toFile())
              .start();
      try {
        assertThat(holder.inputReader().readLine()).isEqualTo("held");
        Ended skipped = cron("run", "nightly");
        assertThat(skipped.code()).as(skipped.said()).isEqualTo(75);
        assertThat(skipped.said()).contains("skipped").contains("run/run-nightly.lock");
        assertThat(api.log().all()).as("nothing was started").isEmpty();
      } finally {
        // The shell became sleep, so that flock has one child.
        holder.descendants().forEach(ProcessHandle::destroyForcibly);
        holder.destroyForcibly().waitFor();
      }

      Ended done = cron("run", "nightly");

      assertThat(done.code()).as(done.said()).isZero();
      assertThat(Landed.inParquet(home.resolve("warehouse"), TRAFFIC)).isNotEmpty();
    }
  }

  @Test
  void cronTriesAgainAfter75AndOnlyThen() throws Exception {
    assumeTrue(isThere("flock"), "flock (util-linux)");
    try (FathomSimulator api = api()) {
      install(api);
      api.behave(
          Behaviour.unlimited()
              .withFault(
                  new FaultRule(
                      r -> r.path().endsWith("/current_visitors"),
                      1,
                      new Fault.Status(
                          503, "application/json", "{}", Map.of("Retry-After", "3600")))));

      Ended ended = cron("snapshot", "nightly");

      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(ended.said()).contains("(exit 75)").contains("nightly: done");
      assertThat(api.log().to("/v1/current_visitors")).hasSize(2);

      Ended wrong = cron("snapshot", "nosuch");
      assertThat(wrong.code()).as(wrong.said()).isEqualTo(78);
      assertThat(wrong.said().split("nosuch.yaml", -1)).as("said once").hasSize(2);
      assertThat(cron("run").code()).isEqualTo(2);
    }
  }

  // --- systemd

  @Test
  void systemdFindsNothingToSayOfTheUnits() throws Exception {
    assumeTrue(isThere("systemd-analyze"), "systemd-analyze");
    Path program = home.resolve("fathom-export");
    Files.writeString(program, "#!/bin/sh\n");
    assertThat(program.toFile().setExecutable(true)).isTrue();
    List<String> command = new ArrayList<>(List.of("systemd-analyze", "verify", "--man=no"));
    try (Stream<Path> units = Files.list(SCHEDULE.resolve("systemd"))) {
      for (Path unit : units.sorted().toList()) {
        // The name of an instance, and a program that is here: verify looks for it.
        Path copy = home.resolve(unit.getFileName().toString().replace("@.", "@nightly."));
        Files.writeString(
            copy,
            Files.readString(unit).replace("/opt/fathom-export/fathom-export", program.toString()));
        command.add(copy.toString());
      }
    }
    assertThat(command).as("units").hasSize(3 + 4);

    Ended ended = run(home, Map.of(), command.toArray(new String[0]));

    assertThat(ended.said().lines().filter(line -> line.contains("fathom-export"))).isEmpty();
    assertThat(ended.code()).as(ended.said()).isZero();
  }

  /** One is the other but for what it runs and how often. */
  @Test
  void unitsAreOfOneMake() throws IOException {
    List<String> run = directives("fathom-export@.service");
    List<String> snapshot = directives("fathom-export-snapshot@.service");
    assertThat(snapshot).contains("ExecStart=/opt/fathom-export/fathom-export snapshot %i");
    assertThat(run)
        .contains(
            "ExecStart=/opt/fathom-export/fathom-export run %i",
            "TimeoutStopSec=30", "RestartForceExitStatus=75", "DynamicUser=yes");
    snapshot.removeIf(d -> d.startsWith("ExecStart=") || d.startsWith("Description="));
    assertThat(run).containsAll(snapshot);
    run.removeAll(snapshot);
    assertThat(run)
        .extracting(d -> d.substring(0, d.indexOf('=')))
        .containsExactlyInAnyOrder(
            "Description",
            "ExecStart",
            "StartLimitIntervalSec",
            "StartLimitBurst",
            "RestartForceExitStatus",
            "RestartSec");
  }

  private static List<String> directives(String unit) throws IOException {
    return Files.readAllLines(SCHEDULE.resolve("systemd").resolve(unit)).stream()
        .filter(line -> line.contains("=") && !line.startsWith("#"))
        .collect(Collectors.toCollection(ArrayList::new));
  }

  // --- Kubernetes

  @Test
  void theCronJobKnowsEveryExitCode() throws IOException {
    Object job =
        at(
            new Load(LoadSettings.builder().build())
                .loadFromString(Files.readString(SCHEDULE.resolve("kubernetes/cronjob.yaml"))),
            "spec");
    assertThat(at(job, "concurrencyPolicy")).isEqualTo("Forbid");
    Object jobSpec = at(job, "jobTemplate", "spec");
    Object pod = at(jobSpec, "template", "spec");
    assertThat(at(pod, "restartPolicy")).isEqualTo("Never");
    assertThat(at(pod, "terminationGracePeriodSeconds")).isEqualTo(30);
    assertThat(at(pod, "securityContext", "runAsNonRoot")).isEqualTo(true);
    List<Integer> known = new ArrayList<>();
    for (Object rule : (List<?>) at(jobSpec, "podFailurePolicy", "rules")) {
      if (((Map<?, ?>) rule).containsKey("onExitCodes")) {
        List<?> values = (List<?>) at(rule, "onExitCodes", "values");
        assertThat(values.stream().map(v -> (Integer) v)).isSorted();
        values.forEach(v -> known.add((Integer) v));
        assertThat(values.contains(75)).isEqualTo(at(rule, "action").equals("Count"));
      }
    }
    assertThat(known).containsExactlyInAnyOrderElementsOf(FAILURES);
  }

  private static Object at(Object node, String... path) {
    Object at = node;
    for (String key : path) {
      assertThat(at).isInstanceOf(Map.class);
      at = Objects.requireNonNull(((Map<?, ?>) at).get(key), key);
    }
    return at;
  }

  // --- Airflow

  @Test
  void theDagCompiles() throws Exception {
    assumeTrue(isThere("python3"), "python3");
    Path copy = home.resolve("dag.py");
    Files.copy(SCHEDULE.resolve("airflow/fathom_export_dag.py"), copy);

    Ended ended = run(home, Map.of(), "python3", "-m", "py_compile", copy.toString());

    assertThat(ended.code()).as(ended.said()).isZero();
  }
}
