package fathomexport.sink;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.VisitorSample;
import fathomexport.testing.Rows;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What every sink must do with samples of current visitors. Read back by means not ours. */
public abstract class SampleStoreContract {
  protected static final SiteId SITE = new SiteId("CDBUGS");
  protected static final SiteId OTHER_SITE = new SiteId("ÄÖ/..\\x");
  protected static final Instant NOON = Instant.parse("2026-06-11T12:00:00.123456Z");

  /** Opens a sink on the test's own place, which was empty before the test. */
  protected abstract Sink open();

  /**
   * The rows that a table holds, as {@code java.lang} and {@code java.time} values, in any order;
   * none when there is no such table.
   */
  protected abstract List<List<@Nullable Object>> stored(SampleTable table);

  /** A sample with every kind of text, and two pages that the API lists in no order of ours. */
  protected static VisitorSample sample(SiteId site, Instant at, long total) {
    return new VisitorSample(
        site,
        at,
        total,
        List.of(
            new VisitorSample.VisitedPage("b.example", "/ü/\uD83D\uDE80", 5),
            new VisitorSample.VisitedPage("a.example", "/" + "x".repeat(3000), 2),
            new VisitorSample.VisitedPage(null, null, 1),
            new VisitorSample.VisitedPage("", "", Long.MAX_VALUE)),
        List.of(new VisitorSample.Referrer("https://t.co", null, 3)));
  }

  /** What the tables must hold of samples. */
  protected static List<List<@Nullable Object>> rows(SampleTable table, VisitorSample... samples) {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    for (VisitorSample sample : samples) {
      for (byte[] row : table.rows(sample)) {
        rows.add(Rows.decode(table.schema(), row, row.length));
      }
    }
    return rows;
  }

  protected void assertHolds(VisitorSample... samples) {
    for (SampleTable table : SampleTable.values()) {
      assertThat(stored(table))
          .as(table.tableName())
          .containsExactlyInAnyOrderElementsOf(rows(table, samples));
    }
  }

  private void append(VisitorSample... samples) {
    try (Sink sink = open()) {
      sink.samples().prepare();
      for (VisitorSample sample : samples) {
        sink.samples().append(sample);
      }
    }
  }

  @Test
  void theTablesAreThoseThatNoReportMayTake() {
    assertThat(SampleTable.values())
        .extracting(SampleTable::tableName)
        .containsExactlyInAnyOrder("current_visitors", "current_pages", "current_referrers");
    assertThat(Report.RESERVED)
        .containsAll(List.of(SampleTable.values()).stream().map(SampleTable::tableName).toList());
  }

  @Test
  void aSampleIsRowsInThreeTables() {
    VisitorSample sample = sample(SITE, NOON, 8);
    append(sample);

    assertThat(stored(SampleTable.VISITORS)).containsExactly(List.of("CDBUGS", NOON, 8L));
    assertThat(stored(SampleTable.REFERRERS))
        .containsExactly(java.util.Arrays.asList("CDBUGS", NOON, "https://t.co", null, 3L));
    assertHolds(sample);
  }

  @Test
  void samplesAreAddedWhateverTheirSiteDayAndOrder() {
    VisitorSample noon = sample(SITE, NOON, 8);
    VisitorSample later = sample(SITE, NOON.plusMillis(1), 9);
    VisitorSample earlier = sample(SITE, NOON.minusSeconds(60), 7);
    VisitorSample nextDay = sample(SITE, Instant.parse("2026-06-12T00:00:00Z"), 6);
    VisitorSample beforeMidnight = sample(SITE, Instant.parse("2026-06-11T23:59:59.999999Z"), 5);
    VisitorSample other = sample(OTHER_SITE, NOON, 4);

    append(noon, later);
    append(earlier, nextDay, beforeMidnight, other);

    assertHolds(noon, later, earlier, nextDay, beforeMidnight, other);
  }

  @Test
  void samplesAreCountedBySiteAndDay() {
    Instant day = Instant.parse("2026-06-10T00:00:00Z");
    SiteId odd = new SiteId("a+b c/é");
    SiteId tooLongForAFolder = new SiteId("ü".repeat(100));
    append(
        sample(odd, day.minusMillis(1), 1),
        sample(odd, day, 1),
        sample(odd, day.plusSeconds(86_399), 1),
        sample(tooLongForAFolder, day, 1));
    try (Sink sink = open()) {
      LocalDate tenth = LocalDate.of(2026, 6, 10);
      assertThat(sink.samples().counts(Set.of(tooLongForAFolder), tenth))
          .containsExactlyInAnyOrder(
              new SampleCount(odd, tenth, 2), new SampleCount(tooLongForAFolder, tenth, 1));
      assertThat(sink.samples().counts(Set.of(), tenth.plusDays(1))).isEmpty();
    }
  }

  @Test
  void noVisitorsAndTotalsOnlyAreSamplesToo() {
    VisitorSample none = new VisitorSample(SITE, NOON, 0, List.of(), List.of());
    VisitorSample total = new VisitorSample(SITE, NOON.plusSeconds(1), 12, List.of(), List.of());
    append(none, total);

    assertHolds(none, total);
  }

  /** As after a COMMIT whose reply was lost. */
  @Test
  void theSameSampleAgainChangesNothing() {
    VisitorSample sample = sample(SITE, NOON, 8);
    append(sample, sample);
    append(sample);

    assertHolds(sample);
  }

  @Test
  void timeIsKeptToTheMicrosecond() {
    VisitorSample sample = sample(SITE, Instant.parse("2026-06-11T12:00:00.123456789Z"), 8);
    append(sample);

    assertThat(stored(SampleTable.VISITORS)).containsExactly(List.of("CDBUGS", NOON, 8L));
  }
}
