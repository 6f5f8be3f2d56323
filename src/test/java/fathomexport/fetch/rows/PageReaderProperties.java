package fathomexport.fetch.rows;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.rows.Responses.Row;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Field;
import fathomexport.report.QueryShape;
import fathomexport.report.rows.RowSpool;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A valid response is kept row by row, however it is cut into pages; any other is a violation. */
class PageReaderProperties {
  private static final LocalDate FIRST = LocalDate.of(2026, 1, 28);
  private static final DayRange DAYS = new DayRange(FIRST, FIRST.plusDays(400));
  private static final QueryShape BY_DAY = Responses.shape(DateGrouping.DAY, Field.PATHNAME);
  private static final QueryShape BY_HOUR = Responses.shape(DateGrouping.HOUR, Field.PATHNAME);

  /** Small spools stay in memory. */
  private static RowSpool spool() {
    return new RowSpool(Path.of("."));
  }

  private static PageReader page(RowSpool spool) {
    return new PageReader(BY_DAY, DAYS, spool);
  }

  private static LocalDate day(Row row) {
    return LocalDate.parse(row.label().substring(0, 10));
  }

  /** The sums of rows by day, computed from the rows themselves. */
  private static Map<LocalDate, Long> sums(List<Row> rows) {
    Map<LocalDate, Long> sums = new TreeMap<>();
    rows.forEach(row -> sums.merge(day(row), row.pageviews(), Long::sum));
    return sums;
  }

  private static Map<LocalDate, Long> sums(PeriodTotals totals) {
    Map<LocalDate, Long> sums = new TreeMap<>();
    totals.periods().forEach((day, total) -> sums.put(day, total.sum(Aggregate.PAGEVIEWS)));
    return sums;
  }

  private static List<String> texts(List<Row> rows) {
    return rows.stream().map(row -> day(row) + " " + row.path()).toList();
  }

  /**
   * A valid response: days up to 20 days apart, over several months, each of up to four groups.
   *
   * @param hours the rows of a day belong to two hours
   */
  private static List<Row> rows(List<Integer> groups, int step, boolean hours) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < groups.size(); i++) {
      LocalDate day = FIRST.plusDays((long) i * step);
      for (int group = 0; group < groups.get(i); group++) {
        String hour = hours ? " 0" + group / 2 + ":00:00" : "";
        rows.add(new Row(day + hour, "/" + group, i + group));
      }
    }
    return rows;
  }

  @Provide
  Arbitrary<List<Row>> daily() {
    return responses(false);
  }

  @Provide
  Arbitrary<List<Row>> hourly() {
    return responses(true);
  }

  private static Arbitrary<List<Row>> responses(boolean hours) {
    return Combinators.combine(
            Arbitraries.integers().between(0, 4).list().ofMinSize(1).ofMaxSize(12),
            Arbitraries.integers().between(1, 20))
        .as((groups, step) -> rows(groups, step, hours));
  }

  /** Pages by offset continue anywhere, also within a day, and may return its rows again. */
  @Property(tries = 300)
  void pagesAddUpWhereverTheyAreCut(
      @ForAll("daily") List<Row> rows,
      @ForAll @IntRange(max = 48) int first,
      @ForAll @IntRange(max = 48) int second,
      @ForAll @IntRange(max = 3) int again)
      throws IOException {
    assertPagesAddUp(BY_DAY, rows, first, second, again);
  }

  @Property(tries = 300)
  void pagesOfHoursAddUpWhereverTheyAreCut(
      @ForAll("hourly") List<Row> rows,
      @ForAll @IntRange(max = 48) int first,
      @ForAll @IntRange(max = 48) int second,
      @ForAll @IntRange(max = 3) int again)
      throws IOException {
    assertPagesAddUp(BY_HOUR, rows, first, second, again);
  }

  private static void assertPagesAddUp(
      QueryShape shape, List<Row> rows, int first, int second, int again) throws IOException {
    int a = Math.min(first, rows.size());
    int b = Math.max(a, Math.min(second, rows.size()));
    RowSpool spool = spool();
    PeriodTotals totals = new PeriodTotals();
    Continued before = null;
    for (List<Row> part :
        List.of(rows.subList(0, a), rows.subList(a, b), rows.subList(b, rows.size()))) {
      // Rows of the time at which the page before ended may come a second time.
      List<Row> sent = new ArrayList<>();
      int begin = part.isEmpty() ? 0 : rows.indexOf(part.get(0));
      for (int i = Math.max(0, begin - again); i < begin; i++) {
        if (rows.get(i).label().equals(rows.get(begin - 1).label())) {
          sent.add(rows.get(i));
        }
      }
      int repeated = sent.size();
      sent.addAll(part);
      PageReader page = new PageReader(shape, DAYS, spool, before);
      Responses.read(page, shape, sent);
      assertThat(page.violation()).isNull();
      assertThat(page.repeated()).isEqualTo(repeated);
      assertThat(page.rows()).isEqualTo(sent.size());
      totals.sum(page.totals());
      before = page.continued();
    }

    RowSpool whole = spool();
    PageReader one = Responses.read(new PageReader(shape, DAYS, whole), shape, rows);
    assertThat(sums(totals)).isEqualTo(sums(rows)).isEqualTo(sums(one.totals()));
    for (LocalDate day : sums(rows).keySet()) {
      assertThat(totals.of(day).rows()).isEqualTo(one.totals().of(day).rows());
      assertThat(totals.of(day).sameHours(one.totals().of(day), Aggregate.PAGEVIEWS)).isTrue();
    }
    assertThat(Responses.texts(spool)).isEqualTo(texts(rows)).isEqualTo(Responses.texts(whole));
  }

  /** The last day of a full page may be cut off: all rows before it are complete. */
  @Property(tries = 300)
  void withoutItsLastDayAPageHoldsTheDaysBefore(@ForAll("daily") List<Row> rows)
      throws IOException {
    RowSpool spool = spool();
    PageReader page = Responses.read(page(spool), BY_DAY, rows);
    LocalDate last = rows.isEmpty() ? null : day(rows.get(rows.size() - 1));
    assertThat(page.last()).isEqualTo(last);
    assertThat(page.first()).isEqualTo(rows.isEmpty() ? null : day(rows.get(0)));

    page.dropLast();

    List<Row> kept = rows.stream().filter(row -> !day(row).equals(last)).toList();
    assertThat(Responses.texts(spool)).isEqualTo(texts(kept));
    assertThat(sums(page.totals())).isEqualTo(sums(kept));
    assertThat(page.rows()).as("what the response had").isEqualTo(rows.size());
    assertThat(page.months().stream().map(PageReader.Month::first))
        .isEqualTo(kept.stream().map(row -> day(row).withDayOfMonth(1)).distinct().toList());
  }

  @Property(tries = 300)
  void monthsBeginWhereTheirRowsDo(@ForAll("daily") List<Row> rows) throws IOException {
    RowSpool spool = spool();
    List<PageReader.Month> months = Responses.read(page(spool), BY_DAY, rows).months();
    for (int i = months.size() - 1; i >= 0; i--) {
      LocalDate month = months.get(i).first();
      RowSpool rest = spool();
      spool.moveFrom(months.get(i).start(), rest);
      assertThat(Responses.texts(rest))
          .isEqualTo(
              texts(rows.stream().filter(r -> day(r).withDayOfMonth(1).equals(month)).toList()));
    }
    assertThat(spool.rows()).isZero();
  }

  @Property(tries = 200)
  void aDroppedPageLeavesWhatWasThere(@ForAll("daily") List<Row> rows) throws IOException {
    RowSpool spool = spool();
    Responses.read(page(spool), BY_DAY, Row.of(FIRST, "/before"));
    PageReader page = Responses.read(page(spool), BY_DAY, rows);

    page.dropAll();

    assertThat(Responses.texts(spool)).containsExactly(FIRST + " /before");
    assertThat(page.totals().periods()).isEmpty();
    assertThat(page.months()).isEmpty();
    assertThat(page.first()).isNull();
    assertThat(page.last()).isNull();
    assertThat(page.rows()).as("what the response had").isEqualTo(rows.size());
  }

  /** A response that breaks off is sent again: what came of it before counts for nothing. */
  @Property(tries = 200)
  void aResponseThatStartsOverCountsOnce(
      @ForAll("daily") List<Row> rows, @ForAll @IntRange(max = 48) int broken) throws IOException {
    RowSpool spool = spool();
    PageReader page = page(spool);
    Responses.read(page, BY_DAY, rows.subList(0, Math.min(broken, rows.size())));
    page.restart();
    Responses.read(page, BY_DAY, rows);
    assertThat(page.violation()).isNull();
    assertThat(page.rows()).isEqualTo(rows.size());
    assertThat(sums(page.totals())).isEqualTo(sums(rows));
    assertThat(Responses.texts(spool)).isEqualTo(texts(rows));
  }

  private static PageReader read(Row... rows) {
    return Responses.read(page(spool()), BY_DAY, rows);
  }

  @Test
  void rowsMustBeSortedByTime() {
    assertThat(read(Row.of(FIRST, "/b"), Row.of(FIRST, "/a")).violation())
        .as("the groups of a day have no order")
        .isNull();
    assertThat(read(Row.of(FIRST.plusDays(1), "/a"), Row.of(FIRST, "/b")).violation())
        .isEqualTo("rows are not sorted by time: '2026-01-28' follows a later one");
    PageReader hours = new PageReader(BY_HOUR, DAYS, spool());
    Responses.read(
        hours,
        BY_HOUR,
        new Row(FIRST + " 01:00:00", "/a", 1),
        new Row(FIRST + " 00:00:00", "/a", 1));
    assertThat(hours.violation()).startsWith("rows are not sorted by time");
  }

  @ParameterizedTest
  @CsvSource({"0, true", "-1, false", "400, true", "401, false"})
  void rowsMustLieWithinTheRange(int offset, boolean valid) {
    String violation = read(Row.of(FIRST.plusDays(offset), "/a")).violation();
    if (valid) {
      assertThat(violation).isNull();
    } else {
      assertThat(violation).endsWith("lies outside the requested range, " + DAYS);
    }
  }

  @Test
  void aGroupOccursOncePerTime() {
    assertThat(read(Row.of(FIRST, "/a"), Row.of(FIRST.plusDays(1), "/a")).violation()).isNull();
    assertThat(read(Row.of(FIRST, "/a"), Row.of(FIRST, "/b"), Row.of(FIRST, "/a")).violation())
        .startsWith("a group occurs twice: {");
  }

  @Test
  void aPageByOffsetMustNotGoBack() throws IOException {
    PageReader first = read(Row.of(FIRST, "/a"), Row.of(FIRST.plusDays(1), "/a"));
    PageReader second = new PageReader(BY_DAY, DAYS, spool(), first.continued());
    Responses.read(second, BY_DAY, Row.of(FIRST, "/b"));
    assertThat(second.violation()).startsWith("rows are not sorted by time");
  }

  /** Only the first violation is reported, and no later row is written; all rows are counted. */
  @Test
  void nothingIsWrittenAfterAViolation() {
    RowSpool spool = spool();
    PageReader page = page(spool);
    Responses.read(
        page,
        BY_DAY,
        Row.of(FIRST.plusDays(1), "/a"),
        Row.of(FIRST, "/b"),
        new Row("yesterday", "/c", 1),
        Row.of(FIRST.plusDays(2), "/d"));
    assertThat(page.violation()).startsWith("rows are not sorted by time");
    assertThat(spool.rows()).isOne();
    assertThat(page.rows()).isEqualTo(4);
  }

  /** The rows of a day that a page continues end where its second day begins, or at its end. */
  @Test
  void theEndOfAPeriodThatIsContinued() throws IOException {
    RowSpool spool = spool();
    PageReader first = Responses.read(page(spool), BY_DAY, Row.of(FIRST, "/a"));
    RowSpool.Mark begin = spool.mark();
    PageReader second = new PageReader(BY_DAY, DAYS, spool, first.continued());
    Responses.read(second, BY_DAY, Row.of(FIRST, "/b"));
    assertThat(second.endOf(FIRST)).isEqualTo(spool.mark());
    RowSpool.Mark secondDay = spool.mark();
    second.restart();
    Responses.read(
        second,
        BY_DAY,
        Row.of(FIRST, "/b"),
        Row.of(FIRST.plusDays(1), "/c"),
        Row.of(FIRST.plusDays(2), "/d"));
    assertThat(second.endOf(FIRST)).isEqualTo(secondDay);
    assertThat(second.endOf(FIRST.minusDays(1))).as("not on this page").isEqualTo(begin);
    assertThat(second.start()).isEqualTo(begin);
    assertThat(second.lastStart().rows()).isEqualTo(3);
    second.restart();
    Responses.read(second, BY_DAY, Row.of(FIRST, "/b"), Row.of(FIRST, "/c"));
    assertThat(second.endOf(FIRST)).as("after the page started over").isEqualTo(spool.mark());
  }
}
