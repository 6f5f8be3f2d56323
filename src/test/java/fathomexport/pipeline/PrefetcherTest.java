package fathomexport.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import fathomexport.plan.ControlQuery;
import fathomexport.plan.FetchTask;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.testing.TestReports;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Lanes hold every task once, in order; each is fetched once, one ahead. */
class PrefetcherTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 3, 1);

  static FetchTask task(int site, int day) {
    Report report = TestReports.traffic();
    SiteId id = new SiteId("S" + site);
    Slice slice = new Slice(id, null);
    DayRange days = DayRange.of(FIRST.plusDays(day));
    return new FetchTask(
        new Site(id, "a site", null),
        slice,
        new QueryShape(
            report.entity(), report.aggregates(), DateGrouping.DAY, List.of(), List.of()),
        days,
        List.of(report),
        ControlQuery.of(report, slice, days),
        Set.of());
  }

  private static Lane lane(int tasks) {
    return new Lane(0, IntStream.range(0, tasks).mapToObj(day -> task(0, day)).toList());
  }

  private static Prefetcher.Result nothing(FetchTask task) {
    return new Prefetcher.Result.Nothing(
        WindowOutcome.failed("", FailureKind.TRY_LATER, task.days().toString()));
  }

  @Property(tries = 200)
  void lanesHoldEveryTaskOnceInOrder(
      @ForAll @Size(max = 40) List<@IntRange(max = 6) Integer> sites,
      @ForAll @IntRange(min = 1, max = 4) int lanes) {
    List<FetchTask> tasks = new ArrayList<>();
    for (int i = 0; i < sites.size(); i++) {
      tasks.add(task(sites.get(i), i));
    }
    List<Lane> dealt = Lane.deal(tasks, lanes);
    assertThat(dealt).hasSizeLessThanOrEqualTo(lanes).allMatch(l -> !l.tasks().isEmpty());
    assertThat(dealt.stream().map(Lane::number)).doesNotHaveDuplicates();
    assertThat(dealt.stream().flatMap(l -> l.tasks().stream()))
        .containsExactlyInAnyOrderElementsOf(tasks);
    for (Lane lane : dealt) {
      assertThat(lane.tasks()).isSortedAccordingTo((a, b) -> a.days().compareTo(b.days()));
    }
    // No slice in two lanes.
    List<Slice> slices = new ArrayList<>();
    dealt.forEach(
        l -> slices.addAll(l.tasks().stream().map(FetchTask::slice).collect(Collectors.toSet())));
    assertThat(slices).doesNotHaveDuplicates();
    assertThat(dealt).hasSize((int) Math.min(lanes, sites.stream().distinct().count()));
  }

  @Test
  void everyTaskIsFetchedOnceAndInOrder() {
    ConcurrentLinkedQueue<DayRange> fetched = new ConcurrentLinkedQueue<>();
    Lane lane = lane(5);
    try (Prefetcher prefetcher =
        new Prefetcher(
            task -> {
              fetched.add(task.days());
              return nothing(task);
            })) {
      for (int i = 0; i < 5; i++) {
        assertThat(prefetcher.take(lane, i)).isEqualTo(nothing(lane.tasks().get(i)));
      }
    }
    assertThat(fetched)
        .containsExactlyElementsOf(lane.tasks().stream().map(FetchTask::days).toList());
  }

  @Test
  void aLaneIsBegunBeforeItIsTaken() throws InterruptedException {
    Lane lane = lane(3);
    CountDownLatch begun = new CountDownLatch(1);
    ConcurrentLinkedQueue<DayRange> fetched = new ConcurrentLinkedQueue<>();
    try (Prefetcher prefetcher =
        new Prefetcher(
            task -> {
              fetched.add(task.days());
              begun.countDown();
              return nothing(task);
            })) {
      prefetcher.start(lane);
      assertThat(begun.await(1, TimeUnit.MINUTES)).isTrue();
      assertThat(fetched).containsExactly(lane.tasks().get(0).days());
      for (int i = 0; i < 3; i++) {
        assertThat(prefetcher.take(lane, i)).isEqualTo(nothing(lane.tasks().get(i)));
      }
    }
    assertThat(fetched)
        .containsExactlyElementsOf(lane.tasks().stream().map(FetchTask::days).toList());
  }

  @Test
  void aFaultOfFetchingIsNotSwallowed() {
    try (Prefetcher prefetcher =
        new Prefetcher(
            task -> {
              throw new IllegalArgumentException("broken");
            })) {
      assertThatIllegalStateException()
          .isThrownBy(() -> prefetcher.take(lane(1), 0))
          .havingRootCause()
          .withMessage("broken");
    }
  }
}
