package fathomexport.api.pacing;

import fathomexport.report.SiteId;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Distinguishes an API that is down from a site whose own queries fail. The breaker opens after 3
 * consecutive failed calls about at least 2 sites, with no response in between. While it is open,
 * it holds back all requests except one probe at a time, which tests whether the API responds
 * again. The wait before a probe doubles from 15 seconds to at most 2 minutes; it is longer if the
 * failed responses asked for a longer wait.
 *
 * <p>If probes fail until the patience of the run is over, the caller finds out whether the API
 * answers for the account. If it does not, the API counts as down for this run. If it does, the
 * sites that failed count as down, and each other site may still send one request: the API counts
 * as down only when 10 sites have failed in a row.
 *
 * <p>If a site fails while another one responds, the fault is with the site. Further failures of
 * that site do not count until it responds. Thread-safe.
 */
public final class CircuitBreaker implements AutoCloseable {
  /** How many failed calls in a row open the circuit breaker. */
  public static final int CONSECUTIVE_FAILURES = 3;

  private static final int DIFFERENT_SITES = 2;

  /** Sites that fail in a row, while the account's endpoint responds, before the API is down. */
  private static final int SITES_OF_A_DOWN_API = 10;

  private static final Duration FIRST_WAIT = Duration.ofSeconds(15);
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(2);
  private static final long FOREVER = Duration.ofDays(1).toNanos();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final TimeSource time;
  private final StopSignal stop;
  private final StopSignal.Registration onStop;
  private final Duration patience;

  /** The longest wait that the run accepts. */
  private final Duration longestPause;

  private int consecutive;

  /** The longest wait that the consecutive failures have asked for. */
  private Duration asked = Duration.ZERO;

  /** Sites whose calls have failed since the API last responded. */
  private final Map<SiteId, String> failing = new HashMap<>();

  private final Set<SiteId> troubled = new HashSet<>();

  private State state = State.CLOSED;
  private boolean probing;
  private long giveUpAt;

  /** When the wait is over that is longer than the run accepts; null if there is none. */
  private @Nullable Long closedUntil;

  private long nextProbe;
  private Duration wait = FIRST_WAIT;
  private String reason = "";

  private enum State {
    CLOSED,
    OPEN,
    /** The patience is over; the caller finds out whether the sites or the API are down. */
    OVER,
    /** The sites that failed are down; the others may each send one request. */
    SITES_DOWN,
    DOWN
  }

  /** Whether a request may be sent. */
  public enum Pass {
    /** The API responds, as far as is known. */
    FREE,
    /** One request that tests whether the API responds again. The caller must report its result. */
    PROBE,
    /**
     * The API has not responded for the whole patience of the run. The caller must find out whether
     * it responds for the account, and call {@link #sitesAreDown} or {@link #apiIsDown}.
     */
    OVER,
    /** The site has not responded for the whole patience of the run, but the account has. */
    SITE_DOWN,
    /** The API is down for this run. */
    DOWN
  }

  /** Receives the duration of a wait that is about to start, and its reason. */
  public interface Announcement {
    void waits(Duration time, String reason);
  }

  /**
   * @param patience how long the breaker stays open before the API counts as down
   * @param longestPause the longest wait that the run accepts if the API asks for it
   */
  public CircuitBreaker(
      Duration patience, Duration longestPause, TimeSource time, StopSignal stop) {
    this.patience = patience;
    this.longestPause = longestPause;
    this.time = time;
    this.stop = stop;
    this.onStop = stop.onStop(this::wake);
  }

  /**
   * Waits until a request may be sent.
   *
   * @param site the site of the call; null for the account as a whole
   * @throws StoppedException if a stop is requested first
   */
  public Pass enter(@Nullable SiteId site, Announcement announcement)
      throws InterruptedException, StoppedException {
    lock.lockInterruptibly();
    try {
      long announced = Long.MIN_VALUE;
      while (true) {
        if (stop.stopped()) {
          throw new StoppedException();
        }
        switch (state) {
          case CLOSED -> {
            return Pass.FREE;
          }
          case OVER -> {
            return Pass.OVER;
          }
          case DOWN -> {
            return Pass.DOWN;
          }
          case SITES_DOWN -> {
            if (site != null && failing.containsKey(site)) {
              return Pass.SITE_DOWN;
            }
          }
          case OPEN -> {}
        }
        long left = state == State.SITES_DOWN ? 0 : nextProbe - time.nanos();
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

  /** Returns whether a request would have to wait until the next probe. */
  public boolean isPausing() {
    return is(State.OPEN);
  }

  /** Returns whether requests are held back. */
  public boolean isOpen() {
    return is(State.OPEN, State.OVER, State.SITES_DOWN, State.DOWN);
  }

  /** Returns whether the patience is over, and the caller must find out what is down. */
  public boolean isOver() {
    return is(State.OVER);
  }

  /** Returns whether the API counts as down for this run. */
  public boolean isDown() {
    return is(State.DOWN);
  }

  private boolean is(State... some) {
    lock.lock();
    try {
      return List.of(some).contains(state);
    } finally {
      lock.unlock();
    }
  }

  /** Records that the API responds for the account although the sites' queries fail. */
  public void sitesAreDown() {
    decided(State.SITES_DOWN);
  }

  /** Records that the API does not respond for the account either. */
  public void apiIsDown() {
    decided(State.DOWN);
  }

  private void decided(State what) {
    lock.lock();
    try {
      if (state == State.OVER) {
        state = what;
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Returns how long the API asks all sites to wait, if that is longer than the run accepts and the
   * reason why the API counts as down; otherwise null.
   */
  public @Nullable Duration closedFor() {
    lock.lock();
    try {
      return closedUntil == null ? null : Duration.ofNanos(closedUntil - time.nanos());
    } finally {
      lock.unlock();
    }
  }

  /** Returns why the breaker opened. */
  public String reason() {
    lock.lock();
    try {
      return reason;
    } finally {
      lock.unlock();
    }
  }

  /** Returns why the last call about a site failed, if the API has not responded since. */
  public String reason(SiteId site) {
    lock.lock();
    try {
      return failing.getOrDefault(site, reason);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Records that the API has responded, even if with a refusal, and closes the breaker.
   *
   * @param site the site of the call; null for the account as a whole
   */
  public void answered(@Nullable SiteId site) {
    lock.lock();
    try {
      failing.remove(site);
      troubled.remove(site);
      troubled.addAll(failing.keySet());
      failing.clear();
      consecutive = 0;
      asked = Duration.ZERO;
      closedUntil = null;
      state = State.CLOSED;
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
   * @param wait the wait that the last response asked for; zero if it asked for none
   */
  public void failed(SiteId site, String why, boolean probe, Duration wait) {
    lock.lock();
    try {
      if (state != State.CLOSED) {
        failing.put(site, why);
        probeFailed(probe, wait);
      } else if (!troubled.contains(site)) {
        failing.put(site, why);
        consecutive++;
        asked = longer(asked, wait);
        if (consecutive >= CONSECUTIVE_FAILURES && failing.size() >= DIFFERENT_SITES) {
          open(why);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Opens the breaker at once: a call that does not depend on a single site has failed. */
  public void trip(String why, boolean probe) {
    lock.lock();
    try {
      if (state == State.CLOSED) {
        open(why);
      } else {
        probeFailed(probe, Duration.ZERO);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Records that the probe ended without a response and without a failure of the API, such as by a
   * stop.
   */
  public void abandoned() {
    lock.lock();
    try {
      probing = false;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void open(String why) {
    reason = why;
    long now = time.nanos();
    // A wait that is longer than the run accepts would end the run: one more site is asked before.
    Duration pause = asked.compareTo(longestPause) > 0 ? wait : longer(asked, wait);
    giveUpAt =
        now + longer(patience, asked.compareTo(longestPause) > 0 ? patience : asked).toNanos();
    nextProbe = Math.min(now + pause.toNanos(), giveUpAt);
    state = patience.isZero() ? State.OVER : State.OPEN;
    changed.signalAll();
  }

  private void probeFailed(boolean probe, Duration again) {
    if (!probe) {
      return; // The request started before the breaker opened.
    }
    probing = false;
    long now = time.nanos();
    Duration twice = wait.multipliedBy(2);
    wait = twice.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : twice;
    boolean tooLong = again.compareTo(longestPause) > 0;
    if (tooLong && asked.compareTo(longestPause) > 0) {
      closedUntil = now + longer(asked, again).toNanos();
      state = State.DOWN;
    } else if (state == State.SITES_DOWN) {
      state = failing.size() >= SITES_OF_A_DOWN_API ? State.DOWN : state;
    } else if (now >= giveUpAt) {
      state = State.OVER;
    } else {
      giveUpAt = tooLong ? giveUpAt : Math.max(giveUpAt, now + again.toNanos());
      nextProbe = Math.min(now + (tooLong ? wait : longer(wait, again)).toNanos(), giveUpAt);
    }
    changed.signalAll();
  }

  private static Duration longer(Duration a, Duration b) {
    return a.compareTo(b) > 0 ? a : b;
  }

  /** Ends the wait for a stop, which outlives the client. */
  @Override
  public void close() {
    onStop.close();
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
