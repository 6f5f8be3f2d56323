package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Landed;
import fathomexport.testing.MainAt;
import fathomexport.testing.PackagedProgram;
import fathomexport.testing.Question;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
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
  private static final LocalDate TODAY = LocalDate.of(2026, 6, 11);
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

  /** fathom-export as it is installed, but for the place of its jar and the time of its clock. */
  private void install(FathomSimulator api) throws IOException {
    Path launcher = home.resolve("fathom-export");
    Files.writeString(
        launcher,
        "#!/bin/sh\nexec '%s' %s %sT05:00:00Z \"$@\"\n"
            .formatted(
                String.join("' '", PackagedProgram.commandWithTests(List.of())),
                MainAt.class.getName(),
                TODAY));
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

  private Ended cronLoggingTo(Path log, String... command)
      throws IOException, InterruptedException {
    return cron(Map.of("FATHOM_EXPORT_LOG", log.toString()), command);
  }

  private Ended cron(String... command) throws IOException, InterruptedException {
    return cron(Map.of(), command);
  }

  private Ended cron(Map<String, String> more, String... command)
      throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of(RUN_LOCKED.toString()));
    words.addAll(List.of(command));
    Map<String, String> variables = new HashMap<>(more);
    variables.putAll(
        Map.of(
            "FATHOM_EXPORT_HOME",
            home.toString(),
            "FATHOM_EXPORT_TRIES",
            "2",
            "FATHOM_EXPORT_PAUSE",
            "0",
            "FATHOM_API_TOKEN",
            SimulatorToken.STANDARD.secret()));
    return run(Path.of("/"), variables, words.toArray(new String[0]));
  }

  private static FathomSimulator api() throws IOException {
    return FathomSimulator.start(
        World.dozen(5, TODAY.minusDays(6), TODAY, 0), Behaviour.unlimited());
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

  /** What cron sends to MAILTO is what a command prints: the end of the log, if it failed. */
  @Test
  void cronMailsAFailureAndNothingElse() throws Exception {
    assumeTrue(isThere("flock"), "flock (util-linux)");
    try (FathomSimulator api = api()) {
      install(api);
      Path log = home.resolve("nightly.log");

      Ended failed = cronLoggingTo(log, "run", "nosuch");

      assertThat(failed.code()).isEqualTo(78);
      assertThat(failed.said()).contains("'fathom-export run nosuch' ended with exit code 78");
      assertThat(failed.said()).contains("nosuch.yaml: no such pipeline", "docs/operations.md");
      assertThat(Files.readString(log)).contains("nosuch.yaml: no such pipeline");

      Ended done = cronLoggingTo(log, "run", "nightly");

      assertThat(done.code()).as(Files.readString(log)).isZero();
      assertThat(done.said()).isEmpty();
      assertThat(Files.readString(log)).contains("nightly: done");
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
            Files.readString(unit).replaceAll("/opt/fathom-export/[^ ]+", program.toString()));
        command.add(copy.toString());
      }
    }
    assertThat(command).as("units").hasSize(3 + 8);

    Ended ended = run(home, Map.of(), command.toArray(new String[0]));

    assertThat(ended.said().lines().filter(line -> line.contains("fathom-export"))).isEmpty();
    assertThat(ended.code()).as(ended.said()).isZero();
  }

  /**
   * A run under ProcSubset=pid, as the units have it: of /proc only the processes are there, and
   * not the list of what is mounted.
   */
  @Test
  void aRunNeedsNoListOfMounts() throws Exception {
    assumeTrue(isThere("unshare"), "unshare (util-linux)");
    String hidden = "mount -t proc -o subset=pid proc /proc && test ! -e /proc/mounts";
    assumeTrue(
        run(home, Map.of(), "unshare", "--mount", "sh", "-c", hidden).code() == 0,
        "the rights to mount, and a kernel that knows subset=pid");
    try (FathomSimulator api = api()) {
      install(api);
      Map<String, String> token = Map.of("FATHOM_API_TOKEN", SimulatorToken.STANDARD.secret());
      for (String command : List.of("run nightly", "status nightly --html status.html")) {
        Ended ended =
            run(
                home,
                token,
                "unshare",
                "--mount",
                "sh",
                "-c",
                hidden + " && exec ./fathom-export " + command);
        assertThat(ended.code()).as(ended.said()).isZero();
      }
      assertThat(home.resolve("status.html")).isNotEmptyFile();
    }
  }

  /** All run as one user, with the same credentials and the same protection. */
  @Test
  void unitsAreOfOneMake() throws IOException {
    List<String> snapshot = directives("fathom-export-snapshot@.service");
    assertThat(snapshot)
        .contains(
            "ExecStart=/opt/fathom-export/fathom-export snapshot %i",
            "TimeoutStopSec=30", "DynamicUser=yes");
    snapshot.removeIf(d -> d.startsWith("ExecStart=") || d.startsWith("Description="));
    List<String> retried =
        List.of(
            "Description",
            "ExecStart",
            "StartLimitIntervalSec",
            "StartLimitBurst",
            "OnFailure",
            "RestartForceExitStatus",
            "RestartSec");
    assertThat(more("fathom-export@.service", snapshot))
        .containsExactlyInAnyOrderElementsOf(retried);
    assertThat(more("fathom-export-backfill@.service", snapshot))
        .containsExactlyInAnyOrderElementsOf(
            Stream.concat(retried.stream(), Stream.of("EnvironmentFile")).toList());
    snapshot.removeIf(d -> d.startsWith("Wants=") || d.startsWith("After="));
    assertThat(more("fathom-export-status@.service", snapshot))
        .containsExactlyInAnyOrder("Description", "ExecStart", "After");
    assertThat(directives("fathom-export@.service"))
        .contains("RestartForceExitStatus=75", "OnFailure=fathom-export-failed@%N.service");
  }

  /** The names of the directives that a unit has beyond the common ones, all of which it has. */
  private static List<String> more(String unit, List<String> common) throws IOException {
    List<String> directives = directives(unit);
    assertThat(directives).containsAll(common);
    directives.removeAll(common);
    return directives.stream().map(d -> d.substring(0, d.indexOf('='))).toList();
  }

  /** The mail program is one that keeps what it gets; the journal is one that says a line. */
  @Test
  void aFailedUnitIsMailed() throws Exception {
    Path sendmail = script("sendmail", "cat > mail; echo \"$*\" > options");
    script("journalctl", "echo \"asked: $*\"");

    Ended ended =
        run(
            home,
            Map.of("PATH", sendmail.getParent() + ":" + System.getenv("PATH"), "MAILTO", "ops@x"),
            SCHEDULE.resolve("mail-failure").toString(),
            "fathom-export@nightly");

    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(Files.readString(home.resolve("options"))).isEqualTo("-t\n");
    assertThat(Files.readString(home.resolve("mail")))
        .startsWith("To: ops@x\nSubject: fathom-export@nightly failed on ")
        .contains("\n\n", "asked: --unit fathom-export@nightly.service --lines 40");
  }

  /** By hand a command gets what the units get. */
  @Test
  void byHandIsOfTheSameMake() throws Exception {
    Path systemdRun = script("systemd-run", "printf '%s\\n' \"$@\"");

    Ended ended =
        run(
            home,
            Map.of("PATH", systemdRun.getParent() + ":" + System.getenv("PATH")),
            SCHEDULE.resolve("by-hand").toString(),
            "status",
            "nightly");

    assertThat(ended.said()).endsWith("/opt/fathom-export/fathom-export\nstatus\nnightly\n");
    List<String> given =
        ended
            .said()
            .lines()
            .filter(line -> line.startsWith("--property=") || line.startsWith("--setenv="))
            .map(line -> line.substring(line.indexOf('=') + 1))
            .map(line -> line.replaceFirst("/run/credentials/[^:]+:", "%d:"))
            .map(line -> line.startsWith("FATHOM_") ? "Environment=\"" + line + "\"" : line)
            .toList();
    assertThat(given).hasSize(10);
    assertThat(directives("fathom-export@.service")).containsAll(given);
  }

  private Path script(String name, String body) throws IOException {
    Path script = Files.createDirectories(home.resolve("bin")).resolve(name);
    Files.writeString(script, "#!/bin/sh\n" + body + "\n");
    assertThat(script.toFile().setExecutable(true)).isTrue();
    return script;
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

  private static Object yaml(String file) throws IOException {
    return new Load(LoadSettings.builder().build())
        .loadFromString(Files.readString(SCHEDULE.resolve("kubernetes").resolve(file)));
  }

  /** What they run differs, and where that comes from; all else is the pod of the nightly run. */
  @Test
  void podsAreOfOneMake() throws IOException {
    Object nightly = at(yaml("cronjob.yaml"), "spec", "jobTemplate", "spec");
    Object snapshot = at(yaml("snapshot-cronjob.yaml"), "spec", "jobTemplate", "spec");
    Object backfill = at(yaml("backfill-job.yaml"), "spec");
    for (Object other : List.of(snapshot, backfill)) {
      assertThat(at(other, "template", "spec", "volumes"))
          .isEqualTo(at(nightly, "template", "spec", "volumes"));
      assertThat(at(other, "template", "spec", "securityContext"))
          .isEqualTo(at(nightly, "template", "spec", "securityContext"));
      assertThat(withoutArguments(other)).isEqualTo(withoutArguments(nightly));
    }
    assertThat(at(backfill, "podFailurePolicy")).isEqualTo(at(nightly, "podFailurePolicy"));
    assertThat(at(yaml("pvc.yaml"), "metadata", "name")).isEqualTo("fathom-export-warehouse");
    assertThat(at(nightly, "template", "spec", "volumes").toString())
        .contains("claimName=fathom-export-warehouse");
  }

  private static Map<?, ?> withoutArguments(Object job) {
    List<?> containers = (List<?>) at(job, "template", "spec", "containers");
    Map<Object, Object> container = new HashMap<>((Map<?, ?>) containers.get(0));
    assertThat(container.remove("args")).isNotNull();
    return container;
  }

  /** kubectl renders all manifests with the image by its digest. */
  @Test
  void theKustomizationRenders() throws Exception {
    assumeTrue(isThere("kubectl"), "kubectl");

    Ended ended =
        run(home, Map.of(), "kubectl", "kustomize", SCHEDULE.resolve("kubernetes").toString());

    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(ended.said().lines().filter(line -> line.contains("image: ")))
        .hasSize(2)
        .allMatch(line -> line.matches(".*: [a-z.]+/fathom-export@sha256:[0-9a-f]{64}"));
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

  /** The names that the DAG's file takes from Airflow, as far as it uses them. */
  private static final String STAND_INS =
      """
      import os, subprocess, sys, types

      def module(name, **names):
          made = types.ModuleType(name)
          made.__dict__.update(names)
          sys.modules[name] = made

      class DAG:
          def __init__(self, **given): pass
          def __enter__(self): return self
          def __exit__(self, *ended): return False

      class BaseOperator:
          def __init__(self, **given): pass

      class Again(Exception): pass
      class Never(Again): pass

      class SubprocessHook:
          def run_command(self, command, env=None, output_encoding="utf-8", cwd=None):
              ended = subprocess.run(command, env=env, cwd=cwd)
              return types.SimpleNamespace(exit_code=ended.returncode)

      module("airflow", DAG=DAG)
      module("airflow.exceptions", AirflowException=Again, AirflowFailException=Never)
      module("airflow.models", BaseOperator=BaseOperator)
      for name in ("airflow.providers", "airflow.providers.standard",
                   "airflow.providers.standard.hooks"):
          module(name)
      module("airflow.providers.standard.hooks.subprocess", SubprocessHook=SubprocessHook)
      dag = {"__name__": "dag"}
      exec(compile(open(sys.argv[1]).read(), "dag", "exec"), dag)
      operator = dag["FathomExportOperator"](task_id="run", arguments=["run", "nightly"])
      try:
          operator.execute({"ti": types.SimpleNamespace(max_tries=3, try_number=2)})
          print("done", flush=True)
      except Never:
          print("never again", flush=True)
      except Again:
          print("again", flush=True)
      """;

  /** A task is repeated after 74 and 75 alone, and says how many tries are left. */
  @Test
  void theDagRepeatsWhatIsWorthIt() throws Exception {
    assumeTrue(isThere("python3"), "python3");
    Files.writeString(home.resolve("try.py"), STAND_INS);
    Path program = home.resolve("fathom-export");
    for (int code : new int[] {0, 65, 70, 74, 75, 77, 78}) {
      Files.writeString(
          program, "#!/bin/sh\necho \"$FATHOM_EXPORT_TRIES_LEFT $*\"\nexit " + code + "\n");
      assertThat(program.toFile().setExecutable(true)).isTrue();

      Ended ended =
          run(
              home,
              Map.of("FATHOM_EXPORT_HOME", home.toString()),
              "python3",
              "try.py",
              SCHEDULE.resolve("airflow/fathom_export_dag.py").toString());

      String then = code == 0 ? "done" : code == 74 || code == 75 ? "again" : "never again";
      assertThat(ended.said()).as("exit code %d", code).isEqualTo("2 run nightly\n" + then + "\n");
    }
  }

  @Test
  void theDagCompiles() throws Exception {
    assumeTrue(isThere("python3"), "python3");
    Path copy = home.resolve("dag.py");
    Files.copy(SCHEDULE.resolve("airflow/fathom_export_dag.py"), copy);

    Ended ended = run(home, Map.of(), "python3", "-m", "py_compile", copy.toString());

    assertThat(ended.code()).as(ended.said()).isZero();
  }
}
