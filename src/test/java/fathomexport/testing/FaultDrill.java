package fathomexport.testing;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.LedgerEntry;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.RequestLog;
import fathomexport.simulator.behaviour.ApiRequest;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.sink.parquet.ParquetSink;
import fathomexport.sink.parquet.file.ParquetSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The one way that faults are tried: a backfill that was left alone is the measure; each trial is
 * the same backfill in a database and a directory of its own, disturbed, and then run once more.
 * Its tables, files and ledger must be those of the one that was left alone.
 */
public final class FaultDrill implements AutoCloseable {
  private static final String PIPELINE = "all";
  private static final String SINKS = "[postgres, parquet]";

  /** What of a ledger's row is the same however often a window was interrupted. */
  private static final String SUBSTANCE =
      "report, site_id, event_name, period::text, period_end::text, covers_to::text, status,"
          + " stored, rows, pageviews_sum, pageviews_control, conversions_sum, conversions_control,"
          + " value_sum, value_control, store_if_absent, reason, definition, zone";

  private final Path directory;
  private final FathomSimulator api;
  private final Behaviour normal;
  private final LocalDate first;
  private final LocalDate last;
  private final List<Question> reports;
  private final String sites;
  private final String moreOfApi;
  private final Instant now;

  /** Has the tables of the reports, and no rows. All trials begin with a copy of it. */
  private final TestDatabase prepared;

  private final TestDatabase database;
  private final Installation undisturbed;
  private final int requests;
  private int trials;

  /** How the backfill that is the measure is run; nothing may disturb it. */
  @FunctionalInterface
  public interface Undisturbed {
    Installation.Ended run(
        FathomSimulator api, Behaviour normal, Installation installation, List<String> arguments);
  }

  /** A period of a report's slice, the unit that is committed. */
  private record Held(String report, String site, String event, LocalDate period) {}

  /**
   * Runs the undisturbed backfill.
   *
   * @param directory for all that is written
   * @param sites as a pipeline names them
   * @param moreOfApi lines for the settings' section on the API, each indented by two
   */
  public FaultDrill(
      Path directory,
      World world,
      LocalDate first,
      LocalDate last,
      String sites,
      String moreOfApi,
      List<Question> reports) {
    this(
        directory,
        world,
        first,
        last,
        sites,
        moreOfApi,
        reports,
        (api, normal, installation, arguments) ->
            installation.run(arguments.toArray(new String[0])));
  }

  /**
   * Runs the undisturbed backfill in a way of the test's own.
   *
   * @param how such as in another process
   */
  public FaultDrill(
      Path directory,
      World world,
      LocalDate first,
      LocalDate last,
      String sites,
      String moreOfApi,
      List<Question> reports,
      Undisturbed how) {
    this.directory = directory;
    this.first = first;
    this.last = last;
    this.sites = sites;
    this.moreOfApi = moreOfApi;
    this.reports = List.copyOf(reports);
    // Forked runs know no other clock.
    this.now = Instant.now();
    this.normal = Behaviour.unlimited();
    try {
      this.api = FathomSimulator.start(world, normal);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    this.prepared = TestDatabase.migrated();
    Installation.Ended migrated =
        install(directory.resolve("prepared"), prepared).run("migrate", PIPELINE);
    assertThat(migrated.code()).as(migrated.said()).isZero();
    this.database = prepared.copy();
    this.undisturbed = install(directory.resolve("undisturbed"), database);
    Installation.Ended ended = how.run(api, normal, undisturbed, arguments());
    assertThat(ended.code()).as(ended.said()).isZero();
    this.requests = api.log().aggregations().size();
  }

  private Installation install(Path place, TestDatabase itsDatabase) {
    return new Installation(
            place, itsDatabase, api.baseUri(), SimulatorToken.STANDARD.secret(), now)
        .inRealTime()
        .settings(1_000, 1000, moreOfApi)
        .pipeline(PIPELINE, sites, SINKS, reports);
  }

  private List<String> arguments() {
    return List.of("backfill", PIPELINE, "--from", first.toString(), "--to", last.toString());
  }

  /** The API that all trials ask; a trial begins and ends with it as it is normally. */
  public FathomSimulator api() {
    return api;
  }

  /** The instant at which all commands of this process run. */
  public Instant now() {
    return now;
  }

  /** The API without faults. */
  public Behaviour normal() {
    return normal;
  }

  /** Requests for reports of the undisturbed backfill. */
  public int requests() {
    return requests;
  }

  /**
   * Begins a trial in a new database of the shared server. Its tables are made already, so that a
   * fault meets windows only.
   */
  public Trial trial() {
    return new Trial(prepared.copy());
  }

  /** Begins a trial in this database, which it closes. */
  public Trial trial(TestDatabase itsDatabase) {
    return new Trial(itsDatabase);
  }

  @Override
  public void close() {
    api.close();
    database.close();
    prepared.close();
  }

  /**
   * A backfill that is disturbed, once or again and again, each time by a fault that is given a
   * name.
   */
  public final class Trial implements AutoCloseable {
    private final TestDatabase itsDatabase;
    private final Installation installation;
    private final Set<String> faults = new TreeSet<>();
    private Set<Held> committed = Set.of();
    private int asked;

    private Trial(TestDatabase itsDatabase) {
      this.itsDatabase = itsDatabase;
      this.installation = install(directory.resolve("trial-" + ++trials), itsDatabase);
      api.behave(normal);
    }

    public TestDatabase database() {
      return itsDatabase;
    }

    public Installation installation() {
      return installation;
    }

    /** Requests for reports, over all runs that have ended. */
    public int asked() {
      return asked;
    }

    /** Has runs from now on reach the database at this address. */
    public Trial databaseAt(int port, String urlParameters) {
      installation
          .databaseAt(itsDatabase.urlAt("127.0.0.1", port) + urlParameters)
          .settings(1_000, 1000, moreOfApi);
      return this;
    }

    /** Has runs from now on reach the database without a detour. */
    public Trial databaseDirectly() {
      installation.databaseAt(itsDatabase.url()).settings(1_000, 1000, moreOfApi);
      return this;
    }

    /** Has waits for the API take no time: where the database is not what is disturbed. */
    public Trial hurried() {
      installation.hurried();
      return this;
    }

    /** Makes the tables in a database of the test's own, so that a fault meets windows only. */
    public Trial migrated() {
      Installation.Ended ended = installation.run("migrate", PIPELINE);
      assertThat(ended.code()).as(ended.said()).isZero();
      return this;
    }

    /** A disturbed run, in this process. */
    public Installation.Ended run(String fault) {
      return runAnd(fault, () -> {});
    }

    /**
     * A disturbed run, in this process.
     *
     * @param afterwards what must be over before anybody looks at what the run left
     */
    public Installation.Ended runAnd(String fault, Runnable afterwards) {
      begin();
      Installation.Ended ended = installation.run(arguments().toArray(new String[0]));
      afterwards.run();
      ended(fault, String.valueOf(ended.code()));
      return ended;
    }

    /** Starts a disturbed run in a process of its own; {@link #ended} tells of its end. */
    public ForkedRun fork(List<String> jvmOptions) {
      begin();
      return ForkedRun.start(installation, jvmOptions, arguments());
    }

    /**
     * Starts a disturbed run by a command of the test's own, with these arguments behind the
     * backfill's.
     */
    public ForkedRun forkBy(List<String> java, List<String> moreArguments) {
      begin();
      List<String> all = new ArrayList<>(arguments());
      all.addAll(moreArguments);
      return ForkedRun.startBy(java, installation, all);
    }

    private void begin() {
      committed = heldByBoth();
      api.log().clear();
    }

    /** A disturbed run has ended in this way: what is there now must be whole windows. */
    public void ended(String fault, String how) {
      faults.add(fault);
      List<String> again = repeated();
      List<String> torn = torn();
      FaultTable.add(fault, new FaultTable.Row(1, Map.of(how, 1), 0, 0, torn.size(), again.size()));
      assertThat(torn).as("torn periods after %s, which ended with %s", fault, how).isEmpty();
      assertThat(again).as("requests for what was committed, at %s", fault).isEmpty();
    }

    /**
     * Runs the backfill once more, left alone, and compares all with the undisturbed one. What is
     * wrong then is entered for each fault of the trial.
     */
    public void finish() {
      api.behave(normal);
      begin();
      Installation.Ended ended = installation.run(arguments().toArray(new String[0]));
      List<String> again = repeated();
      List<String> torn = torn();
      List<String> lost = new ArrayList<>();
      List<String> doubled = new ArrayList<>();
      for (Question report : reports) {
        sort(
            Landed.differences(
                Landed.inPostgres(database, report), Landed.inPostgres(itsDatabase, report)),
            lost,
            doubled);
        sort(
            Landed.differences(
                Landed.inParquet(undisturbed.warehouse(), report),
                Landed.inParquet(installation.warehouse(), report)),
            lost,
            doubled);
      }
      for (String fault : faults) {
        FaultTable.add(
            fault,
            new FaultTable.Row(
                0, Map.of(), lost.size(), doubled.size(), torn.size(), again.size()));
      }
      assertThat(ended.code()).as("the second run after %s: %s", faults, ended.said()).isZero();
      assertThat(lost).as("lost rows after %s", faults).isEmpty();
      assertThat(doubled).as("doubled or foreign rows after %s", faults).isEmpty();
      assertThat(torn).as("torn periods at the end, after %s", faults).isEmpty();
      assertThat(again).as("requests for what was committed, after %s", faults).isEmpty();
      assertThat(ledger(itsDatabase)).as("the ledger after %s", faults).isEqualTo(ledger(database));
      assertSameFiles();
    }

    private void sort(List<String> differences, List<String> lost, List<String> doubled) {
      for (String difference : differences) {
        (difference.startsWith("missing") ? lost : doubled).add(difference);
      }
    }

    /** Same paths, nothing left over, the same bytes of data and the same word of each period. */
    private void assertSameFiles() {
      Path expected = undisturbed.warehouse();
      Path actual = installation.warehouse();
      assertThat(filesOf(actual))
          .as("files, none of them left over, after %s", faults)
          .isEqualTo(filesOf(expected));
      for (Question report : reports) {
        Map<Path, byte[]> files = Landed.files(actual.resolve(report.name()));
        Landed.files(expected.resolve(report.name()))
            .forEach(
                (path, bytes) -> {
                  assertThat(files).containsKey(path);
                  byte[] found = Objects.requireNonNull(files.get(path));
                  assertThat(ParquetBytes.data(found))
                      .as("data of %s %s after %s", report.name(), path, faults)
                      .isEqualTo(ParquetBytes.data(bytes));
                });
        assertThat(Landed.parquetPeriods(actual, report))
            .as("what the files of %s say of their periods, after %s", report.name(), faults)
            .isEqualTo(Landed.parquetPeriods(expected, report));
      }
    }

    /** Periods whose rows are not what the ledger says of them, in either sink. */
    private List<String> torn() {
      List<String> torn = new ArrayList<>();
      for (Question report : reports) {
        if (!itsDatabase
            .query("SELECT 1 WHERE to_regclass('fathom." + report.name() + "') IS NOT NULL")
            .isEmpty()) {
          torn.addAll(Landed.tornInPostgres(itsDatabase, report));
        }
        torn.addAll(Landed.tornInParquet(installation.warehouse(), report));
      }
      return torn;
    }

    /** What Postgres and Parquet both have: what only one has is rightly asked for again. */
    private Set<Held> heldByBoth() {
      Set<Held> held = new HashSet<>();
      try (ParquetSink parquet = new ParquetSink(new ParquetSettings(installation.warehouse()))) {
        for (Question report : reports) {
          for (LedgerEntry entry :
              parquet.ledger().entries(report.name(), List.of(), LocalDate.EPOCH)) {
            held.add(
                new Held(
                    report.name(),
                    entry.slice().site().value(),
                    entry.slice().eventKey(),
                    entry.certificate().period()));
          }
        }
      }
      if (held.isEmpty()) {
        return held;
      }
      Set<Held> inPostgres = new HashSet<>();
      itsDatabase
          .query("SELECT report, site_id, event_name, period::text FROM fathom_ops.ledger")
          .forEach(
              row ->
                  inPostgres.add(
                      new Held(
                          String.valueOf(row.get(0)),
                          String.valueOf(row.get(1)),
                          String.valueOf(row.get(2)),
                          LocalDate.parse(String.valueOf(row.get(3))))));
      held.retainAll(inPostgres);
      return held;
    }

    /** Requests since the run began for what was committed before. */
    private List<String> repeated() {
      List<RequestLog.Entry> entries = api.log().aggregations();
      asked += entries.size();
      return entries.stream()
          .flatMap(entry -> covered(entry.request()))
          .filter(committed::contains)
          .map(Held::toString)
          .toList();
    }

    @Override
    public void close() {
      api.behave(normal);
      itsDatabase.close();
    }
  }

  /** The periods of the report that a request is for; each report is a question of its own. */
  private Stream<Held> covered(ApiRequest request) {
    String grouping = String.valueOf(request.parameter("date_grouping"));
    String fields = request.parameter("field_grouping");
    String event = request.parameter("entity_name");
    return reports.stream()
        .filter(
            report ->
                report.event() == (event != null)
                    && report.dateGrouping().equals(grouping)
                    && String.join(",", report.fields()).equals(fields == null ? "" : fields))
        .flatMap(
            report ->
                new DayRange(day(request, "date_from"), day(request, "date_to"))
                    .periods(DateGrouping.valueOf(grouping.toUpperCase(Locale.ROOT)))
                    .map(
                        period ->
                            new Held(
                                report.name(),
                                String.valueOf(request.site()),
                                event == null ? "" : event,
                                period)));
  }

  private static LocalDate day(ApiRequest request, String parameter) {
    return LocalDate.parse(String.valueOf(request.parameter(parameter)).substring(0, 10));
  }

  private static Map<List<@Nullable Object>, Integer> ledger(TestDatabase database) {
    Map<List<@Nullable Object>, Integer> rows = new HashMap<>();
    database
        .query("SELECT " + SUBSTANCE + " FROM fathom_ops.ledger")
        .forEach(row -> rows.merge(row, 1, Integer::sum));
    return rows;
  }

  private List<String> filesOf(Path warehouse) {
    List<String> files = new ArrayList<>();
    for (Question report : reports) {
      Path folder = warehouse.resolve(report.name());
      try (Stream<Path> paths = Files.walk(folder)) {
        paths
            .filter(Files::isRegularFile)
            .forEach(p -> files.add(warehouse.relativize(p).toString()));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    files.sort(null);
    return files;
  }
}
