package fathomexport.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.AggregationRequest;
import fathomexport.api.Outcome;
import fathomexport.api.PaidAnswer;
import fathomexport.api.PaidAnswers;
import fathomexport.api.answer.Refusal;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.QueryShape;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.testing.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the attempts at a lane keep for each other, and for how long. */
class KeptAnswersTest {
  private static final Duration AGE = Duration.ofHours(2);
  private static final Instant NOON = Instant.parse("2025-10-02T12:00:00Z");
  private static final LocalDate LAST = LocalDate.of(2025, 10, 31);
  private static final Slice ONE = new Slice(new SiteId("SITEONE"), null);
  private static final Slice TWO = new Slice(new SiteId("SITETWO"), null);
  private static final QueryShape PAGES = shape(Field.PATHNAME);
  private static final QueryShape CONTROL = shape();

  private TestDatabase database;
  private RunBoard board;

  @BeforeEach
  void begin() {
    database = TestDatabase.migrated();
    board = TestBoard.begun(database);
  }

  @AfterEach
  void end() {
    board.end();
    assertThat(database.query("SELECT 1 FROM fathom_ops.cluster_answer")).isEmpty();
    board.close();
    database.close();
  }

  private static QueryShape shape(Field... fields) {
    return new QueryShape(
        Entity.PAGEVIEW,
        List.of(Aggregate.PAGEVIEWS),
        DateGrouping.DAY,
        List.of(fields),
        List.of());
  }

  private static LocalDate day(int day) {
    return LocalDate.of(2025, 10, day);
  }

  private static AggregationRequest request(Slice slice, QueryShape shape, int first, long offset) {
    return new AggregationRequest(
        shape, slice, new DayRange(day(first), LAST), 1_000, null, offset);
  }

  private static AggregationRequest page(int first) {
    return request(ONE, PAGES, first, 0);
  }

  private static AggregationRequest control(Slice slice) {
    return request(slice, CONTROL, 1, 0);
  }

  private static PaidAnswer answer(int minute) {
    return PaidAnswer.of(
        new Outcome.Refused<>(422, Refusal.PARAMETERS, "no", false),
        NOON.plus(Duration.ofMinutes(minute)));
  }

  /** Begins an attempt at the lane. */
  private PaidAnswers attempt(String name) {
    assertThat(board.beginLane(0, name, "host-1")).isTrue();
    return board.answers(0, name, AGE);
  }

  private static List<Instant> all(PaidAnswers answers, AggregationRequest request) {
    return answers.find(request, Instant.MIN).stream().map(PaidAnswer::endedAt).toList();
  }

  private static Instant noonAnd(int minutes) {
    return NOON.plus(Duration.ofMinutes(minutes));
  }

  private long kept() {
    return database.query("SELECT 1 FROM fathom_ops.cluster_answer").size();
  }

  @Test
  void theNextAttemptFindsEachAnswerOnceAndInItsOrder() {
    PaidAnswers first = attempt("first");
    first.keep(page(1), answer(1));
    first.keep(page(1), answer(2));
    first.keep(page(5), answer(3));
    assertThat(first.find(page(1), Instant.MIN))
        .as("who asks again wants a newer answer")
        .isEmpty();

    PaidAnswers second = attempt("second");
    assertThat(all(second, page(1))).containsExactly(noonAnd(1));
    assertThat(all(second, page(1))).containsExactly(noonAnd(2));
    assertThat(all(second, page(1))).isEmpty();
    assertThat(all(second, request(ONE, PAGES, 5, 1_000))).isEmpty();

    PaidAnswers third = attempt("third");
    assertThat(third.find(page(1), noonAnd(1)).map(PaidAnswer::endedAt))
        .as("the first one ended by then")
        .contains(noonAnd(2));
    assertThat(all(third, page(1))).isEmpty();
    assertThat(all(third, page(5))).containsExactly(noonAnd(3));
  }

  @Test
  void whatIsStoredIsNotNeededAnyMore() {
    PaidAnswers first = attempt("first");
    first.keep(control(TWO), answer(0));
    first.keep(control(ONE), answer(1));
    first.keep(page(1), answer(2));
    first.keep(page(5), answer(3));
    first.keep(request(ONE, PAGES, 5, 1_000), answer(4));
    first.stored(ONE, PAGES, day(8));
    assertThat(kept()).as("the control, and the pages from which the next ones go on").isEqualTo(3);

    PaidAnswers second = attempt("second");
    assertThat(second.beginning(ONE, PAGES, day(8))).isEqualTo(day(5));
    assertThat(second.beginning(TWO, PAGES, day(8))).isEqualTo(day(8));
    assertThat(all(second, control(TWO))).isEmpty();
    second.stored(ONE, PAGES, day(9));
    assertThat(kept()).as("what nobody has asked for yet stays").isEqualTo(3);
    assertThat(all(second, control(ONE))).hasSize(1);
    assertThat(all(second, page(5))).hasSize(1);
    second.keep(page(9), answer(5));
    second.stored(ONE, PAGES, day(12));
    assertThat(kept()).isEqualTo(3);
    assertThat(all(second, request(ONE, PAGES, 5, 1_000))).hasSize(1);
    second.stored(TWO, PAGES, day(1));
    assertThat(kept()).as("the lane is at another slice").isZero();
  }

  @Test
  void anAttemptThatWasReplacedChangesNothing() {
    PaidAnswers first = attempt("first");
    first.keep(page(1), answer(1));
    PaidAnswers second = attempt("second");
    first.keep(page(5), answer(2));
    first.stored(ONE, PAGES, LAST);
    assertThat(kept()).isEqualTo(1);
    assertThat(all(second, page(1))).hasSize(1);
  }

  /** Pages that continue each other are of use only together. */
  @Test
  void whatIsKeptOfALaneIsBounded() {
    PaidAnswers first = attempt("first");
    first.keep(page(1), answer(1));
    first.keep(page(5), answer(2));
    database.execute(
        "INSERT INTO fathom_ops.cluster_answer (run_id, lane, request, answer)"
            + " SELECT 'run-1', 0, '', decode(repeat('00', 64 << 20), 'hex')");
    first.keep(request(ONE, PAGES, 5, 1_000), answer(3));
    database.execute("DELETE FROM fathom_ops.cluster_answer WHERE request = ''");
    first.keep(request(ONE, PAGES, 5, 2_000), answer(4));
    first.keep(page(9), answer(5));

    PaidAnswers second = attempt("second");
    assertThat(all(second, page(1))).hasSize(1);
    assertThat(all(second, page(5))).isEmpty();
    assertThat(all(second, request(ONE, PAGES, 5, 2_000))).isEmpty();
    assertThat(all(second, page(9))).hasSize(1);
  }

  @Test
  void whatIsOldIsRemoved() {
    attempt("first").keep(page(1), answer(1));
    database.execute("UPDATE fathom_ops.cluster_answer SET kept_at = now() - interval '3 hours'");
    assertThat(all(attempt("second"), page(1))).isEmpty();
    assertThat(kept()).isZero();
  }
}
