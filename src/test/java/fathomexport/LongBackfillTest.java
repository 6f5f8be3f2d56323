package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.RequestLog;
import fathomexport.simulator.behaviour.ApiRequest;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.World;
import fathomexport.testing.FaultDrill;
import fathomexport.testing.FaultTable;
import fathomexport.testing.ForkedRun;
import fathomexport.testing.Installation;
import fathomexport.testing.LiveHeap;
import fathomexport.testing.Question;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three years of twenty sites and six reports: memory does not grow with what is behind, and five
 * interruptions change nothing.
 */
@ExtendWith(FaultTable.class)
class LongBackfillTest {
  private static final LocalDate FIRST = LocalDate.of(2022, 10, 1);
  private static final int SITES = Integer.getInteger("fathomexport.test.backfill.sites", 20);
  private static final int MONTHS = Integer.getInteger("fathomexport.test.backfill.months", 36);
  private static final LocalDate LAST = FIRST.plusMonths(MONTHS).minusDays(1);
  private static final long SEED = 20_251_001;
  private static final long LONGEST_SECONDS = 3_600;
  private static final int MEASUREMENTS = 12;

  /** What the window in hand needs comes and goes: the least of so many requests is what stays. */
  private static final int SAMPLES = 6;

  private static final List<String> ZONES =
      List.of("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC");

  /** What may be dropped at any time does not count. */
  private static final List<String> NO_CACHES = List.of("-XX:SoftRefLRUPolicyMSPerMB=0");

  /** A window a month. */
  private static final String MONTHLY = "  max_range_days: 31\n";

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "pathname"),
          Question.pageviews("browsers_daily", "day", "browser"),
          Question.pageviews("countries_daily", "day", "country_code"),
          Question.pageviews("pages_monthly", "month", "pathname"),
          Question.events("goals_daily", "day"));

  @TempDir Path directory;

  private static World world() {
    World world = World.empty();
    Random random = new Random(SEED);
    long visit = 0;
    for (int s = 0; s < SITES; s++) {
      String site = "SITE%04d".formatted(s);
      ZoneId zone = ZoneId.of(ZONES.get(s % ZONES.size()));
      world.addSite(site, zone).addEvent(site, "purchase");
      List<PageView> views = new ArrayList<>();
      List<Conversion> conversions = new ArrayList<>();
      for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
        for (int i = random.nextInt(4); i > 0; i--) {
          PageView view =
              PageView.at(day.atTime(LocalTime.of(12, random.nextInt(60))).atZone(zone).toInstant())
                  .visit(++visit)
                  .path("/page-" + random.nextInt(40))
                  .with(Dimension.BROWSER, random.nextBoolean() ? "Firefox" : "Chrome")
                  .with(Dimension.COUNTRY_CODE, random.nextBoolean() ? "DE" : "US");
          views.add(view);
          if (random.nextInt(10) == 0) {
            conversions.add(Conversion.of("purchase", view.at()).visit(visit).worth(990L));
          }
        }
      }
      world.addPageViews(site, views).addConversions(site, conversions);
    }
    return world;
  }

  @Test
  @Tag("chaos")
  void memoryStaysAndInterruptionsDoNotShow() throws Exception {
    // Requests: for a month of a site one a report, and the control of the monthly one; the other
    // reports have theirs in the first.
    int expected = SITES * MONTHS * (REPORTS.size() + 1);
    int step = expected / MEASUREMENTS;
    int firstMonth = expected / MONTHS;
    TreeMap<Integer, Long> heap = new TreeMap<>();
    try (FaultDrill drill =
        new FaultDrill(
            directory,
            world(),
            FIRST,
            LAST,
            "all",
            MONTHLY,
            REPORTS,
            (api, normal, installation, arguments) -> {
              AtomicReference<@Nullable ForkedRun> run = new AtomicReference<>();
              api.behave(
                  normal.withFault(
                      FaultRule.when(
                          request -> {
                            ForkedRun forked = run.get();
                            int n = request.aggregation();
                            int group =
                                n >= firstMonth && n < firstMonth + SAMPLES
                                    ? firstMonth
                                    : n > expected - SAMPLES
                                        ? expected
                                        : n / step > 0 && n % step < SAMPLES ? n - n % step : 0;
                            if (forked != null && group > 0) {
                              heap.merge(group, LiveHeap.bytes(forked.pid()), Math::min);
                            }
                            return false;
                          },
                          new Fault.HangUp())));
              try (ForkedRun forked = ForkedRun.start(installation, NO_CACHES, arguments)) {
                run.set(forked);
                return forked.await(LONGEST_SECONDS);
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            })) {
      System.out.printf(
          "%d sites, %d months, %d reports: %d requests; live heap in MB by request:%n",
          SITES, MONTHS, REPORTS.size(), drill.requests());
      heap.forEach((n, bytes) -> System.out.printf("  %6d %6.1f%n", n, bytes / 1e6));
      double ratio = heap.lastEntry().getValue() / (double) heap.firstEntry().getValue();
      // Where a range of days ends in silence, its total is asked once more, without a grouping.
      // The
      // first long one that ends so may have been cut off: the days behind its end are asked, too.
      List<ApiRequest> asked =
          drill.api().log().aggregations().stream().map(RequestLog.Entry::request).toList();
      Set<String> windows =
          asked.stream()
              .filter(request -> request.parameter("field_grouping") != null)
              .map(LongBackfillTest::days)
              .collect(Collectors.toSet());
      long silences =
          asked.stream()
              .filter(
                  request ->
                      request.parameter("date_grouping") == null
                          || !windows.contains(days(request)))
              .count();
      assertThat(drill.requests() - silences).isEqualTo(expected);
      System.out.printf(
          "at the last of them %.3f times what it was after the first month%n", ratio);

      interrupted(drill);

      assertThat(ratio).isLessThanOrEqualTo(1.1);
    }
  }

  private static String days(ApiRequest request) {
    return request.parameter("date_from") + " to " + request.parameter("date_to");
  }

  private static void interrupted(FaultDrill drill) throws InterruptedException {
    try (FaultDrill.Trial trial = drill.trial()) {
      for (int i = 0; i < 5; i++) {
        boolean gently = i % 2 == 0;
        AtomicReference<@Nullable ForkedRun> run = new AtomicReference<>();
        AtomicInteger seen = new AtomicInteger();
        int due = drill.requests() / 6;
        drill
            .api()
            .behave(
                drill
                    .normal()
                    .withFault(
                        FaultRule.when(
                            request -> {
                              ForkedRun forked = run.get();
                              if (forked != null
                                  && request.aggregation() > 0
                                  && seen.incrementAndGet() == due) {
                                if (gently) {
                                  forked.terminate();
                                } else {
                                  forked.kill();
                                }
                              }
                              return false;
                            },
                            new Fault.Delay(Duration.ZERO))));
        try (ForkedRun forked = trial.fork(List.of())) {
          run.set(forked);
          Installation.Ended ended = forked.await(LONGEST_SECONDS);
          assertThat(ended.code()).as(ended.said()).isIn(143, 137);
          trial.ended(
              "3-year backfill, " + (gently ? "SIGTERM" : "kill -9"), String.valueOf(ended.code()));
        }
      }
      trial.finish();
      System.out.printf(
          "interrupted five times: %d requests, %d without%n", trial.asked(), drill.requests());
    }
  }
}
