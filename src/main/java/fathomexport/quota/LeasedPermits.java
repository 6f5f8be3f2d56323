package fathomexport.quota;

import fathomexport.api.pacing.Permits;
import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.StoppedException;
import fathomexport.api.pacing.TimeSource;
import fathomexport.sink.postgres.lease.PermitLease;
import fathomexport.sink.postgres.lease.PermitLease.Granted;
import fathomexport.sink.postgres.lease.PermitLease.Reply;
import fathomexport.sink.postgres.lease.PermitLease.Ticket;
import fathomexport.sink.postgres.lease.PermitLease.Unreachable;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Permits that all runs with the same ledger database share. Waits between two queries to the
 * database, and keeps retrying while it restarts.
 */
public final class LeasedPermits implements Permits {
  private static final Logger LOG = LoggerFactory.getLogger(LeasedPermits.class);

  /** How long the database may be unavailable before a run fails. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final Duration FIRST_PAUSE = Duration.ofMillis(250);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  /** Minimum change of an announced wait before it is announced again. */
  private static final Duration LEAST_CHANGE = Duration.ofMillis(500);

  /**
   * How long after its request to the database a permit may be used: longer than connecting takes,
   * and shorter than the lease by the duration of a call.
   */
  public static final Duration SEND_WITHIN = Duration.ofSeconds(35);

  private final PermitLease lease;
  private final TimeSource time;
  private final StopSignal stop;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final StopSignal.Registration onStop;

  public LeasedPermits(PermitLease lease, TimeSource time, StopSignal stop) {
    this.lease = lease;
    this.time = time;
    this.stop = stop;
    this.onStop = stop.onStop(this::wake);
  }

  @Override
  public Permit acquire(Consumer<Wait> waiting) throws InterruptedException, StoppedException {
    Ticket ticket = new Ticket();
    boolean served = false;
    try {
      Instant announced = Instant.MIN;
      Outage outage = new Outage();
      while (true) {
        if (stop.stopped()) {
          throw new StoppedException();
        }
        Moment asked = new Moment(time.nanos(), time.instant());
        Reply reply = lease.ask(ticket);
        if (reply instanceof Granted granted) {
          served = true;
          return new LeasedPermit(granted, asked);
        } else if (reply instanceof PermitLease.NoneFree wait) {
          outage = new Outage();
          Instant free = time.instant().plus(wait.free());
          if (announced.equals(Instant.MIN)
              || Duration.between(announced, free).abs().compareTo(LEAST_CHANGE) > 0) {
            announced = free;
            waiting.accept(new Wait(free, wait.asked()));
          }
          sleep(wait.pause());
        } else if (reply instanceof Unreachable unreachable) {
          sleep(outage.pause(unreachable));
        }
      }
    } finally {
      if (!served) {
        lease.leave(ticket);
      }
    }
  }

  /** A period without the database: how long it has lasted, and the next pause. */
  private final class Outage {
    private final long since = time.nanos();
    private Duration next = FIRST_PAUSE;

    Duration pause(Unreachable unreachable) {
      if (time.nanos() - since > PATIENCE.toNanos()) {
        throw unreachable.reason();
      }
      LOG.warn("waiting for the database: {}", unreachable.reason().getMessage());
      Duration pause = next;
      Duration twice = next.multipliedBy(2);
      next = twice.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : twice;
      return pause;
    }
  }

  /** Waits for the pause, or less if the state of this process changes. */
  private void sleep(Duration pause) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      if (!stop.stopped()) {
        time.await(changed, pause.toNanos());
      }
    } finally {
      lock.unlock();
    }
  }

  private void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void deferUntil(Instant until) {
    Duration wait = Duration.between(time.instant(), until);
    if (!wait.isNegative()) {
      lease.defer(wait);
    }
  }

  @Override
  public void close() {
    onStop.close();
    lease.close();
  }

  /**
   * A moment by both clocks: the monotonic clock never jumps, but it stands still while a machine
   * sleeps.
   */
  private record Moment(long nanos, Instant instant) {
    boolean isOlderThan(Duration age, TimeSource time) {
      return time.nanos() - nanos > age.toNanos()
          || Duration.between(instant, time.instant()).compareTo(age) > 0;
    }
  }

  private final class LeasedPermit implements Permit {
    private final Granted granted;
    private final Moment asked;
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile boolean sent;
    private volatile boolean limited;

    LeasedPermit(Granted granted, Moment asked) {
      this.granted = granted;
      this.asked = asked;
    }

    @Override
    public boolean begin() {
      if (asked.isOlderThan(SEND_WITHIN, time)) {
        return false;
      }
      sent = true;
      return true;
    }

    @Override
    public void limited() {
      limited = true;
    }

    @Override
    public void close() {
      if (!closed.compareAndSet(false, true)) {
        return;
      }
      if (sent) {
        lease.end(granted, limited);
      } else {
        lease.giveBack(granted);
      }
      wake();
    }
  }
}
