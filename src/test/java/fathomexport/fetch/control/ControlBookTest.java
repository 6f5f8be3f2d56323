package fathomexport.fetch.control;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.Outcome;
import fathomexport.api.answer.Refusal;
import fathomexport.certify.PeriodTotals;
import fathomexport.plan.ControlQuery;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Field;
import fathomexport.report.QueryShape;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.testing.TestReports;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A total is given for the days that it is known for, and for no others; a failure for the very
 * question that failed.
 */
class ControlBookTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 3, 1);
  private final ControlBook book = new ControlBook();

  private static DayRange days(int from, int to) {
    return new DayRange(FIRST.plusDays(from), FIRST.plusDays(to));
  }

  private static ControlQuery query(DateGrouping grouping, DayRange days, Field... fields) {
    Report report = TestReports.pageviews("r", grouping, fields);
    return ControlQuery.of(report, new Slice(new SiteId("CDBUGS"), null), days);
  }

  private static PeriodTotals totals(int day, long pageviews) {
    PeriodTotals totals = new PeriodTotals();
    totals.set(FIRST.plusDays(day), 1, Map.of(Aggregate.PAGEVIEWS, pageviews));
    return totals;
  }

  private long sum(ControlQuery query, DayRange days) {
    return book.find(query, days).orElseThrow().of(days.first()).sum(Aggregate.PAGEVIEWS);
  }

  @Test
  void onlyDaysThatAreAllKnown() {
    ControlQuery query = query(DateGrouping.DAY, days(0, 9));
    assertThat(book.find(query, days(0, 0))).isEmpty();
    book.put(query, days(0, 4), totals(2, 7), Instant.EPOCH);
    assertThat(book.find(query, days(0, 5))).isEmpty();
    assertThat(sum(query, days(2, 4))).isEqualTo(7);
    // A day without rows is known to be empty.
    assertThat(sum(query, days(0, 4))).isZero();
    book.put(query, days(5, 9), totals(5, 3), Instant.EPOCH);
    assertThat(sum(query, days(2, 9))).isEqualTo(7);
    assertThat(sum(query, days(5, 9))).isEqualTo(3);
  }

  @Test
  void theNewestAnswerStands() {
    ControlQuery query = query(DateGrouping.DAY, days(0, 9));
    book.put(query, days(0, 4), totals(2, 7), Instant.EPOCH);
    book.put(query, days(2, 2), new PeriodTotals(), Instant.EPOCH);
    assertThat(sum(query, days(2, 2))).isZero();
  }

  @Test
  void whatIsGivenIsACopy() {
    ControlQuery query = query(DateGrouping.DAY, days(0, 9));
    book.put(query, days(0, 0), totals(0, 7), Instant.EPOCH);
    book.find(query, days(0, 0)).orElseThrow().dropFrom(FIRST);
    assertThat(sum(query, days(0, 0))).isEqualTo(7);
  }

  @Test
  void reportsOfOtherFieldsShareWhatOtherGroupingsDoNot() {
    book.put(query(DateGrouping.DAY, days(0, 9)), days(0, 0), totals(0, 7), Instant.EPOCH);
    assertThat(book.find(query(DateGrouping.DAY, days(0, 3), Field.CITY), days(0, 0))).isPresent();
    assertThat(book.find(query(DateGrouping.HOUR, days(0, 9)), days(0, 0))).isEmpty();
    assertThat(book.find(query(DateGrouping.NONE, days(0, 9)), days(0, 0))).isEmpty();
  }

  @Test
  void rangesWithoutDateGroupingStandEachForItself() {
    ControlQuery one = query(DateGrouping.NONE, days(0, 9));
    ControlQuery wider = query(DateGrouping.NONE, days(0, 19));
    ControlQuery later = query(DateGrouping.NONE, days(5, 19));
    book.put(one, days(0, 9), totals(0, 10), Instant.EPOCH);
    book.put(later, days(5, 19), totals(5, 15), Instant.EPOCH);
    assertThat(book.find(wider, days(0, 19))).isEmpty();
    assertThat(book.find(query(DateGrouping.NONE, days(5, 9)), days(5, 9))).isEmpty();
    book.put(wider, days(0, 19), totals(0, 20), Instant.EPOCH);
    assertThat(sum(one, days(0, 9))).isEqualTo(10);
    assertThat(sum(later, days(5, 19))).isEqualTo(15);
    assertThat(sum(wider, days(0, 19))).isEqualTo(20);
  }

  @Test
  void whatLiesBehindIsForgottenAndWhatIsAheadIsNot() {
    ControlQuery first = query(DateGrouping.DAY, days(0, 9));
    ControlQuery second = query(DateGrouping.DAY, days(10, 19));
    book.put(second, days(10, 12), totals(11, 5), Instant.EPOCH);
    book.makeCurrent(first);
    book.put(first, days(0, 9), totals(2, 7), Instant.EPOCH);
    book.makeCurrent(query(DateGrouping.HOUR, days(10, 16)));
    book.makeCurrent(query(DateGrouping.DAY, days(0, 9), Field.CITY));
    assertThat(sum(first, days(2, 9))).as("another report of the same days").isEqualTo(7);
    book.makeCurrent(second);
    assertThat(book.find(first, days(0, 0))).isEmpty();
    assertThat(sum(second, days(11, 12))).isEqualTo(5);
    book.put(second, days(10, 19), totals(11, 6), Instant.EPOCH);
    assertThat(sum(second, days(11, 19))).isEqualTo(6);
  }

  @Test
  void theLeastUsedIsForgotten() {
    for (int i = 0; i < 257; i++) {
      Report report = TestReports.pageviews("r", DateGrouping.DAY);
      ControlQuery q = ControlQuery.of(report, new Slice(new SiteId("S" + i), null), days(0, 0));
      book.put(q, days(0, 0), totals(0, i), Instant.EPOCH);
      assertThat(sum(q, days(0, 0))).isEqualTo(i);
    }
    ControlQuery first =
        ControlQuery.of(
            TestReports.pageviews("r", DateGrouping.DAY),
            new Slice(new SiteId("S0"), null),
            days(0, 0));
    assertThat(book.find(first, days(0, 0))).isEmpty();
  }

  private static Outcome.Failure<?> unavailable(Outcome.Unavailable.Cause cause) {
    return new Outcome.Unavailable<>("HTTP 504", cause);
  }

  private static Outcome.Failure<?> refused(Refusal refusal) {
    return new Outcome.Refused<>(400, refusal, "no", false);
  }

  /** A passing outage is survived: each turn asks once more, and all reports share that request. */
  @ParameterizedTest
  @EnumSource(names = {"ATTEMPTS", "RETRIES_SPENT"})
  void aQuestionThatFailedIsAskedOnceATurn(Outcome.Unavailable.Cause cause) {
    ControlQuery question = query(DateGrouping.DAY, days(0, 9));
    assertThat(book.unanswered(question, 1)).isEmpty();
    book.failed(question, unavailable(cause));
    // The retries of one report are not those of another.
    assertThat(book.unanswered(question, 1))
        .contains(unavailable(Outcome.Unavailable.Cause.ATTEMPTS));
    assertThat(book.unanswered(question, 2)).isEmpty();
    book.failed(question, unavailable(cause));
    assertThat(book.unanswered(question, 1)).isPresent();
    assertThat(book.unanswered(question, 2)).isPresent();
    book.put(question, days(0, 9), totals(2, 7), Instant.EPOCH);
    assertThat(book.unanswered(question, 1)).as("answered since").isEmpty();
  }

  @Test
  void aRefusalAndAnUnusableFormHoldForTheRun() {
    ControlQuery refused = query(DateGrouping.DAY, days(0, 9));
    ControlQuery unusable = query(DateGrouping.DAY, days(10, 19));
    ControlQuery page = query(DateGrouping.DAY, days(20, 29));
    ControlQuery redirected = query(DateGrouping.DAY, days(30, 39));
    book.failed(refused, refused(Refusal.PARAMETERS));
    book.failed(unusable, new Outcome.Malformed<>("row 1 is not an object", true));
    book.failed(page, new Outcome.Malformed<>("a page of a proxy", false));
    book.failed(redirected, refused(Refusal.OTHER));
    book.makeCurrent(unusable);
    book.makeCurrent(page);
    assertThat(book.unanswered(refused, 2)).contains(refused(Refusal.PARAMETERS));
    assertThat(book.unanswered(unusable, 2)).isPresent();
    assertThat(book.unanswered(page, 1)).isPresent();
    assertThat(book.unanswered(page, 2)).as("a proxy may have answered").isEmpty();
    assertThat(book.unanswered(redirected, 1)).isPresent();
    assertThat(book.unanswered(redirected, 2)).isEmpty();
  }

  @Test
  void whatSaysNothingAboutTheQuestionIsNotRemembered() {
    ControlQuery question = query(DateGrouping.DAY, days(0, 9));
    book.failed(question, unavailable(Outcome.Unavailable.Cause.INTERRUPTED));
    book.failed(question, unavailable(Outcome.Unavailable.Cause.DOWN));
    book.failed(question, unavailable(Outcome.Unavailable.Cause.CLOSED));
    book.failed(question, new Outcome.Spent<>(3));
    book.failed(question, new Outcome.Stopped<>());
    book.failed(question, new Outcome.Misconfigured<>("no trust"));
    assertThat(book.unanswered(question, 1)).isEmpty();
  }

  @Test
  void anotherQuestionMayBeAsked() {
    ControlQuery question = query(DateGrouping.DAY, days(0, 9));
    book.failed(question, refused(Refusal.PARAMETERS));
    assertThat(book.unanswered(query(DateGrouping.DAY, days(0, 9), Field.CITY), 1))
        .as("the same control of another report")
        .isPresent();
    assertThat(book.unanswered(query(DateGrouping.DAY, days(0, 4)), 1)).isEmpty();
    assertThat(book.unanswered(query(DateGrouping.HOUR, days(0, 9)), 1)).isEmpty();
    QueryShape shape =
        new QueryShape(
            question.shape().entity(),
            List.of(Aggregate.PAGEVIEWS, Aggregate.BOUNCE_RATE),
            DateGrouping.DAY,
            List.of(),
            List.of());
    assertThat(book.unanswered(new ControlQuery(question.slice(), shape, days(0, 9)), 1))
        .as("other aggregates")
        .isEmpty();
  }
}
