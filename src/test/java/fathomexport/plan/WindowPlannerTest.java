package fathomexport.plan;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Field;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.testing.TestReports;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which windows are due: by mode, ledger, zone and instant. */
class WindowPlannerTest {
  private static final SiteId ID = new SiteId("CDBUGS");
  private static final Slice SLICE = new Slice(ID, null);
  private static final Instant NOW = Instant.parse("2026-06-20T12:00:00Z");
  private static final LocalDate YESTERDAY = LocalDate.of(2026, 6, 19);
  private static final int WIDEST = 180;

  private final List<Report> reports = new ArrayList<>();
  private final Map<String, List<List<Held>>> held = new HashMap<>();
  private @Nullable ZoneId zone = ZoneId.of("UTC");

  private Plan plan(Mode mode, Instant now) {
    Map<String, Holdings> holdings = new HashMap<>();
    reports.forEach(
        r ->
            holdings.put(
                r.name(),
                Holdings.ofAll(
                    r.dateGrouping() == DateGrouping.NONE,
                    held.getOrDefault(r.name(), List.of()))));
    return new WindowPlanner(reports, holdings, mode, now, WIDEST)
        .plan(List.of(new Subject(new Site(ID, "a site", zone), List.of())));
  }

  private List<DayRange> nightly(int lookback) {
    return days(plan(new Mode.Nightly(lookback, false), NOW));
  }

  private List<DayRange> backfill(String from, String to) {
    return days(plan(new Mode.Backfill(range(from, to), false, false), NOW));
  }

  private static List<DayRange> days(Plan plan) {
    return plan.tasks().stream().map(FetchTask::days).toList();
  }

  private static DayRange range(String from, String to) {
    return new DayRange(LocalDate.parse(from), LocalDate.parse(to));
  }

  private static Held day(Report report, LocalDate day, Instant fetchedAt) {
    return new Held(SLICE, day, day, true, report.definition(), fetchedAt, "UTC", 5);
  }

  /** Holds these days of a report, as fetched then. */
  private void holdDays(Report report, DayRange days, Instant fetchedAt) {
    held.put(report.name(), List.of(days.stream().map(d -> day(report, d, fetchedAt)).toList()));
  }

  private static Report by(DateGrouping grouping, Field... fields) {
    return TestReports.pageviews("r_" + grouping.apiName(), grouping, fields);
  }

  @Test
  void aFirstNightIsYesterdayAndItsLookback() {
    reports.add(TestReports.traffic());
    assertThat(nightly(3)).containsExactly(range("2026-06-16", "2026-06-19"));
    assertThat(nightly(0)).containsExactly(range("2026-06-19", "2026-06-19"));
  }

  @Test
  void theLookbackIsAskedForOnceALocalDay() {
    Report traffic = TestReports.traffic();
    reports.add(traffic);
    holdDays(traffic, range("2026-06-16", "2026-06-19"), Instant.parse("2026-06-20T00:00:00Z"));
    assertThat(nightly(3)).isEmpty();
    holdDays(traffic, range("2026-06-16", "2026-06-19"), Instant.parse("2026-06-19T23:59:59Z"));
    assertThat(nightly(3)).containsExactly(range("2026-06-16", "2026-06-19"));
    // Where that is still yesterday, it is asked for again.
    zone = ZoneId.of("America/Los_Angeles");
    holdDays(traffic, range("2026-06-15", "2026-06-19"), Instant.parse("2026-06-20T06:59:59Z"));
    assertThat(nightly(0)).hasSize(1);
  }

  @Test
  void gapsAreFilledNoFurtherBackThanOneWindow() {
    Report traffic = TestReports.traffic();
    reports.add(traffic);
    List<Held> some = new ArrayList<>();
    some.add(day(traffic, LocalDate.of(2024, 1, 1), NOW));
    range("2025-12-01", "2026-06-19").stream()
        .filter(d -> !range("2026-05-01", "2026-05-03").contains(d))
        .filter(d -> d.isAfter(LocalDate.of(2026, 1, 5)))
        .forEach(d -> some.add(day(traffic, d, NOW)));
    held.put(traffic.name(), List.of(some));
    assertThat(nightly(3))
        .containsExactly(range("2026-05-01", "2026-05-03"), range("2025-12-22", "2026-01-05"));
    assertThat(range("2025-12-22", "2026-06-19").days()).isEqualTo(WIDEST);
  }

  /** After a pause that is longer than one request by hour may ask for. */
  @Test
  void hoursAreFilledAsFarBackAsDays() {
    Report hourly = by(DateGrouping.HOUR);
    reports.add(hourly);
    holdDays(hourly, range("2026-05-20", "2026-06-02"), NOW);
    assertThat(nightly(3))
        .containsExactly(
            range("2026-06-17", "2026-06-19"),
            range("2026-06-10", "2026-06-16"),
            range("2026-06-03", "2026-06-09"));
  }

  @Test
  void whatWasNeverBegunIsNoGap() {
    Report traffic = TestReports.traffic();
    reports.add(traffic);
    holdDays(traffic, range("2026-06-10", "2026-06-12"), NOW);
    assertThat(nightly(1)).containsExactly(range("2026-06-13", "2026-06-19"));
  }

  @Test
  void aBackfillAsksForWhatIsNotCompleteYet() {
    Report traffic = TestReports.traffic();
    reports.add(traffic);
    holdDays(traffic, range("2026-03-10", "2026-03-12"), Instant.EPOCH);
    assertThat(backfill("2026-03-01", "2026-03-31"))
        .containsExactly(range("2026-03-01", "2026-03-09"), range("2026-03-13", "2026-03-31"));
    assertThat(backfill("2026-03-10", "2026-03-12")).isEmpty();
    assertThat(days(plan(new Mode.Backfill(range("2026-03-01", "2026-03-31"), true, false), NOW)))
        .containsExactly(range("2026-03-01", "2026-03-31"));
  }

  @Test
  void aBackfillEndsWithTheLastDayThatIsOver() {
    reports.add(TestReports.traffic());
    assertThat(backfill("2026-06-18", "2026-07-31"))
        .containsExactly(range("2026-06-18", "2026-06-19"));
    assertThat(backfill("2026-06-20", "2026-07-31")).isEmpty();
  }

  @Test
  void anIncompleteDayIsAskedForAgain() {
    Report traffic = TestReports.traffic();
    reports.add(traffic);
    LocalDate day = LocalDate.of(2026, 3, 1);
    held.put(
        traffic.name(),
        List.of(List.of(new Held(SLICE, day, day, false, traffic.definition(), NOW, "UTC", 5))));
    assertThat(backfill("2026-03-01", "2026-03-01")).containsExactly(DayRange.of(day));
  }

  @Test
  void windowsAreAsWideAsTheyMayBeAndInTheOrderThatWasAskedFor() {
    reports.add(TestReports.traffic());
    List<DayRange> oldest = backfill("2025-01-01", "2025-12-31");
    assertThat(oldest).extracting(DayRange::days).containsExactly(180, 180, 5);
    assertThat(oldest).isSorted();
    assertThat(days(plan(new Mode.Backfill(range("2025-01-01", "2025-12-31"), false, true), NOW)))
        .containsExactly(oldest.get(2), oldest.get(1), oldest.get(0));
  }

  @Test
  void hoursComeInWindowsOfSevenDays() {
    reports.add(by(DateGrouping.HOUR));
    assertThat(backfill("2026-03-01", "2026-03-16"))
        .containsExactly(
            range("2026-03-01", "2026-03-07"),
            range("2026-03-08", "2026-03-14"),
            range("2026-03-15", "2026-03-16"));
  }

  @Test
  void monthsAndYearsAreWidenedAndEndProvisionally() {
    reports.add(by(DateGrouping.MONTH));
    assertThat(backfill("2026-04-10", "2026-06-01"))
        .containsExactly(range("2026-04-01", "2026-06-19"));
    assertThat(backfill("2026-02-10", "2026-03-01"))
        .containsExactly(range("2026-02-01", "2026-03-31"));
    reports.set(0, by(DateGrouping.YEAR));
    assertThat(backfill("2024-05-05", "2026-01-01"))
        .containsExactly(
            range("2024-01-01", "2024-12-31"),
            range("2025-01-01", "2025-12-31"),
            range("2026-01-01", "2026-06-19"));
    assertThat(nightly(3)).containsExactly(range("2026-01-01", "2026-06-19"));
  }

  @Test
  void aMonthThatGrewIsAskedForAgain() {
    Report months = by(DateGrouping.MONTH);
    reports.add(months);
    LocalDate june = LocalDate.of(2026, 6, 1);
    held.put(
        months.name(),
        List.of(
            List.of(
                new Held(
                    SLICE,
                    june,
                    YESTERDAY.minusDays(1),
                    true,
                    months.definition(),
                    NOW,
                    "UTC",
                    1))));
    assertThat(backfill("2026-06-01", "2026-06-30"))
        .containsExactly(range("2026-06-01", "2026-06-19"));
    held.put(
        months.name(),
        List.of(
            List.of(new Held(SLICE, june, YESTERDAY, true, months.definition(), NOW, "UTC", 1))));
    assertThat(backfill("2026-06-01", "2026-06-30")).isEmpty();
  }

  /** What a run stored of a month before a pause, and nothing has stored since. */
  @Test
  void aMonthThatEndedDuringAPauseIsAskedForAgain() {
    Report months = by(DateGrouping.MONTH);
    reports.add(months);
    LocalDate may = LocalDate.of(2026, 5, 1);
    held.put(months.name(), List.of(List.of(month(months, may, LocalDate.of(2026, 5, 28), NOW))));
    assertThat(nightly(3)).containsExactly(range("2026-05-01", "2026-06-19"));
    held.put(months.name(), List.of(List.of(month(months, may, LocalDate.of(2026, 5, 31), NOW))));
    assertThat(nightly(3)).containsExactly(range("2026-06-01", "2026-06-19"));
  }

  private static Held month(Report report, LocalDate month, LocalDate coversTo, Instant fetchedAt) {
    return heldAgainst("answer", report, month, coversTo, fetchedAt, 5);
  }

  private static Held heldAgainst(
      String answer,
      Report report,
      LocalDate period,
      LocalDate coversTo,
      Instant fetchedAt,
      long rows) {
    return new Held(
        SLICE,
        period,
        coversTo,
        true,
        false,
        report.definition(),
        fetchedAt,
        fetchedAt,
        "UTC",
        rows,
        answer);
  }

  /** A confirmation would leave the month as it was fetched: without the days since. */
  @Test
  void aMonthThatIsNotOverCannotBeConfirmed() {
    Report months = by(DateGrouping.MONTH);
    reports.add(months);
    Instant before = NOW.minusSeconds(86_400);
    LocalDate may = LocalDate.of(2026, 5, 1);
    LocalDate june = LocalDate.of(2026, 6, 1);
    held.put(
        months.name(),
        List.of(
            List.of(
                month(months, may, LocalDate.of(2026, 5, 31), before),
                month(months, june, LocalDate.of(2026, 6, 18), before))));

    FetchTask task = plan(new Mode.Nightly(25, false), NOW).tasks().get(0);

    assertThat(task.held())
        .containsEntry(may, new HeldPeriod(5, "answer", true))
        .containsEntry(june, new HeldPeriod(5, null, true));
  }

  @Test
  void whatTwoSinksHoldUnderDifferentDefinitionsIsAskedForAgain() {
    Report traffic = TestReports.traffic();
    reports.add(traffic);
    LocalDate day = LocalDate.of(2026, 3, 1);
    List<Held> present = List.of(day(traffic, day, NOW));
    List<Held> other = List.of(new Held(SLICE, day, day, true, "another", NOW, "UTC", 5));
    for (List<List<Held>> sinks : List.of(List.of(present, other), List.of(other, present))) {
      held.put(traffic.name(), sinks);
      assertThat(backfill("2026-03-01", "2026-03-01")).containsExactly(DayRange.of(day));
    }
  }

  /** To fetch a period without rows again would compare nothing with nothing. */
  @Test
  void onlyPeriodsWithRowsAreAudited() {
    Report traffic = TestReports.traffic();
    Report pages = TestReports.pages();
    reports.addAll(List.of(traffic, pages));
    LocalDate full = LocalDate.of(2026, 6, 4);
    for (long rows : List.of(0L, 5L)) {
      List<Held> days =
          range("2026-06-01", "2026-06-05").stream()
              .map(
                  d ->
                      heldAgainst(
                          "answer",
                          pages,
                          d,
                          d,
                          Instant.parse("2026-06-06T01:00:00Z"),
                          d.equals(full) ? rows : 0))
              .toList();
      held.put(pages.name(), List.of(days));

      assertThat(plan(new Mode.Nightly(20, false), NOW).tasks())
          .extracting(FetchTask::audit)
          .as("%d rows", rows)
          .filteredOn(audited -> audited != null)
          .isEqualTo(rows == 0 ? List.of() : List.of(full));
    }
  }

  @Test
  void withoutDateGroupingTheRangeIsOneWindow() {
    Report none = by(DateGrouping.NONE);
    reports.add(none);
    assertThat(backfill("2024-01-01", "2026-03-31"))
        .containsExactly(range("2024-01-01", "2026-03-31"));
    held.put(
        none.name(),
        List.of(
            List.of(
                new Held(
                    SLICE,
                    LocalDate.of(2024, 1, 1),
                    LocalDate.of(2026, 3, 31),
                    true,
                    none.definition(),
                    NOW,
                    "UTC",
                    1))));
    assertThat(backfill("2024-01-01", "2026-03-31")).isEmpty();
    assertThat(backfill("2024-01-01", "2026-03-30")).hasSize(1);
    assertThat(nightly(0)).containsExactly(DayRange.of(YESTERDAY));
  }

  @Test
  void withoutDateGroupingOnlyTheSameRangeIsReplaced() {
    Report none = by(DateGrouping.NONE);
    reports.add(none);
    LocalDate first = LocalDate.of(2026, 3, 1);
    held.put(
        none.name(),
        List.of(
            List.of(
                new Held(SLICE, first, first.plusDays(3), true, "other", NOW, "UTC", 1),
                new Held(SLICE, first, first.plusDays(9), true, "other", NOW, "UTC", 1),
                new Held(
                    SLICE, first.plusDays(2), first.plusDays(5), true, "other", NOW, "UTC", 1))));
    Plan plan = plan(new Mode.Backfill(new DayRange(first, first.plusDays(20)), false, false), NOW);
    assertThat(plan.tasks()).hasSize(1).allMatch(t -> t.held().isEmpty());
    plan = plan(new Mode.Backfill(new DayRange(first, first.plusDays(9)), false, false), NOW);
    assertThat(plan.tasks()).hasSize(1).allMatch(t -> t.held().keySet().equals(Set.of(first)));
  }

  @ParameterizedTest
  @CsvSource({
    "Pacific/Apia, 2026-06-20T10:59:59Z, 2026-06-19",
    "Pacific/Apia, 2026-06-20T11:00:00Z, 2026-06-20",
    "Asia/Kathmandu, 2026-06-20T18:14:59Z, 2026-06-19",
    "Asia/Kathmandu, 2026-06-20T18:15:00Z, 2026-06-20",
    "Australia/Lord_Howe, 2026-04-04T12:59:59Z, 2026-04-03",
    "Australia/Lord_Howe, 2026-04-04T13:00:00Z, 2026-04-04",
    "Australia/Lord_Howe, 2026-04-05T13:29:59Z, 2026-04-04",
    "Australia/Lord_Howe, 2026-04-05T13:30:00Z, 2026-04-05",
    "America/Asuncion, 2023-10-01T03:59:59Z, 2023-09-29",
    "America/Asuncion, 2023-10-01T04:00:00Z, 2023-09-30",
    ", 2026-06-20T11:59:59Z, 2026-06-18",
    ", 2026-06-20T12:00:00Z, 2026-06-19"
  })
  void yesterdayIsTheSites(@Nullable String id, Instant now, LocalDate yesterday) {
    zone = id == null ? null : ZoneId.of(id);
    reports.add(TestReports.traffic());
    assertThat(days(plan(new Mode.Nightly(0, false), now))).containsExactly(DayRange.of(yesterday));
    if (zone != null) {
      LocalDateTime local = LocalDateTime.ofInstant(now, zone);
      assertThat(yesterday).isBefore(local.toLocalDate());
    }
  }

  @Test
  void reportsThatDifferInMeasuresShareOneQueryAndAllOfASiteOneControl() {
    Report some = TestReports.measuring("some", List.of(Aggregate.VISITS), Field.PATHNAME);
    Report more = TestReports.measuring("more", List.of(Aggregate.BOUNCE_RATE), Field.PATHNAME);
    Report cities = TestReports.measuring("cities", List.of(Aggregate.VISITS), Field.CITY);
    Report traffic = TestReports.traffic();
    reports.addAll(List.of(some, cities, more, traffic));
    Plan plan = plan(new Mode.Nightly(3, false), NOW);
    assertThat(plan.windows()).isEqualTo(4);
    assertThat(plan.tasks())
        .extracting(FetchTask::reports)
        .containsExactly(List.of(traffic), List.of(some, more), List.of(cities));
    assertThat(plan.tasks().get(0).isControl()).isTrue();
    assertThat(plan.tasks().get(0).shape().aggregates())
        .as("its response shows changes of every measure of the others")
        .containsAll(plan.tasks().get(0).control().shape().aggregates())
        .contains(Aggregate.BOUNCE_RATE);
    assertThat(plan.tasks().get(1).shape().aggregates())
        .containsExactly(Aggregate.VISITS, Aggregate.PAGEVIEWS, Aggregate.BOUNCE_RATE);
    assertThat(plan.tasks())
        .extracting(FetchTask::control)
        .containsOnly(plan.tasks().get(0).control());
  }

  @Test
  void aReportThatIsNewAsksAloneWhatOthersHold() {
    Report traffic = TestReports.traffic();
    Report pages = TestReports.pages();
    reports.addAll(List.of(traffic, pages));
    holdDays(traffic, range("2026-03-01", "2026-03-31"), NOW);
    Plan plan = plan(new Mode.Backfill(range("2026-03-01", "2026-03-31"), false, false), NOW);
    assertThat(plan.tasks())
        .singleElement()
        .satisfies(t -> assertThat(t.reports()).containsExactly(pages));
  }

  @Test
  void whatIsLeftAfterAKillAreTheSameWindows() {
    Report traffic = TestReports.traffic();
    Report pages = TestReports.pages();
    reports.addAll(List.of(traffic, pages));
    Mode mode = new Mode.Backfill(range("2025-01-01", "2025-12-31"), false, false);
    List<FetchTask> all = plan(mode, NOW).tasks();
    List<Held> trafficHeld = new ArrayList<>();
    List<Held> pagesHeld = new ArrayList<>();
    for (int done = 0; done < all.size(); done++) {
      held.put(traffic.name(), List.of(List.copyOf(trafficHeld)));
      held.put(pages.name(), List.of(List.copyOf(pagesHeld)));
      List<FetchTask> left = plan(mode, NOW.plusSeconds(60)).tasks();
      assertThat(left)
          .extracting(FetchTask::toString)
          .isEqualTo(all.subList(done, all.size()).stream().map(FetchTask::toString).toList());
      FetchTask task = all.get(done);
      Report report = task.reports().get(0);
      (report.equals(traffic) ? trafficHeld : pagesHeld)
          .addAll(task.days().stream().map(d -> day(report, d, NOW)).toList());
    }
  }

  @Test
  void whatWasAskedOtherwiseIsStaleUntilItIsAskedAgain() {
    Report traffic = TestReports.traffic();
    reports.add(traffic);
    List<Held> old = new ArrayList<>();
    range("2026-03-01", "2026-03-04").stream()
        .forEach(d -> old.add(new Held(SLICE, d, d, true, "another", NOW, "UTC", 1)));
    LocalDate moved = LocalDate.of(2026, 3, 5);
    old.add(new Held(SLICE, moved, moved, true, traffic.definition(), NOW, "Asia/Tokyo", 1));
    LocalDate unknown = LocalDate.of(2026, 3, 6);
    old.add(new Held(SLICE, unknown, unknown, true, traffic.definition(), NOW, null, 1));
    held.put(traffic.name(), List.of(old));
    Plan plan = plan(new Mode.Backfill(range("2026-03-03", "2026-03-06"), false, false), NOW);
    assertThat(days(plan)).containsExactly(range("2026-03-03", "2026-03-05"));
    assertThat(plan.stale())
        .singleElement()
        .satisfies(s -> assertThat(s.periods()).isEqualTo(2))
        .satisfies(s -> assertThat(s.first()).isEqualTo(LocalDate.of(2026, 3, 1)))
        .satisfies(s -> assertThat(s.last()).isEqualTo(LocalDate.of(2026, 3, 2)))
        .satisfies(s -> assertThat(s.why()).contains("definition"));
  }

  @Test
  void aStaleRangeContainsNoPeriodThatWasNeverStored() {
    Report traffic = TestReports.traffic();
    reports.add(traffic);
    List<Held> old = new ArrayList<>();
    for (String stored : List.of("2026-02-01 2026-02-03", "2026-02-10 2026-02-12")) {
      range(stored.substring(0, 10), stored.substring(11)).stream()
          .forEach(d -> old.add(new Held(SLICE, d, d, true, "another", NOW, "UTC", 1)));
    }
    held.put(traffic.name(), List.of(old));

    Plan plan = plan(new Mode.Backfill(range("2026-02-11", "2026-02-11"), false, false), NOW);

    assertThat(plan.stale())
        .extracting(s -> s.first() + " .. " + s.last() + ": " + s.periods())
        .as("the day between the stale ones is renewed by this plan")
        .containsExactly("2026-02-01 .. 2026-02-03: 3", "2026-02-10 .. 2026-02-12: 2");
  }

  @Test
  void whatOneOfTwoSinksLacksIsNotHeld() {
    Report traffic = TestReports.traffic();
    reports.add(traffic);
    List<Held> one =
        range("2026-03-01", "2026-03-05").stream().map(d -> day(traffic, d, NOW)).toList();
    List<Held> other = new ArrayList<>(one.subList(1, 4));
    LocalDate third = LocalDate.of(2026, 3, 3);
    other.set(1, new Held(SLICE, third, third, false, traffic.definition(), NOW, "UTC", 5));
    List<DayRange> due =
        List.of(
            DayRange.of(LocalDate.of(2026, 3, 1)),
            DayRange.of(third),
            range("2026-03-05", "2026-03-05"));
    held.put(traffic.name(), List.of(one, other));
    assertThat(backfill("2026-03-01", "2026-03-05")).isEqualTo(due);
    held.put(traffic.name(), List.of(other, one));
    assertThat(backfill("2026-03-01", "2026-03-05")).isEqualTo(due);
    held.put(traffic.name(), List.of(one, List.of()));
    assertThat(backfill("2026-03-01", "2026-03-05")).hasSize(1);
  }
}
