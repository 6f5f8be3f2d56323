package fathomexport.api.pacing;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.PriorityQueue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Permits that the threads of one process share. There are as many permits as the quota allows per
 * quota window. Each is held from before its request is sent until one whole quota window after its
 * response ended. No span of that length therefore has more requests than the quota, wherever the
 * API's quota windows begin and whether they slide. Permits are granted in the order of the
 * requests.
 */
public final class ProcessPermits implements Permits {
  /** Covers the drift between the two clocks within a quota window. */
  private static final Duration GUARD = Duration.ofMillis(5);

  private static final long FOREVER = Duration.ofDays(1).toNanos();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<Object> queue = new ArrayDeque<>();
  private final PriorityQueue<Long> heldUntil = new PriorityQueue<>();
  private final TimeSource time;
  private final StopSignal stop;
  private final StopSignal.Registration onStop;
  private final int perWindow;
  private final long holdNanos;
  private final int maxInFlight;

  /** Origin of the times below, so that they compare as plain numbers. */
  private final long origin;

  private int inFlight;
  private long deferredUntil;

  /**
   * @param perWindow number of requests that the API allows per quota window, 1 or more
   * @param window length of the quota window, above zero
   * @param maxInFlight maximum number of concurrent requests, 1 or more
   */
  public ProcessPermits(
      int perWindow, Duration window, int maxInFlight, TimeSource time, StopSignal stop) {
    if (perWindow < 1 || maxInFlight < 1 || window.isNegative() || window.isZero()) {
      throw new IllegalArgumentException(
          "permits: " + perWindow + " in " + window + ", " + maxInFlight + " in flight");
    }
    this.perWindow = perWindow;
    this.holdNanos = window.plus(GUARD).toNanos();
    this.maxInFlight = maxInFlight;
    this.time = time;
    this.stop = stop;
    this.origin = time.nanos();
    this.onStop = stop.onStop(this::wake);
  }

  @Override
  public void close() {
    onStop.close();
  }

  @Override
  public Permit acquire(Consumer<Wait> waiting) throws InterruptedException, StoppedException {
    Object ticket = new Object();
    lock.lockInterruptibly();
    try {
      queue.addLast(ticket);
      try {
        Long announced = null;
        while (true) {
          if (stop.stopped()) {
            throw new StoppedException();
          }
          if (queue.peekFirst() != ticket) {
            time.await(changed, FOREVER);
            continue;
          }
          long now = now();
          Long free = freeAt(now);
          if (free != null && free <= now) {
            inFlight++;
            return new ProcessPermit();
          }
          if (free != null && !free.equals(announced)) {
            announced = free;
            waiting.accept(new Wait(time.instant().plusNanos(free - now), free == deferredUntil));
          }
          time.await(changed, free == null ? FOREVER : free - now);
        }
      } finally {
        queue.remove(ticket);
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void deferUntil(Instant until) {
    lock.lock();
    try {
      Duration wait = Duration.between(time.instant(), until);
      if (!wait.isNegative()) {
        deferredUntil = Math.max(deferredUntil, now() + wait.toNanos());
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Returns when the next permit is free, or null if that depends on the end of a response. */
  private @Nullable Long freeAt(long now) {
    while (!heldUntil.isEmpty() && heldUntil.element() <= now) {
      heldUntil.remove();
    }
    if (inFlight >= maxInFlight || inFlight >= perWindow) {
      return null;
    }
    long free = inFlight + heldUntil.size() < perWindow ? now : heldUntil.element();
    return Math.max(free, deferredUntil);
  }

  private long now() {
    return time.nanos() - origin;
  }

  private void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private final class ProcessPermit implements Permit {
    private boolean closed;

    @Override
    public void close() {
      lock.lock();
      try {
        if (!closed) {
          closed = true;
          inFlight--;
          heldUntil.add(now() + holdNanos);
          changed.signalAll();
        }
      } finally {
        lock.unlock();
      }
    }
  }
}
