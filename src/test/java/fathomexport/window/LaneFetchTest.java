package fathomexport.window;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import fathomexport.fetch.Fetched;
import fathomexport.fetch.WindowFetcher;
import fathomexport.plan.FetchTask;
import fathomexport.report.DayRange;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.rows.RowSpool;
import fathomexport.run.FailureKind;
import fathomexport.run.WindowOutcome;
import fathomexport.testing.TestReports;
import fathomexport.testing.TestTasks;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Lanes hold every task once, in order; each is fetched once, one ahead. */
class LaneFetchTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 3, 1);

  static FetchTask task(int site, int day) {
    return TestTasks.of("S" + site, TestReports.traffic(), DayRange.of(FIRST.plusDays(day)));
  }

  private static Lane lane(int tasks) {
    return new Lane(0, "", IntStream.range(0, tasks).mapToObj(day -> task(0, day)).toList());
  }

  private static LaneFetch.Result nothing(FetchTask task) {
    return new LaneFetch.Result.Nothing(
        task, WindowOutcome.failed("", FailureKind.TRY_LATER, task.days().toString()), 0);
  }

  private static LaneFetch.Result later(FetchTask task, boolean counts) {
    return new LaneFetch.Result.Later(
        task, WindowOutcome.failed("", FailureKind.TRY_LATER, "not now"), counts, 0);
  }

  private static LaneFetch.Result rows(FetchTask task, boolean last) {
    return new LaneFetch.Result.Came(
        new WindowFetcher.Chunk.Rows(
            new Fetched(
                task,
                new RowSpool(Path.of(".")),
                null,
                "",
                Map.of(),
                Set.of(),
                Instant.EPOCH,
                1,
                0,
                0)),
        last);
  }

  private static FetchTask about(LaneFetch.Result result) {
    return result instanceof LaneFetch.Result.Came came
        ? ((WindowFetcher.Chunk.Rows) came.chunk()).fetched().task()
        : ((LaneFetch.Result.Nothing) result).left();
  }

  /** All that comes of a lane. */
  private static List<LaneFetch.Result> take(
      Lane lane, Function<FetchTask, LaneFetch.TaskChunks> fetch, Predicate<SiteId> comesLast) {
    List<LaneFetch.Result> all = new ArrayList<>();
    try (LaneFetch fetching =
        new LaneFetch(lane, (task, turn) -> fetch.apply(task), comesLast, LaneFetch.Holds.NONE)) {
      while (true) {
        Optional<LaneFetch.Result> next = fetching.next();
        if (next.isEmpty()) {
          return all;
        }
        all.add(next.get());
      }
    }
  }

  private static List<LaneFetch.Result> take(
      Lane lane, Function<FetchTask, LaneFetch.TaskChunks> fetch) {
    return take(lane, fetch, site -> false);
  }

  /** The fetch ends only after the closing thread waits for it. */
  @Test
  void closingWaitsForTheFetchThatIsUnderWay() throws InterruptedException {
    Thread closing = Thread.currentThread();
    CountDownLatch begun = new CountDownLatch(1);
    AtomicBoolean ended = new AtomicBoolean();
    LaneFetch.TaskChunks slow =
        () -> {
          try {
            begun.countDown();
            new CountDownLatch(1).await();
          } catch (InterruptedException e) {
            while (closing.getState() != Thread.State.TIMED_WAITING) {
              Thread.onSpinWait();
            }
            ended.set(true);
          }
          return nothing(task(0, 0));
        };
    LaneFetch fetching =
        new LaneFetch(lane(1), (task, turn) -> slow, site -> false, LaneFetch.Holds.NONE);
    begun.await();
    fetching.close();
    assertThat(ended).isTrue();
  }

  @Property(tries = 200)
  void lanesHoldEveryTaskOnceInOrder(
      @ForAll @Size(max = 40) List<@IntRange(max = 6) Integer> sites,
      @ForAll @IntRange(min = 1, max = 4) int lanes) {
    List<FetchTask> tasks = new ArrayList<>();
    for (int i = 0; i < sites.size(); i++) {
      tasks.add(task(sites.get(i), i));
    }
    List<Lane> dealt = Lane.deal(tasks, account -> lanes);
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
  void everyChunkOfEveryTaskComesOnceAndInOrder(
      @ForAll @Size(min = 1, max = 6) List<@IntRange(min = 1, max = 4) Integer> chunks) {
    Lane lane = lane(chunks.size());
    List<String> asked = new CopyOnWriteArrayList<>();
    List<LaneFetch.Result> taken =
        take(
            lane,
            task -> {
              int most = chunks.get(lane.tasks().indexOf(task));
              AtomicInteger n = new AtomicInteger();
              return () -> {
                asked.add(task.days() + "/" + n.incrementAndGet());
                return rows(task, n.get() == most);
              };
            });
    List<String> expected = new ArrayList<>();
    List<FetchTask> tasks = new ArrayList<>();
    for (int i = 0; i < chunks.size(); i++) {
      for (int n = 1; n <= chunks.get(i); n++) {
        expected.add(lane.tasks().get(i).days() + "/" + n);
        tasks.add(lane.tasks().get(i));
      }
    }
    assertThat(asked).containsExactlyElementsOf(expected);
    assertThat(taken.stream().map(LaneFetchTest::about)).containsExactlyElementsOf(tasks);
  }

  @Test
  void aTaskThatFailedHasNoFurtherChunk() {
    Lane lane = lane(2);
    AtomicInteger asked = new AtomicInteger();
    assertThat(
            take(
                lane,
                task ->
                    () ->
                        asked.incrementAndGet() == 2 ? nothing(task) : rows(task, asked.get() > 2)))
        .extracting(LaneFetchTest::about)
        .containsExactly(lane.tasks().get(0), lane.tasks().get(0), lane.tasks().get(1));
  }

  /** While a chunk is in hand, the next is fetched, and no more than that. */
  @Test
  void oneChunkIsFetchedAhead() throws InterruptedException {
    Lane lane = lane(3);
    List<CountDownLatch> begun =
        List.of(new CountDownLatch(1), new CountDownLatch(1), new CountDownLatch(1));
    try (LaneFetch fetching =
        new LaneFetch(
            lane,
            (task, turn) ->
                () -> {
                  begun.get(lane.tasks().indexOf(task)).countDown();
                  return rows(task, true);
                },
            site -> false,
            LaneFetch.Holds.NONE)) {
      assertThat(begun.get(0).await(1, TimeUnit.MINUTES)).as("before it is taken").isTrue();
      assertThat(fetching.next().map(LaneFetchTest::about)).contains(lane.tasks().get(0));
      assertThat(begun.get(1).await(1, TimeUnit.MINUTES)).as("while one is in hand").isTrue();
      assertThat(begun.get(2).getCount()).as("not two").isOne();
      assertThat(fetching.next().map(LaneFetchTest::about)).contains(lane.tasks().get(1));
      assertThat(fetching.next().map(LaneFetchTest::about)).contains(lane.tasks().get(2));
      assertThat(fetching.next()).isEmpty();
      assertThat(fetching.next()).as("and so it stays").isEmpty();
    }
  }

  /** What fails for now takes the rest of its site along behind the others, in its order. */
  @Test
  void aTaskGetsASecondTurnBehindTheOthers() {
    Lane lane = new Lane(0, "", List.of(task(1, 0), task(2, 1), task(1, 2), task(2, 3)));
    List<FetchTask> asked = new CopyOnWriteArrayList<>();
    List<LaneFetch.Result> taken =
        take(
            lane,
            task ->
                () -> {
                  asked.add(task);
                  return task.equals(lane.tasks().get(0)) ? later(task, true) : rows(task, true);
                });
    List<FetchTask> order =
        List.of(lane.tasks().get(1), lane.tasks().get(3), lane.tasks().get(0), lane.tasks().get(2));
    assertThat(asked.subList(1, asked.size())).containsExactlyElementsOf(order);
    assertThat(taken).extracting(LaneFetchTest::about).containsExactlyElementsOf(order);
  }

  /** Nothing could be asked at all: it is no turn of the task's own. */
  @Test
  void aTurnInWhichNothingCouldBeAskedIsFree() {
    Lane lane = lane(1);
    AtomicInteger asked = new AtomicInteger();
    assertThat(
            take(
                lane,
                task -> () -> asked.incrementAndGet() < 9 ? later(task, false) : rows(task, true)))
        .singleElement()
        .isInstanceOf(LaneFetch.Result.Came.class);
  }

  /** Whoever finds that out: another lane may have. */
  @Test
  void aSiteInTroubleComesWhenNoOtherIsLeft() {
    Lane lane =
        new Lane(0, "", List.of(task(1, 0), task(2, 1), task(1, 2), task(2, 3), task(3, 4)));
    Set<SiteId> troubled = ConcurrentHashMap.newKeySet();
    List<LaneFetch.Result> taken =
        take(
            lane,
            task ->
                () -> {
                  troubled.add(new SiteId("S1"));
                  return rows(task, true);
                },
            troubled::contains);
    assertThat(taken)
        .extracting(LaneFetchTest::about)
        .containsExactly(
            lane.tasks().get(0),
            lane.tasks().get(1),
            lane.tasks().get(3),
            lane.tasks().get(4),
            lane.tasks().get(2));
  }

  /** Another site goes first; when only held ones are left, the one that is free first. */
  @Test
  void aSiteThatTheApiAsksToWaitWithComesWhenItsWaitIsOver() {
    Lane lane = new Lane(0, "", List.of(task(1, 0), task(2, 1), task(1, 2), task(3, 3)));
    Map<SiteId, Duration> held = new ConcurrentHashMap<>();
    held.put(new SiteId("S1"), Duration.ofMinutes(5));
    held.put(new SiteId("S2"), Duration.ofMinutes(2));
    List<SiteId> waited = new CopyOnWriteArrayList<>();
    LaneFetch.Holds holds =
        new LaneFetch.Holds() {
          @Override
          public Duration left(SiteId site) {
            return held.getOrDefault(site, Duration.ZERO);
          }

          @Override
          public boolean isWaitedFor(Duration left) {
            return true;
          }

          @Override
          public void await(SiteId site) {
            waited.add(site);
            held.remove(site);
          }
        };
    List<FetchTask> asked = new CopyOnWriteArrayList<>();
    try (LaneFetch fetching =
        new LaneFetch(
            lane,
            (task, turn) ->
                () -> {
                  asked.add(task);
                  return rows(task, true);
                },
            site -> false,
            holds)) {
      while (fetching.next().isPresent()) {
        assertThat(asked).isNotEmpty();
      }
    }
    assertThat(asked)
        .containsExactly(
            lane.tasks().get(3), lane.tasks().get(1), lane.tasks().get(0), lane.tasks().get(2));
    assertThat(waited).containsExactly(new SiteId("S2"), new SiteId("S1"));
  }

  @Test
  void aFaultOfFetchingIsNotSwallowed() {
    assertThatIllegalStateException()
        .isThrownBy(
            () ->
                take(
                    lane(1),
                    task -> {
                      throw new IllegalArgumentException("broken");
                    }))
        .havingRootCause()
        .withMessage("broken");
  }
}
