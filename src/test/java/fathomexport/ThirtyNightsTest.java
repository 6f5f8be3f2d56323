package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.ledger.PipelineLocks;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import fathomexport.sink.parquet.ParquetSink;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.testing.Fixture;
import fathomexport.testing.ForkedRun;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.SmallDisk;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Thirty nights of June 2026, each with a run at 03:00 UTC, and thirty mornings, on each of which
 * {@code status} says at 08:00 exactly what is wrong, and nothing when nothing is. What it must say
 * of each report and site follows from what happened ({@link Stored}); what it must say besides
 * stands in the table of {@link #nights()}.
 */
@Timeout(600)
class ThirtyNightsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int LOOKBACK = 3;

  /** How far back a run fills holes, in days. */
  private static final int REACH = 14;

  private static final String LONDON = "LONDON";
  private static final String NEPAL = "NEPAL";
  private static final String TOKYO = "TOKYO";

  /** The night that first finds this site. For two weeks, its history is offered. */
  private static final int FIRST_DAY_OF_TOKYO = 14;

  private static final String HISTORY =
      "  ~ site TOKYO (Sushi) is new, and no run fetches the history (`plan` with the same options"
          + " says what it costs); fetch it with: fathom-export backfill nightly --site TOKYO"
          + " --from 2026-06-01 --to 2026-06-09";

  /** Its day ends at 07:00 UTC, after the run and before the morning. */
  private static final String SURF = "SURF";

  /** What the new root will always lack: status says so, and does not call it missing. */
  private static final String LOST =
      "  ~ parquet lacks 34 periods (2 reports, 1 site, 2026-05-28 .. 2026-06-13) that postgres has"
          + " of retired sites or events; they cannot be fetched again, and are not reported as missing";

  private static final String WHAT_IS_LEFT = "3 windows left, about 5 requests, 5 more nights";

  /** What the backfill has left; later runs do not take it up. */
  private static final String LEFT =
      "backfill of 2026-06-29 04:00 UTC (exit 75): "
          + WHAT_IS_LEFT
          + "; continue with: fathom-export backfill nightly --from 2026-05-20 --to 2026-05-27"
          + " --max-requests 1";

  private static final FaultRule UNAVAILABLE =
      FaultRule.when(r -> true, new Fault.Status(503, "application/json", "{}", Map.of()));

  @TempDir Path directory;
  @RegisterExtension final Fixture fixture = new Fixture();

  private final World world = World.empty();
  private final Stored stored = new Stored();
  private FathomSimulator api;
  private Installation installation;
  private Question traffic =
      Question.pageviews("traffic_daily", "day").measuring("visits", "pageviews");
  private Question pages =
      Question.pageviews("pages_daily", "day", "pathname").measuring("visits", "pageviews");
  private String root = "warehouse";

  /** What the files lie on at first; null where none may be mounted, and then it is never full. */
  private @Nullable SmallDisk disk;

  // --- The table

  /** Something that happens. */
  private interface Happening {
    void happen() throws Exception;
  }

  /**
   * One night and its morning.
   *
   * @param before what has happened before 03:00
   * @param command what the scheduler starts; empty if it does not
   * @param exit how the command must end
   * @param after what happens between the run and the morning
   * @param says what the status says besides the rows; an item that ends with "..." is the
   *     beginning of a line
   * @param mended whether the operator then runs all the commands that the status suggests, after
   *     which nothing may be wrong
   */
  private record Night(
      String what,
      Happening before,
      List<String> command,
      int exit,
      Happening after,
      List<String> says,
      boolean mended) {
    static Night of(String what) {
      return new Night(what, () -> {}, List.of("run", "nightly"), 0, () -> {}, List.of(), false);
    }

    Night before(Happening happening) {
      return new Night(what, happening, command, exit, after, says, mended);
    }

    Night after(Happening happening) {
      return new Night(what, before, command, exit, happening, says, mended);
    }

    Night doesNotRun() {
      return new Night(what, before, List.of(), exit, after, says, mended);
    }

    Night exits(int code) {
      return new Night(what, before, command, code, after, says, mended);
    }

    Night says(String... lines) {
      return new Night(what, before, command, exit, after, List.of(lines), mended);
    }

    Night isMended() {
      return new Night(what, before, command, exit, after, says, true);
    }
  }

  private List<Night> nights() {
    Night good = Night.of("all is well");
    Night missed = Night.of("the scheduler is off").doesNotRun();
    String backfill = "fathom-export backfill nightly";
    return List.of(
        Night.of("the first night"),
        good,
        missed,
        Night.of("what the scheduler missed is fetched"),
        Night.of("the API is down")
            .before(() -> api.behave(Behaviour.unlimited().withFault(UNAVAILABLE)))
            .exits(75)
            .after(() -> api.behave(Behaviour.unlimited()))
            .says(
                "! run of 2026-06-05 03:00 UTC (exit 75): could not begin: cannot list the"
                    + " account's sites: the API is unavailable: 503: {} (attempt 5 of 5)"),
        good,
        Night.of("the database is down")
            .before(() -> databaseIsAt("jdbc:postgresql://127.0.0.1:9/none"))
            .exits(74)
            .after(() -> databaseIsAt(installation.database().url()))
            .says(
                "! run of 2026-06-07 03:00 UTC (exit 74): could not begin: PostgreSQL at"
                    + " 127.0.0.1:9/none: ..."),
        good,
        Night.of("the run is killed after its first site")
            .doesNotRun()
            .before(this::killedAfterLondon)
            .says(
                "  ~ run of 2026-06-09 03:00 UTC has not ended: it is in progress, or it was"
                    + " killed; 2 windows are stored so far"),
        Night.of("the next run does the rest"),
        Night.of("the disk is full")
            .before(this::diskIsFull)
            .exits(disk == null ? 0 : 74)
            .after(this::diskIsCleared)
            .says(
                disk == null
                    ? new String[0]
                    : new String[] {
                      "! run of 2026-06-11 03:00 UTC (exit 74): could not begin: ..."
                    }),
        good,
        Night.of("a site is renamed")
            .before(() -> world.renameSite(LONDON, "Coffee"))
            .after(() -> stored.names.put(LONDON, "Coffee")),
        Night.of("a site is new")
            .before(() -> site(TOKYO, "Sushi", "Asia/Tokyo", "2026-06-01T00:00:00Z")),
        Night.of("a site is deleted")
            .before(
                () -> {
                  world.removeSite(NEPAL);
                  stored.retire(NEPAL);
                }),
        missed,
        missed,
        Night.of("what the scheduler missed is fetched"),
        Night.of("a report has a new filter")
            .before(
                () -> {
                  pages = pages.where("pathname", "is not", "/b");
                  reports();
                })
            .says(
                "  ~ pages_daily SURF (Surf): 18 stale, the report's definition changed; renew"
                    + " with: "
                    + backfill
                    + " --site SURF --report pages_daily --from 2026-05-27 --to 2026-06-13",
                "  ~ pages_daily LONDON (Coffee): 18 stale, the report's definition changed; renew"
                    + " with: "
                    + backfill
                    + " --site LONDON --report pages_daily --from 2026-05-28 --to 2026-06-14",
                "  ~ pages_daily TOKYO (Sushi): 5 stale, the report's definition changed; renew"
                    + " with: "
                    + backfill
                    + " --site TOKYO --report pages_daily --from 2026-06-10 --to 2026-06-14")
            .isMended(),
        good,
        Night.of("a report has a new measure")
            .before(
                () -> {
                  traffic = traffic.measuring("visits", "pageviews", "uniques");
                  reports();
                })
            .says(
                "  ~ traffic_daily SURF (Surf): 20 stale, the report's definition changed; renew"
                    + " with: "
                    + backfill
                    + " --site SURF --report traffic_daily --from 2026-05-27 --to 2026-06-15",
                "  ~ traffic_daily LONDON (Coffee): 20 stale, the report's definition changed;"
                    + " renew with: "
                    + backfill
                    + " --site LONDON --report traffic_daily --from 2026-05-28 --to 2026-06-16",
                "  ~ traffic_daily TOKYO (Sushi): 7 stale, the report's definition changed; renew"
                    + " with: "
                    + backfill
                    + " --site TOKYO --report traffic_daily --from 2026-06-10 --to 2026-06-16")
            .isMended(),
        Night.of("after the run, the files get a new root")
            .after(
                () -> {
                  root = "elsewhere";
                  settings(installation.database().url());
                  stored.parquet.clear();
                })
            .says(
                "! parquet lacks 124 periods (2 reports, 3 sites, 2026-05-27 .. 2026-06-21) that"
                    + " postgres has; fetch with: "
                    + backfill
                    + " --site SURF --from 2026-05-27 --to 2026-06-20",
                "! and with: " + backfill + " --site LONDON --from 2026-05-28 --to 2026-06-21",
                "! and with: " + backfill + " --site TOKYO --from 2026-06-10 --to 2026-06-21",
                LOST),
        Night.of("the run fills what is within its reach")
            .says(
                "! parquet lacks 48 periods (2 reports, 2 sites, 2026-05-27 .. 2026-06-08) that"
                    + " postgres has; fetch with: "
                    + backfill
                    + " --site SURF --from 2026-05-27 --to 2026-06-07",
                "! and with: " + backfill + " --site LONDON --from 2026-05-28 --to 2026-06-08",
                LOST)
            .isMended(),
        good.says(LOST),
        Night.of("the token is missing")
            .before(() -> installation.withoutVariable(Installation.TOKEN_VARIABLE))
            .exits(77)
            .after(this::tokenIsThere)
            .says(
                "! run of 2026-06-25 03:00 UTC (exit 77): could not begin: environment variable"
                    + " FATHOM_API_TOKEN is not set: ...",
                LOST),
        good.says(LOST),
        Night.of("another run holds the lock")
            .doesNotRun()
            .before(this::lockIsHeld)
            .says(
                "! run of 2026-06-27 03:00 UTC (exit 75): could not begin: another run of pipeline"
                    + " nightly is under way",
                LOST),
        good.says(LOST),
        Night.of("a backfill of older days may send one request a night")
            .after(this::backfillBegins)
            .says("! " + LEFT, LOST),
        good.says("  ~ " + LEFT, LOST));
  }

  // --- The nights and the mornings

  @BeforeEach
  void install() throws IOException {
    site(LONDON, "Tea", "Europe/London", "2026-05-20T00:00:00Z");
    site(NEPAL, "Trails", "Asia/Kathmandu", "2026-05-20T00:01:00Z");
    site(SURF, "Surf", "America/Los_Angeles", "2026-05-20T00:02:00Z");
    api = fixture.api(world, Behaviour.unlimited());
    installation =
        new Installation(
            directory,
            fixture.database(),
            api.baseUri(),
            SimulatorToken.STANDARD.secret(),
            night(1));
    settings(installation.database().url());
    reports();
  }

  @Test
  void everyMorningSaysWhatIsWrongAndNothingElse() throws Exception {
    Optional<SmallDisk> mounted = SmallDisk.mount(directory.resolve(root), 64 * 1024);
    disk = mounted.orElse(null);
    try {
      List<Night> nights = nights();
      assertThat(nights).hasSize(30);
      SoftAssertions mornings = new SoftAssertions();
      for (int i = 0; i < nights.size(); i++) {
        int day = i + 1;
        mornings.check(() -> live(day, nights.get(day - 1)));
      }
      mornings.assertAll();
    } finally {
      mounted.ifPresent(SmallDisk::close);
    }
    theCalendarOfARetiredSiteEndsWithItsLastDay();
  }

  private void live(int day, Night night) throws Exception {
    String when = "2026-06-%02d, %s".formatted(day, night.what());
    night.before().happen();
    if (!night.command().isEmpty()) {
      Installation.Ended ended =
          installation.at(night(day)).run(night.command().toArray(new String[0]));
      assertThat(ended.code()).as(when + ": " + ended.said()).isEqualTo(night.exit());
      if (ended.code() == 0) {
        stored.ran(night(day), stored.sites());
      }
    }
    night.after().happen();

    String status = morning(day, when, night.says());
    if (night.mended()) {
      for (String command : suggested(status)) {
        Installation.Ended ended = installation.run(command.split(" "));
        assertThat(ended.code()).as(when + ": " + command + ": " + ended.said()).isZero();
      }
      stored.mended();
      morning(day, when + ", mended", night.says().stream().filter(LOST::equals).toList());
    }
  }

  /** Compares what the status says, as text and as JSON, with what it must say. */
  private String morning(int day, String when, List<String> says) throws IOException {
    installation.at(Instant.parse("2026-06-%02dT08:00:00Z".formatted(day)));
    Installation.Ended text = installation.run("status", "nightly", "--all");
    Installation.Ended json = installation.run("status", "nightly", "--json");
    assertThat(text.code()).as(when + ": " + text.said()).isZero();
    List<Row> rows = stored.rows(night(day));
    long sites = rows.stream().filter(r -> !r.retired()).map(Row::site).distinct().count();
    long wanting = rows.stream().filter(Row::isWanting).map(Row::site).distinct().count();
    long wantingRows = rows.stream().filter(Row::isWanting).count();
    boolean due = rows.stream().anyMatch(r -> r.due() > 0);
    Instant dueBy = night(day).plus(25, ChronoUnit.HOURS);

    // What is printed: a sentence, the rows with their states, and what there is to say besides.
    assertThat(text.out().lines().findFirst())
        .as(when)
        .contains(
            (sites - wanting)
                + " of "
                + sites
                + (due
                    ? " sites are complete; what has ended since the last run is due by "
                        + dueBy.toString().replace('T', ' ').replace(":00Z", " UTC")
                    : " sites are complete to yesterday")
                + (wanting == 0
                    ? "."
                    : "; "
                        + wantingRows
                        + " of "
                        + rows.size()
                        + " rows (each a report of a site) need attention."));
    assertThat(states(text.out()))
        .as(when)
        .containsExactlyInAnyOrderElementsOf(
            rows.stream().map(r -> r.report() + " " + r.named() + ": " + r.state()).toList());
    List<String> expected = new ArrayList<>(says);
    rows.stream().flatMap(r -> r.gap().stream()).forEach(expected::add);
    if (day >= FIRST_DAY_OF_TOKYO && day < FIRST_DAY_OF_TOKYO + 14) {
      expected.add(HISTORY);
    }
    List<String> said =
        text.out()
            .lines()
            .filter(line -> line.startsWith("! ") || line.startsWith("  ~ "))
            .map(line -> expected.stream().filter(e -> isSo(line, e)).findFirst().orElse(line))
            .toList();
    assertThat(said).as(when).containsExactlyInAnyOrderElementsOf(expected);

    // What a program reads.
    JsonNode root = JSON.readTree(json.out());
    assertThat(root.path("sites").longValue()).as(when).isEqualTo(sites);
    assertThat(root.path("sites_complete").longValue()).as(when).isEqualTo(sites - wanting);
    assertThat(root.path("due_by").textValue()).as(when).isEqualTo(due ? dueBy.toString() : null);
    List<Row> read = new ArrayList<>();
    for (JsonNode line : root.path("lines")) {
      Row row = Row.of(line, stored.names);
      read.add(row);
      assertThat(line.path("attention").booleanValue()).as(when).isEqualTo(row.isWanting());
      for (String none : List.of("incomplete", "failed", "quarantined", "uncertified")) {
        assertThat(line.path(none).longValue()).as(when + ": " + none).isZero();
      }
    }
    assertThat(read).as(when).containsExactlyInAnyOrderElementsOf(rows);
    return text.out();
  }

  private static boolean isSo(String line, String expected) {
    return expected.endsWith("...")
        ? line.startsWith(expected.substring(0, expected.length() - 3))
        : line.equals(expected);
  }

  /** The rows of the table, each with its state. */
  private static List<String> states(String status) {
    return status
        .lines()
        .filter(line -> line.matches("(traffic|pages)_daily .*"))
        .map(line -> line.split(" {2,}"))
        .map(cells -> cells[0] + " " + cells[1] + ": " + cells[cells.length - 1])
        .toList();
  }

  /** The commands that a status suggests; the history of the new site is not wanted. */
  private static List<String> suggested(String status) {
    return status
        .lines()
        .filter(line -> line.contains("with: fathom-export ") && !line.equals(HISTORY))
        .map(line -> line.replaceFirst(".*with: fathom-export ", "").replaceFirst(" \\(.*", ""))
        .toList();
  }

  private void theCalendarOfARetiredSiteEndsWithItsLastDay() {
    assertThat(
            installation
                .database()
                .query(
                    "SELECT report, min(date)::text, max(date)::text, string_agg(DISTINCT state,"
                        + " ',') FROM fathom_bi.calendar WHERE site_id = 'NEPAL' GROUP BY report"
                        + " ORDER BY report"))
        .containsExactly(
            List.of("pages_daily", "2026-05-28", "2026-06-13", "stale"),
            List.of("traffic_daily", "2026-05-28", "2026-06-13", "stale"));
    assertThat(
            installation
                .database()
                .query(
                    "SELECT DISTINCT days_behind FROM fathom_bi.freshness WHERE site_id = 'NEPAL'"))
        .containsExactly(List.of(0));
  }

  // --- What happens

  private static Instant night(int day) {
    return Instant.parse("2026-06-%02dT03:00:00Z".formatted(day));
  }

  private void site(String id, String name, String zone, String created) {
    world.addSite(new SimulatedSite(id, name, ZoneId.of(zone), Instant.parse(created)));
    for (LocalDate day = LocalDate.of(2026, 5, 25);
        day.isBefore(LocalDate.of(2026, 7, 1));
        day = day.plusDays(1)) {
      world.add(
          id,
          world.viewAt(id, day.atTime(9, 0)).visit(2 * day.toEpochDay()).path("/a"),
          world.viewAt(id, day.atTime(15, 0)).visit(2 * day.toEpochDay() + 1).path("/b"));
    }
    stored.list(id, name, ZoneId.of(zone));
  }

  private void settings(String database) {
    installation.settings(
        """
        api:
          base_url: %s
          token: {env: %s}
          requests_per_minute: 1000
          patience: 1s
          max_range_days: %d
        postgres:
          url: %s
          user: %s
          password: {env: %s}
        parquet:
          root: %s
        """
            .formatted(
                api.baseUri(),
                Installation.TOKEN_VARIABLE,
                REACH,
                database,
                installation.database().user(),
                TestDatabase.PASSWORD_VARIABLE,
                root));
  }

  private void reports() {
    installation.pipeline("nightly", List.of(traffic, pages));
    stored.definitions.put("traffic_daily", traffic.yaml());
    stored.definitions.put("pages_daily", pages.yaml());
  }

  /** An outage of the database takes real time. */
  private void databaseIsAt(String url) {
    settings(url);
    if (url.equals(installation.database().url())) {
      installation.hurried();
    } else {
      installation.inRealTime();
    }
  }

  private void tokenIsThere() {
    installation.variable(Installation.TOKEN_VARIABLE, SimulatorToken.STANDARD.secret());
  }

  private void diskIsFull() {
    if (disk != null) {
      disk.leave(0);
    }
  }

  private void diskIsCleared() {
    if (disk != null) {
      disk.clear();
    }
  }

  private void lockIsHeld() {
    try (ParquetSink sink = new ParquetSink(new ParquetSettings(directory.resolve(root)));
        PipelineLocks.RunLock lock = sink.ledger().tryLock("nightly").orElseThrow()) {
      assertThat(lock.stillHeld()).isTrue();
      Installation.Ended ended = installation.at(night(27)).run("run", "nightly");
      assertThat(ended.code()).as(ended.said()).isEqualTo(75);
    }
  }

  private void backfillBegins() {
    Installation.Ended ended =
        installation
            .at(night(29).plus(1, ChronoUnit.HOURS))
            .run(
                "backfill",
                "nightly",
                "--from",
                "2026-05-20",
                "--to",
                "2026-05-27",
                "--max-requests",
                "1");
    assertThat(ended.code()).as(ended.said()).isEqualTo(75);
    assertThat(ended.out().lines().reduce("", (a, b) -> b)).isEqualTo("  " + WHAT_IS_LEFT);
    stored.backfilled("traffic_daily", LONDON, LocalDate.of(2026, 5, 20));
  }

  /**
   * Kills the process of the run while its second site is fetched, after both sinks have all of the
   * first. No request about another site is answered before that, however often it is repeated.
   */
  private void killedAfterLondon() throws InterruptedException {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch killed = new CountDownLatch(1);
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    r -> {
                      if (r.aggregation() > 0 && !LONDON.equals(r.site())) {
                        asked.countDown();
                        await(killed);
                      }
                      return false;
                    },
                    new Fault.HangUp())));
    try (ForkedRun run = ForkedRun.startAt(installation, night(9), "run", "nightly")) {
      assertThat(asked.await(300, TimeUnit.SECONDS)).as(run.said()).isTrue();
      LocalDate last = LocalDate.of(2026, 6, 8);
      while (!isStored("traffic_daily", last) || !isStored("pages_daily", last)) {
        Thread.sleep(20);
      }
      run.kill();
      killed.countDown();
      run.await(60);
    }
    api.behave(Behaviour.unlimited());
    stored.ran(night(9), List.of(LONDON));
  }

  /** Whether both sinks have a day of the first site. They commit at the same time. */
  private boolean isStored(String report, LocalDate day) {
    boolean inTables =
        !installation
            .database()
            .query(
                "SELECT 1 FROM fathom_ops.ledger WHERE stored AND site_id = '%s' AND report = '%s' AND period = '%s'"
                    .formatted(LONDON, report, day))
            .isEmpty();
    try (ParquetSink sink = new ParquetSink(new ParquetSettings(directory.resolve(root)))) {
      return inTables
          && sink.ledger().entries(report, List.of(), day).stream()
              .filter(e -> e.stored() && e.slice().site().value().equals(LONDON))
              .anyMatch(e -> e.certificate().period().equals(day));
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // --- What must be stored, and what is to be said of it

  /** A row of the status. */
  private record Row(
      String report,
      String site,
      String named,
      @Nullable String first,
      @Nullable String freshTo,
      long due,
      long late,
      long missing,
      long stale,
      boolean retired,
      List<String> gap) {
    static Row of(JsonNode line, Map<String, String> names) {
      String site = line.path("site").textValue();
      String report = line.path("report").textValue();
      String named = site + " (" + names.get(site) + ")";
      List<String> gaps = new ArrayList<>();
      line.path("gaps")
          .forEach(
              gap ->
                  gaps.add(
                      "! "
                          + report
                          + " "
                          + named
                          + " missing: "
                          + gap.path("first").textValue()
                          + " .. "
                          + gap.path("last").textValue()));
      return new Row(
          report,
          site,
          named,
          line.path("first").textValue(),
          line.path("fresh_to").textValue(),
          line.path("due").longValue(),
          line.path("late").longValue(),
          line.path("missing").longValue(),
          line.path("stale").longValue(),
          line.path("retired").booleanValue(),
          gaps);
    }

    boolean isWanting() {
      return !retired && (freshTo == null || late > 0 || missing > 0 || stale > 0);
    }

    String state() {
      if (retired) {
        return "retired, last day " + freshTo;
      }
      String wrong =
          Stream.of(
                  late == 0 ? "" : late == 1 ? "1 day late" : late + " days late",
                  missing == 0 ? "" : missing + " missing",
                  stale == 0 ? "" : stale + " stale")
              .filter(w -> !w.isEmpty())
              .collect(Collectors.joining(", "));
      return wrong.isEmpty() ? "complete" : "! " + wrong;
    }
  }

  /** The days that each sink has of a report and site, with the definition of the report. */
  private static final class Stored {
    private final Map<String, ZoneId> zones = new TreeMap<>();
    private final Map<String, String> names = new HashMap<>();
    private final Map<String, String> definitions = new HashMap<>();
    private final List<String> listed = new ArrayList<>();
    private final Map<String, NavigableMap<LocalDate, String>> postgres = new TreeMap<>();
    private final Map<String, NavigableMap<LocalDate, String>> parquet = new TreeMap<>();

    void list(String site, String name, ZoneId zone) {
      zones.put(site, zone);
      names.put(site, name);
      listed.add(site);
    }

    void retire(String site) {
      listed.remove(site);
    }

    List<String> sites() {
      return List.copyOf(listed);
    }

    private static NavigableMap<LocalDate, String> of(
        Map<String, NavigableMap<LocalDate, String>> sink, String report, String site) {
      return sink.computeIfAbsent(report + " " + site, k -> new TreeMap<>());
    }

    private static LocalDate yesterday(Instant at, ZoneId zone) {
      return at.atZone(zone).toLocalDate().minusDays(1);
    }

    /** A run at this time fetches the look-back, and fills holes within its reach. */
    void ran(Instant at, List<String> sites) {
      definitions.forEach(
          (report, definition) ->
              sites.forEach(
                  site -> {
                    LocalDate last = yesterday(at, Objects.requireNonNull(zones.get(site)));
                    NavigableMap<LocalDate, String> tables = of(postgres, report, site);
                    NavigableMap<LocalDate, String> files = of(parquet, report, site);
                    LocalDate first =
                        Stream.concat(tables.keySet().stream(), files.keySet().stream())
                            .min(Comparator.naturalOrder())
                            .filter(day -> day.isBefore(last.minusDays(LOOKBACK)))
                            .orElse(last.minusDays(LOOKBACK));
                    LocalDate reach = last.minusDays(REACH - 1L);
                    for (LocalDate day = first.isBefore(reach) ? reach : first;
                        !day.isAfter(last);
                        day = day.plusDays(1)) {
                      boolean again =
                          !day.isBefore(last.minusDays(LOOKBACK))
                              && !definition.equals(tables.get(day));
                      if (again || !tables.containsKey(day) || !files.containsKey(day)) {
                        tables.put(day, definition);
                        files.put(day, definition);
                      }
                    }
                  }));
    }

    /** A backfill from this day on to the first stored one. */
    void backfilled(String report, String site, LocalDate from) {
      String definition = Objects.requireNonNull(definitions.get(report));
      from.datesUntil(of(postgres, report, site).firstKey())
          .forEach(
              day -> {
                of(postgres, report, site).put(day, definition);
                of(parquet, report, site).put(day, definition);
              });
    }

    /** Everything that any sink has is in both, under its present definition. */
    void mended() {
      definitions.forEach(
          (report, definition) ->
              listed.forEach(
                  site -> {
                    NavigableMap<LocalDate, String> tables = of(postgres, report, site);
                    NavigableMap<LocalDate, String> files = of(parquet, report, site);
                    TreeSet<LocalDate> days = new TreeSet<>(tables.keySet());
                    days.addAll(files.keySet());
                    days.forEach(
                        day -> {
                          tables.put(day, definition);
                          files.put(day, definition);
                        });
                  }));
    }

    /**
     * The rows of the status in the morning after a night: a day is late once the run of the night
     * could have fetched it, whether it started or not.
     */
    List<Row> rows(Instant night) {
      List<Row> rows = new ArrayList<>();
      definitions.forEach(
          (report, definition) ->
              zones.forEach((site, zone) -> rows.add(row(report, definition, site, zone, night))));
      return rows;
    }

    private Row row(String report, String definition, String site, ZoneId zone, Instant night) {
      boolean retired = !listed.contains(site);
      NavigableMap<LocalDate, String> tables = of(postgres, report, site);
      NavigableMap<LocalDate, String> files = of(parquet, report, site);
      NavigableMap<LocalDate, String> either = new TreeMap<>(tables);
      either.putAll(files);
      NavigableMap<LocalDate, String> held = new TreeMap<>(either);
      if (!retired) {
        held.keySet().retainAll(tables.keySet());
        held.keySet().retainAll(files.keySet());
      }
      LocalDate first = either.firstKey();
      LocalDate fresh = held.isEmpty() ? null : held.lastKey();
      LocalDate end = fresh == null ? either.lastKey() : fresh;
      TreeSet<LocalDate> missing = new TreeSet<>(first.datesUntil(end.plusDays(1)).toList());
      missing.removeAll(held.keySet());
      String named = site + " (" + names.get(site) + ")";
      LocalDate expected = yesterday(night, zone);
      LocalDate over = yesterday(night.plus(5, ChronoUnit.HOURS), zone);
      long late =
          retired || fresh == null ? 0 : Math.max(0, ChronoUnit.DAYS.between(fresh, expected));
      return new Row(
          report,
          site,
          named,
          first.toString(),
          fresh == null ? null : fresh.toString(),
          retired || fresh == null ? 0 : ChronoUnit.DAYS.between(fresh, over) - late,
          late,
          missing.size(),
          held.values().stream().filter(d -> !d.equals(definition)).count(),
          retired,
          missing.isEmpty()
              ? List.of()
              : List.of(
                  "! %s %s missing: %s .. %s"
                      .formatted(report, named, missing.first(), missing.last())));
    }
  }
}
