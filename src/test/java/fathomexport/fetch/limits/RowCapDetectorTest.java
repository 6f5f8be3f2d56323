package fathomexport.fetch.limits;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.rows.PageReader;
import fathomexport.fetch.rows.Responses;
import fathomexport.fetch.rows.Responses.Row;
import fathomexport.plan.Pager;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Field;
import fathomexport.report.QueryShape;
import fathomexport.report.rows.RowSpool;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A response that ends too early is a cap if it ends at the same number of rows again. */
class RowCapDetectorTest {
  private static final int LIMIT = 1_000;
  private static final LocalDate FIRST = LocalDate.of(2026, 3, 1);
  private static final DayRange DAYS = new DayRange(FIRST, FIRST.plusDays(9));
  private static final QueryShape SHAPE = Responses.shape(DateGrouping.DAY, Field.PATHNAME);

  @RegisterExtension final Lessons lessons = new Lessons();
  private Knowledge knowledge;
  private Pager pager;
  private RowCapDetector cap;
  private final RowSpool spool = new RowSpool(Path.of("."));

  @BeforeEach
  void begin() {
    knowledge = lessons.ofARun();
    pager = new Pager(DateGrouping.DAY, DAYS, LIMIT, 180);
    cap = new RowCapDetector(knowledge, LIMIT, SHAPE, pager);
  }

  @AfterEach
  void end() {
    spool.close();
  }

  private static LocalDate day(int offset) {
    return FIRST.plusDays(offset);
  }

  /** A response of so many rows on the day with this number, after one row on each day before. */
  private PageReader page(int day, int rows) {
    List<Row> all = new ArrayList<>();
    for (int before = 0; before < day; before++) {
      all.add(Row.of(day(before), "/"));
    }
    for (int i = 0; i < rows; i++) {
      all.add(Row.of(day(day), "/" + i));
    }
    return Responses.read(new PageReader(SHAPE, DAYS, spool), SHAPE, all);
  }

  private static PeriodTotals expected(Map<Integer, Long> pageviews) {
    PeriodTotals totals = new PeriodTotals();
    pageviews.forEach((day, sum) -> totals.set(day(day), 1, Map.of(Aggregate.PAGEVIEWS, sum)));
    return totals;
  }

  /** Without a control: the days that follow the end are requested if a cap may have cut it off. */
  private boolean asksBehind(PageReader page) {
    pager.answered(page.rows(), page.first(), page.last());
    assertThat(pager.done()).isTrue();
    knowledge.sawRows(page.rows());
    cap.askBehind(page, DAYS);
    return !pager.done();
  }

  @ParameterizedTest
  @CsvSource({"9, false", "10, true"})
  void quietSitesAreNotSuspected(int rows, boolean suspected) {
    assertThat(asksBehind(page(0, rows))).isEqualTo(suspected);
  }

  @ParameterizedTest
  @CsvSource({"8, true", "9, false"})
  void aResponseThatReachesItsLastDayIsNotSuspected(int lastDay, boolean suspected) {
    assertThat(asksBehind(page(lastDay, 20))).isEqualTo(suspected);
    if (suspected) {
      assertThat(pager.ask()).as("the days after the end").isEqualTo(DayRange.of(day(9)));
    }
  }

  @ParameterizedTest
  @CsvSource({"20, true", "21, false"})
  void aResponseShorterThanAnotherOfTheRunIsNotSuspected(int longest, boolean suspected) {
    knowledge.sawRows(longest);
    assertThat(asksBehind(page(0, 20))).isEqualTo(suspected);
  }

  @Test
  void nothingAfterTheEndMeansThatItWasTheEnd() {
    assertThat(asksBehind(page(0, 20))).isTrue();
    PageReader nothing = Responses.read(new PageReader(SHAPE, DAYS, spool), SHAPE);
    assertThat(cap.cutOff(nothing)).isNull();
    cap.cameAgain(nothing);
    assertThat(pager.limit()).isEqualTo(LIMIT);
    assertThat(lessons.stored().rowCap()).isEmpty();
  }

  @Test
  void rowsAfterTheEndMeanThatItWasCutOff() {
    PageReader page = page(4, 20);
    assertThat(asksBehind(page)).isTrue();
    assertThat(pager.ask()).isEqualTo(new DayRange(day(5), day(9)));

    RowCapDetector.Tail tail = Objects.requireNonNull(cap.cutOff(page(5, 1)));

    assertThat(tail.last()).isEqualTo(day(4));
    assertThat(tail.lastStart()).isEqualTo(page.lastStart());
    cap.askAgain(tail);
    assertThat(pager.ask())
        .as("from the day that was cut off")
        .isEqualTo(new DayRange(day(4), day(9)));
    assertThat(pager.limit()).as("one response may have another cause").isEqualTo(LIMIT);
  }

  /** The next window's rows show nothing about the end of this one. */
  @Test
  void rowsAfterTheRequestedDaysShowNothing() {
    PageReader page = page(0, 20);
    DayRange asked = new DayRange(day(0), day(1));
    cap.askBehind(page, asked);
    PageReader later =
        Responses.read(new PageReader(SHAPE, DAYS, spool), SHAPE, Row.of(day(2), "/"));
    assertThat(cap.cutOff(later)).isNull();
    cap.askBehind(page, asked);
    PageReader behind =
        Responses.read(new PageReader(SHAPE, DAYS, spool), SHAPE, Row.of(day(1), "/"));
    assertThat(cap.cutOff(behind)).isNotNull();
    assertThat(cap.cutOff(behind)).as("only the next response shows it").isNull();
  }

  @ParameterizedTest
  @CsvSource({"24, true", "23, false", "25, false"})
  void theSameNumberOfRowsAgainIsACap(int again, boolean isCap) {
    PageReader page = page(4, 20);
    assertThat(asksBehind(page)).isTrue();
    RowCapDetector.Tail tail = Objects.requireNonNull(cap.cutOff(page(5, 1)));
    cap.askAgain(tail);

    cap.cameAgain(page(0, again));

    assertThat(pager.limit()).isEqualTo(isCap ? 24 : LIMIT);
    assertThat(lessons.stored().rowCap().orElse(0)).isEqualTo(isCap ? 24 : 0);
  }

  /** With a control: all that is missing lies at the end. */
  @Test
  void aShortageAtTheEndIsSuspected() {
    PageReader page = page(2, 18);
    assertThat(cap.suspects(List.of(day(2), day(3)), expected(Map.of(2, 19L, 3, 1L)), page))
        .isTrue();
    assertThat(cap.isAbout(day(2))).isTrue();
    assertThat(cap.isAbout(day(3))).isFalse();
    assertThat(cap.suspects(List.of(day(2)), expected(Map.of(2, 19L)), page))
        .as("once is enough")
        .isFalse();
  }

  @Test
  void aShortageBeforeTheEndOrASurplusIsNotSuspected() {
    PageReader page = page(2, 18);
    PeriodTotals more = expected(Map.of(1, 2L, 2, 19L));
    assertThat(cap.suspects(List.of(day(1), day(2)), more, page)).isFalse();
    assertThat(cap.suspects(List.of(day(2)), expected(Map.of(2, 17L)), page)).isFalse();
    assertThat(cap.suspects(List.of(day(2), day(3)), expected(Map.of(2, 17L, 3, 5L)), page))
        .isFalse();
    assertThat(cap.isAbout(day(2))).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"1, false", "2, true"})
  void aResponseOfOneRowIsNotSuspected(int rows, boolean suspected) {
    assertThat(cap.suspects(List.of(day(0)), expected(Map.of(0, 50L)), page(0, rows)))
        .isEqualTo(suspected);
  }

  private void suspectTwentyRows() {
    assertThat(cap.suspects(List.of(day(0)), expected(Map.of(0, 50L)), page(0, 20))).isTrue();
  }

  @Test
  void aSuspectedCapIsRememberedOnceTheMissingRowsHaveCome() {
    suspectTwentyRows();
    cap.cameAgain(page(0, 20));
    assertThat(pager.limit()).as("from now on").isEqualTo(20);
    assertThat(lessons.stored().rowCap()).as("not confirmed yet").isEmpty();
    cap.agreed(new DayRange(day(1), day(9)));
    assertThat(lessons.stored().rowCap()).as("other days").isEmpty();
    cap.agreed(DayRange.of(day(0)));
    assertThat(lessons.stored().rowCap()).contains(20);
    assertThat(pager.limit()).isEqualTo(20);
    assertThat(cap.isAbout(day(0))).isFalse();
  }

  @Test
  void anotherNumberOfRowsRefutesTheSuspicion() {
    suspectTwentyRows();
    cap.cameAgain(page(0, 21));
    assertThat(pager.limit()).isEqualTo(LIMIT);
    cap.agreed(DAYS);
    assertThat(lessons.stored().rowCap()).isEmpty();
    assertThat(cap.suspects(List.of(day(0)), expected(Map.of(0, 50L)), page(0, 20)))
        .as("not in this range again")
        .isFalse();
  }

  @Test
  void missingRowsThatDoNotExistRestoreTheLimit() {
    suspectTwentyRows();
    cap.cameAgain(page(0, 20));
    cap.settle(false);
    assertThat(pager.limit()).isEqualTo(LIMIT);
    assertThat(lessons.stored().rowCap()).isEmpty();
    assertThat(cap.suspects(List.of(day(0)), expected(Map.of(0, 50L)), page(0, 20))).isFalse();
    cap.settle(true);
    assertThat(lessons.stored().rowCap()).as("there is nothing to settle").isEmpty();
  }

  /** What is restored is what the run has learned, not what is configured. */
  @Test
  void aLearnedLimitIsRestored() {
    knowledge.limitRefused(SHAPE.key(), 500, "too many");
    pager.limit(500);
    suspectTwentyRows();
    cap.cameAgain(page(0, 20));
    cap.settle(false);
    assertThat(pager.limit()).isEqualTo(500);
  }

  @Test
  void aRangeWithoutDateGroupingHasNoTail() {
    QueryShape whole = Responses.shape(DateGrouping.NONE, Field.PATHNAME);
    Pager own = new Pager(DateGrouping.NONE, DAYS, LIMIT, 180);
    PageReader page = new PageReader(whole, DAYS, spool);
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      rows.add(Row.of(FIRST, "/" + i));
    }
    Responses.read(page, whole, rows);
    own.answered(page.rows(), page.first(), page.last());
    new RowCapDetector(knowledge, LIMIT, whole, own).askBehind(page, DAYS);
    assertThat(own.done()).isTrue();
  }
}
