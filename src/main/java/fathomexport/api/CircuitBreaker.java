package fathomexport.api;

import fathomexport.report.SiteId;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Distinguishes an API that is down from a site whose own queries fail. The breaker opens after 3
 * consecutive failed calls about at least 2 sites, with no response in between. While it is open,
 * it holds back all requests except one probe at a time, which tests whether the API responds
 * again. The wait before a probe doubles from 15 seconds to at most 2 minutes. If probes fail until
 * the patience of the run is over, the API counts as down for this run.
 *
 * <p>If a site fails while another one responds, the fault is with the site. Further failures of
 * that site do not count until it responds. Thread-safe.
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

  /** Whether a request may be sent. */
  enum Pass {
    /** The API responds, as far as is known. */
    FREE,
    /** One request that tests whether the API responds again. The caller must report its result. */
    PROBE,
    /** The API has not responded for the whole patience of the run. */
    DOWN
  }

  /** Receives the duration of a wait that is about to start, and its reason. */
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
   * Waits until a request may be sent.
   *
   * @throws StoppedException if a stop is requested first
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

  /** Returns whether requests are held back. */
  boolean isOpen() {
    lock.lock();
    try {
      return open;
    } finally {
      lock.unlock();
    }
  }

  /** Returns whether the API has not responded for the whole patience of the run. */
  boolean isDown() {
    lock.lock();
    try {
      return down;
    } finally {
      lock.unlock();
    }
  }

  /** Returns why the breaker opened. */
  String reason() {
    lock.lock();
    try {
      return reason;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Records that the API has responded, even if with a refusal, and closes the breaker.
   *
   * @param site the site of the call; null for the account as a whole
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
   * Records that a call about a site has failed, retries included.
   *
   * @param probe whether the call was the probe
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

  /** Opens the breaker at once: a call that does not depend on a single site has failed. */
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

  /**
   * Records that the probe ended without a response and without a failure of the API, such as by a
   * stop.
   */
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
      return; // The request started before the breaker opened.
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
