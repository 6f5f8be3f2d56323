package fathomexport.api;

import fathomexport.report.SiteId;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Tells an API that is down from a site whose own queries fail. It opens after consecutive failed
 * calls about at least two sites, with no answer in between. While it is open nothing is sent but,
 * after a wait that grows, one request at a time that tries whether the API answers again. When
 * that has failed for as long as the run is patient, the API is down for this run.
 *
 * <p>A site that fails while another one answers is in trouble itself: its further failures say
 * nothing about the API. Thread-safe.
 */
final class CircuitBreaker {
  private static final int CONSECUTIVE_FAILURES = 3;
  private static final int DIFFERENT_SITES = 2;
  private static final Duration FIRST_WAIT = Duration.ofSeconds(15);
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(2);
  private static final long FOREVER = Duration.ofDays(1).toNanos();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final TimeSource time;
  private final StopSignal stop;
  private final Duration patience;

  private int consecutive;
  private final Set<SiteId> failing = new HashSet<>();
  private final Set<SiteId> troubled = new HashSet<>();

  private boolean open;
  private boolean probing;
  private boolean down;
  private long giveUpAt;
  private long nextProbe;
  private Duration wait = FIRST_WAIT;
  private String reason = "";

  /** Whether a request may go out. */
  enum Pass {
    /** The API answers, as far as is known. */
    FREE,
    /** One request to see whether the API answers again; its result must be reported. */
    PROBE,
    /** The API has not answered for as long as the run is patient. */
    DOWN
  }

  /** Receives how long a request is about to wait, and for what reason. */
  interface Announcement {
    void waits(Duration time, String reason);
  }

  /**
   * @param patience how long the breaker stays open before the API counts as down
   */
  CircuitBreaker(Duration patience, TimeSource time, StopSignal stop) {
    this.patience = patience;
    this.time = time;
    this.stop = stop;
    var unused = stop.onStop(this::wake);
  }

  /**
   * Waits until a request may go out.
   *
   * @throws StoppedException when a stop was asked before that
   */
  Pass enter(Announcement announcement) throws InterruptedException, StoppedException {
    lock.lockInterruptibly();
    try {
      long announced = Long.MIN_VALUE;
      while (true) {
        if (stop.stopped()) {
          throw new StoppedException();
        }
        if (!open) {
          return Pass.FREE;
        }
        if (down) {
          return Pass.DOWN;
        }
        long left = nextProbe - time.nanos();
        if (!probing && left <= 0) {
          probing = true;
          return Pass.PROBE;
        }
        if (!probing && announced != nextProbe) {
          announced = nextProbe;
          announcement.waits(Duration.ofNanos(left), reason);
        }
        time.await(changed, probing ? FOREVER : left);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whether requests are held back. */
  boolean isOpen() {
    lock.lock();
    try {
      return open;
    } finally {
      lock.unlock();
    }
  }

  /** Whether the API has not answered for as long as the run is patient. */
  boolean isDown() {
    lock.lock();
    try {
      return down;
    } finally {
      lock.unlock();
    }
  }

  /** Why the breaker opened. */
  String reason() {
    lock.lock();
    try {
      return reason;
    } finally {
      lock.unlock();
    }
  }

  /**
   * The API has answered, be it with a refusal.
   *
   * @param site what the call was about; null for the account as a whole
   */
  void answered(@Nullable SiteId site) {
    lock.lock();
    try {
      failing.remove(site);
      troubled.remove(site);
      troubled.addAll(failing);
      failing.clear();
      consecutive = 0;
      open = false;
      down = false;
      probing = false;
      wait = FIRST_WAIT;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * A call about a site has failed, retries included.
   *
   * @param probe whether it was the probe
   */
  void failed(SiteId site, String why, boolean probe) {
    lock.lock();
    try {
      if (open) {
        probeFailed(probe);
      } else if (!troubled.contains(site)) {
        failing.add(site);
        consecutive++;
        if (consecutive >= CONSECUTIVE_FAILURES && failing.size() >= DIFFERENT_SITES) {
          open(why);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Holds requests back: a call that has to do with no single site has failed. */
  void trip(String why, boolean probe) {
    lock.lock();
    try {
      if (open) {
        probeFailed(probe);
      } else {
        open(why);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The probe has ended without an answer and without a failure of the API, such as by a stop. */
  void abandoned() {
    lock.lock();
    try {
      probing = false;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void open(String why) {
    open = true;
    reason = why;
    long now = time.nanos();
    giveUpAt = now + patience.toNanos();
    nextProbe = Math.min(now + wait.toNanos(), giveUpAt);
    down = patience.isZero();
    changed.signalAll();
  }

  private void probeFailed(boolean probe) {
    if (!probe) {
      return; // Under way since before the breaker opened.
    }
    probing = false;
    long now = time.nanos();
    down = now >= giveUpAt;
    Duration twice = wait.multipliedBy(2);
    wait = twice.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : twice;
    nextProbe = Math.min(now + wait.toNanos(), giveUpAt);
    changed.signalAll();
  }

  private void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
