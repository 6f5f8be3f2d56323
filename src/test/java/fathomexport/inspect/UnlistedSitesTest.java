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

  private static RunRecord run(Instant at) {
    return RunRecord.withoutWindows("run " + at, "all", "run", at, at, 0, 0, List.of());
  }

  private static List<String> unlisted(SiteRow... rows) {
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
            List.of(run(FIRST), run(SECOND)))
        .stream()
        .map(UnlistedSite::site)
        .toList();
  }

  @Test
  void aSiteThatTheNewestListLacksIsUnlisted() {
    assertThat(unlisted(row("A", SECOND, null), row("B", FIRST, null))).containsExactly("B");
    assertThat(unlisted(row("A", SECOND, "x"), row("B", FIRST, "x"))).containsExactly("B");
  }

  /** Such as one whose token was refused in the second run. */
  @Test
  void anAccountThatWasNotListedSaysNothingOfItsSites() {
    assertThat(unlisted(row("A", SECOND, "x"), row("B", FIRST, "y"), row("C", FIRST, "y")))
        .isEmpty();
  }
}
