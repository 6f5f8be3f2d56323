package fathomexport.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.certify.Certifier;
import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.limits.Lessons;
import fathomexport.fetch.rows.Responses;
import fathomexport.plan.ControlQuery;
import fathomexport.plan.FetchTask;
import fathomexport.plan.HeldPeriod;
import fathomexport.plan.History;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.run.FetchFailedException;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.testing.TestReports;
import java.io.IOException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An empty response is doubted where it is surprising, and a total decides. */
class EmptinessCheckTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 3, 1);
  private static final DayRange DAYS = new DayRange(FIRST, FIRST.plusDays(9));

  @RegisterExtension final Lessons lessons = new Lessons();
  private OneSite site;
  private final Tally tally = new Tally();

  @BeforeEach
  void begin() throws IOException {
    site = new OneSite(lessons, 1_000);
  }

  @AfterEach
  void end() {
    site.close();
  }

  private static LocalDate day(int offset) {
    return FIRST.plusDays(offset);
  }

  private static Set<LocalDate> days(int... offsets) {
    return IntStream.of(offsets).mapToObj(FIRST::plusDays).collect(Collectors.toSet());
  }

  /** The totals of a response with traffic on these days. */
  private static PeriodTotals traffic(Set<LocalDate> days) {
    PeriodTotals totals = new PeriodTotals();
    days.forEach(day -> totals.set(day, 1, Map.of(Aggregate.PAGEVIEWS, 5L)));
    return totals;
  }

  private static FetchTask task(
      DateGrouping grouping, DayRange days, Map<LocalDate, HeldPeriod> held, History history) {
    Report report = TestReports.pageviews("traffic", grouping);
    return new FetchTask(
        OneSite.SITE,
        OneSite.SLICE,
        Responses.shape(grouping),
        days,
        List.of(report),
        ControlQuery.of(report, OneSite.SLICE, days),
        held,
        history,
        null,
        days.first());
  }

  private EmptinessCheck check(Map<LocalDate, HeldPeriod> held, History history) {
    return new EmptinessCheck(site.context, task(DateGrouping.DAY, DAYS, held, history), tally);
  }

  private Set<LocalDate> doubted(Set<LocalDate> active, History history)
      throws FetchFailedException, IOException {
    // The server has traffic on every day, so each doubted day is found not to be empty.
    DAYS.stream().forEach(day -> site.visited(day, 1));
    return check(Map.of(), history).faults(traffic(active), DAYS).keySet();
  }

  private static History stored(Set<LocalDate> stored, Set<LocalDate> active) {
    return new History(stored, active);
  }

  @Test
  void aSilentSiteCostsNothing() throws FetchFailedException, IOException {
    assertThat(check(Map.of(), History.NONE).faults(new PeriodTotals(), DAYS)).isEmpty();
    assertThat(site.requests()).isZero();
    assertThat(tally.controlRequests).isZero();
  }

  @Test
  void aSuddenEndIsDoubtedByOneQuery() throws FetchFailedException, IOException {
    assertThat(doubted(days(0, 1, 2, 3, 4, 5, 6), History.NONE)).isEqualTo(days(7, 8, 9));
    assertThat(site.requests()).isOne();
    assertThat(tally.controlRequests).isOne();
  }

  @Test
  void aTotalOfZeroConfirmsAnEnd() throws FetchFailedException, IOException {
    assertThat(check(Map.of(), History.NONE).faults(traffic(days(0, 1, 2, 3, 4, 5, 6)), DAYS))
        .isEmpty();
    assertThat(site.requests()).isOne();
  }

  @Test
  void emptyDaysBeforeTrafficAreNoEnd() throws FetchFailedException, IOException {
    assertThat(doubted(days(9), History.NONE)).isEmpty();
    assertThat(doubted(days(0, 1, 2, 7, 8, 9), History.NONE)).isEmpty();
    assertThat(site.requests()).isZero();
  }

  /** A site that has quiet days now and then has them at the end, too. */
  @Test
  void eachOfTheThreeDaysBeforeMustHaveHadTraffic() throws FetchFailedException, IOException {
    assertThat(doubted(days(3, 5, 6, 7, 8), History.NONE)).isEqualTo(days(9));
    for (int quiet : new int[] {6, 7}) {
      Set<LocalDate> active = days(4, 5, 6, 7, 8);
      active.remove(day(quiet));
      assertThat(doubted(active, History.NONE)).as("day %s without traffic", quiet).isEmpty();
    }
  }

  /** Days before the range count as they are stored; days that are not stored do not count. */
  @Test
  void theDaysBeforeTheRangeAreThoseOfTheLedger() throws FetchFailedException, IOException {
    Set<LocalDate> none = Set.of();
    assertThat(doubted(none, stored(days(-1), days(-1)))).hasSize(DAYS.days());
    assertThat(doubted(none, stored(days(-3), days(-3)))).hasSize(DAYS.days());
    assertThat(doubted(none, stored(days(-4), days(-4)))).as("too long ago").isEmpty();
    assertThat(doubted(none, stored(days(-3, -2, -1), days(-3, -1)))).as("a quiet one").isEmpty();
    assertThat(doubted(none, stored(days(-4, -3, -2, -1), days(-3, -2, -1))))
        .as("the quiet one is too long ago")
        .hasSize(DAYS.days());
  }

  /** What is stored as empty was verified when it was stored. */
  @Test
  void aStoredEmptyDayIsNotDoubtedAgain() throws FetchFailedException, IOException {
    Set<LocalDate> active = days(0, 1, 2, 3, 4, 5, 6, 7, 8);
    assertThat(doubted(active, stored(days(9), Set.of()))).isEmpty();
    assertThat(doubted(active, stored(days(8), days(8)))).isEqualTo(days(9));
  }

  /** Wherever it lies: an empty response would remove rows. */
  @ParameterizedTest
  @CsvSource({"0, false", "1, true"})
  void aDayWhoseStoredRowsWouldBeRemovedIsDoubted(long rows, boolean isDoubted)
      throws FetchFailedException, IOException {
    site.visited(day(4), 1);
    Map<LocalDate, HeldPeriod> held = Map.of(day(4), new HeldPeriod(rows, null, true));
    assertThat(check(held, History.NONE).faults(traffic(days(8, 9)), DAYS).keySet())
        .isEqualTo(isDoubted ? days(4) : Set.of());
    assertThat(site.requests()).isEqualTo(isDoubted ? 1 : 0);
  }

  /** Another report of the same control has rows there. */
  @Test
  void aDayThatAnotherReportHasRowsOfIsDoubted() throws FetchFailedException, IOException {
    assertThat(doubted(days(8, 9), stored(days(4), days(4)))).isEqualTo(days(4));
  }

  @Test
  void adjacentDaysShareAQuery() throws FetchFailedException, IOException {
    site.visited(day(2), 3);
    EmptinessCheck check = check(Map.of(), History.NONE);

    Map<LocalDate, Certifier.Fault> faults = check.faults(days(1, 2, 3, 6, 7, 9), DAYS);

    assertThat(faults.keySet()).as("the days of the run with traffic").isEqualTo(days(1, 2, 3));
    assertThat(site.requests()).isEqualTo(3);
    assertThat(tally.controlRequests).isEqualTo(3);
    assertThat(check.faults(days(1, 2, 3, 6, 7, 9), DAYS)).isEqualTo(faults);
    assertThat(site.requests()).as("reports of one control share the answers").isEqualTo(3);
  }

  @Test
  void adjacentMonthsShareAQuery() throws FetchFailedException, IOException {
    DayRange months = new DayRange(LocalDate.of(2026, 1, 1), LocalDate.of(2026, 4, 10));
    site.visited(LocalDate.of(2026, 2, 28), 1);
    EmptinessCheck check =
        new EmptinessCheck(
            site.context, task(DateGrouping.MONTH, months, Map.of(), History.NONE), tally);
    Set<LocalDate> empty =
        Set.of(LocalDate.of(2026, 1, 1), LocalDate.of(2026, 2, 1), LocalDate.of(2026, 4, 1));
    assertThat(check.faults(empty, months))
        .containsOnlyKeys(LocalDate.of(2026, 1, 1), LocalDate.of(2026, 2, 1));
    assertThat(site.requests()).isEqualTo(2);
  }

  @Test
  void theReasonSaysWhatTheTotalIs() throws FetchFailedException, IOException {
    site.visited(day(8), 3);
    assertThat(check(Map.of(), History.NONE).faults(days(8, 9), DAYS))
        .containsEntry(
            day(9),
            new Certifier.Fault(
                "the answer had no rows, but the query for the total of 2026-03-09..2026-03-10"
                    + " returned 3 pageviews",
                false));
  }

  /** A total always has one row, so none is no answer. */
  @Test
  void theReasonSaysThatThereIsNoTotal() throws FetchFailedException, IOException {
    site.api.behave(Behaviour.unlimited().withFault(FaultRule.when(r -> true, Fault.body("[]"))));
    assertThat(check(Map.of(), History.NONE).faults(days(9), DAYS))
        .containsEntry(
            day(9),
            new Certifier.Fault(
                "the answer had no rows, and the query for the total had none either, although it"
                    + " always returns one row",
                false));
  }

  /** Without date grouping, the response in doubt is this total: it is queried again, once. */
  @Test
  void aRangeWithoutDateGroupingIsQueriedAgain() throws FetchFailedException, IOException {
    FetchTask whole =
        task(DateGrouping.NONE, DAYS, Map.of(FIRST, new HeldPeriod(4, null, true)), History.NONE);
    PeriodTotals nothing = new PeriodTotals();
    nothing.set(FIRST, 1, Map.of(Aggregate.PAGEVIEWS, 0L));
    site.context.book().put(whole.control(), DAYS, nothing, Instant.EPOCH);
    site.visited(day(5), 2);
    EmptinessCheck check = new EmptinessCheck(site.context, whole, tally);

    assertThat(check.faults(nothing, DAYS)).containsOnlyKeys(FIRST);
    assertThat(site.requests()).isOne();
    assertThat(check.faults(nothing, DAYS)).containsOnlyKeys(FIRST);
    assertThat(site.requests()).isOne();
  }

  @Test
  void aRangeWithoutDateGroupingIsSilentIfItsSumsAreZero() {
    FetchTask whole = task(DateGrouping.NONE, DAYS, Map.of(), History.NONE);
    FetchTask daily = task(DateGrouping.DAY, DAYS, Map.of(), History.NONE);
    PeriodTotals zero = new PeriodTotals();
    zero.set(FIRST, 1, Map.of(Aggregate.PAGEVIEWS, 0L));
    assertThat(EmptinessCheck.isSilent(whole, zero.of(FIRST))).isTrue();
    assertThat(EmptinessCheck.isSilent(daily, zero.of(FIRST))).as("a row was returned").isFalse();
    assertThat(EmptinessCheck.isSilent(daily, zero.of(day(1)))).isTrue();
    zero.set(FIRST, 1, Map.of(Aggregate.PAGEVIEWS, 1L));
    assertThat(EmptinessCheck.isSilent(whole, zero.of(FIRST))).isFalse();
  }
}
