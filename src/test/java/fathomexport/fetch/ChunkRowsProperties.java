package fathomexport.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.answer.AggregationAnswer;
import fathomexport.api.answer.AggregationAnswer.Contents;
import fathomexport.certify.Certifier;
import fathomexport.fetch.rows.PageReader;
import fathomexport.fetch.rows.Responses;
import fathomexport.fetch.rows.Responses.Row;
import fathomexport.plan.ControlQuery;
import fathomexport.plan.FetchTask;
import fathomexport.plan.RangeQuery;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Field;
import fathomexport.report.QueryShape;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.rows.RowSpool;
import fathomexport.testing.TestReports;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** A chunk ends with a month, after 25 requests, and no row is lost between two of them. */
class ChunkRowsProperties {
  private static final int ENOUGH = 25;
  private static final LocalDate FIRST = LocalDate.of(2026, 1, 15);
  private static final DayRange DAYS = new DayRange(FIRST, FIRST.plusDays(299));
  private static final QueryShape SHAPE = Responses.shape(DateGrouping.DAY, Field.PATHNAME);
  private static final Slice SLICE = new Slice(new SiteId("CDBUGS"), null);
  private static final Report REPORT =
      TestReports.pageviews("pages_daily", DateGrouping.DAY, Field.PATHNAME);

  /** Small spools stay in memory. */
  private static final Path SPILL = Path.of(".");

  private final List<RowSpool.Mark> moved = new ArrayList<>();

  private static ChunkRows chunks(ChunkRows.Size size) {
    return new ChunkRows(
        new RangeQuery(SLICE, SHAPE, DAYS, null), SPILL, size, new RowSpool(SPILL), new Tally());
  }

  private static void requests(ChunkRows chunks, int requests) {
    Contents contents = new Contents(0, 0, 0, List.of(), 0, false);
    chunks.answered(DAYS, new AggregationAnswer(contents, requests, Instant.EPOCH));
  }

  /** Adds a page with a row of each of these days. */
  private static void page(ChunkRows chunks, LocalDate... days) {
    PageReader page = new PageReader(SHAPE, DAYS, chunks.spool());
    Responses.read(page, SHAPE, Arrays.stream(days).map(day -> Row.of(day, "/a")).toList());
    page.months().forEach(chunks::begins);
  }

  private Fetched chunk(ChunkRows chunks, LocalDate from) throws IOException {
    DayRange days = new DayRange(from, chunks.end());
    FetchTask task =
        new FetchTask(
            new Site(SLICE.site(), "a site", null),
            SLICE,
            SHAPE,
            days,
            List.of(REPORT),
            ControlQuery.of(REPORT, SLICE, days));
    return chunks.chunk(task, null, "", Set.of(), moved::add);
  }

  private static LocalDate day(int month, int day) {
    return LocalDate.of(2026, month, day);
  }

  /**
   * All chunks together are all rows, in order.
   *
   * @param groups how many rows the page's days have
   * @param pages how many of these days a page has
   */
  @Property(tries = 200)
  void chunksTogetherAreAllRows(
      @ForAll @Size(min = 1, max = 40) List<@IntRange(max = 3) Integer> groups,
      @ForAll @Size(min = 1, max = 8) List<@IntRange(min = 1, max = 6) Integer> pages,
      @ForAll @IntRange(min = 1, max = 30) int requests,
      @ForAll @IntRange(max = 299) int faulty)
      throws IOException {
    ChunkRows chunks = chunks(ChunkRows.Size.MONTHS);
    LocalDate fault = FIRST.plusDays(faulty);
    chunks.fault(fault, new Certifier.Fault("no reason", false));
    List<String> expected = new ArrayList<>();
    List<String> came = new ArrayList<>();
    List<DayRange> faults = new ArrayList<>();
    LocalDate next = FIRST;
    int sent = 0;
    int counted = 0;
    int at = 0;
    for (int number = 0; at < groups.size(); number++) {
      List<Row> rows = new ArrayList<>();
      int end = Math.min(groups.size(), at + pages.get(number % pages.size()));
      for (; at < end; at++) {
        for (int group = 0; group < groups.get(at); group++) {
          rows.add(Row.of(FIRST.plusDays(at * 7L), "/" + group));
        }
      }
      rows.forEach(row -> expected.add(row.label() + " " + row.path()));
      PageReader page = Responses.read(new PageReader(SHAPE, DAYS, chunks.spool()), SHAPE, rows);
      page.months().forEach(chunks::begins);
      requests(chunks, requests);
      sent += requests;

      if (chunks.isChunk()) {
        Fetched fetched = chunk(chunks, next);
        DayRange days = fetched.task().days();
        assertThat(days.last().plusDays(1).getDayOfMonth()).isOne();
        assertThat(fetched.requests()).isGreaterThanOrEqualTo(ENOUGH);
        counted += fetched.requests();
        came.addAll(within(days, fetched));
        if (!fetched.faults().isEmpty()) {
          faults.add(days);
        }
        assertThat(chunks.isChunk()).as("not twice").isFalse();
        next = days.last().plusDays(1);
      }
    }
    chunks.complete();
    Fetched last = chunk(chunks, next);
    assertThat(last.task().days().last()).isEqualTo(DAYS.last());
    came.addAll(within(last.task().days(), last));
    if (!last.faults().isEmpty()) {
      faults.add(last.task().days());
    }

    assertThat(came).isEqualTo(expected);
    assertThat(counted + last.requests()).isEqualTo(sent);
    assertThat(faults).as("the chunk of %s", fault).hasSize(1).allMatch(d -> d.contains(fault));
  }

  private static List<String> within(DayRange days, Fetched fetched) {
    List<String> texts = Responses.texts(fetched.raw());
    assertThat(texts)
        .allMatch(text -> days.contains(LocalDate.parse(text.substring(0, text.indexOf(' ')))));
    return texts;
  }

  @Test
  void aChunkTakes25Requests() {
    ChunkRows chunks = chunks(ChunkRows.Size.MONTHS);
    page(chunks, day(1, 31), day(2, 1));
    requests(chunks, ENOUGH - 1);
    assertThat(chunks.isChunk()).isFalse();
    requests(chunks, 1);
    assertThat(chunks.isChunk()).isTrue();
    assertThat(chunks.end()).isEqualTo(day(1, 31));
  }

  @Test
  void aChunkTakesAMonthThatHasEnded() {
    ChunkRows chunks = chunks(ChunkRows.Size.MONTHS);
    page(chunks, day(1, 15), day(1, 31));
    requests(chunks, 10 * ENOUGH);
    assertThat(chunks.isChunk()).isFalse();
    page(chunks, day(3, 5));
    assertThat(chunks.isChunk()).isTrue();
    assertThat(chunks.end()).as("the month without rows is complete, too").isEqualTo(day(2, 28));
  }

  /** Kept rows may still be removed. */
  @Test
  void withoutAControlThereIsOneChunk() throws IOException {
    ChunkRows chunks = chunks(ChunkRows.Size.WHOLE);
    page(chunks, day(1, 31), day(2, 1), day(3, 1));
    requests(chunks, 10 * ENOUGH);
    assertThat(chunks.isChunk()).isFalse();
    assertThat(chunks.end()).isEqualTo(DAYS.last());
    assertThat(chunk(chunks, FIRST).raw().rows()).isEqualTo(3);
    assertThat(moved).isEmpty();
  }

  @Test
  void theNextPageMayContinueTheMonth() throws IOException {
    ChunkRows chunks = chunks(ChunkRows.Size.MONTHS);
    page(chunks, day(1, 31), day(2, 1));
    page(chunks, day(2, 2), day(2, 3));
    requests(chunks, ENOUGH);
    assertThat(Responses.texts(chunk(chunks, FIRST).raw())).containsExactly("2026-01-31 /a");
    assertThat(Responses.texts(chunks.spool()))
        .containsExactly("2026-02-01 /a", "2026-02-02 /a", "2026-02-03 /a");
    requests(chunks, ENOUGH);
    page(chunks, day(2, 4));
    assertThat(chunks.isChunk()).as("February began in the chunk before").isFalse();
    page(chunks, day(3, 1));
    assertThat(chunks.isChunk()).isTrue();
    assertThat(chunks.end()).isEqualTo(day(2, 28));
    assertThat(moved.stream().map(RowSpool.Mark::rows)).containsExactly(1L);
  }

  @Test
  void theLastChunkIsNotCut() throws IOException {
    ChunkRows chunks = chunks(ChunkRows.Size.MONTHS);
    page(chunks, day(1, 31), day(2, 1));
    requests(chunks, ENOUGH);
    chunks.complete();
    assertThat(chunks.isChunk()).isFalse();
    assertThat(chunks.end()).isEqualTo(DAYS.last());
    assertThat(chunk(chunks, FIRST).raw().rows()).isEqualTo(2);
    assertThat(moved).isEmpty();
  }
}
