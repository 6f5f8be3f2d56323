package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.ApiRequest;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * A table that its owner has given something which refuses rows fails its own windows, with 74 and
 * by name; all other reports are exported.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RefusingTableTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 9, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 9, 3);
  private static final Instant NOW = Instant.parse("2025-10-02T14:00:00Z");
  private static final List<String> SITES = List.of("LDNBOOKS", "UTCSTATS");

  private static final Question PAGES = Question.pageviews("pages_daily", "day", "pathname");
  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");
  private static final List<Question> OTHERS =
      List.of(
          TRAFFIC,
          Question.pageviews("hosts_daily", "day", "hostname"),
          Question.pageviews("browsers_daily", "day", "browser"),
          Question.pageviews("devices_daily", "day", "device_type"),
          Question.pageviews("countries_daily", "day", "country_code"),
          Question.pageviews("traffic_monthly", "month"),
          Question.events("goals_daily", "day"));

  private final World world = World.dozen(41, FIRST, LAST, 0);
  @RegisterExtension final Fixture fixture = new Fixture();
  private FathomSimulator api;
  private TestDatabase database;
  private Installation installation;

  @BeforeAll
  void start() throws IOException {
    api = FathomSimulator.start(world, Behaviour.unlimited());
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void install(@TempDir Path directory) {
    database = fixture.database();
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW);
  }

  private void pipeline(String sinks, List<Question> reports) {
    installation.pipeline("all", "[" + String.join(", ", SITES) + "]", sinks, reports);
  }

  private Installation.Ended backfill(String... more) {
    api.log().clear();
    List<String> arguments =
        new ArrayList<>(
            List.of("backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString()));
    arguments.addAll(List.of(more));
    return installation.run(arguments.toArray(new String[0]));
  }

  private void migrated() {
    Installation.Ended ended = installation.run("migrate", "all");
    assertThat(ended.code()).as(ended.said()).isZero();
  }

  private List<List<@Nullable Object>> truth(Question report) {
    List<List<@Nullable Object>> expected = new ArrayList<>();
    for (String site : SITES) {
      expected.addAll(report.expected(world, api.truth(), site, FIRST, LAST));
    }
    return expected;
  }

  private void assertInPostgres(Question report) {
    assertThat(Landed.differences(truth(report), Landed.inPostgres(database, report)))
        .as(report.name())
        .isEmpty();
  }

  private static void assertRefused(Installation.Ended ended, String... words) {
    assertThat(ended.code()).as(ended.said()).isEqualTo(74);
    assertThat(ended.said())
        .contains("fathom.pages_daily")
        .contains(words)
        .doesNotContain("internal error")
        .doesNotContain("internal error");
  }

  /** Requests that group by path: those of the refused report. */
  private long pagesAsked() {
    return api.log().aggregations().stream()
        .filter(e -> e.request().toString().contains("pathname"))
        .count();
  }

  /** The refused table, and a healthy one beside it. */
  private Installation.Ended refused(String... statements) {
    pipeline("[postgres]", List.of(PAGES, TRAFFIC));
    migrated();
    database.execute(statements);
    Installation.Ended ended = backfill();
    assertInPostgres(TRAFFIC);
    return ended;
  }

  @Test
  void aCheckConstraintAmongSevenHealthyReports() {
    List<Question> all = new ArrayList<>(List.of(PAGES));
    all.addAll(OTHERS);
    pipeline("[postgres]", all);
    migrated();
    database.execute(
        "ALTER TABLE fathom.pages_daily ADD CONSTRAINT no_pages CHECK (pathname = 'x')");

    Installation.Ended ended = backfill();

    assertRefused(ended, "no_pages", "violates check constraint", "see window pages_daily");
    OTHERS.forEach(this::assertInPostgres);
    assertThat(Landed.inPostgres(database, PAGES)).isEmpty();
    assertThat(pagesAsked())
        .as("what cannot be stored is not asked for again, but for one chunk ahead")
        .isLessThanOrEqualTo(2);
    assertThat(ended.said().lines().filter(line -> line.contains("violates check constraint")))
        .as("only the windows of this report bear its failure")
        .allMatch(line -> line.contains("pages_daily"));

    database.execute("ALTER TABLE fathom.pages_daily DROP CONSTRAINT no_pages");
    Installation.Ended repaired = backfill();
    assertThat(repaired.code()).as(repaired.said()).isZero();
    assertInPostgres(PAGES);
  }

  @Test
  void aTriggerThatRaises() {
    Installation.Ended ended =
        refused(
            "CREATE FUNCTION fathom.refuse_it() RETURNS trigger LANGUAGE plpgsql AS"
                + " $$BEGIN RAISE EXCEPTION 'not on my watch'; END$$",
            "CREATE TRIGGER watchman BEFORE INSERT ON fathom.pages_daily FOR EACH ROW"
                + " EXECUTE FUNCTION fathom.refuse_it()");

    assertRefused(ended, "not on my watch", "refuse_it()");
  }

  @Test
  void aTriggerThatDropsRows() {
    Installation.Ended ended =
        refused(
            "CREATE FUNCTION fathom.drop_it() RETURNS trigger LANGUAGE plpgsql AS"
                + " $$BEGIN RETURN NULL; END$$",
            "CREATE TRIGGER silencer BEFORE INSERT ON fathom.pages_daily FOR EACH ROW"
                + " EXECUTE FUNCTION fathom.drop_it()");

    assertRefused(ended, "trigger silencer");
  }

  @Test
  void rowLevelSecurityWithoutAPolicy() {
    Installation.Ended ended =
        refused(
            "ALTER TABLE fathom.pages_daily ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE fathom.pages_daily FORCE ROW LEVEL SECURITY");

    assertRefused(ended, "row-level security", "NO FORCE ROW LEVEL SECURITY");
  }

  @Test
  void aUniqueIndexOfTheUsers() {
    Installation.Ended ended =
        refused("CREATE UNIQUE INDEX one_row_per_site ON fathom.pages_daily (site_id)");

    assertRefused(ended, "one_row_per_site");
  }

  @Test
  void aPublicationWithoutReplicaIdentity() {
    pipeline("[postgres]", List.of(PAGES, TRAFFIC));
    assertThat(backfill().code()).isZero();
    database.execute("UPDATE fathom.pages_daily SET pageviews = pageviews + 1");
    database.executeAsSuperuser("CREATE PUBLICATION everything FOR ALL TABLES");
    Installation.Ended published = backfill("--force");
    assertThat(published.code())
        .as("report tables have a replica identity: %s", published.said())
        .isZero();
    assertInPostgres(PAGES);
    database.execute(
        "UPDATE fathom.pages_daily SET pageviews = pageviews + 1",
        "ALTER TABLE fathom.pages_daily REPLICA IDENTITY NOTHING");

    Installation.Ended ended = backfill("--force");

    assertRefused(
        ended, "replica identity", "ALTER TABLE fathom.pages_daily REPLICA IDENTITY FULL");
    assertInPostgres(TRAFFIC);

    database.execute("ALTER TABLE fathom.pages_daily REPLICA IDENTITY FULL");
    Installation.Ended repaired = backfill("--force");
    assertThat(repaired.code()).as(repaired.said()).isZero();
    assertInPostgres(PAGES);
  }

  /**
   * Three reports fail at the same time, each for a reason of its own: whatever names one of them,
   * on the terminal or in the record of the run, says this one's reason and no other's.
   */
  @Test
  void eachReportBearsItsOwnError() {
    Map<String, String> reasons =
        Map.of(
            "pages_daily", "no_pages",
            "hosts_daily", "not on my watch",
            "browsers_daily", "504");
    pipeline("[postgres, parquet]", Stream.concat(Stream.of(PAGES), OTHERS.stream()).toList());
    migrated();
    database.execute(
        "ALTER TABLE fathom.pages_daily ADD CONSTRAINT no_pages CHECK (pathname = 'x')",
        "CREATE FUNCTION fathom.refuse_it() RETURNS trigger LANGUAGE plpgsql AS"
            + " $$BEGIN RAISE EXCEPTION 'not on my watch'; END$$",
        "CREATE TRIGGER watchman BEFORE INSERT ON fathom.hosts_daily FOR EACH ROW"
            + " EXECUTE FUNCTION fathom.refuse_it()");
    api.behave(
        Behaviour.unlimited()
            .withFault(FaultRule.when(r -> groupsBy(r, "browser"), Fault.status(504))));

    Installation.Ended ended;
    try {
      ended = backfill();
    } finally {
      api.behave(Behaviour.unlimited());
    }

    assertThat(ended.code()).as(ended.said()).isNotZero();
    List<String> said = new ArrayList<>(ended.said().lines().toList());
    said.addAll(
        database.query("SELECT unnest(messages) FROM fathom_ops.run").stream()
            .map(row -> String.valueOf(row.get(0)))
            .toList());
    reasons.forEach(
        (report, reason) -> {
          List<String> about = said.stream().filter(line -> line.contains(report)).toList();
          assertThat(about).as(report).anyMatch(line -> line.contains(reason));
          reasons.values().stream()
              .filter(other -> !other.equals(reason))
              .forEach(
                  other ->
                      assertThat(about)
                          .as("lines about %s", report)
                          .noneMatch(line -> line.contains(other)));
        });
    OTHERS.stream().filter(r -> !reasons.containsKey(r.name())).forEach(this::assertInPostgres);
  }

  private static boolean groupsBy(ApiRequest request, String field) {
    return field.equals(request.parameter("field_grouping"));
  }

  /** One sink of two refuses: the other gets every window. */
  @Test
  void theOtherSinkGetsItsRows() {
    pipeline("[postgres, parquet]", List.of(PAGES, TRAFFIC));
    migrated();
    database.execute(
        "ALTER TABLE fathom.pages_daily ADD CONSTRAINT no_pages CHECK (pathname = 'x')");

    Installation.Ended ended = backfill();

    assertRefused(ended, "no_pages");
    assertThat(Landed.differences(truth(PAGES), Landed.inParquet(installation.warehouse(), PAGES)))
        .isEmpty();
    assertInPostgres(TRAFFIC);
  }
}
