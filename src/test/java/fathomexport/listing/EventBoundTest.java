package fathomexport.listing;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.plan.Subject;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
import fathomexport.run.FailureKind;
import fathomexport.run.Selection;
import fathomexport.testing.TestReports;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A list of events that visitors can make longer every day. */
class EventBoundTest {
  private static final SiteId SITE = new SiteId("CDBUGS");

  private static ExportJob job(@Nullable Integer maxEvents) {
    return new ExportJob(
        "nightly",
        List.of(TestReports.traffic(), TestReports.goals()),
        Optional.empty(),
        3,
        maxEvents,
        true,
        true,
        Set.of(),
        null,
        Map.of(),
        Map.of(),
        List.of(),
        Selection.ALL);
  }

  private static Subject subject(List<String> events) {
    return new Subject(new Site(SITE, "a site", null), events);
  }

  private static List<String> events(int n) {
    return IntStream.range(0, n).mapToObj(i -> "event " + i).toList();
  }

  @Test
  void aFewHundredAreAllKept() {
    Subject subject = subject(events(ExportJob.EVENTS_BY_DEFAULT));
    EventBound bound = EventBound.of(job(null), List.of(subject), Set.of());
    assertThat(bound.subjects()).containsExactly(subject);
    assertThat(bound.leftOut()).isEmpty();
  }

  @Test
  void storedOnesAreKeptThenTheOldestInTheListsOrder() {
    Set<Slice> stored = Set.of(new Slice(SITE, "event 7"), new Slice(SITE, "event 9"));
    EventBound bound = EventBound.of(job(4), List.of(subject(events(10))), stored);
    assertThat(bound.subjects().get(0).events())
        .containsExactly("event 0", "event 1", "event 7", "event 9");
    assertThat(bound.leftOut())
        .singleElement()
        .satisfies(
            line -> {
              assertThat(line.failure()).as("the pipeline says so itself").isNull();
              assertThat(line.window()).contains("CDBUGS");
              assertThat(line.message())
                  .contains("10 events", "4 of them", "max_events", "'event 2'");
            });
  }

  /** What was kept once is stored, and so kept however many are invented before and after it. */
  @Test
  void theSameAreKeptEveryNight() {
    List<String> first =
        EventBound.of(job(4), List.of(subject(events(10))), Set.of()).subjects().get(0).events();
    Set<Slice> stored = new java.util.HashSet<>();
    first.forEach(event -> stored.add(new Slice(SITE, event)));
    List<String> later = new ArrayList<>(List.of("an invented one", "another"));
    later.addAll(events(3_000));
    assertThat(EventBound.of(job(4), List.of(subject(later)), stored).subjects().get(0).events())
        .isEqualTo(first);
  }

  @Test
  void withoutABoundOfTheUsersItIsAFailure() {
    String invented = "a\n\u001b[31m" + "x".repeat(5_000);
    List<String> many = new ArrayList<>(events(ExportJob.EVENTS_BY_DEFAULT));
    many.add(invented);
    EventBound bound = EventBound.of(job(null), List.of(subject(many)), Set.of());
    assertThat(bound.subjects().get(0).events()).hasSize(ExportJob.EVENTS_BY_DEFAULT);
    assertThat(bound.leftOut())
        .singleElement()
        .satisfies(
            line -> {
              assertThat(line.failure()).isEqualTo(FailureKind.INCOMPLETE);
              assertThat(line.message())
                  .contains("set max_events", "'a\\u000a\\u001b[31m")
                  .hasSizeLessThan(500)
                  .doesNotContain("\n", "\u001b");
            });
  }
}
