package fathomexport.certify;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.Window;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Whatever damages a window's rows, its certificate shows it, on the very day. */
class CertifierProperties {
  private static final LocalDate FIRST = LocalDate.of(2026, 3, 1);
  private static final int DAYS = 10;
  private static final Window WINDOW =
      new Window(
          "pages_daily",
          new Slice(new SiteId("CDBUGS"), null),
          DateGrouping.DAY,
          new DayRange(FIRST, FIRST.plusDays(DAYS - 1)));

  /** One row: a group's pageviews of a day. */
  record Row(int day, long pageviews) {}

  @Provide
  Arbitrary<List<Row>> rows() {
    return Combinators.combine(
            Arbitraries.integers().between(0, DAYS - 1), Arbitraries.longs().between(1, 5000))
        .as(Row::new)
        .list()
        .ofMinSize(1)
        .ofMaxSize(40);
  }

  private static PeriodTotals totals(List<Row> rows) {
    PeriodTotals totals = new PeriodTotals();
    for (Row row : rows) {
      totals.add(FIRST.plusDays(row.day), Map.of(Aggregate.PAGEVIEWS, row.pageviews));
    }
    return totals;
  }

  private static List<PeriodCertificate> certify(List<Row> rows, List<Row> truth) {
    return Certifier.certify(
        WINDOW, Entity.PAGEVIEW, totals(rows), Map.of(), totals(truth), "", Map.of());
  }

  private static void assertFound(List<Row> rows, List<Row> truth, Integer... days) {
    List<PeriodCertificate> certificates = certify(rows, truth);
    assertThat(certificates)
        .extracting(PeriodCertificate::period)
        .isEqualTo(WINDOW.periods().toList());
    assertThat(certificates)
        .filteredOn(c -> c.status() != CertificateStatus.CERTIFIED)
        .allMatch(c -> c.status() == CertificateStatus.INCOMPLETE && !c.storeIfAbsent())
        .extracting(c -> (int) (c.period().toEpochDay() - FIRST.toEpochDay()))
        .containsExactlyInAnyOrder(days);
  }

  @Property(tries = 300)
  void theWholeIsCertified(@ForAll("rows") List<Row> truth) {
    assertFound(truth, truth);
    assertThat(certify(truth, truth))
        .allMatch(
            c ->
                c.rows()
                    == truth.stream()
                        .filter(r -> FIRST.plusDays(r.day).equals(c.period()))
                        .count());
  }

  @Property(tries = 300)
  void aRowLost(@ForAll("rows") List<Row> truth, @ForAll int at) {
    List<Row> rows = new ArrayList<>(truth);
    Row lost = rows.remove(Math.floorMod(at, rows.size()));
    assertFound(rows, truth, lost.day);
  }

  @Property(tries = 300)
  void aRowDoubled(@ForAll("rows") List<Row> truth, @ForAll int at) {
    List<Row> rows = new ArrayList<>(truth);
    Row twice = rows.get(Math.floorMod(at, rows.size()));
    rows.add(twice);
    assertFound(rows, truth, twice.day);
  }

  @Property(tries = 300)
  void aValueOffByOne(@ForAll("rows") List<Row> truth, @ForAll int at, @ForAll boolean more) {
    List<Row> rows = new ArrayList<>(truth);
    int i = Math.floorMod(at, rows.size());
    Row row = rows.get(i);
    rows.set(i, new Row(row.day, row.pageviews + (more ? 1 : -1)));
    assertFound(rows, truth, row.day);
  }

  @Property(tries = 300)
  void aDayMoved(
      @ForAll("rows") List<Row> truth, @ForAll int at, @ForAll int to, @ForAll boolean wholeDay) {
    Row moved = truth.get(Math.floorMod(at, truth.size()));
    int target = Math.floorMod(to, DAYS);
    Assume.that(target != moved.day);
    List<Row> rows = new ArrayList<>(truth);
    if (wholeDay) {
      rows.replaceAll(r -> r.day == moved.day ? new Row(target, r.pageviews) : r);
    } else {
      rows.set(truth.indexOf(moved), new Row(target, moved.pageviews));
    }
    assertFound(rows, truth, moved.day, target);
  }

  @Property(tries = 300)
  void aGhost(@ForAll("rows") List<Row> truth, @ForAll("rows") List<Row> other) {
    Row ghost = other.get(0);
    List<Row> rows = new ArrayList<>(truth);
    rows.add(ghost);
    assertFound(rows, truth, ghost.day);
    assertFound(truth, rows, ghost.day);
  }

  @Example
  void everyAdditiveMeasureOfAnEventCounts() {
    LocalDate day = WINDOW.days().first();
    Window window = new Window("goals", WINDOW.slice(), DateGrouping.DAY, DayRange.of(day));
    for (Aggregate off : List.of(Aggregate.CONVERSIONS, Aggregate.VALUE)) {
      PeriodTotals rows = new PeriodTotals();
      PeriodTotals control = new PeriodTotals();
      rows.add(day, Map.of(Aggregate.CONVERSIONS, 5L, Aggregate.VALUE, -20L));
      control.add(day, Map.of(Aggregate.CONVERSIONS, 5L, Aggregate.VALUE, -20L));
      rows.add(day, Map.of(off, 1L));
      assertThat(Certifier.certify(window, Entity.EVENT, rows, Map.of(), control, "", Map.of()))
          .singleElement()
          .satisfies(c -> assertThat(c.status()).isEqualTo(CertificateStatus.INCOMPLETE))
          .satisfies(c -> assertThat(c.reason()).contains(off.apiName()));
    }
  }

  @Example
  void withoutAControlNothingIsClaimed() {
    PeriodTotals rows = totals(List.of(new Row(0, 3)));
    LocalDate faulty = FIRST.plusDays(1);
    List<PeriodCertificate> certificates =
        Certifier.certify(
            WINDOW,
            Entity.PAGEVIEW,
            rows,
            Map.of(),
            null,
            "the control was refused",
            Map.of(faulty, new Certifier.Fault("cut off", true)));
    assertThat(certificates.get(0).status()).isEqualTo(CertificateStatus.UNCERTIFIED);
    assertThat(certificates.get(0).reason()).isEqualTo("the control was refused");
    assertThat(certificates.get(0).control()).isEmpty();
    assertThat(certificates.get(1).status()).isEqualTo(CertificateStatus.INCOMPLETE);
    assertThat(certificates.get(1).storeIfAbsent()).isTrue();
    assertThat(certificates.get(1).reason()).isEqualTo("cut off");
  }

  @Example
  void aFaultOutweighsSumsThatAgree() {
    List<Row> rows = List.of(new Row(0, 3));
    List<PeriodCertificate> certificates =
        Certifier.certify(
            WINDOW,
            Entity.PAGEVIEW,
            totals(rows),
            Map.of(),
            totals(rows),
            "",
            Map.of(FIRST, new Certifier.Fault("a row could not be typed", false)));
    assertThat(certificates.get(0).status()).isEqualTo(CertificateStatus.INCOMPLETE);
    assertThat(certificates.get(0).reason()).isEqualTo("a row could not be typed");
    assertThat(certificates.get(1).status()).isEqualTo(CertificateStatus.CERTIFIED);
  }

  @Example
  void aPeriodThatIsNotOverIsCoveredToTheWindowsEnd() {
    Window months =
        new Window(
            "r",
            WINDOW.slice(),
            DateGrouping.MONTH,
            new DayRange(LocalDate.of(2026, 2, 1), LocalDate.of(2026, 3, 20)));
    PeriodTotals none = new PeriodTotals();
    assertThat(Certifier.certify(months, Entity.PAGEVIEW, none, Map.of(), none, "", Map.of()))
        .extracting(PeriodCertificate::coversTo)
        .containsExactly(LocalDate.of(2026, 2, 28), LocalDate.of(2026, 3, 20));
  }

  /** Rows of one day: hours in no order, some of which come more than once. */
  private static PeriodTotals hours(List<Integer> hours, List<Integer> views) {
    PeriodTotals totals = new PeriodTotals();
    for (int i = 0; i < hours.size(); i++) {
      totals.add(FIRST, hours.get(i), List.of(Aggregate.PAGEVIEWS), new long[] {views.get(i)});
    }
    return totals;
  }

  private static CertificateStatus hourly(PeriodTotals rows, PeriodTotals control) {
    Window day =
        new Window("hourly", WINDOW.slice(), DateGrouping.HOUR, new DayRange(FIRST, FIRST));
    return Certifier.certify(day, Entity.PAGEVIEW, rows, Map.of(), control, "", Map.of())
        .get(0)
        .status();
  }

  @Property(tries = 300)
  void aRowMovedToAnotherHourOfItsDay(
      @ForAll @Size(min = 1, max = 20) List<@IntRange(max = 23) Integer> hours,
      @ForAll @IntRange(max = 19) int at,
      @ForAll @IntRange(min = 1, max = 23) int by) {
    List<Integer> views = hours.stream().map(h -> 1 + h * 7 % 5).toList();
    List<Integer> moved = new ArrayList<>(hours);
    int place = at % hours.size();
    moved.set(place, (moved.get(place) + by) % 24);
    PeriodTotals truth = hours(hours, views);

    assertThat(hourly(hours(hours, views), truth)).isEqualTo(CertificateStatus.CERTIFIED);
    assertThat(hourly(hours(moved, views), truth)).isEqualTo(CertificateStatus.INCOMPLETE);
  }

  /** Conversions that agree hour by hour say nothing of the values, nor the other way round. */
  @Example
  void everyMeasureOfAnEventCountsHourByHour() {
    Window day =
        new Window("hourly_goals", WINDOW.slice(), DateGrouping.HOUR, new DayRange(FIRST, FIRST));
    List<Aggregate> measures = List.of(Aggregate.CONVERSIONS, Aggregate.VALUE);
    for (int moved = 0; moved < measures.size(); moved++) {
      PeriodTotals control = new PeriodTotals();
      control.add(FIRST, 9, measures, new long[] {2, 40});
      control.add(FIRST, 10, measures, new long[] {2, 40});
      PeriodTotals rows = new PeriodTotals();
      for (int sign : new int[] {1, -1}) {
        long[] values = {2, 40};
        values[moved] += sign;
        rows.add(FIRST, sign == 1 ? 9 : 10, measures, values);
      }
      assertThat(Certifier.certify(day, Entity.EVENT, rows, Map.of(), control, "", Map.of()))
          .singleElement()
          .satisfies(c -> assertThat(c.status()).isEqualTo(CertificateStatus.INCOMPLETE))
          .satisfies(c -> assertThat(c.reason()).contains("hours"));
    }
  }
}
