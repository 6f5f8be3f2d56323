package fathomexport.beam;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import fathomexport.fetch.Fetched;
import fathomexport.plan.ControlQuery;
import fathomexport.plan.FetchTask;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.rows.RowSpool;
import fathomexport.run.FailureKind;
import fathomexport.run.WindowOutcome;
import fathomexport.testing.TestReports;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
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
        ControlQuery.of(report, slice, days));
  }

  private static Lane lane(int tasks) {
    return new Lane(0, IntStream.range(0, tasks).mapToObj(day -> task(0, day)).toList());
  }

  private static Prefetcher.Result nothing(FetchTask task) {
    return new Prefetcher.Result.Nothing(
        task, WindowOutcome.failed("", FailureKind.TRY_LATER, task.days().toString()), 0);
  }

  private static Prefetcher.Result rows(FetchTask task, boolean last) {
    return new Prefetcher.Result.Rows(
        new Fetched(
            task, new RowSpool(Path.of(".")), null, "", Map.of(), Set.of(), Instant.EPOCH, 1, 0, 0),
        last);
  }

  private static FetchTask about(Prefetcher.Placed piece) {
    return piece.result() instanceof Prefetcher.Result.Rows rows
        ? rows.fetched().task()
        : ((Prefetcher.Result.Nothing) piece.result()).left();
  }

  /** All pieces of a lane as a runner takes them, which claims one offset at a time. */
  private static List<Prefetcher.Placed> take(Prefetcher prefetcher, Lane lane) {
    List<Prefetcher.Placed> all = new ArrayList<>();
    long offset = 0;
    while (true) {
      Optional<Prefetcher.Placed> next = prefetcher.at(lane, offset);
      if (next.isEmpty()) {
        return all;
      }
      assertThat(prefetcher.at(lane, offset)).as("until it is taken").isEqualTo(next);
      Prefetcher.Placed piece = next.orElseThrow();
      assertThat(piece.offset()).isGreaterThanOrEqualTo(offset).isLessThan(Prefetcher.end(lane));
      prefetcher.taken(lane, piece);
      all.add(piece);
      offset = piece.offset() + 1;
    }
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

  @Property(tries = 100)
  void everyPieceOfEveryTaskComesOnceAndInOrder(
      @ForAll @Size(min = 1, max = 6) List<@IntRange(min = 1, max = 4) Integer> pieces) {
    Lane lane = lane(pieces.size());
    List<String> asked = new CopyOnWriteArrayList<>();
    List<Prefetcher.Placed> taken;
    try (Prefetcher prefetcher =
        new Prefetcher(
            task -> {
              int most = pieces.get(lane.tasks().indexOf(task));
              AtomicInteger n = new AtomicInteger();
              return () -> {
                asked.add(task.days() + "/" + n.incrementAndGet());
                return rows(task, n.get() == most);
              };
            })) {
      taken = take(prefetcher, lane);
    }
    List<String> expected = new ArrayList<>();
    List<FetchTask> tasks = new ArrayList<>();
    for (int i = 0; i < pieces.size(); i++) {
      for (int n = 1; n <= pieces.get(i); n++) {
        expected.add(lane.tasks().get(i).days() + "/" + n);
        tasks.add(lane.tasks().get(i));
      }
    }
    assertThat(asked).containsExactlyElementsOf(expected);
    assertThat(taken.stream().map(PrefetcherTest::about)).containsExactlyElementsOf(tasks);
  }

  @Test
  void aTaskThatFailedHasNoFurtherPiece() {
    Lane lane = lane(2);
    AtomicInteger asked = new AtomicInteger();
    try (Prefetcher prefetcher =
        new Prefetcher(
            task ->
                () -> asked.incrementAndGet() == 2 ? nothing(task) : rows(task, asked.get() > 2))) {
      assertThat(take(prefetcher, lane))
          .extracting(PrefetcherTest::about)
          .containsExactly(lane.tasks().get(0), lane.tasks().get(0), lane.tasks().get(1));
    }
  }

  /** As after a restart of another worker: what it committed is committed again. */
  @Test
  void inTheMiddleOfATaskThatIsNotKnownItStartsOver() {
    Lane lane = lane(2);
    try (Prefetcher prefetcher = new Prefetcher(task -> () -> nothing(task))) {
      assertThat(about(prefetcher.at(lane, 3).orElseThrow())).isEqualTo(lane.tasks().get(0));
    }
  }

  @Test
  void aLaneIsBegunBeforeItIsTaken() throws InterruptedException {
    Lane lane = lane(3);
    CountDownLatch begun = new CountDownLatch(1);
    ConcurrentLinkedQueue<DayRange> fetched = new ConcurrentLinkedQueue<>();
    try (Prefetcher prefetcher =
        new Prefetcher(
            task ->
                () -> {
                  fetched.add(task.days());
                  begun.countDown();
                  return nothing(task);
                })) {
      prefetcher.begin(List.of(lane));
      assertThat(begun.await(1, TimeUnit.MINUTES)).isTrue();
      assertThat(fetched).containsExactly(lane.tasks().get(0).days());
      assertThat(take(prefetcher, lane)).hasSize(3);
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
          .isThrownBy(() -> prefetcher.at(lane(1), 0))
          .havingRootCause()
          .withMessage("broken");
    }
  }
}
