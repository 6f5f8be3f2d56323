package fathomexport.sink.postgres.lease;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The permits and the queue of an account at one moment, and the resulting advice for a run that
 * asks. There are as many permits as the quota allows in a window of time. Each permit is held from
 * before its request is sent until one such window after its response has ended.
 *
 * <p>Of the permits whose requests have ended, a schedule knows only what the advice needs, so that
 * it stays small under a large quota.
 *
 * @param now by the database's clock
 * @param deferredUntil the API has asked for no request before this time
 * @param open the permits whose end is not recorded
 * @param held the number of permits whose recorded end is less than a window ago, by their holders
 * @param frees when these come free, earliest first; only as many as can matter
 * @param hasOld whether there are permits that no longer count
 * @param queue the places whose holders are alive and whose rows are fresh
 */
record PermitSchedule(
    Instant now,
    Instant deferredUntil,
    List<Permit> open,
    Map<Integer, Integer> held,
    List<Instant> frees,
    boolean hasOld,
    List<Place> queue) {
  /** Covers the difference between the database's clock and the API's over a window. */
  private static final Duration GUARD = Duration.ofMillis(50);

  /** Poll interval if the time of the next free permit is unknown. */
  static final Duration LOOK_AGAIN = Duration.ofMillis(250);

  /** The longest pause between two polls: the planned time may be outdated. */
  static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  /**
   * A permit whose end is not recorded.
   *
   * @param holder the run that took it
   * @param alive whether the holder's session is alive
   */
  record Permit(long id, int holder, Instant leaseUntil, boolean alive) {
    /** Returns when its request ended, as far as is known; null while it is under way. */
    @Nullable Instant endedBy(Instant now) {
      if (!leaseUntil.isAfter(now)) {
        return leaseUntil;
      }
      return alive ? null : now;
    }
  }

  /**
   * A place in the queue.
   *
   * @param holder the run that holds it
   * @param waiting false for a run that was just served and is expected back soon
   */
  record Place(long ticket, int holder, int priority, boolean waiting) {}

  /**
   * The advice to a run.
   *
   * @param granted whether the run may take a permit now
   * @param free when a permit is expected to be free; not after now if it is granted
   * @param pause until the run asks again
   */
  record Advice(boolean granted, Instant free, Duration pause) {}

  /**
   * Returns the advice for a run. Among runs of equal priority, the one that holds fewer permits
   * comes first, and the others wait for it while it stores its response. Permits come free in the
   * bursts in which they were taken, so without this rule a run that is slow between its requests
   * would get only a small part of each burst permanently.
   *
   * @param holder the run that asks
   */
  Advice advice(int holder, int priority, @Nullable Long ticket, QuotaLimits limits) {
    Duration hold = hold(limits);
    int underWay = 0;
    Map<Integer, Integer> held = new HashMap<>(this.held);
    Set<Integer> asking = new HashSet<>();
    List<Instant> frees = new ArrayList<>(this.frees);
    int ended = held.values().stream().mapToInt(Integer::intValue).sum();
    for (Permit permit : open) {
      Instant end = permit.endedBy(now);
      if (end == null) {
        underWay++;
        asking.add(permit.holder());
        held.merge(permit.holder(), 1, Integer::sum);
      } else if (end.plus(hold).isAfter(now)) {
        ended++;
        frees.add(end.plus(hold));
        held.merge(permit.holder(), 1, Integer::sum);
      }
    }
    frees.sort(null);
    int ahead = 0;
    boolean yields = false;
    int mine = held.getOrDefault(holder, 0);
    for (Place place : queue) {
      if (ticket != null && place.ticket() == ticket) {
        continue;
      }
      int theirs = held.getOrDefault(place.holder(), 0);
      boolean earlier =
          theirs < mine || (theirs == mine && (ticket == null || place.ticket() < ticket));
      if (place.priority() > priority) {
        yields = true;
        ahead += place.waiting() ? 1 : 0;
      } else if (place.priority() == priority && place.waiting()) {
        ahead += earlier ? 1 : 0;
      } else if (place.priority() == priority) {
        yields |= theirs < mine && !asking.contains(place.holder());
      }
    }
    Instant free = now;
    boolean known = !yields;
    int missing = underWay + ended + ahead + 1 - limits.perWindow();
    if (missing > ended) {
      known = false;
    } else if (missing > 0) {
      free = frees.get(missing - 1);
    }
    if (underWay + ahead >= limits.maxInFlight()) {
      known = false;
    }
    free = later(free, deferredUntil);
    if (known && !free.isAfter(now)) {
      return new Advice(true, now, Duration.ZERO);
    }
    free = known ? free : later(free, now.plus(LOOK_AGAIN));
    Duration pause = Duration.between(now, free);
    return new Advice(false, free, pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause);
  }

  /** Returns how long a permit counts after its request has ended. */
  static Duration hold(QuotaLimits limits) {
    return limits.window().plus(GUARD);
  }

  /** Returns whether there are permits whose requests have ended, and that no longer count. */
  boolean isToForget(QuotaLimits limits) {
    return hasOld
        || open.stream()
            .map(permit -> permit.endedBy(now))
            .anyMatch(ended -> ended != null && !ended.plus(hold(limits)).isAfter(now));
  }

  /**
   * Returns the permits that a run holds without knowing it: the response that granted them was
   * lost, or they could not be given back. None of them was used.
   *
   * @param holder the run
   * @param known the ids of the permits that the run knows it holds
   */
  List<Permit> orphans(int holder, Set<Long> known) {
    return open.stream().filter(p -> p.holder() == holder && !known.contains(p.id())).toList();
  }

  /** Returns this schedule without some of its permits. */
  PermitSchedule without(List<Permit> gone) {
    List<Permit> left = new ArrayList<>(open);
    left.removeAll(gone);
    return new PermitSchedule(now, deferredUntil, left, held, frees, hasOld, queue);
  }

  private static Instant later(Instant a, Instant b) {
    return a.isAfter(b) ? a : b;
  }
}
