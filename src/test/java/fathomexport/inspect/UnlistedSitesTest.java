package fathomexport.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.dimension.Dimensions;
import fathomexport.dimension.Listing;
import fathomexport.dimension.SiteRow;
import fathomexport.ledger.RunRecord;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
import fathomexport.run.UnlistedSite;
import fathomexport.testing.TestReports;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class UnlistedSitesTest {
  private static final Instant FIRST = Instant.parse("2026-01-01T00:00:00Z");
  private static final Instant SECOND = FIRST.plus(Duration.ofDays(1));

  private static SiteRow row(String id, Instant seen, @Nullable String account) {
    return new SiteRow(new SiteId(id), id, null, null, List.of(), FIRST, seen, account);
  }

  private static RunRecord run(Instant at, int exitCode) {
    return RunRecord.withoutWindows("run " + at, "all", "run", at, at, exitCode, 0, List.of());
  }

  /**
   * @param exitCode of the second run; the first one has succeeded
   */
  private static List<String> unlisted(int exitCode, SiteRow... rows) {
    Map<SiteId, SiteRow> sites = new HashMap<>();
    Map<Slice, Listing> listings = new HashMap<>();
    Arrays.stream(rows)
        .forEach(
            row -> {
              Slice slice = new Slice(row.id(), null);
              sites.put(row.id(), row);
              listings.put(slice, new Listing(slice, FIRST, null, null, null));
            });
    return UnlistedSites.of(
            new ExportJob("all", List.of(TestReports.traffic()), Optional.empty(), 3, true, false),
            new Dimensions(sites, Map.of(), Map.of(), Map.of(), Map.of(), listings),
            Retired.NONE,
            List.of(run(SECOND, exitCode), run(FIRST, 0)))
        .stream()
        .map(UnlistedSite::site)
        .toList();
  }

  @Test
  void aSiteThatTheNewestListLacksIsUnlisted() {
    for (int exitCode : List.of(0, 77)) {
      assertThat(unlisted(exitCode, row("A", SECOND, null), row("B", FIRST, null)))
          .containsExactly("B");
      assertThat(unlisted(exitCode, row("A", SECOND, "x"), row("B", FIRST, "x")))
          .containsExactly("B");
    }
  }

  /** Such as one whose token was refused in the second run. */
  @Test
  void anAccountThatWasNotListedSaysNothingOfItsSites() {
    assertThat(unlisted(77, row("A", SECOND, "x"), row("B", FIRST, "y"), row("C", FIRST, "y")))
        .isEmpty();
  }

  /** A run that succeeds has listed all accounts. */
  @Test
  void anAccountOfWhichNothingIsListedAnyMoreHasLostAllOfItsSites() {
    assertThat(unlisted(0, row("A", SECOND, "x"), row("B", FIRST, "y"))).containsExactly("B");
  }

  /** Its tables could not be written, so which sites it has listed is not known. */
  @Test
  void aRunThatHasSeenNoSiteAsFarAsIsRecordedSaysNothing() {
    assertThat(unlisted(0, row("A", FIRST, "x"), row("B", FIRST, "y"))).isEmpty();
  }
}
