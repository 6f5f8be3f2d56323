package fathomexport.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.limits.Lessons;
import fathomexport.fetch.limits.RowCapDetector;
import fathomexport.fetch.rows.PageReader;
import fathomexport.fetch.rows.Responses;
import fathomexport.fetch.rows.Responses.Row;
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
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A page that disagrees with its control is requested again once, after the control. */
class PageAgreementTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 3, 1);
  private static final DayRange DAYS = new DayRange(FIRST, FIRST.plusDays(3));
  private static final QueryShape SHAPE = Responses.shape(DateGrouping.DAY, Field.PATHNAME);

  @RegisterExtension final Lessons lessons = new Lessons();
  private OneSite site;
  private Pager pager;
  private RowCapDetector cap;
  private PageAgreement agreement;
  private ControlTotals control;
  private ControlQuery query;
  private final RowSpool spool = new RowSpool(Path.of("."));

  @BeforeEach
  void begin() throws IOException {
    site = new OneSite(lessons, 1_000);
    pager = new Pager(DateGrouping.DAY, DAYS, 1_000, 180);
    cap = new RowCapDetector(site.context.knowledge(), site.context.rowLimit(), SHAPE, pager);
    RangeQuery range = new RangeQuery(OneSite.SLICE, SHAPE, DAYS, ZoneOffset.UTC);
    agreement = new PageAgreement(range, pager, new PageCheck(SHAPE, DAYS), cap);
    query = new ControlQuery(OneSite.SLICE, Responses.shape(DateGrouping.DAY), DAYS);
    control = new ControlTotals(site.context, query, ZoneOffset.UTC, new Tally());
  }

  @AfterEach
  void end() {
    spool.close();
    site.close();
  }

  /** What the control is known to be, whatever the server returns. */
  private void known(long... pageviews) {
    PeriodTotals totals = new PeriodTotals();
    for (int i = 0; i < pageviews.length; i++) {
      totals.set(FIRST.plusDays(i), 1, Map.of(Aggregate.PAGEVIEWS, pageviews[i]), "a digest");
    }
    site.context.book().put(query, DAYS, totals, Instant.EPOCH);
  }

  /** Makes the server return so many pageviews for these days, as many rows as pageviews. */
  private void server(int... pageviews) {
    for (int i = 0; i < pageviews.length; i++) {
      site.visited(FIRST.plusDays(i), pageviews[i]);
    }
  }

  private PageReader page(int... pageviews) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < pageviews.length; i++) {
      for (int row = 0; row < pageviews[i]; row++) {
        rows.add(Row.of(FIRST.plusDays(i), "/" + row));
      }
    }
    PageReader page = Responses.read(new PageReader(SHAPE, DAYS, spool), SHAPE, rows);
    pager.answered(page.rows(), page.first(), page.last());
    return page;
  }

  private boolean isReached(PageReader page) throws FetchFailedException, IOException {
    return agreement.isReached(control, DAYS, page, false);
  }

  private PeriodTotals.Total total(int day) {
    return site.context.book().find(query, DAYS).orElseThrow().of(FIRST.plusDays(day));
  }

  @Test
  void aPageThatAgreesIsKept() throws FetchFailedException, IOException {
    known(3, 3, 3);
    assertThat(isReached(page(3, 3, 3))).isTrue();
    assertThat(spool.rows()).isEqualTo(9);
    assertThat(pager.done()).isTrue();
    assertThat(site.requests()).isZero();
    assertThat(total(0).answer()).isEqualTo("a digest");
  }

  /** The control is older than the page: it is queried first, for the days that differ. */
  @Test
  void aPageThatAgreesWithANewerControlIsKept() throws FetchFailedException, IOException {
    known(3, 2, 3);
    server(3, 3, 3);
    assertThat(isReached(page(3, 3, 3))).isTrue();
    assertThat(spool.rows()).isEqualTo(9);
    assertThat(site.requests()).isOne();
    assertThat(site.api.log().aggregations().get(0).request().parameter("date_from"))
        .startsWith("2026-03-02");
    // The rows were fetched before the newer control, so it must not confirm them later.
    assertThat(total(1).answer()).isNull();
    assertThat(total(0).answer()).isEqualTo("a digest");
    assertThat(agreement.mayAskAgain()).isTrue();
  }

  @Test
  void aPageThatStillDisagreesIsRequestedAgainOnce() throws FetchFailedException, IOException {
    known(3, 2, 3);
    server(3, 2, 3);
    assertThat(isReached(page(3, 3, 3))).isFalse();
    assertThat(spool.rows()).as("its rows are dropped").isZero();
    assertThat(pager.ask()).isEqualTo(DAYS);
    assertThat(site.requests()).as("the control").isOne();

    assertThat(isReached(page(3, 3, 3))).as("its certificate reports the difference").isTrue();
    assertThat(spool.rows()).isEqualTo(9);
    assertThat(pager.done()).isTrue();
    assertThat(site.requests()).as("the control, not again").isOne();
  }

  @Test
  void theNextPageMayBeRequestedAgain() {
    assertThat(agreement.mayAskAgain()).isTrue();
    assertThat(agreement.mayAskAgain()).isFalse();
    agreement.settled();
    assertThat(agreement.mayAskAgain()).isTrue();
  }

  /** What a row cap would explain is requested again first, which does not count as once. */
  @Test
  void aPageThatEndsAsACapWouldEndItIsRequestedAgain() throws FetchFailedException, IOException {
    known(3, 3, 9);
    server(3, 3, 9);
    assertThat(isReached(page(3, 3, 3))).isFalse();
    assertThat(cap.isAbout(FIRST.plusDays(2))).isTrue();
    assertThat(spool.rows()).isZero();
    assertThat(pager.ask()).isEqualTo(DAYS);
    assertThat(site.requests()).as("the control is not in doubt").isZero();

    assertThat(isReached(page(3, 3, 4))).isFalse();
    assertThat(site.requests()).as("the control").isOne();
    assertThat(isReached(page(3, 3, 4))).isTrue();
  }

  /** A full page was cut off by its own limit. */
  @Test
  void aFullPageIsNotSuspectedOfACap() throws FetchFailedException, IOException {
    known(3, 3, 9);
    server(3, 3, 9);
    assertThat(agreement.isReached(control, DAYS, page(3, 3, 3), true)).isFalse();
    assertThat(cap.isAbout(FIRST.plusDays(2))).isFalse();
    assertThat(site.requests()).isOne();
  }

  /** Once the missing rows have not come, the limit is no longer lowered for them. */
  @Test
  void aCapThatExplainsNothingIsGivenUp() throws FetchFailedException, IOException {
    known(3, 3, 9);
    server(3, 3, 9);
    assertThat(isReached(page(3, 3, 3))).isFalse();
    PageReader again = page(3, 3, 3);
    cap.cameAgain(again);
    assertThat(pager.limit()).isEqualTo(9);
    assertThat(isReached(again)).isFalse();
    assertThat(isReached(page(3, 3, 3))).isTrue();
    assertThat(pager.limit()).isEqualTo(1_000);
    assertThat(lessons.stored().rowCap()).isEmpty();
  }
}
