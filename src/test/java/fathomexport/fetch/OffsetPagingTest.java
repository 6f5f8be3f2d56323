package fathomexport.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.AggregationRequest;
import fathomexport.fetch.limits.Lessons;
import fathomexport.fetch.limits.RowCapDetector;
import fathomexport.fetch.rows.PageReader;
import fathomexport.fetch.rows.Responses;
import fathomexport.ledger.OffsetSupport;
import fathomexport.plan.ControlQuery;
import fathomexport.plan.Pager;
import fathomexport.plan.RangeQuery;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Field;
import fathomexport.report.QueryShape;
import fathomexport.report.rows.RowSpool;
import fathomexport.run.FetchFailedException;
import fathomexport.simulator.behaviour.Behaviour;
import java.io.IOException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A period that fills a page alone is continued by offset where that can be verified. */
class OffsetPagingTest {
  private static final int LIMIT = 10;
  private static final LocalDate FIRST = LocalDate.of(2026, 3, 31);
  private static final DayRange DAYS = new DayRange(FIRST, FIRST.plusDays(1));

  @RegisterExtension final Lessons lessons = new Lessons();
  private OneSite site;
  private final Pager pager = new Pager(DateGrouping.DAY, DAYS, LIMIT, 180);

  @BeforeEach
  void begin() throws IOException {
    site = new OneSite(lessons, LIMIT);
    site.api.behave(Behaviour.unlimited().withOffset(Behaviour.Offset.HONOURED));
  }

  @AfterEach
  void end() {
    site.close();
  }

  /** A range whose first page has been fetched: its paging, and what came of it. */
  private final class Range implements AutoCloseable {
    private final RowSpool spool = new RowSpool(lessons.root());
    private final ChunkRows rows;
    private final OffsetPaging paging;
    private final PageReader page;
    private final @Nullable ControlTotals control;

    Range(boolean hasControl, Field... fields) throws IOException {
      QueryShape shape = Responses.shape(DateGrouping.DAY, fields);
      RangeQuery query = new RangeQuery(OneSite.SLICE, shape, DAYS, ZoneOffset.UTC);
      Tally tally = new Tally();
      control =
          hasControl
              ? new ControlTotals(
                  site.context,
                  new ControlQuery(OneSite.SLICE, Responses.shape(DateGrouping.DAY), DAYS),
                  ZoneOffset.UTC,
                  tally)
              : null;
      rows =
          new ChunkRows(
              query,
              lessons.root(),
              hasControl ? ChunkRows.Size.MONTHS : ChunkRows.Size.WHOLE,
              spool,
              tally);
      PageCheck check = new PageCheck(shape, DAYS);
      RowCapDetector cap =
          new RowCapDetector(site.context.knowledge(), site.context.rowLimit(), shape, pager);
      RangeInProgress range =
          new RangeInProgress(site.context, query, control, pager, check, cap, rows);
      paging = new OffsetPaging(range, new FilteredPeriod(range));
      page = new PageReader(shape, DAYS, spool);
      assertThat(
              site.context
                  .client()
                  .aggregations(new AggregationRequest(shape, OneSite.SLICE, DAYS, LIMIT), page)
                  .value())
          .isPresent();
    }

    boolean begins() {
      return paging.begin(DAYS, FIRST, page);
    }

    /** Goes on to the end, and returns the number of pages. */
    int fetchNext() throws FetchFailedException, IOException {
      int pages = 0;
      while (paging.isUnderWay()) {
        paging.fetchNext();
        pages++;
      }
      return pages;
    }

    long sum(int day) {
      return rows.totals().of(FIRST.plusDays(day)).sum(Aggregate.PAGEVIEWS);
    }

    @Override
    public void close() {
      spool.close();
    }
  }

  private @Nullable OffsetSupport stored() {
    return lessons.stored().offsets().get(Lessons.ACCOUNT);
  }

  @Test
  void aGroupedPeriodWithAControlIsContinued() throws IOException {
    site.visited(FIRST, LIMIT);
    try (Range range = new Range(true, Field.PATHNAME)) {
      assertThat(range.begins()).isTrue();
      assertThat(range.paging.isUnderWay()).isTrue();
    }
  }

  @Test
  void withoutAControlNothingVerifiesTheOffset() throws IOException {
    site.visited(FIRST, LIMIT);
    try (Range range = new Range(false, Field.PATHNAME)) {
      assertThat(range.begins()).isFalse();
      assertThat(range.paging.isUnderWay()).isFalse();
    }
  }

  @Test
  void aPageOfAnotherSizeIsNotContinued() throws IOException {
    site.visited(FIRST, LIMIT - 1);
    try (Range range = new Range(true, Field.PATHNAME)) {
      assertThat(range.begins()).isFalse();
      pager.limit(LIMIT - 1);
      assertThat(range.begins()).isTrue();
    }
  }

  @ParameterizedTest
  @CsvSource({"HONOURED, true", "IGNORED, false", "REFUSED, false", "UNSTABLE, false"})
  void whatIsKnownOfTheOffsetDecides(OffsetSupport known, boolean begins) throws IOException {
    site.visited(FIRST, LIMIT);
    site.context.knowledge().learnOffset(known);
    try (Range range = new Range(true, Field.PATHNAME)) {
      assertThat(range.begins()).isEqualTo(begins);
    }
  }

  /** Ungrouped rows are the control itself. */
  @Test
  void aControlIsNotContinued() throws IOException {
    site.visited(FIRST, 1).visited(FIRST.plusDays(1), 1);
    pager.limit(2);
    try (Range range = new Range(true)) {
      assertThat(range.page.rows()).isEqualTo(2);
      assertThat(range.begins()).isFalse();
    }
  }

  @Test
  void eachRowIsFetchedOnceAndTheLessonIsStored() throws FetchFailedException, IOException {
    site.visited(FIRST, 25).visited(FIRST.plusDays(1), 3);
    try (Range range = new Range(true, Field.PATHNAME)) {
      assertThat(range.begins()).isTrue();
      assertThat(range.fetchNext()).isEqualTo(2);
      assertThat(range.spool.rows()).isEqualTo(28);
      assertThat(range.sum(0)).isEqualTo(25);
      assertThat(range.sum(1)).isEqualTo(3);
      assertThat(pager.done()).isTrue();
      assertThat(stored()).isEqualTo(OffsetSupport.HONOURED);
    }
  }

  /** A visit between the control and the last page: the control is asked once more. */
  @Test
  void aVisitAfterTheControlIsNoSignAgainstTheOffset() throws FetchFailedException, IOException {
    site.visited(FIRST, 25);
    try (Range range = new Range(true, Field.PATHNAME)) {
      assertThat(Objects.requireNonNull(range.control).get(DAYS).of(FIRST).rows()).isOne();
      site.visitedOn(FIRST, "/z");
      assertThat(range.begins()).isTrue();
      range.fetchNext();
      assertThat(range.sum(0)).isEqualTo(26);
      assertThat(stored()).isEqualTo(OffsetSupport.HONOURED);
    }
  }

  /** An API that ignores offsets beyond some number would answer like that. */
  @Test
  void aNextPageWithoutRowsTeachesNothing() throws FetchFailedException, IOException {
    site.visited(FIRST, LIMIT);
    try (Range range = new Range(true, Field.PATHNAME)) {
      assertThat(range.begins()).isTrue();
      assertThat(range.fetchNext()).isOne();
      assertThat(range.sum(0)).isEqualTo(LIMIT);
      assertThat(pager.done()).isTrue();
      assertThat(lessons.stored().offsets()).isEmpty();
    }
  }

  /** The rows come a second time: the period is fetched by filters, and this is remembered. */
  @Test
  void repeatedRowsMeanThatTheOffsetIsIgnored() throws FetchFailedException, IOException {
    site.api.behave(Behaviour.unlimited());
    site.visited(FIRST, 25).visited(FIRST.plusDays(1), 3);
    try (Range range = new Range(true, Field.PATHNAME)) {
      assertThat(range.begins()).isTrue();
      assertThat(range.fetchNext()).isOne();
      assertThat(range.rows.faults()).isEmpty();
      assertThat(range.sum(0)).isEqualTo(25);
      assertThat(range.spool.rows()).isEqualTo(25);
      assertThat(pager.ask()).as("without offset").isEqualTo(DayRange.of(FIRST.plusDays(1)));
      assertThat(stored()).isEqualTo(OffsetSupport.IGNORED);
      assertThat(site.context.knowledge().mayUseOffset()).isFalse();
    }
  }

  /** The chunk before was taken while its last period is continued. */
  @Test
  void thePeriodUnderWayMovesWithItsRows() throws IOException {
    site.visited(FIRST, LIMIT);
    try (Range range = new Range(true, Field.PATHNAME)) {
      OffsetRun run = new OffsetRun(DAYS, LIMIT, range.page, FIRST);
      assertThat(run.isFirstPage()).isTrue();
      assertThat(run.position()).isEqualTo(LIMIT);
      QueryShape shape = Responses.shape(DateGrouping.DAY, Field.PATHNAME);
      PageReader next = new PageReader(shape, DAYS, range.spool, run.continued());
      Responses.read(
          next,
          shape,
          List.of(
              Responses.Row.of(FIRST, "/more"),
              Responses.Row.of(FIRST.plusDays(1), "/a"),
              Responses.Row.of(FIRST.plusDays(1), "/b")));
      run.add(next);
      run.openLastPeriod(next);

      assertThat(run.isFirstPage()).isFalse();
      assertThat(run.isPastFirst()).isTrue();
      assertThat(run.position()).isEqualTo(LIMIT + 3);
      assertThat(run.open()).isEqualTo(FIRST.plusDays(1));
      assertThat(run.openStart()).isEqualTo(next.lastStart());
      assertThat(run.totals().of(FIRST).rows()).isEqualTo(LIMIT + 1);
      run.movedBy(next.lastStart());
      assertThat(run.openStart()).isEqualTo(new RowSpool.Mark(0, 0));
    }
  }
}
