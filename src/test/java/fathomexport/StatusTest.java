package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.ledger.RunRecord;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.EventSelection;
import fathomexport.report.Field;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.parquet.ParquetSink;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.TestDatabase;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** {@code status}, as text, as JSON and as a page, of a ledger in which everything occurs. */
class StatusTest {
  private static final Instant NOW = Instant.parse("2026-06-20T12:00:00Z");
  private static final LocalDate YESTERDAY = LocalDate.of(2026, 6, 19);

  /** Ids and names are the user's, and anything may stand in them. */
  private static final String NASTY = "B<b>\"&'";

  private static final String NASTY_EVENT = "</title><script>alert(\"1\")</script>";

  private static final Report TRAFFIC =
      new Report(
          "traffic_daily",
          Entity.PAGEVIEW,
          null,
          List.of(Aggregate.VISITS, Aggregate.PAGEVIEWS),
          DateGrouping.DAY,
          List.of(),
          List.of());
  private static final Report MONTHLY =
      new Report(
          "browsers_monthly",
          Entity.PAGEVIEW,
          null,
          List.of(Aggregate.VISITS, Aggregate.PAGEVIEWS),
          DateGrouping.MONTH,
          List.of(Field.BROWSER),
          List.of());
  private static final Report GOALS =
      new Report(
          "goals_daily",
          Entity.EVENT,
          new EventSelection.All(),
          List.of(Aggregate.CONVERSIONS),
          DateGrouping.DAY,
          List.of(),
          List.of());

  private static final String PIPELINE =
      """
      sites: all
      lookback_days: 3
      sinks: [parquet]
      reports:
        - name: traffic_daily
          entity: pageview
          aggregates: [visits, pageviews]
          date_grouping: day
        - name: browsers_monthly
          entity: pageview
          aggregates: [visits, pageviews]
          date_grouping: month
          field_grouping: [browser]
        - name: goals_daily
          entity: event
          events: all
          aggregates: [conversions]
          date_grouping: day
      """;

  @TempDir Path directory;
  @RegisterExtension final Fixture fixture = new Fixture();
  private TestDatabase database;
  private Installation installation;

  @BeforeEach
  void install() {
    database = fixture.database();
    installation =
        new Installation(directory, database, URI.create("http://127.0.0.1:9/v1"), "t", NOW)
            .write("pipelines/all.yaml", PIPELINE);
  }

  private static LocalDate june(int day) {
    return LocalDate.of(2026, 6, day);
  }

  private LoadBuilder days(
      Report report, String site, @Nullable String event, LocalDate from, LocalDate to) {
    LoadBuilder load =
        new LoadBuilder(
                report, new Slice(new SiteId(site), event), new DayRange(from, to), directory)
            .definition(report.definition());
    return load;
  }

  private static LoadBuilder filled(LoadBuilder load, LocalDate... except) {
    load.window().days().stream()
        .filter(d -> !List.of(except).contains(d))
        .forEach(d -> load.row(d, 3L, 10L));
    return load;
  }

  /** A site in which everything occurs, and one that is complete. */
  private void fill() {
    try (ParquetSink sink = new ParquetSink(new ParquetSettings(installation.warehouse()))) {
      sink.migrate(List.of(TRAFFIC, MONTHLY, GOALS));
      sink.commit(
          filled(
                  days(TRAFFIC, NASTY, null, LocalDate.of(2026, 5, 25), june(1)),
                  LocalDate.of(2026, 5, 28))
              .build());
      // 2 and 3 June are missing.
      sink.commit(
          filled(days(TRAFFIC, NASTY, null, june(4), june(15)), june(15))
              .uncertified(june(5))
              .incomplete(june(7), true)
              .build());
      sink.commit(
          filled(days(TRAFFIC, NASTY, null, june(9), june(9))).definition("an older one").build());
      // A later fetch that changed what was stored.
      LoadBuilder changed = days(TRAFFIC, NASTY, null, june(12), june(12));
      sink.commit(changed.row(june(12), 4L, 11L).run("run-2", NOW.minusSeconds(3600)).build());
      for (String site : List.of(NASTY, "GOOD")) {
        sink.commit(
            days(MONTHLY, site, null, LocalDate.of(2026, 5, 1), YESTERDAY)
                .row(LocalDate.of(2026, 5, 1), "Firefox", 3L, 10L)
                .row(june(1), "Firefox", 3L, 10L)
                .build());
      }
      QuarantinedRow refused =
          new QuarantinedRow(
              "traffic_daily",
              new Slice(new SiteId(NASTY), null),
              "w",
              "run-1",
              NOW,
              "{}",
              "visits is \"<none>\"");
      sink.commit(
          filled(days(TRAFFIC, "GOOD", null, june(1), YESTERDAY))
              .quarantined(List.of(refused))
              .build());
      LoadBuilder goals = days(GOALS, NASTY, NASTY_EVENT, june(10), YESTERDAY);
      goals.window().days().stream().forEach(d -> goals.row(d, 2L));
      sink.commit(goals.build());
      sink.ledger().record(run("run-1", "all", NOW.minusSeconds(90_000), 0, 7));
      sink.ledger().record(run("run-2", "all", NOW.minusSeconds(3700), 65, 12));
    }
  }

  private static RunRecord run(String id, String pipeline, Instant at, int exit, long requests) {
    return new RunRecord(
        id,
        pipeline,
        "run",
        at,
        at.plusSeconds(61),
        exit,
        4,
        3,
        1,
        1,
        0,
        0,
        100,
        0,
        requests,
        List.of(),
        0,
        null);
  }

  @Test
  void jsonTellsWhatNeedsAttention() throws IOException {
    fill();

    Installation.Ended ended = installation.run("status", "all", "--json");

    assertThat(ended.code()).as(ended.said()).isZero();
    JsonNode status = new ObjectMapper().readTree(ended.out());
    assertThat(status.path("sites").intValue()).isEqualTo(2);
    assertThat(status.path("sites_complete").intValue()).isEqualTo(1);
    JsonNode worst = status.path("lines").path(0);
    assertThat(worst.path("report").textValue()).isEqualTo("traffic_daily");
    assertThat(worst.path("site").textValue()).isEqualTo(NASTY);
    assertThat(worst.path("attention").booleanValue()).isTrue();
    assertThat(worst.path("fresh_to").textValue()).isEqualTo("2026-06-15");
    assertThat(worst.path("days_behind").intValue()).isEqualTo(4);
    assertThat(worst.path("gaps").toString())
        .isEqualTo("[{\"first\":\"2026-06-02\",\"last\":\"2026-06-03\"}]");
    assertThat(worst.path("missing").intValue()).isEqualTo(2);
    assertThat(worst.path("incomplete").intValue()).isEqualTo(1);
    assertThat(worst.path("stale").intValue()).isEqualTo(1);
    assertThat(worst.path("nothing").intValue()).isEqualTo(2);
    assertThat(worst.path("quarantined").intValue()).isEqualTo(1);
    assertThat(worst.path("restated").intValue()).isEqualTo(1);
    List<Boolean> attention = new ArrayList<>();
    status.path("lines").forEach(l -> attention.add(l.path("attention").booleanValue()));
    assertThat(attention).containsExactly(true, false, false, false, false);
    // Yesterday's run was another day's, and this month's.
    assertThat(status.path("usage").path("requests_today").intValue()).isEqualTo(12);
    assertThat(status.path("usage").path("requests_this_month").intValue()).isEqualTo(19);
    assertThat(status.path("runs").path(0).path("took").textValue()).isEqualTo("PT1M1S");
  }

  /** A site is not well because others have had worse nights since. */
  @Test
  void quarantinedRowsOfASiteCountBehindThousandsOfNewerOnes() throws IOException {
    fill();
    Slice good = new Slice(new SiteId("GOOD"), null);
    List<QuarantinedRow> rows = new ArrayList<>();
    rows.add(
        new QuarantinedRow(
            "traffic_daily", good, "w", "run-1", NOW.minusSeconds(9), "{}", "visits is \"1d\""));
    for (int i = 0; i < 10_001; i++) {
      rows.add(
          new QuarantinedRow(
              "traffic_daily",
              new Slice(new SiteId(NASTY), null),
              "x",
              "run-2",
              NOW,
              "{}",
              "visits is \"1d\""));
    }
    try (ParquetSink sink = new ParquetSink(new ParquetSettings(installation.warehouse()))) {
      LoadBuilder again = filled(days(TRAFFIC, "GOOD", null, june(1), YESTERDAY));
      sink.commit(again.quarantined(rows).build());
    }

    Installation.Ended ended = installation.run("status", "all", "--json");

    assertThat(ended.code()).as(ended.said()).isZero();
    for (JsonNode line : new ObjectMapper().readTree(ended.out()).path("lines")) {
      if (line.path("report").textValue().equals("traffic_daily")) {
        boolean isGood = line.path("site").textValue().equals("GOOD");
        assertThat(line.path("quarantined").intValue()).isEqualTo(isGood ? 1 : 10_002);
        assertThat(line.path("attention").booleanValue()).isTrue();
      }
    }
  }

  @Test
  void textBeginsWithTheWhole() {
    fill();

    Installation.Ended ended = installation.run("status", "all");

    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(ended.out().lines().findFirst())
        .contains(
            "1 of 2 sites are complete to yesterday; 1 of 5 rows (each a report of a site) need attention.");
    assertThat(ended.out())
        .contains("! 4 days late, 2 missing, 1 incomplete, 1 failed, 1 stale, 1 quarantined")
        .contains("missing: 2026-06-02 .. 2026-06-03")
        .contains("12 today, 19 this month");
    assertThat(installation.run("status", "all", "--attention").out())
        .contains(NASTY)
        .doesNotContain("GOOD");
  }

  @Test
  void aSiteOfWhichNothingCameIsReported() {
    fill();
    installation.write(
        "pipelines/named.yaml", PIPELINE.replace("sites: all", "sites: [GOOD, SILENT]"));

    Installation.Ended ended = installation.run("status", "named");

    assertThat(ended.out())
        .startsWith(
            "1 of 2 sites are complete to yesterday; 2 of 4 rows (each a report of a site) need attention.")
        .contains("nothing stored");
  }

  @Test
  void nothingYet() {
    assertThat(installation.run("status", "all").out())
        .startsWith("Nothing has been exported yet.");
    assertThat(installation.run("status", "all", "--html", "empty.html").code()).isZero();
    assertThat(page("empty.html").getElementsByTagName("details").getLength()).isZero();
  }

  @Test
  void thePageShowsEveryDayInItsState() throws IOException {
    fill();

    Installation.Ended ended = installation.run("status", "all", "--html", "page.html");

    assertThat(ended.code()).as(ended.said()).isZero();
    Document page = page("page.html");
    Map<String, Map<String, Integer>> cells = new HashMap<>();
    for (Element svg : elements(page, "svg")) {
      if (svg.getAttribute("class").equals("calendar")) {
        Map<String, Integer> days = new TreeMap<>();
        for (Element path : elements(svg, "path")) {
          days.merge(path.getAttribute("class"), cells(path.getAttribute("d")), Integer::sum);
          assertThat(elements(path, "title")).hasSize(1);
        }
        cells.put(svg.getAttribute("aria-label").replaceFirst(":.*", ""), days);
      }
    }
    assertThat(cells)
        .containsEntry(
            "Calendar of traffic_daily, " + NASTY,
            Map.of(
                "certified", 15,
                "nothing", 2,
                "missing", 2,
                "uncertified", 1,
                "incomplete", 1,
                "stale", 1))
        .containsEntry("Calendar of traffic_daily, GOOD", Map.of("certified", 19))
        .containsEntry(
            "Calendar of browsers_monthly, GOOD", Map.of("certified", 31, "provisional", 19))
        .hasSize(5);
    // The page has one script of its own, and its policy allows no other.
    assertThat(elements(page, "script")).hasSize(1);
    assertThat(policy(page))
        .isEqualTo(
            "default-src 'none'; style-src 'unsafe-inline'; script-src '"
                + hash(elements(page, "script").get(0).getTextContent())
                + "'");
    String text = Files.readString(directory.resolve("page.html"));
    assertThat(text.split("<script", -1)).hasSize(2);
    assertThat(text).doesNotContain("<b>\"").contains("1 of 2 sites");
    assertThat(page.getDocumentElement().getTextContent())
        .contains(NASTY, NASTY_EVENT, "visits is \"<none>\"", "pageviews");
    // Nothing comes from elsewhere: no address but that of the namespace.
    assertThat(text.replace("http://www.w3.org/2000/svg", ""))
        .doesNotContain("http:", "https:", "src=", "@import", "url(//");
    assertThat(Pattern.compile("url\\((?!#)").matcher(text).find()).isFalse();
    assertReferencesResolve(page);
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .as("no half-written file is left")
          .noneMatch(name -> name.endsWith(".tmp"));
    }
  }

  private static String policy(Document page) {
    return elements(page, "meta").stream()
        .filter(meta -> meta.getAttribute("http-equiv").equals("Content-Security-Policy"))
        .findFirst()
        .orElseThrow()
        .getAttribute("content");
  }

  private static String hash(String script) {
    try {
      return "sha256-"
          + Base64.getEncoder()
              .encodeToString(
                  MessageDigest.getInstance("SHA-256")
                      .digest(script.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void thePageReplacesTheOneBefore() throws IOException {
    Files.writeString(directory.resolve("page.html"), "old");
    assertThat(installation.run("status", "all", "--html", "page.html").code()).isZero();
    assertThat(directory.resolve("page.html")).content().startsWith("<!DOCTYPE html>");

    Installation.Ended nowhere = installation.run("status", "all", "--html", "no/such/page.html");
    assertThat(nowhere.code()).isEqualTo(74);
    assertThat(nowhere.err())
        .contains("cannot write " + directory.resolve("no/such/page.html"))
        .contains("create the directory, or name another file with --html");
    Files.createDirectory(directory.resolve("folder"));
    Installation.Ended folder = installation.run("run", "all", "--metrics-file", "folder");
    assertThat(folder.code()).as(folder.said()).isNotZero();
    assertThat(folder.err())
        .contains("cannot write " + directory.resolve("folder"))
        .contains("move away the directory in its place, or name another file with --metrics-file");
  }

  private static void assertReferencesResolve(Document page) {
    List<String> ids = new ArrayList<>();
    List<String> wanted = new ArrayList<>();
    for (Element e : elements(page, "*")) {
      if (e.hasAttribute("id")) {
        ids.add(e.getAttribute("id"));
      }
      if (e.hasAttribute("href")) {
        wanted.add(e.getAttribute("href").substring(1));
      }
      if (e.hasAttribute("aria-labelledby")) {
        wanted.add(e.getAttribute("aria-labelledby"));
      }
    }
    assertThat(ids).doesNotHaveDuplicates().containsAll(wanted);
  }

  /** Days that a path covers: cells of 9 by 9. */
  private static int cells(String d) {
    int cells = 0;
    Matcher rows = Pattern.compile("M\\d+ \\d+h(\\d+)v9h-\\1z").matcher(d);
    while (rows.find()) {
      cells += Integer.parseInt(rows.group(1)) / 9;
    }
    return cells;
  }

  private Document page(String file) {
    try {
      return DocumentBuilderFactory.newInstance()
          .newDocumentBuilder()
          .parse(
              new ByteArrayInputStream(
                  Files.readString(directory.resolve(file)).getBytes(StandardCharsets.UTF_8)));
    } catch (Exception e) {
      throw new AssertionError("not well-formed", e);
    }
  }

  private static List<Element> elements(Document page, String name) {
    return list(page.getElementsByTagName(name));
  }

  private static List<Element> elements(Element element, String name) {
    return list(element.getElementsByTagName(name));
  }

  private static List<Element> list(NodeList nodes) {
    List<Element> elements = new ArrayList<>();
    for (int i = 0; i < nodes.getLength(); i++) {
      elements.add((Element) nodes.item(i));
    }
    return elements;
  }
}
