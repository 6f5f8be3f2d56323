package fathomexport.export;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.TimeSource;
import fathomexport.dimension.Listing;
import fathomexport.listing.Accounts;
import fathomexport.plan.Subject;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunListener;
import fathomexport.testing.TestReports;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Sites that have left the list are found, and queried in turns, so that none waits for ever. */
class MissingSitesTest {
  private static final Instant LISTED = Instant.parse("2026-01-01T00:00:00Z");

  private static Site site(String id) {
    return new Site(new SiteId(id), id, null);
  }

  private static Listing listed(String id, @Nullable String event, @Nullable Instant unlistedAt) {
    return new Listing(new Slice(new SiteId(id), event), LISTED, unlistedAt, null, null);
  }

  /** What the accounts' lists say now; null if one could not be read as a whole. */
  private static Accounts.Found found(@Nullable List<String> all, String... exported) {
    return new Accounts.Found(
        Arrays.stream(exported).map(id -> new Subject(site(id), List.of())).toList(),
        List.of(),
        all == null ? null : all.stream().map(MissingSitesTest::site).toList(),
        Map.of(),
        List.of());
  }

  private static Set<String> missing(
      Optional<List<SiteId>> configured, Accounts.Found found, List<Listing> listings) {
    ExportJob job =
        new ExportJob("nightly", List.of(TestReports.traffic()), configured, 3, true, false);
    RunEnvironment environment =
        new RunEnvironment(Map.of(), TimeSource.system(), new StopSignal(), RunListener.NONE);
    return new MissingSites(job, environment)
        .of(found, listings, Set.of(new Slice(new SiteId("STORED"), null))).stream()
            .map(SiteId::value)
            .collect(Collectors.toSet());
  }

  @Test
  void aSiteThatWasListedOrIsStoredAndIsNotInTheListIsMissing() {
    assertThat(
            missing(
                Optional.empty(),
                found(List.of("A"), "A"),
                List.of(listed("A", null, null), listed("B", null, null))))
        .containsExactlyInAnyOrder("B", "STORED");
  }

  @Test
  void retiredSitesAndEventsAreNotMissing() {
    assertThat(
            missing(
                Optional.empty(),
                found(List.of("STORED"), "STORED"),
                List.of(listed("B", null, LISTED), listed("C", "signup", null))))
        .isEmpty();
  }

  /** Another account may list a site that this pipeline does not export. */
  @Test
  void aSiteThatIsListedAndNotExportedIsNotMissing() {
    assertThat(
            missing(
                Optional.empty(),
                found(List.of("A", "B", "STORED"), "A"),
                List.of(listed("B", null, null))))
        .isEmpty();
  }

  /** A list that was cut off says nothing of the sites that it lacks. */
  @Test
  void withoutAWholeListNothingIsMissing() {
    assertThat(missing(Optional.empty(), found(null, "A"), List.of(listed("B", null, null))))
        .isEmpty();
  }

  @Test
  void ofNamedSitesOnlyTheseAreMissing() {
    assertThat(
            missing(
                Optional.of(List.of(new SiteId("A"), new SiteId("B"))),
                found(null, "A"),
                List.of(listed("B", null, null), listed("C", null, null))))
        .containsExactly("B");
  }

  private static Set<SiteId> sites(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> new SiteId("S%04d".formatted(i)))
        .collect(Collectors.toSet());
  }

  @Test
  void fewAreAllQueried() {
    assertThat(MissingSites.queried(sites(25), 20_000)).hasSize(25);
  }

  @Test
  void ofManyEachHasItsTurn() {
    for (int count : new int[] {26, 60, 101}) {
      Set<SiteId> queried = new HashSet<>();
      for (int day = 0; day < (count + 24) / 25; day++) {
        assertThat(MissingSites.queried(sites(count), 20_000 + day)).hasSize(25);
        queried.addAll(MissingSites.queried(sites(count), 20_000 + day));
      }
      assertThat(queried).as(count + " sites").hasSize(count);
    }
  }
}
