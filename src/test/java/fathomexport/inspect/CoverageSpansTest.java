package fathomexport.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.Likeness;
import fathomexport.ledger.Stretch;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.testing.TestReports;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CoverageSpansTest {
  private static final Report DAILY = TestReports.traffic();
  private static final Slice SITE = new Slice(new SiteId("CDBUGS"), null);
  private static final LocalDate FIRST = LocalDate.of(2026, 3, 1);

  private final SiteZones zones = new SiteZones(Map.of());
  private Retired retired = Retired.NONE;
  private final NavigableMap<String, CoveredPeriods> stored = new TreeMap<>();

  private static LocalDate day(int day) {
    return FIRST.plusDays(day);
  }

  private CoveredPeriods store(int from, int to, Likeness like, long rows) {
    CoveredPeriods periods =
        new CoveredPeriods(
            day(from), day(to), to - from + 1L, like, rows, null, false, Set.of("postgres"));
    stored.put(periods.key(DAILY), periods);
    return periods;
  }

  private static Likeness like(CertificateStatus status, boolean partial, boolean empty) {
    return new Likeness(partial, empty, status, DAILY.definition(), "Europe/Berlin");
  }

  private static Stretch seen(String zone, String at) {
    return new Stretch(
        SITE,
        FIRST,
        FIRST,
        false,
        CertificateStatus.CERTIFIED,
        true,
        false,
        DAILY.definition(),
        zone,
        1,
        1,
        Instant.parse(at),
        0);
  }

  private List<String> spans(Set<String> failed, @Nullable LocalDate first) {
    return new CoverageSpans(zones, retired)
        .of(DAILY, SITE, stored, failed, first, new TreeMap<>()).stream()
            .map(s -> s.first() + ".." + s.last() + " " + s.state())
            .toList();
  }

  @Test
  void everyDayFromTheFirstToTheLastHasAState() {
    store(0, 1, like(CertificateStatus.CERTIFIED, false, false), 5);
    store(2, 2, like(CertificateStatus.CERTIFIED, false, true), 0);
    store(5, 5, like(CertificateStatus.UNCERTIFIED, false, false), 5);
    store(6, 6, like(CertificateStatus.INCOMPLETE, false, false), 5);
    store(7, 7, like(CertificateStatus.CERTIFIED, true, false), 5);
    assertThat(spans(Set.of(), day(0)))
        .containsExactly(
            "2026-03-01..2026-03-02 CERTIFIED",
            "2026-03-03..2026-03-03 NOTHING",
            "2026-03-04..2026-03-05 MISSING",
            "2026-03-06..2026-03-06 UNCERTIFIED",
            "2026-03-07..2026-03-07 INCOMPLETE",
            "2026-03-08..2026-03-08 PROVISIONAL");
  }

  /** As in the views of schema {@code fathom_bi}. */
  @Test
  void whatWasNotOverIsIncompleteOnceItIsRetired() {
    store(0, 0, like(CertificateStatus.CERTIFIED, true, false), 5);
    retired = new Retired(Set.of(SITE), Set.of());
    assertThat(spans(Set.of(), day(0))).containsExactly("2026-03-01..2026-03-01 PROVISIONAL");
    retired = new Retired(Set.of(SITE), Set.of(SITE));
    assertThat(spans(Set.of(), day(0))).containsExactly("2026-03-01..2026-03-01 INCOMPLETE");
    zones.saw(seen("America/New_York", "2026-03-05T00:00:00Z"));
    assertThat(spans(Set.of(), day(0))).containsExactly("2026-03-01..2026-03-01 STALE");
  }

  @Test
  void neighboursOfOneStateAreOneSpan() {
    store(0, 1, like(CertificateStatus.CERTIFIED, false, false), 5);
    store(2, 3, like(CertificateStatus.CERTIFIED, false, false), 6);
    assertThat(spans(Set.of(), day(0))).containsExactly("2026-03-01..2026-03-04 CERTIFIED");
  }

  @Test
  void aFailedAttemptMakesADayIncomplete() {
    CoveredPeriods failed = store(0, 0, like(CertificateStatus.CERTIFIED, false, false), 5);
    assertThat(spans(Set.of(failed.key(DAILY)), day(0)))
        .containsExactly("2026-03-01..2026-03-01 INCOMPLETE");
  }

  @Test
  void whatAnotherSinkHasBeforeIsMissing() {
    store(3, 3, like(CertificateStatus.CERTIFIED, false, false), 5);
    assertThat(spans(Set.of(), day(1)))
        .containsExactly("2026-03-02..2026-03-03 MISSING", "2026-03-04..2026-03-04 CERTIFIED");
  }

  @Test
  void daysBeforeTheSiteMovedAreStale() {
    store(0, 0, like(CertificateStatus.CERTIFIED, false, false), 5);
    zones.saw(seen("America/New_York", "2026-03-05T00:00:00Z"));
    zones.saw(seen("Europe/Berlin", "2026-03-04T00:00:00Z"));
    assertThat(spans(Set.of(), day(0))).containsExactly("2026-03-01..2026-03-01 STALE");
    assertThat(zones.of(SITE.site()).getId()).isEqualTo("America/New_York");
  }

  /** As in the views, and whichever pipeline has seen it. */
  @Test
  void theZoneThatTheApiListedLastCounts() {
    store(0, 0, like(CertificateStatus.CERTIFIED, false, false), 5);
    SiteZones listed = new SiteZones(Map.of(SITE.site(), "Asia/Tokyo"));
    listed.saw(seen("Europe/Berlin", "2026-03-05T00:00:00Z"));
    assertThat(listed.movedFrom(SITE.site(), "Europe/Berlin")).isTrue();
    assertThat(listed.movedFrom(SITE.site(), "Asia/Tokyo")).isFalse();
    assertThat(listed.movedFrom(SITE.site(), null)).isFalse();
    assertThat(listed.of(SITE.site()).getId()).isEqualTo("Asia/Tokyo");
    assertThat(listed.known()).containsOnlyKeys(SITE.site());
  }

  @Test
  void aSiteWithoutAKnownZoneHasTheLastOneOnEarth() {
    assertThat(zones.of(SITE.site())).isEqualTo(Site.LAST_ZONE_ON_EARTH);
    assertThat(zones.known()).isEmpty();
    assertThat(zones.movedFrom(SITE.site(), "Europe/Berlin")).isFalse();
  }
}
