package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.Report;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What a person sees of two hundred sites, five reports and four months: a screen, not a list. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ManySitesTest {
  private static final Instant NOW = Instant.parse("2026-06-20T12:00:00Z");
  private static final int SITES = 200;
  private static final int DAYS = 120;
  private static final int SCREEN = 40;
  private static final int LARGEST_PAGE = 300_000;
  private static final String STALE =
      "SELECT count(*) FROM fathom_ops.ledger WHERE definition = 'before'";
  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "pathname"),
          Question.pageviews("referrers_daily", "day", "referrer_hostname"),
          Question.pageviews("browsers_daily", "day", "browser"),
          Question.pageviews("countries_daily", "day", "country_code"));

  private Path directory;
  private TestDatabase database;
  private Installation installation;

  /** Certified days of every site and report, as so many nights leave them behind. */
  @BeforeAll
  void fill(@TempDir Path empty) {
    directory = empty;
    database = TestDatabase.migrated(REPORTS);
    installation =
        new Installation(directory, database, URI.create("http://127.0.0.1:9/v1"), "t", NOW)
            .pipeline("all", "all", "[postgres]", REPORTS);
    String reports =
        REPORTS.stream()
            .map(q -> "('" + q.name() + "', '" + definition(q) + "')")
            .collect(Collectors.joining(", "));
    database.execute(
        """
        INSERT INTO fathom.site (site_id, name, time_zone, first_seen_at, last_seen_at)
        SELECT 'SITE' || lpad(s::text, 4, '0'), 'site-' || s || '.example', 'UTC',
               timestamptz '2025-06-20 02:00Z', timestamptz '2026-06-20 02:00Z'
          FROM generate_series(1, %d) AS s\
        """
            .formatted(SITES),
        """
        INSERT INTO fathom_ops.ledger
          (report, site_id, event_name, period, period_end, covers_to, status, stored, rows,
           pageviews_sum, pageviews_control, store_if_absent, definition, zone, requests,
           control_requests, splits, window_id, run_id, fetched_at, rows_digest)
        SELECT r.name, 'SITE' || lpad(s::text, 4, '0'), '', d, d, d, 'certified', true, 10, 100,
               100, false, r.definition, 'UTC', 1, 1, 0, 'w' || s || d, 'run',
               timestamptz '2026-06-20 02:00Z', md5(r.name || s || d)
          FROM (VALUES %s) AS r(name, definition),
               generate_series(1, %d) AS s,
               (SELECT date '2026-06-19' - n AS d FROM generate_series(0, %d) AS n) AS days\
        """
            .formatted(reports, SITES, DAYS - 1),
        "ANALYZE fathom_ops.ledger",
        """
        INSERT INTO fathom_ops.run
          (run_id, pipeline, command, started_at, finished_at, exit_code, windows_planned,
           windows_committed, windows_unchanged, windows_incomplete, windows_failed,
           windows_skipped, rows, quarantined, requests, messages)
        VALUES ('run', 'all', 'run', '2026-06-20 02:00Z', '2026-06-20 03:00Z', 0, 1000, 1000, 0, 0,
                0, 0, 10000, 0, 1200, '{}')\
        """);
  }

  @AfterAll
  void drop() {
    database.close();
  }

  private static String definition(Question question) {
    return new Report(
            question.name(),
            Entity.PAGEVIEW,
            null,
            List.of(
                Aggregate.VISITS,
                Aggregate.UNIQUES,
                Aggregate.PAGEVIEWS,
                Aggregate.AVG_DURATION,
                Aggregate.BOUNCE_RATE),
            DateGrouping.DAY,
            Arrays.stream(Field.values())
                .filter(field -> question.fields().contains(field.apiName()))
                .toList(),
            List.of())
        .definition();
  }

  private List<String> lines(String... arguments) {
    Installation.Ended ended = installation.run(arguments);
    assertThat(ended.code()).as(ended.said()).isZero();
    return ended.out().lines().toList();
  }

  @Test
  void statusFitsOneScreen() throws IOException {
    long start = System.nanoTime();
    List<String> text = lines("status", "all");
    System.out.println(
        "status of 200 sites: "
            + (System.nanoTime() - start) / 1_000_000
            + " ms, with the classes that the first command loads");

    assertThat(text)
        .hasSizeLessThan(SCREEN)
        .contains("200 of 200 sites are complete to yesterday.")
        .anyMatch(line -> line.matches("report +sites +complete +earliest fresh to +rows"));
    assertThat(text).anyMatch(line -> line.matches("traffic_daily +200 +200 +2026-06-19 +240,000"));
    assertThat(text).anyMatch(line -> line.matches("all +200 +200 +2026-06-19 +1,200,000"));
    assertThat(lines("status", "all", "--all"))
        .hasSizeGreaterThan(SITES * REPORTS.size())
        .anyMatch(line -> line.contains("SITE0007 (site-7.example)"));

    assertThat(pageSize()).as("a page of nothing but complete sites").isLessThan(LARGEST_PAGE);

    // A night in which everything failed at every site, and one site that lags further behind.
    database.execute(
        """
        CREATE TABLE public.taken AS
        SELECT * FROM fathom_ops.ledger
         WHERE period = '2026-06-19' OR (site_id = 'SITE0042' AND period > '2026-06-10')
            OR (site_id = 'SITE0043' AND period = '2026-03-03')\
        """,
        """
        DELETE FROM fathom_ops.ledger
         WHERE period = '2026-06-19' OR (site_id = 'SITE0042' AND period > '2026-06-10')
            OR (site_id = 'SITE0043' AND period = '2026-03-03')\
        """,
        "UPDATE fathom_ops.run SET exit_code = 75, messages = '{the API answered 500}'",
        "UPDATE fathom_ops.ledger SET definition = 'before' WHERE report = 'pages_daily'",
        """
        INSERT INTO fathom_ops.attempt
          (report, site_id, event_name, period, period_end, covers_to, window_id, at, run_id,
           reason, kept)
        SELECT report, site_id, '', period, period, period, window_id, fetched_at, 'run',
               'the API answered 500', false
          FROM public.taken WHERE period = '2026-06-19'\
        """);
    Map<String, Long> counted = new TreeMap<>();
    JsonNode status =
        new ObjectMapper().readTree(installation.run("status", "all", "--json").out());
    for (JsonNode line : status.path("lines")) {
      for (String count : List.of("missing", "failed", "stale", "late")) {
        counted.merge(count, line.path(count).longValue(), Long::sum);
      }
    }

    List<String> bad = lines("status", "all");

    // The ledger itself says how many there are.
    assertThat(counted)
        .containsEntry("missing", 5L + 5 * 8)
        .containsEntry("failed", 1000L)
        .containsEntry("stale", Long.valueOf(String.valueOf(database.query(STALE).get(0).get(0))))
        .containsEntry("late", 1000L + 5 * 8);
    assertThat(bad).hasSizeLessThan(SCREEN);
    assertThat(bad.get(0)).startsWith("0 of 200 sites are complete to yesterday");
    assertThat(bad)
        .as("the site that lags most comes first")
        .anyMatch(line -> line.matches("most urgent +site +fresh to +state"));
    assertThat(
            bad.get(
                bad.indexOf(
                        bad.stream().filter(l -> l.startsWith("most")).findFirst().orElseThrow())
                    + 1))
        .contains("SITE0042 (site-42.example)", "9 days late");
    assertThat(bad)
        .anyMatch(line -> line.contains("and 999 more rows: the API answered 500"))
        .anyMatch(
            line ->
                line.contains("pages_daily of 200 sites: ")
                    && line.contains("the report's definition changed; renew with: "));
    assertThat(bad.stream().filter(line -> line.contains("renew with:"))).hasSizeLessThan(5);
    assertThat(pageSize()).as("a page of failures").isLessThan(LARGEST_PAGE);
    assertThat(directory.resolve("page.html"))
        .content()
        .contains("SITE0199 (site-199.example)", "nothing is stored after 2026-06-10");
  }

  private long pageSize() throws IOException {
    lines("status", "all", "--html", "page.html");
    return Files.size(directory.resolve("page.html"));
  }
}
