package fathomexport.sink;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.dimension.Change;
import fathomexport.dimension.Dimensions;
import fathomexport.dimension.Listing;
import fathomexport.dimension.Retirement;
import fathomexport.dimension.Sighting;
import fathomexport.report.Milestone;
import fathomexport.report.Site;
import fathomexport.report.SiteEvent;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What every sink must do with sites, events and milestones. Read back by means not ours. */
public abstract class DimensionStoreContract {
  protected static final SiteId A = new SiteId("AAAA");
  protected static final SiteId B = new SiteId("ÄÖ/..\\x");
  protected static final Instant FIRST = Instant.parse("2026-06-11T12:00:00.123456Z");
  protected static final Instant SECOND = Instant.parse("2026-06-12T12:00:00Z");
  protected static final Instant THIRD = Instant.parse("2026-06-13T12:00:00Z");
  private static final String PIPELINE = "nightly";

  /** Opens a sink on the test's own place, which held no rows before the test. */
  protected abstract Sink open();

  /** Opens a sink on a place that no run has prepared. */
  protected Sink openUnprepared() {
    return open();
  }

  /** Runs a query on the tables, whose names stand in it as {@code {name}}; cells as text. */
  protected abstract List<List<@Nullable String>> query(String sql);

  protected static Site site(SiteId id, String name, @Nullable String zone, String... domains) {
    return new Site(
        id,
        name,
        zone == null ? null : ZoneId.of(zone),
        Instant.parse("2024-01-02T03:04:05Z"),
        List.of(domains));
  }

  private static Sighting.Membership member(Set<SiteId> sites, Set<SiteId> gone) {
    return new Sighting.Membership(
        PIPELINE,
        sites,
        gone,
        Set.of(),
        Map.of(
            new Slice(A, null), LocalDate.of(2026, 6, 10),
            new Slice(A, "signup"), LocalDate.of(2026, 6, 9)));
  }

  private static Sighting sighting(Instant at, Site... sites) {
    Set<SiteId> ids = Set.of(List.of(sites).stream().map(Site::id).toArray(SiteId[]::new));
    return new Sighting(at, List.of(sites), Map.of(), Map.of(), member(ids, Set.of()));
  }

  private static Sighting events(Instant at, SiteEvent... events) {
    return new Sighting(
        at,
        List.of(site(A, "a", "UTC")),
        Map.of(A, List.of(events)),
        Map.of(),
        member(Set.of(A), Set.of()));
  }

  private List<Change> record(Sighting... sightings) {
    try (Sink sink = open()) {
      sink.migrate(List.of());
      List<Change> changes = new ArrayList<>();
      for (Sighting sighting : sightings) {
        changes.addAll(sink.dimensions().record(sighting));
      }
      return changes;
    }
  }

  private List<Listing> listings() {
    try (Sink sink = open()) {
      return sink.dimensions().listings(PIPELINE);
    }
  }

  private List<Retirement> retired() {
    try (Sink sink = open()) {
      return sink.dimensions().retired();
    }
  }

  private static Change change(Change.ChangeKind kind, Slice slice) {
    return new Change(kind, slice, null, null);
  }

  @Test
  void aSinkThatNoRunHasPreparedKnowsNothing() {
    try (Sink sink = openUnprepared()) {
      assertThat(sink.dimensions().isPrepared()).isFalse();
      assertThat(sink.dimensions().read(PIPELINE)).isEqualTo(Dimensions.EMPTY);
      assertThat(sink.dimensions().listings(PIPELINE)).isEmpty();
      assertThat(sink.dimensions().retired()).isEmpty();
      sink.migrate(List.of());
      assertThat(sink.dimensions().isPrepared()).isTrue();
    }
  }

  @Test
  void whatTheApiDescribesIsStoredAndReadBack() {
    Site plain = site(A, "", null);
    Site rich = site(B, "Kaffee ☕", "Europe/Berlin", "www.a.example", "b.example");
    Sighting seen =
        new Sighting(
            FIRST.plusNanos(789),
            List.of(plain, rich),
            Map.of(B, List.of(new SiteEvent("buy", "EUR"), new SiteEvent("sign up", null))),
            Map.of(
                A,
                Optional.empty(),
                B,
                Optional.of(List.of(new Milestone("u-1", LocalDate.of(2026, 2, 28), "Launch")))),
            member(Set.of(A, B), Set.of()));

    assertThat(record(seen))
        .containsExactly(
            change(Change.ChangeKind.NEW_SITE, new Slice(A, null)),
            change(Change.ChangeKind.NEW_SITE, new Slice(B, null)));

    assertThat(
            query(
                "SELECT site_id, name, time_zone, extract(epoch FROM created_at)::bigint,"
                    + " first_seen_at = last_seen_at, domains IS NULL FROM {site}"))
        .containsExactlyInAnyOrder(
            row("AAAA", null, null, "1704164645", "true", "true"),
            row(B.value(), "Kaffee ☕", "Europe/Berlin", "1704164645", "true", "false"));
    assertThat(query("SELECT site_id, name, time_zone, valid_to FROM {site_history}"))
        .containsExactlyInAnyOrder(
            row("AAAA", null, null, null), row(B.value(), "Kaffee ☕", "Europe/Berlin", null));
    assertThat(query("SELECT site_id, event_name, currency FROM {event}"))
        .containsExactlyInAnyOrder(row(B.value(), "buy", "EUR"), row(B.value(), "sign up", null));
    assertThat(query("SELECT site_id, milestone_id, date, name FROM {milestone}"))
        .containsExactly(row(B.value(), "u-1", "2026-02-28", "Launch"));
    try (Sink sink = open()) {
      Dimensions read = sink.dimensions().read(PIPELINE);
      assertThat(read.sites().get(B))
          .isNotNull()
          .satisfies(
              site -> assertThat(site.domains()).containsExactly("www.a.example", "b.example"),
              site -> assertThat(site.lastSeenAt()).isEqualTo(FIRST));
      assertThat(read.milestonesAskedAt()).containsOnly(Map.entry(A, FIRST), Map.entry(B, FIRST));
      assertThat(read.listings()).hasSize(4);
    }
  }

  @Test
  void theSameAgainChangesNothingButTheTimeOfTheLastSighting() {
    record(sighting(FIRST, site(A, "a", "UTC")), events(FIRST, new SiteEvent("buy", "EUR")));
    List<List<@Nullable String>> history = query("SELECT * FROM {site_history}");

    assertThat(
            record(
                sighting(SECOND, site(A, "a", "UTC")),
                events(SECOND, new SiteEvent("buy", "EUR")),
                // An interrupted run that tells of an earlier time.
                sighting(FIRST, site(A, "a", "UTC"))))
        .isEmpty();

    assertThat(query("SELECT * FROM {site_history}")).isEqualTo(history);
    assertThat(
            query(
                "SELECT extract(epoch FROM first_seen_at)::bigint,"
                    + " extract(epoch FROM last_seen_at)::bigint FROM {site}"))
        .containsExactly(row("1781179200", "1781265600"));
    assertThat(
            query(
                "SELECT extract(epoch FROM first_seen_at)::bigint,"
                    + " extract(epoch FROM last_seen_at)::bigint FROM {event}"))
        .containsExactly(row("1781179200", "1781265600"));
  }

  /** The event's currency is that of all its history, so a change of it is said. */
  @Test
  void anEventWhoseCurrencyChangesIsSaid() {
    record(events(FIRST, new SiteEvent("buy", "EUR"), new SiteEvent("sign up", null)));

    assertThat(record(events(SECOND, new SiteEvent("buy", "USD"), new SiteEvent("sign up", "EUR"))))
        .as("a currency that was not known before has not changed")
        .containsExactly(new Change(Change.ChangeKind.CURRENCY, new Slice(A, "buy"), "EUR", "USD"));
    assertThat(record(events(THIRD, new SiteEvent("buy", null), new SiteEvent("sign up", "EUR"))))
        .containsExactly(new Change(Change.ChangeKind.CURRENCY, new Slice(A, "buy"), "USD", null));
    assertThat(record(events(THIRD, new SiteEvent("buy", null), new SiteEvent("sign up", "EUR"))))
        .isEmpty();
    assertThat(query("SELECT event_name, currency FROM {event} ORDER BY event_name"))
        .containsExactly(row("buy", null), row("sign up", "EUR"));
  }

  @Test
  void aSiteThatIsRenamedOrMovedKeepsWhatItWas() {
    record(sighting(FIRST, site(A, "old", "Europe/Berlin")));

    assertThat(record(sighting(SECOND, site(A, "new", "Europe/Berlin"))))
        .containsExactly(new Change(Change.ChangeKind.RENAMED, new Slice(A, null), "old", "new"));
    assertThat(record(sighting(THIRD, site(A, "new", "America/New_York"))))
        .containsExactly(
            new Change(
                Change.ChangeKind.MOVED, new Slice(A, null), "Europe/Berlin", "America/New_York"));

    assertThat(
            query(
                "SELECT name, time_zone, extract(epoch FROM valid_from)::bigint,"
                    + " extract(epoch FROM valid_to)::bigint FROM {site_history}"
                    + " ORDER BY valid_from"))
        .containsExactly(
            row("old", "Europe/Berlin", "1781179200", "1781265600"),
            row("new", "Europe/Berlin", "1781265600", "1781352000"),
            row("new", "America/New_York", "1781352000", null));
    assertThat(query("SELECT name, time_zone FROM {site}"))
        .containsExactly(row("new", "America/New_York"));
  }

  /** An API that leaves a value out one night does not say that the site has lost it. */
  @Test
  void whatTheApiLeavesOutHasNotChanged() {
    record(sighting(FIRST, site(A, "a", "Europe/Berlin", "a.example")));

    assertThat(record(sighting(SECOND, new Site(A, "", null)))).isEmpty();

    assertThat(query("SELECT name, time_zone, created_at IS NULL, domains IS NULL FROM {site}"))
        .containsExactly(row("a", "Europe/Berlin", "false", "false"));
    assertThat(query("SELECT valid_to FROM {site_history}")).containsExactly(row((String) null));
  }

  @Test
  void aChangeWhileTheClockWentBackReplacesTheSpan() {
    record(sighting(SECOND, site(A, "old", "UTC")));
    record(sighting(FIRST, site(A, "new", "UTC")));

    assertThat(query("SELECT name, valid_to FROM {site_history}"))
        .containsExactly(row("new", null));
  }

  @Test
  void aSiteThatIsGoneIsRetiredOnceAndKeepsItsRows() {
    Slice slice = new Slice(A, null);
    record(sighting(FIRST, site(A, "a", "UTC"), site(B, "b", "UTC")));
    Sighting gone =
        new Sighting(
            SECOND, List.of(site(B, "b", "UTC")), Map.of(), Map.of(), member(Set.of(B), Set.of(A)));

    assertThat(record(gone, gone))
        .containsExactly(new Change(Change.ChangeKind.SITE_GONE, slice, "a", null));

    assertThat(listings())
        .contains(new Listing(slice, FIRST, SECOND, LocalDate.of(2026, 6, 10), null))
        .hasSize(2);
    assertThat(query("SELECT site_id FROM {site}")).hasSize(2);
    assertThat(record(sighting(THIRD, site(A, "a", "UTC"), site(B, "b", "UTC"))))
        .containsExactly(change(Change.ChangeKind.BACK, slice));
    assertThat(listings()).contains(new Listing(slice, FIRST, null, null, null));
  }

  @Test
  void anEventThatIsGoneIsRetiredOnceAndKeepsItsRow() {
    Slice slice = new Slice(A, "signup");
    record(events(FIRST, new SiteEvent("buy", "EUR"), new SiteEvent("signup", null)));

    assertThat(record(events(SECOND, new SiteEvent("buy", "USD"))))
        .containsExactly(
            new Change(Change.ChangeKind.CURRENCY, new Slice(A, "buy"), "EUR", "USD"),
            change(Change.ChangeKind.EVENT_GONE, slice));
    assertThat(record(events(THIRD, new SiteEvent("buy", "USD")))).isEmpty();

    assertThat(listings())
        .contains(new Listing(slice, FIRST, SECOND, LocalDate.of(2026, 6, 9), null));
    assertThat(retired()).containsExactly(new Retirement(slice, LocalDate.of(2026, 6, 9)));
    assertThat(query("SELECT event_name, currency FROM {event} ORDER BY event_name"))
        .containsExactly(row("buy", "USD"), row("signup", null));
  }

  /** Without it, nobody knows whether a site has events. */
  @Test
  void aListOfEventsThatWasReadIsRemembered() {
    record(sighting(FIRST, site(A, "a", "UTC"), site(B, "b", "UTC")));
    assertThat(listings()).extracting(Listing::eventsListedAt).containsOnlyNulls();

    record(events(SECOND), events(THIRD));

    assertThat(listings())
        .containsExactlyInAnyOrder(
            new Listing(new Slice(A, null), FIRST, null, null, SECOND),
            new Listing(new Slice(B, null), FIRST, null, null, null));
  }

  /** What a run of one pipeline has found to be gone, all may know, until one sees it again. */
  @Test
  void whatOnePipelineFindsToBeGoneIsRetiredUntilOneSeesIt() {
    record(sighting(FIRST, site(A, "a", "UTC"), site(B, "b", "UTC")));
    assertThat(retired()).isEmpty();
    record(
        new Sighting(
            SECOND,
            List.of(site(B, "b", "UTC")),
            Map.of(),
            Map.of(),
            new Sighting.Membership("hourly", Set.of(B), Set.of(A), Set.of(), Map.of())));

    assertThat(retired()).containsExactly(new Retirement(new Slice(A, null), null));

    record(sighting(THIRD, site(A, "a", "UTC")));
    assertThat(retired()).isEmpty();
  }

  /** What was stored before anybody recorded lists is neither new, nor listed for ever. */
  @Test
  void whatWasStoredBeforeListsWereRecordedCountsAsListedBefore() {
    Sighting first =
        new Sighting(
            FIRST,
            List.of(site(A, "a", "UTC")),
            Map.of(A, List.of(new SiteEvent("buy", "EUR"))),
            Map.of(),
            new Sighting.Membership(
                PIPELINE,
                Set.of(A),
                Set.of(B),
                Set.of(new Slice(A, null), new Slice(A, "signup"), new Slice(B, null)),
                Map.of()));

    assertThat(record(first))
        .containsExactly(
            change(Change.ChangeKind.SITE_GONE, new Slice(B, null)),
            change(Change.ChangeKind.EVENT_GONE, new Slice(A, "signup")));
    assertThat(record(first)).isEmpty();
  }

  @Test
  void eachPipelineHasListsOfItsOwn() {
    record(sighting(FIRST, site(A, "a", "UTC")));
    try (Sink sink = open()) {
      assertThat(sink.dimensions().listings("hourly")).isEmpty();
      // A listing by nobody's pipeline says nothing about membership.
      assertThat(
              sink.dimensions()
                  .record(
                      new Sighting(SECOND, List.of(site(B, "b", "UTC")), Map.of(), Map.of(), null)))
          .isEmpty();
    }
    assertThat(listings()).extracting(Listing::slice).containsExactly(new Slice(A, null));
    assertThat(query("SELECT site_id FROM {site}")).hasSize(2);
  }

  @Test
  void milestonesAreThoseThatTheApiListsNow() {
    Milestone launch = new Milestone("u-1", LocalDate.of(2026, 2, 28), "Launch");
    Milestone sale = new Milestone("u-2", LocalDate.of(2026, 3, 1), "Sale");
    Milestone moved = new Milestone("u-2", LocalDate.of(2026, 3, 2), "Sale");
    record(
        Sighting.ofMilestones(FIRST, Map.of(A, Optional.of(List.of(launch, sale)))),
        Sighting.ofMilestones(FIRST, Map.of(B, Optional.of(List.of(launch)))),
        Sighting.ofMilestones(SECOND, Map.of(A, Optional.of(List.of(moved)))),
        // An API that no longer offers them does not say that there are none.
        Sighting.ofMilestones(THIRD, Map.of(B, Optional.empty())));

    assertThat(query("SELECT site_id, milestone_id, date FROM {milestone}"))
        .containsExactlyInAnyOrder(
            row("AAAA", "u-2", "2026-03-02"), row(B.value(), "u-1", "2026-02-28"));
  }

  @Test
  void aNameThatNoIndexHoldsIsLeftOutAndTheRestIsStored() {
    String endless = "ü".repeat(1_500);

    assertThat(record(events(FIRST, new SiteEvent(endless, null), new SiteEvent("buy", null))))
        .hasSize(1);
    assertThat(record(events(SECOND, new SiteEvent(endless, null), new SiteEvent("buy", null))))
        .isEmpty();

    assertThat(query("SELECT event_name FROM {event}")).containsExactly(row("buy"));
  }

  @Test
  void runsAtOnceSeeEachOther() throws Exception {
    record(sighting(FIRST, site(A, "old", "UTC")));
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (Sink one = open();
        Sink other = open()) {
      List<Future<List<Change>>> done = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        Sink sink = i % 2 == 0 ? one : other;
        Site more = site(new SiteId("S" + i), "s" + i, "UTC");
        done.add(
            threads.submit(
                () -> sink.dimensions().record(sighting(SECOND, site(A, "new", "UTC"), more))));
      }
      List<Change> changes = new ArrayList<>();
      for (Future<List<Change>> each : done) {
        changes.addAll(each.get());
      }
      assertThat(changes).filteredOn(c -> c.kind() == Change.ChangeKind.RENAMED).hasSize(1);
      assertThat(changes).filteredOn(c -> c.kind() == Change.ChangeKind.NEW_SITE).hasSize(8);
    } finally {
      threads.shutdownNow();
    }
    assertThat(query("SELECT count(*) FROM {site}")).containsExactly(row("9"));
    assertThat(query("SELECT count(*) FROM {site_history}")).containsExactly(row("10"));
  }

  protected static List<@Nullable String> row(@Nullable String... cells) {
    return java.util.Arrays.asList(cells);
  }
}
