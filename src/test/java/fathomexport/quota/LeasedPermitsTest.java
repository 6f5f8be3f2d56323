package fathomexport.quota;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.api.ApiSettings;
import fathomexport.api.FathomClient;
import fathomexport.api.Outcome;
import fathomexport.api.RequestListener;
import fathomexport.api.RunControls;
import fathomexport.api.answer.CurrentVisitors;
import fathomexport.api.pacing.Permits;
import fathomexport.api.pacing.RetryBudget;
import fathomexport.api.pacing.StopActions;
import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.StoppedException;
import fathomexport.api.pacing.TimeSource;
import fathomexport.report.SecretRef;
import fathomexport.report.SiteId;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.sink.postgres.PostgresSink;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sink.postgres.lease.LeasedQuota;
import fathomexport.sink.postgres.lease.PermitLease;
import fathomexport.sink.postgres.lease.QuotaLimits;
import fathomexport.testing.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A permit that a process slept on: by then another may have its place in the quota. */
@Timeout(300)
class LeasedPermitsTest {
  private static final Duration LATE = LeasedPermits.SEND_WITHIN.plusNanos(1);
  private static final SiteId SITE = new SiteId("LDNBOOKS");

  private final AtomicLong nanos = new AtomicLong();
  private final StopSignal stop = new StopSignal();
  private final AtomicLong suspended = new AtomicLong();
  private final TimeSource time = new HandTime(nanos, suspended);
  private TestDatabase database;
  private Permits permits;

  @BeforeEach
  void start() {
    database = TestDatabase.migrated();
    PostgresSettings settings = database.settings();
    try (PostgresSink sink = new PostgresSink(settings, database.environment())) {
      sink.migrate(List.of());
    }
    // One an hour, on the database's own clock: the second is not to be had in a test's time.
    permits =
        new LeasedPermits(
            new PermitLease(
                settings,
                database.environment(),
                "account",
                LeasedQuota.REPORTS,
                new QuotaLimits(1, Duration.ofHours(1), 1, Duration.ofMinutes(2)),
                0),
            time,
            stop);
  }

  @AfterEach
  void end() {
    permits.close();
    database.close();
  }

  private Permits.Permit acquire() throws Exception {
    return permits.acquire(
        until -> {
          throw new AssertionError("none is free before " + until);
        });
  }

  private void requireNoneFree() {
    assertThatThrownBy(() -> permits.acquire(until -> stop.stop()))
        .isInstanceOf(StoppedException.class);
  }

  @Test
  void aPermitThatIsUsedInTimeCounts() throws Exception {
    try (Permits.Permit permit = acquire()) {
      nanos.addAndGet(LeasedPermits.SEND_WITHIN.toNanos());
      assertThat(permit.begin()).isTrue();
    }
    requireNoneFree();
  }

  @Test
  void aPermitThatWasSleptOnIsNoneAndGoesBack() throws Exception {
    try (Permits.Permit permit = acquire()) {
      nanos.addAndGet(LATE.toNanos());
      assertThat(permit.begin()).isFalse();
    }
    try (Permits.Permit permit = acquire()) {
      assertThat(permit.begin()).isTrue();
    }
    requireNoneFree();
  }

  /** The signal is the command's, and outlives each of its clients. */
  @Test
  void closedPermitsDoNotWaitForAStop() {
    assertThat(StopActions.of(stop)).isOne();
    permits.close();
    assertThat(StopActions.of(stop)).isZero();
  }

  /** The clock that never jumps does not see that time has passed. */
  @Test
  void aPermitThatTheMachineWasSuspendedOnIsNoneAndGoesBack() throws Exception {
    try (Permits.Permit permit = acquire()) {
      suspended.addAndGet(LATE.toNanos());
      assertThat(permit.begin()).isFalse();
    }
    try (Permits.Permit permit = acquire()) {
      assertThat(permit.begin()).isTrue();
    }
    requireNoneFree();
  }

  /** A clock on the wall that is set back makes no permit last longer, and none shorter. */
  @Test
  void aClockThatIsSetBackChangesNothing() throws Exception {
    try (Permits.Permit permit = acquire()) {
      suspended.addAndGet(-Duration.ofHours(1).toNanos());
      nanos.addAndGet(LATE.toNanos());
      assertThat(permit.begin()).isFalse();
    }
    try (Permits.Permit permit = acquire()) {
      suspended.addAndGet(-Duration.ofHours(1).toNanos());
      assertThat(permit.begin()).isTrue();
    }
    requireNoneFree();
  }

  /** The process stands still between the permit and the request's first byte. */
  @Test
  void theClientAsksForAnotherAndSendsOneRequest() throws Exception {
    LocalDate day = LocalDate.of(2026, 3, 1);
    AtomicLong acquired = new AtomicLong();
    Permits slow =
        new Permits() {
          @Override
          public Permit acquire(Consumer<Wait> waiting)
              throws InterruptedException, StoppedException {
            Permit permit = permits.acquire(waiting);
            if (acquired.incrementAndGet() == 1) {
              nanos.addAndGet(LATE.toNanos());
            }
            return permit;
          }

          @Override
          public void deferUntil(Instant until) {
            permits.deferUntil(until);
          }

          @Override
          public void close() {
            permits.close();
          }
        };
    try (FathomSimulator api =
        FathomSimulator.start(World.dozen(41, day, day, 0), Behaviour.unlimited())) {
      ApiSettings settings = ApiSettings.of(api.baseUri(), new SecretRef.Env("FATHOM_API_TOKEN"));
      try (FathomClient client =
          new FathomClient(
              settings,
              Map.of("FATHOM_API_TOKEN", SimulatorToken.STANDARD.secret()),
              new RunControls(
                  slow,
                  RunControls.lookupPermits(settings, time, stop),
                  RetryBudget::ofASiteAndReport,
                  stop,
                  RequestListener.NONE,
                  time,
                  new Random(1)))) {
        Outcome<CurrentVisitors> outcome = client.currentVisitors(SITE, false);

        assertThat(outcome.value()).isPresent();
        assertThat(acquired).hasValue(2);
        assertThat(api.log().all()).hasSize(1);
        assertThat(client.billedRequests()).isEqualTo(1);
      }
    }
    assertThat(database.query("SELECT sum(requests)::int FROM fathom_ops.request_count"))
        .containsExactly(List.of(1));
  }
}
