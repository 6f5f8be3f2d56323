package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.StoredText;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.World;
import fathomexport.testing.Installation;
import fathomexport.testing.Landed;
import fathomexport.testing.LogCapture;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Groups whose texts differ only in what UTF-8 or PostgreSQL cannot hold stay groups of their own,
 * in both sinks alike, and their sums are certified.
 */
class UnstorableTextTest {
  private static final LocalDate DAY = LocalDate.of(2025, 6, 11);
  private static final Instant NOW = Instant.parse("2025-06-13T14:00:00Z");
  private static final String SITE = "CDBUGS";

  /** What the API sends, and what is stored of it. */
  private static final Map<String, String> PAIRS =
      Map.of(
          "/a\ud83d", "/a\\ud83d",
          "/a\ud83c", "/a\\ud83c",
          "/a\0", "/a\\u0000",
          "/a\ufffd", "/a\ufffd",
          "/a\\ud83d", "/a\\\\ud83d",
          "/a\\u0000", "/a\\\\u0000",
          "/a\\\0", "/a\\\\\\u0000",
          "\udc00/\ud83d\ude00", "\\udc00/\ud83d\ude00");

  @TempDir Path directory;

  private Installation install(TestDatabase database, FathomSimulator api) {
    return new Installation(
        directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW);
  }

  private static Installation.Ended backfill(Installation installation) {
    return installation.run("backfill", "all", "--from", DAY.toString(), "--to", DAY.toString());
  }

  private static Instant second(int n) {
    return DAY.atStartOfDay().plusSeconds(n).toInstant(ZoneOffset.UTC);
  }

  /** What the tables must hold: the source's rows with the escape in place of each text. */
  private static List<List<@Nullable Object>> expected(FathomSimulator api, Question report) {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    for (List<@Nullable Object> row : report.expected(api.world(), api.truth(), SITE, DAY, DAY)) {
      List<@Nullable Object> cells = new ArrayList<>(row);
      cells.replaceAll(c -> c instanceof String text ? stored(text) : c);
      rows.add(Collections.unmodifiableList(cells));
    }
    return rows;
  }

  private static String stored(String text) {
    return PAIRS.getOrDefault(text, StoredText.encode(text));
  }

  private static void assertLanded(
      Installation.Ended ended, Installation installation, FathomSimulator api, Question report) {
    List<List<@Nullable Object>> expected = expected(api, report);
    assertThat(expected).as("groups of %s stay apart", report.name()).doesNotHaveDuplicates();
    assertThat(Landed.differences(expected, Landed.inPostgres(installation.database(), report)))
        .as("%s in PostgreSQL: %s", report.name(), ended.said())
        .isEmpty();
    assertThat(Landed.differences(expected, Landed.inParquet(installation.warehouse(), report)))
        .as("%s in Parquet: %s", report.name(), ended.said())
        .isEmpty();
    assertThat(
            installation
                .database()
                .query(
                    "SELECT DISTINCT status FROM fathom_ops.ledger WHERE report = '"
                        + report.name()
                        + "'"))
        .as(report.name())
        .isEqualTo(List.of(List.of("certified")));
    assertThat(Landed.parquetStatuses(installation.warehouse(), report).keySet())
        .containsExactly("certified");
  }

  @Test
  void everyFieldKeepsThemApartInBothSinks() throws IOException {
    World world = World.empty().addSite(SITE, ZoneOffset.UTC).addEvent(SITE, "signup");
    int n = 0;
    for (String text : PAIRS.keySet()) {
      PageView view = PageView.at(second(n));
      Conversion conversion = Conversion.of("signup", second(n)).worth((long) n);
      for (Dimension field : Dimension.values()) {
        view = view.with(field, text);
        conversion = conversion.with(field, text);
      }
      // A different number of each, so that none can stand for another.
      for (int times = 0; times <= n; times++) {
        world.add(SITE, view);
        world.add(SITE, conversion);
      }
      n++;
    }
    List<Question> reports = new ArrayList<>();
    List<String> fields = Dimension.apiNames();
    for (int from = 0; from < fields.size(); from += 5) {
      List<String> some = fields.subList(from, Math.min(from + 5, fields.size()));
      reports.add(Question.pageviews("fields_" + from, "day", some.toArray(new String[0])));
    }
    reports.add(Question.events("goals", "day", "pathname", "country_code"));
    reports.add(Question.pageviews("totals", "none", "pathname"));
    reports.add(Question.pageviews("hours", "hour", "hostname"));
    try (TestDatabase database = TestDatabase.migrated();
        LogCapture log = LogCapture.ofAll();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          install(database, api)
              .settings(1000)
              .pipeline("all", "all", "[postgres, parquet]", reports);

      Installation.Ended ended = backfill(installation);

      assertThat(ended.code()).as(ended.said()).isZero();
      reports.forEach(report -> assertLanded(ended, installation, api, report));
      assertThat(log.text())
          .contains("hours " + SITE)
          .contains(": 7 cells hold U+0000 or half of a surrogate pair");
      // Of each row 7 of the 8 texts are stored otherwise, in every field of every report.
      int fieldsOfAll = Dimension.values().length + 2 + 1 + 1;
      String counted = String.format(Locale.ROOT, "%,d", 7 * fieldsOfAll);
      assertThat(ended.out()).contains(counted + " cells with characters that cannot be stored");
      assertThat(installation.run("explain", "hours", SITE, DAY.toString()).out())
          .contains("the run stored " + counted + " cells");
      installation.pipeline("files", "all", "[parquet]", reports);
      Installation.Ended files =
          installation.run(
              "backfill", "files", "--from", DAY.toString(), "--to", DAY.toString(), "--force");
      assertThat(files.code()).as(files.said()).isZero();
      for (String pipeline : List.of("all", "files")) {
        assertThat(installation.run("status", pipeline).out())
            .contains("Escapes   ")
            .contains("the run stored " + counted + " cells");
      }
      assertThat(
              database.query("SELECT DISTINCT escaped_cells::int FROM fathom_ops.run").toString())
          .isEqualTo("[[" + 7 * fieldsOfAll + "]]");
      Installation.Ended verified =
          installation.run("verify", "all", "--from", DAY.toString(), "--to", DAY.toString());
      assertThat(verified.code()).as(verified.said()).isZero();
    }
  }

  @Test
  void anyTextsStayApartAlsoWhenTheirDayIsSplit() throws IOException {
    List<String> pieces =
        List.of("/", "a", "A", "\\", "u", "0000", "d83d", "\0", "\ud83d", "\ude00", "\ufffd");
    SplittableRandom random = new SplittableRandom(11);
    Set<String> texts = new LinkedHashSet<>(PAIRS.keySet());
    while (texts.size() < 120) {
      StringBuilder text = new StringBuilder("/");
      for (int i = random.nextInt(5); i >= 0; i--) {
        text.append(pieces.get(random.nextInt(pieces.size())));
      }
      texts.add(text.toString());
    }
    World world = World.empty().addSite(SITE, ZoneOffset.UTC);
    int n = 0;
    for (String text : texts) {
      for (int times = 0; times <= n % 3; times++) {
        world.add(
            SITE,
            PageView.at(second(n))
                .path(text)
                .with(Dimension.BROWSER, n % 4 == 0 ? null : "B" + n % 5));
      }
      n++;
    }
    List<Question> reports =
        List.of(
            Question.pageviews("pages", "day", "pathname"),
            Question.pageviews("browsers", "day", "pathname", "browser"));
    for (Behaviour.FieldSort sort : Behaviour.FieldSort.values()) {
      try (TestDatabase database = TestDatabase.migrated();
          FathomSimulator api =
              FathomSimulator.start(world, Behaviour.unlimited().withFieldSort(sort))) {
        Installation installation =
            install(database, api)
                .settings(30)
                .pipeline("all", "all", "[postgres, parquet]", reports);

        Installation.Ended ended = backfill(installation.pipeline("all", reports));

        assertThat(ended.code()).as("%s: %s", sort, ended.said()).isZero();
        reports.forEach(report -> assertLanded(ended, installation, api, report));
      }
    }
  }

  @Test
  void eventsAreExportedUnderTheEscapeOfTheirNames() throws IOException {
    List<String> names =
        List.of("buy\0", "buy\ufffd", "buy\\u0000", "buy\u001b[31m\nnow", "buy\ud83d");
    World world = World.empty().addSite(SITE, ZoneOffset.UTC);
    int n = 0;
    for (String name : names) {
      world.addEvent(SITE, name);
      for (int times = 0; times <= n; times++) {
        world.add(SITE, Conversion.of(name, second(n)).with(Dimension.PATHNAME, "/" + times));
      }
      n++;
    }
    Question report = Question.events("goals", "day", "pathname");
    try (TestDatabase database = TestDatabase.migrated();
        LogCapture log = LogCapture.ofAll();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          install(database, api)
              .settings(1000)
              .pipeline("all", "all", "[postgres, parquet]", List.of(report));

      Installation.Ended ended = backfill(installation);

      assertThat(ended.code()).as(ended.said()).isZero();
      List<List<@Nullable Object>> expected = expected(api, report);
      expected.removeIf(row -> "buy\\ud83d".equals(row.get(1)));
      assertThat(expected).hasSize(1 + 2 + 3 + 4);
      assertThat(Landed.differences(expected, Landed.inPostgres(database, report))).isEmpty();
      assertThat(Landed.differences(expected, Landed.inParquet(installation.warehouse(), report)))
          .isEmpty();
      assertThat(log.text()).contains("the name buy\\ud83d holds half of a surrogate pair");

      installation.write(
          "pipelines/one.yaml",
          """
          sites: all
          lookback_days: 3
          sinks: [postgres]
          reports:
            - name: one_goal
              entity: event
              events: ["buy\\0"]
              aggregates: [conversions]
              date_grouping: day
          """);
      Installation.Ended one =
          installation.run("backfill", "one", "--from", DAY.toString(), "--to", DAY.toString());
      assertThat(one.code()).as(one.said()).isZero();
      assertThat(database.query("SELECT event_name, conversions FROM fathom.one_goal"))
          .isEqualTo(List.of(List.of("buy\\u0000", 1L)));
    }
  }

  @Test
  void samplesOfCurrentVisitorsKeepThemApartToo() throws IOException {
    World world = World.empty().addSite(SITE, ZoneOffset.UTC);
    long visit = 1;
    for (String text : PAIRS.keySet()) {
      world.add(
          SITE, PageView.at(second(1)).visit(visit++).path(text).with(Dimension.HOSTNAME, text));
    }
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api = FathomSimulator.start(world, Behaviour.unlimited())) {
      Installation installation =
          install(database, api)
              .settings(1000)
              .pipeline(
                  "all",
                  "all",
                  "[postgres, parquet]",
                  List.of(Question.pageviews("pages", "day", "pathname")));

      Installation.Ended ended = installation.run("snapshot", "all");

      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(database.query("SELECT hostname, pathname FROM fathom.current_pages"))
          .containsExactlyInAnyOrderElementsOf(
              PAIRS.values().stream().map(t -> List.<@Nullable Object>of(t, t)).toList());
    }
  }
}
