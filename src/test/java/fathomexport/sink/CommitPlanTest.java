package fathomexport.sink;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.Attempt;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.report.Aggregate;
import fathomexport.report.DayRange;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.TestReports;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a commit makes of each period, without a database and without a file. */
class CommitPlanTest {
  private static final LocalDate D1 = LocalDate.of(2026, 6, 1);
  private static final LocalDate D2 = D1.plusDays(1);
  private static final LocalDate D3 = D1.plusDays(2);
  private static final Slice SLICE = new Slice(new SiteId("CDBUGS"), null);

  @TempDir Path spill;
  private LoadBuilder load;

  @BeforeEach
  void threeDays() {
    load = new LoadBuilder(TestReports.traffic(), SLICE, new DayRange(D1, D3), spill);
    load.row(D1, 1, 10, 1.5).row(D2, 2, 20, 1.5).row(D3, 3, 30, 1.5);
  }

  private CommitPlan plan(LocalDate... storedBefore) {
    return new CommitPlan(
        load.build(),
        Arrays.stream(storedBefore)
            .collect(
                Collectors.toMap(d -> d, d -> new StoredUnder("definition", null, null, 1, null))));
  }

  @Test
  void certifiedPeriodsAreStoredWhateverIsStored() {
    assertThat(plan(D2).replaced()).containsExactly(D1, D2, D3);
    assertThat(plan(D2).result(3, List.of(D3, D1)))
        .isEqualTo(new CommitResult(3, List.of(D1, D3), List.of()));
    assertThat(plan(D2).attempts()).isEmpty();
    assertThat(plan(D2).succeeded()).extracting(PeriodCertificate::period).contains(D1, D2, D3);
  }

  @Test
  void uncertifiedPeriodsAreStoredLikeCertifiedOnes() {
    load.uncertified(D2);
    assertThat(plan(D2).fate(D2)).isEqualTo(CommitPlan.Fate.STORE);
    assertThat(plan().attempts()).isEmpty();
  }

  @Test
  void anIncompletePeriodLeavesWhatIsStored() {
    load.incomplete(D2, false);
    CommitPlan plan = plan(D2);
    assertThat(plan.fate(D2)).isEqualTo(CommitPlan.Fate.KEEP);
    assertThat(plan.replaced()).containsExactly(D1, D3);
    assertThat(plan.result(2, List.of(D1)).kept()).containsExactly(D2);
    assertThat(plan.entries())
        .as("the entry of what stands stays as it is")
        .extracting(e -> e.certificate().period())
        .containsExactly(D1, D3);
    assertThat(plan.attempts()).singleElement().matches(Attempt::kept);
  }

  @Test
  void anIncompletePeriodOfWhichNothingIsStoredIsNoted() {
    load.incomplete(D2, false);
    CommitPlan plan = plan();
    assertThat(plan.fate(D2)).isEqualTo(CommitPlan.Fate.NOTE);
    assertThat(plan.entries()).extracting(LedgerEntry::stored).containsExactly(true, false, true);
    assertThat(plan.attempts())
        .containsExactly(
            new Attempt(
                "traffic_daily",
                SLICE,
                D2,
                D2,
                load.window().id(),
                LoadBuilder.FETCHED_AT,
                "run-1",
                "pageviews differ from the control by 1",
                false));
    assertThat(plan.succeeded()).extracting(PeriodCertificate::period).containsExactly(D1, D3);
  }

  /** It is better than nothing, is called incomplete, and never takes the place of better rows. */
  @Test
  void anIncompletePeriodThatMayBeStoredIsStoredWhereNothingIs() {
    load.incomplete(D2, true);
    assertThat(plan().fate(D2)).isEqualTo(CommitPlan.Fate.STORE);
    assertThat(plan().attempts()).singleElement().matches(a -> !a.kept());
    assertThat(plan(D2).fate(D2)).isEqualTo(CommitPlan.Fate.KEEP);
  }

  @Test
  void onlyWhatWasStoredIsRestated() {
    assertThat(plan(D1, D2).restated(List.of(D3, D2))).containsExactly(D2);
  }

  private static CommitPlan.Sums sums(long pageviews) {
    return measure -> measure.equals("pageviews") ? BigDecimal.valueOf(pageviews) : null;
  }

  @Test
  void rowsThatComeToTheirCertificateAgree() {
    PeriodCertificate c = load.certificates().get(0);
    assertThat(plan().check(c, 1, sums(10))).isEmpty();
  }

  @Test
  void anotherNumberOfRowsIsNotStored() {
    CommitPlan.Disagreement found =
        plan().check(load.certificates().get(0), 2, sums(10)).orElseThrow();
    assertThat(found).isEqualTo(new CommitPlan.Disagreement(D1, "rows", 1, BigDecimal.valueOf(2)));
    assertThat(found.integrity(load.window()))
        .hasMessage(
            "window traffic_daily CDBUGS 2026-06-01..2026-06-03: 2026-06-01 was certified with"
                + " rows 1 and would be stored with 2; nothing was stored")
        .extracting(SinkException::kind)
        .isEqualTo(SinkException.Kind.INTEGRITY);
  }

  @Test
  void anotherSumIsNotStored() {
    assertThat(plan().check(load.certificates().get(0), 1, sums(11)))
        .contains(new CommitPlan.Disagreement(D1, "pageviews", 10, BigDecimal.valueOf(11)));
  }

  /** As when it left 64 bits: no certificate can say that. */
  @Test
  void aSumThatIsNoNumberAgreesWithNoCertificate() {
    load.edit(
        D1,
        c ->
            new PeriodCertificate(
                c.period(),
                c.coversTo(),
                CertificateStatus.UNCERTIFIED,
                c.rows(),
                Map.of(Aggregate.PAGEVIEWS, 0L),
                Map.of(),
                false,
                "no control",
                c.digest()));
    assertThat(plan().check(load.certificates().get(0), 1, measure -> null)).isPresent();
  }

  @Test
  void rowsOfAWindowThatSucceedsAreSettled() {
    String window = load.window().id();
    assertThat(plan().settlement(Set.of(), Set.of()).settles(window, "run-1")).isTrue();
    load.incomplete(D2, false);
    assertThat(plan().settlement(Set.of(), Set.of()).settles(window, "run-1")).isFalse();
    assertThat(plan().settlement(Set.of(), Set.of()).settles(window, "run-0")).isTrue();
  }
}
