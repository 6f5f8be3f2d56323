package fathomexport.api.pacing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.api.pacing.Permits.Permit;
import fathomexport.testing.ServerQuota;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(300)
class ProcessPermitsTest {
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final int QUOTA = 10;

  @ParameterizedTest
  @CsvSource({
    "FIXED_FROM_FIRST_HIT, 1", "FIXED_FROM_FIRST_HIT, 2",
    "CALENDAR_MINUTE, 1", "CALENDAR_MINUTE, 2",
    "SLIDING, 1", "SLIDING, 2",
    "BUCKET, 1", "BUCKET, 2"
  })
  void sixHundredRequestsAreNeverRefusedAndTakeTheLeastTime(ServerQuota.Model model, int inFlight)
      throws Exception {
    int requests = 600;
    for (int phase = 0; phase < 20; phase++) {
      VirtualTime time = new VirtualTime();
      ServerQuota server = new ServerQuota(model, QUOTA, Duration.ofSeconds(3L * phase));
      ProcessPermits permits =
          new ProcessPermits(QUOTA, Duration.ofMinutes(1), inFlight, time, new StopSignal());
      Random random = new Random(phase);
      int[] under = {0};
      int[] mostUnder = {0};
      for (int i = 0; i < requests; i++) {
        Permit permit = permits.acquire(until -> {});
        under[0]++;
        mostUnder[0] = Math.max(mostUnder[0], under[0]);
        long arrives = time.nanos() + (5 + random.nextInt(150)) * 1_000_000L;
        long ends = arrives + (5 + random.nextInt(300)) * 1_000_000L;
        time.at(arrives, () -> server.hit(time.instant()));
        time.at(
            ends,
            () -> {
              under[0]--;
              permit.close();
            });
      }
      time.runOut();
      double floor = 60.0 * (Math.ceil(requests / (double) QUOTA) - 1);
      assertThat(server.refused()).as("phase %s", phase).isZero();
      assertThat(time.elapsed().toNanos() / 1e9 / floor).isBetween(1.0, 1.02);
      assertThat(mostUnder[0]).isEqualTo(inFlight);
    }
  }

  @Test
  void aSlowAnswerHoldsItsPermitUntilAWindowAfterItsEnd() throws Exception {
    VirtualTime time = new VirtualTime();
    Permits permits = new ProcessPermits(1, Duration.ofMinutes(1), 1, time, new StopSignal());
    Permit slow = permits.acquire(until -> {});
    time.at(50 * SECOND, slow::close);
    List<Permits.Wait> announced = new ArrayList<>();
    permits.acquire(announced::add).close();
    assertThat(time.elapsed()).isBetween(Duration.ofSeconds(110), Duration.ofMillis(110_010));
    assertThat(announced).containsExactly(new Permits.Wait(time.instant(), false));
  }

  @Test
  void closingTwiceFreesOnce() throws Exception {
    VirtualTime time = new VirtualTime();
    Permits permits = new ProcessPermits(2, Duration.ofMinutes(1), 1, time, new StopSignal());
    Permit first = permits.acquire(until -> {});
    first.close();
    first.close();
    permits.acquire(until -> {}).close();
    assertThat(time.elapsed()).isZero();
    permits.acquire(until -> {}).close();
    assertThat(time.elapsed()).isGreaterThanOrEqualTo(Duration.ofSeconds(60));
  }

  @Test
  void adeferralHoldsEverybodyBackAndIsNeverShortened() throws Exception {
    VirtualTime time = new VirtualTime();
    Permits permits = new ProcessPermits(10, Duration.ofMinutes(1), 1, time, new StopSignal());
    permits.deferUntil(time.instant().plusSeconds(17));
    permits.deferUntil(time.instant().plusSeconds(3));
    permits.deferUntil(time.instant().minusSeconds(3));
    permits.acquire(until -> {}).close();
    assertThat(time.elapsed()).isEqualTo(Duration.ofSeconds(17));
  }

  @Test
  void astopEndsAWaitAtOnce() throws Exception {
    StopSignal stop = new StopSignal();
    Permits permits = new ProcessPermits(1, Duration.ofHours(1), 1, TimeSource.system(), stop);
    permits.acquire(until -> {}).close();
    CountDownLatch waits = new CountDownLatch(1);
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    Thread waiter =
        new Thread(
            () -> {
              try {
                permits.acquire(until -> waits.countDown());
              } catch (InterruptedException | StoppedException e) {
                thrown.set(e);
              }
            });
    waiter.start();
    assertThat(waits.await(30, TimeUnit.SECONDS)).isTrue();
    stop.stop();
    waiter.join(30_000);
    assertThat(thrown.get()).isInstanceOf(StoppedException.class);
    assertThatThrownBy(() -> permits.acquire(until -> {})).isInstanceOf(StoppedException.class);
  }

  @Test
  void firstComeFirstServed() throws Exception {
    int clients = 5;
    CountDownLatch[] waits = new CountDownLatch[clients];
    for (int i = 0; i < clients; i++) {
      waits[i] = new CountDownLatch(1);
    }
    ThreadLocal<Integer> me = new ThreadLocal<>();
    TimeSource system = TimeSource.system();
    TimeSource watched =
        new TimeSource() {
          @Override
          public Instant instant() {
            return system.instant();
          }

          @Override
          public long nanos() {
            return system.nanos();
          }

          @Override
          public void await(Condition condition, long nanos) throws InterruptedException {
            waits[me.get()].countDown();
            system.await(condition, nanos);
          }
        };
    Permits permits = new ProcessPermits(100, Duration.ofMinutes(1), 1, watched, new StopSignal());
    Permit blocking = permits.acquire(until -> {});
    List<Integer> served = Collections.synchronizedList(new ArrayList<>());
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < clients; i++) {
        int client = i;
        all.add(
            threads.submit(
                () -> {
                  me.set(client);
                  try (Permit permit = permits.acquire(until -> {})) {
                    assertThat(permit).isNotNull();
                    served.add(client);
                  }
                  return null;
                }));
        assertThat(waits[i].await(30, TimeUnit.SECONDS)).isTrue();
      }
      blocking.close();
      for (Future<?> f : all) {
        f.get(30, TimeUnit.SECONDS);
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(served).containsExactly(0, 1, 2, 3, 4);
  }
}
