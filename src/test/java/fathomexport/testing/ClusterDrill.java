package fathomexport.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.Quota;
import fathomexport.simulator.world.World;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A backfill of four sites and three reports in two lanes, which is run on a cluster, disturbed
 * there, and compared with the same backfill on the Direct Runner. Each window takes one request.
 * The program is the packaged one.
 */
public final class ClusterDrill implements AutoCloseable {
  public static final int LANES = 2;

  /** The API's quota in cases in which a run has to wait for it. */
  public static final int A_MINUTE = 120;

  private static final long SECONDS = 900;
  private static final LocalDate FIRST = LocalDate.of(2025, 9, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 12, 14);
  private static final Path PROGRAM = Path.of("target", "fathom-export.jar").toAbsolutePath();
  private static final Path SHIPPED = Path.of("target", "fathom-export-cluster.jar");
  private static final Path BUILT_WITH = Path.of("target", "fathom-export.libraries");

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "hostname", "pathname"),
          Question.pageviews("browsers_daily", "day", "browser"));

  private static final String SITES =
      "[" + World.BUSY_SITE + ", " + World.BURST_SITE + ", INDCRFTS, KTMTRAIL]";

  /** Short windows, so that each takes one request. */
  private static final String MORE_OF_API = "  max_in_flight: " + LANES + "\n  max_range_days: 7\n";

  private static final Duration SLOW = Duration.ofMillis(150);

  private final FaultDrill drill;
  private final String table;
  private final int rows;

  /** What the tests have measured, by the place of the row, in whichever order they ran. */
  private final Map<Integer, List<String>> measured = new TreeMap<>();

  /** Whether the next run is to be disturbed, and what does it. */
  private boolean disturbing;

  private volatile @Nullable Later disturbance;

  /**
   * Runs the backfill that is the measure. Skips the tests unless the program is built with an
   * engine, and the libraries of its cluster are there.
   *
   * @param directory for all that is written
   * @param profile of the build, which brings the engine
   * @param libraries of the cluster
   * @param table the name of the documented table
   * @param rows how many it has if all tests have passed
   */
  public ClusterDrill(Path directory, String profile, Path libraries, String table, int rows)
      throws IOException {
    assumeTrue(
        isBuiltWith(profile, libraries),
        "the cluster's libraries are not there: mvn -P" + profile + ",cluster verify");
    this.table = table;
    this.rows = rows;
    this.drill =
        new FaultDrill(
            directory, World.dozen(31, FIRST, LAST, 0), FIRST, LAST, SITES, MORE_OF_API, REPORTS);
    assertThat(drill.api().log().tooMany()).isEmpty();
  }

  /**
   * Whether the program is built with an engine, and the libraries of its cluster are there.
   *
   * @param profile of the build, which brings the engine
   * @param libraries of the cluster
   */
  public static boolean isBuiltWith(String profile, Path libraries) throws IOException {
    return Files.isDirectory(libraries)
        && Files.isRegularFile(SHIPPED)
        && Files.readString(BUILT_WITH).strip().equals("lib-" + profile);
  }

  /** The command that starts the program, up to its arguments. */
  public static List<String> program(int megabytes, List<String> options) {
    List<String> command = ClusterProcesses.java(megabytes, options.toArray(new String[0]));
    command.addAll(List.of("-jar", PROGRAM.toString()));
    return command;
  }

  /** The backfills that are compared. */
  public FaultDrill drill() {
    return drill;
  }

  /** Requests for reports of the undisturbed backfill. */
  public int requests() {
    return drill.requests();
  }

  /** Enters a row of the documented table. */
  public void enter(int place, String run, String comparison, String requests) {
    measured.put(place, List.of(run, comparison, requests, "0", "0"));
  }

  /** Has the API answer slowly enough that a run can be disturbed. */
  public void slow(Duration answerTime) {
    behave(drill.normal(), answerTime, request -> {});
  }

  /** Has the API answer slowly, and disturbs the run when so much of it is done. */
  public void disturbAt(int percent, Callable<?> disturbance) {
    disturbAt(percent, drill.normal(), SLOW, disturbance);
  }

  /** Does the same more slowly. */
  public void disturbAt(int percent, Duration answerTime, Callable<?> disturbance) {
    disturbAt(percent, drill.normal(), answerTime, disturbance);
  }

  private void disturbAt(
      int percent, Behaviour normal, Duration answerTime, Callable<?> disturbance) {
    AtomicBoolean done = new AtomicBoolean();
    int when = drill.requests() * percent / 100;
    disturbing = true;
    this.disturbance = null;
    behave(
        normal,
        answerTime,
        request -> {
          if (request >= when && done.compareAndSet(false, true)) {
            this.disturbance = Later.after(0, disturbance);
          }
        });
  }

  private void behave(Behaviour normal, Duration answerTime, IntConsumer onRequest) {
    drill
        .api()
        .behave(
            normal.withFault(
                FaultRule.when(
                    r -> {
                      onRequest.accept(r.aggregation());
                      return r.aggregation() > 0;
                    },
                    new Fault.Delay(answerTime))));
  }

  /** The run that has ended was disturbed if it should be, and the disturbance did what it does. */
  private void requireDisturbed() {
    if (disturbing) {
      disturbing = false;
      Objects.requireNonNull(disturbance, "the run ended before it was disturbed").join();
    }
  }

  /** Begins a trial on a cluster, which it closes. */
  public <C extends ClusterProcesses> Place<C> on(C cluster) {
    return new Place<>(cluster);
  }

  /** A trial, and what it runs on. */
  public final class Place<C extends ClusterProcesses> implements AutoCloseable {
    private final FaultDrill.Trial trial = drill.trial();
    private final C cluster;
    private volatile @Nullable ForkedRun run;

    private Place(C cluster) {
      this.cluster = cluster;
    }

    public FaultDrill.Trial trial() {
      return trial;
    }

    public C cluster() {
      return cluster;
    }

    /** Starts the manager and two workers. */
    public Place<C> withWorkers() throws IOException, InterruptedException {
      cluster.start(List.of(variables(), variables()));
      return this;
    }

    public Map<String, String> variables() {
      return trial.installation().variables();
    }

    /** The run that was started last. */
    public ForkedRun run() {
      return Objects.requireNonNull(run);
    }

    /**
     * Runs the backfill on the cluster to its end.
     *
     * @param program the command that starts it, up to its arguments
     * @param more further arguments, and further options of Beam's behind {@code --}
     */
    public Installation.Ended run(List<String> program, String... more)
        throws InterruptedException {
      List<String> command = new ArrayList<>(List.of("env"));
      cluster.variables().forEach((name, value) -> command.add(name + "=" + value));
      command.addAll(program);
      List<String> arguments = new ArrayList<>(List.of(more));
      if (!arguments.contains("--")) {
        arguments.add("--");
      }
      arguments.addAll(cluster.options());
      ForkedRun started = trial.forkBy(command, arguments);
      run = started;
      try (started) {
        Installation.Ended ended = started.await(SECONDS);
        requireDisturbed();
        return ended;
      }
    }

    /** The run has ended with this code, and left what the next one continues from. */
    public void endedWith(int code, String fault, Installation.Ended ended) {
      trial.ended(fault, String.valueOf(ended.code()));
      assertThat(ended.code()).as(ended.said()).isEqualTo(code);
    }

    /** The rows, files and ledger are those of the Direct Runner. */
    public void settle(int place, String row, Installation.Ended ended, int most) {
      endedWith(0, row, ended);
      assertThat(ended.out()).containsPattern("windows +([0-9,]+) planned, \\1 committed");
      int requests = trial.asked();
      assertThat(requests).isBetween(drill.requests(), most);
      assertThat(drill.api().log().tooMany()).as("answers of 429").isEmpty();
      trial.finish();
      assertThat(trial.asked()).as("nothing was left to the next run").isEqualTo(requests);
      enter(place, row, "equal", (most == drill.requests() ? "" : "at most ") + most);
    }

    /** Limits the API and the run to the same quota, and disturbs the run. */
    public void limitAndDisturbAt(int percent, Callable<?> disturbance) {
      trial.installation().settings(1_000, A_MINUTE, MORE_OF_API);
      disturbAt(
          percent,
          drill.normal().withReportsQuota(Quota.aMinute(Quota.Model.SLIDING, A_MINUTE)),
          SLOW,
          disturbance);
    }

    /** Starts the manager and two workers, of which the second one lacks the password. */
    public void withAWorkerThatLacksTheSecret() throws IOException, InterruptedException {
      Map<String, String> without = new HashMap<>(variables());
      without.remove(TestDatabase.PASSWORD_VARIABLE);
      cluster.start(List.of(variables(), without));
    }

    /** The run says which worker lacks the password. */
    public void namesTheWorkerThatLacksTheSecret(Installation.Ended ended)
        throws UnknownHostException {
      endedWith(77, "a worker of the cluster without a secret", ended);
      assertThat(ended.said())
          .contains(TestDatabase.PASSWORD_VARIABLE)
          .contains("a worker of the cluster lacks a secret")
          .contains("on worker " + InetAddress.getLocalHost().getHostName() + ", process ");
    }

    /** The run has said what it waits for, and has ended. */
    public void foundNoRoom(Installation.Ended ended) {
      endedWith(75, "a cluster without a worker", ended);
      assertThat(trial.asked()).isZero();
      assertThat(ended.said())
          .contains("2 lanes wait for workers")
          .contains("no lane has been under way on the ")
          .contains("windows left");
    }

    @Override
    public void close() {
      ForkedRun started = run;
      if (started != null) {
        started.close();
      }
      cluster.close();
      trial.close();
    }
  }

  /** Compares the documented table, or the rows of it that were measured. */
  @Override
  public void close() throws IOException {
    drill.close();
    assertThat(measured.size())
        .as("rows of the table, of which the test class says how many")
        .isLessThanOrEqualTo(rows);
    DocumentedTable documented = new DocumentedTable(Path.of("docs/cluster.md"), table);
    if (measured.size() == rows) {
      documented.hasRows(
          List.of("run", "rows and hashes", "requests", "429s", "exit"),
          List.copyOf(measured.values()));
    } else {
      documented.hasAmongOthers(List.copyOf(measured.values()));
    }
  }
}
