package fathomexport.verify;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.certify.PeriodTotals;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.Provenance;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.DifferenceCause;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.Sink;
import fathomexport.sink.parquet.ParquetSink;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.testing.TestReports;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeriodComparisonTest {
  private static final LocalDate DAY = LocalDate.of(2026, 3, 3);
  private static final DayRange MARCH = new DayRange(DAY.withDayOfMonth(1), DAY.withDayOfMonth(31));
  private static final Report DAILY = TestReports.traffic();
  private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");
  private static final Slice SITE = new Slice(new SiteId("CDBUGS"), null);

  @TempDir private Path root;
  private Sink sink;
  private Sink other;

  @BeforeEach
  void open() {
    sink = new ParquetSink(new ParquetSettings(root.resolve("one")));
    other = new ParquetSink(new ParquetSettings(root.resolve("other")));
  }

  @AfterEach
  void close() {
    sink.close();
    other.close();
  }

  private static LedgerEntry entry(
      Report report,
      LocalDate from,
      LocalDate to,
      long pageviews,
      CertificateStatus status,
      String definition) {
    Map<Aggregate, Long> sums = Map.of(Aggregate.VISITS, 2L, Aggregate.PAGEVIEWS, pageviews);
    return new LedgerEntry(
        report.name(),
        SITE,
        new PeriodCertificate(
            from,
            to,
            status,
            1,
            sums,
            sums,
            false,
            status == CertificateStatus.CERTIFIED ? null : "a page was missing",
            "columns-rows"),
        new Provenance("run", definition, Instant.EPOCH, BERLIN.getId(), 1, 1, 0, null, null),
        "w",
        true);
  }

  private static LedgerEntry exported(long pageviews) {
    return entry(DAILY, DAY, DAY, pageviews, CertificateStatus.CERTIFIED, DAILY.definition());
  }

  private static PeriodTotals totals(long rows, long pageviews) {
    PeriodTotals totals = new PeriodTotals();
    totals.set(DAY, rows, Map.of(Aggregate.VISITS, 2L, Aggregate.PAGEVIEWS, pageviews));
    return totals;
  }

  private static StoredTotals rows(long rows, long pageviews, String digest) {
    return new StoredTotals(
        totals(rows, pageviews),
        Map.of(DAY, digest),
        Map.of(DAY, Set.of(Aggregate.VISITS, Aggregate.PAGEVIEWS)));
  }

  private Comparison comparison(Sink of, @Nullable LedgerEntry entry) {
    return Comparison.of(
            DAILY, of, entry == null ? List.of() : List.of(entry), DayRange.of(DAY), DAY)
        .get(0);
  }

  private List<DifferingNumber> differences(
      @Nullable LedgerEntry entry, StoredTotals stored, long reported) {
    return differences(entry, stored, reported, BERLIN, null);
  }

  private List<DifferingNumber> differences(
      @Nullable LedgerEntry entry,
      StoredTotals stored,
      long reported,
      ZoneId zone,
      @Nullable LedgerEntry ofTheOtherSink) {
    Comparison comparison = comparison(sink, entry);
    List<Comparison> all = new ArrayList<>(List.of(comparison));
    if (ofTheOtherSink != null) {
      all.add(comparison(other, ofTheOtherSink));
    }
    return new PeriodComparison(
            comparison, DayRange.of(DAY), stored, new CurrentTotals(totals(1, reported), zone, all))
        .differences();
  }

  private static DifferingNumber pageviews(
      @Nullable Long stored, Long reported, DifferenceCause cause) {
    return new DifferingNumber("pageviews", stored, reported, cause);
  }

  @Test
  void whatIsAsExportedAndAsReportedDoesNotDiffer() {
    assertThat(differences(exported(5), rows(1, 5, "columns-rows"), 5)).isEmpty();
  }

  @Test
  void whatIsReportedAndNotStoredWasNeverExported() {
    StoredTotals nothing = new StoredTotals(new PeriodTotals(), Map.of(), Map.of());
    assertThat(differences(null, nothing, 5))
        .containsExactly(pageviews(null, 5L, DifferenceCause.NEVER_EXPORTED));
    assertThat(differences(null, nothing, 0)).isEmpty();
  }

  @Test
  void aRowMoreThanExportedIsAChangeInTheStorage() {
    assertThat(differences(exported(5), rows(2, 5, "columns-others"), 5))
        .containsExactly(new DifferingNumber("rows", 2L, 1L, DifferenceCause.CHANGED_IN_STORAGE));
  }

  @Test
  void aChangedSumIsAChangeInTheStorageAlsoIfTheApiReportsAThirdNumber() {
    assertThat(differences(exported(5), rows(1, 6, "columns-others"), 7))
        .containsExactly(pageviews(6L, 7L, DifferenceCause.CHANGED_IN_STORAGE));
  }

  @Test
  void changedCellsThatNoSumShowsAreFoundByTheDigest() {
    assertThat(differences(exported(5), rows(1, 5, "columns-others"), 5))
        .containsExactly(DifferingNumber.contents(DifferenceCause.CHANGED_IN_STORAGE));
  }

  @Test
  void digestsOfOtherColumnsAreNotCompared() {
    assertThat(differences(exported(5), rows(1, 5, "others-others"), 5)).isEmpty();
  }

  @Test
  void withoutAnotherReasonTheApiHasChanged() {
    assertThat(differences(exported(5), rows(1, 5, "columns-rows"), 6))
        .containsExactly(pageviews(5L, 6L, DifferenceCause.CHANGED_AT_THE_API));
  }

  @Test
  void ofRowsOfAnotherDefinitionTheDefinitionIsTheCause() {
    assertThat(
            differences(
                entry(DAILY, DAY, DAY, 5, CertificateStatus.CERTIFIED, "another"),
                rows(1, 5, "columns-rows"),
                6))
        .containsExactly(pageviews(5L, 6L, DifferenceCause.OTHER_DEFINITION));
  }

  @Test
  void ofRowsOfAnotherTimeZoneTheZoneIsTheCause() {
    assertThat(
            differences(
                exported(5), rows(1, 5, "columns-rows"), 6, ZoneId.of("America/New_York"), null))
        .containsExactly(pageviews(5L, 6L, DifferenceCause.OTHER_ZONE));
  }

  @Test
  void whatWasIncompleteWhenItWasExportedStaysIncomplete() {
    assertThat(
            differences(
                entry(DAILY, DAY, DAY, 5, CertificateStatus.INCOMPLETE, DAILY.definition()),
                rows(1, 5, "columns-rows"),
                6))
        .containsExactly(pageviews(5L, 6L, DifferenceCause.INCOMPLETE));
  }

  @Test
  void ifAnotherSinkHoldsWhatIsReportedTheApiHasNotChanged() {
    StoredTotals stored = rows(1, 5, "columns-rows");
    assertThat(differences(exported(5), stored, 6, BERLIN, exported(6)))
        .containsExactly(pageviews(5L, 6L, DifferenceCause.OTHER_SINK_AGREES));
    assertThat(differences(exported(5), stored, 6, BERLIN, exported(7)))
        .containsExactly(pageviews(5L, 6L, DifferenceCause.CHANGED_AT_THE_API));
  }

  @Test
  void aMeasureThatTheRowsNeverHadIsComparedByItsCertificate() {
    StoredTotals withoutMeasures =
        new StoredTotals(totals(1, 0), Map.of(DAY, "columns-rows"), Map.of());
    assertThat(
            differences(
                entry(DAILY, DAY, DAY, 5, CertificateStatus.CERTIFIED, "another"),
                withoutMeasures,
                5))
        .isEmpty();
  }

  @Test
  void daysThatAreNotStoredAreComparedFromTheFirstOneThatAnExportFetches() {
    Comparison comparison =
        Comparison.of(DAILY, sink, List.of(exported(5)), MARCH, DAY.plusDays(10)).get(0);
    assertThat(comparison.periods()).hasSize(1 + 19).startsWith(DayRange.of(DAY));
    assertThat(comparison.asked()).isEqualTo(new DayRange(DAY, MARCH.last()));
    assertThat(Comparison.of(DAILY, sink, List.of(), MARCH, MARCH.last().plusDays(1))).isEmpty();
  }

  @Test
  void aMonthIsComparedAsFarAsItIsStoredOrElseOver() {
    Report monthly = TestReports.pageviews("monthly", DateGrouping.MONTH);
    LedgerEntry half =
        entry(monthly, MARCH.first(), DAY, 5, CertificateStatus.CERTIFIED, monthly.definition());
    DayRange toTheTenthOfApril = new DayRange(MARCH.first(), DAY.withMonth(4).withDayOfMonth(10));
    assertThat(
            Comparison.of(monthly, sink, List.of(half), toTheTenthOfApril, LocalDate.MIN)
                .get(0)
                .periods())
        .containsExactly(
            new DayRange(MARCH.first(), DAY),
            new DayRange(LocalDate.of(2026, 4, 1), toTheTenthOfApril.last()));
  }

  @Test
  void rangesWithoutDateGroupingAreComparedOneByOneAndOnlyIfTheyAreStored() {
    Report whole = TestReports.pageviews("whole", DateGrouping.NONE);
    List<LedgerEntry> stored =
        List.of(
            entry(whole, DAY, MARCH.last(), 5, CertificateStatus.CERTIFIED, "d"),
            entry(whole, DAY, DAY, 5, CertificateStatus.CERTIFIED, "d"),
            entry(whole, DAY.minusYears(1), DAY, 5, CertificateStatus.CERTIFIED, "d"));
    assertThat(Comparison.of(whole, sink, stored, MARCH, LocalDate.MIN))
        .extracting(Comparison::asked)
        .containsExactly(new DayRange(DAY, MARCH.last()), DayRange.of(DAY));
  }

  @Test
  void periodsAreDividedByTheFilesThatTheyLieIn() {
    DayRange toTheTenthOfApril = new DayRange(MARCH.first(), DAY.withMonth(4).withDayOfMonth(10));
    Comparison both =
        Comparison.of(DAILY, sink, List.of(), toTheTenthOfApril, LocalDate.MIN).get(0);
    assertThat(both.byFile())
        .extracting(Comparison::asked)
        .containsExactly(MARCH, new DayRange(LocalDate.of(2026, 4, 1), toTheTenthOfApril.last()));
    assertThat(both.byFile().get(1).daysOfFile())
        .isEqualTo(new DayRange(LocalDate.of(2026, 4, 1), LocalDate.of(2026, 4, 30)));
  }
}
