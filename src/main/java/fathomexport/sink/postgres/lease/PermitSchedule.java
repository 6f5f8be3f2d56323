package fathomexport.sink.postgres.lease;

import fathomexport.sink.postgres.lease.PermitLease.Limits;
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
 * An account's permits and its queue at one moment, and what follows for one who asks. There are as
 * many permits as the quota allows in a window, and each is held from before its request is sent
 * until a whole window after its answer ended.
 *
 * @param now by the database's clock
 * @param deferredUntil no request before: the API has asked for it
 * @param queue of holders that live, and whose row is fresh
 */
record PermitSchedule(Instant now, Instant deferredUntil, List<Permit> permits, List<Place> queue) {
  /** Covers what the database's clock and the API's may differ in over a window. */
  private static final Duration GUARD = Duration.ofMillis(50);

  /** How soon who waits for something that no clock can tell asks again. */
  static final Duration LOOK_AGAIN = Duration.ofMillis(250);

  /** The longest that anybody waits without asking again: what was planned for may be gone. */
  static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  /**
   * A permit.
   *
   * @param holder the run that took it
   * @param endedAt null while its request is under way
   * @param alive whether its holder is
   */
  record Permit(long id, int holder, Instant leaseUntil, @Nullable Instant endedAt, boolean alive) {
    /** When its request ended, as far as can be known now; null while it is under way. */
    @Nullable Instant endedBy(Instant now) {
      if (endedAt != null) {
        return endedAt;
      }
      if (!leaseUntil.isAfter(now)) {
        return leaseUntil;
      }
      return alive ? null : now;
    }
  }

  /**
   * A place in the queue.
   *
   * @param holder the run that has it
   * @param waiting false for one who was just served, and will be back soon
   */
  record Place(long ticket, int holder, int priority, boolean waiting) {}

  /**
   * What to do.
   *
   * @param free when a permit is free, as far as that can be told; not after now: it may be taken
   * @param pause until asking again
   */
  record Advice(boolean granted, Instant free, Duration pause) {}

  /**
   * Among equals the one goes first that holds fewer permits, and is waited for while it stores
   * what it was answered: permits come free in bursts, as they were taken, and a run that is slow
   * in between would else have a part of each burst that is small for ever.
   *
   * @param holder the run that asks
   */
  Advice advice(int holder, int priority, @Nullable Long ticket, Limits limits) {
    Duration hold = hold(limits);
    int underWay = 0;
    Map<Integer, Integer> held = new HashMap<>();
    Set<Integer> asking = new HashSet<>();
    List<Instant> frees = new ArrayList<>();
    for (Permit permit : permits) {
      Instant ended = permit.endedBy(now);
      if (ended == null) {
        underWay++;
        asking.add(permit.holder());
        held.merge(permit.holder(), 1, Integer::sum);
      } else if (ended.plus(hold).isAfter(now)) {
        frees.add(ended.plus(hold));
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
    int missing = underWay + frees.size() + ahead + 1 - limits.perWindow();
    if (missing > frees.size()) {
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

  /** How long a permit counts after its request has ended. */
  static Duration hold(Limits limits) {
    return limits.window().plus(GUARD);
  }

  /** Whether a permit's request has ended, and has counted for long enough. */
  boolean isOver(Permit permit, Limits limits) {
    Instant ended = permit.endedBy(now);
    return ended != null && !ended.plus(hold(limits)).isAfter(now);
  }

  /**
   * The permits of a run that it has taken without knowing: the reply that granted them was lost,
   * or they could not be given back. None of them was used.
   *
   * @param holder the run
   * @param known the permits that it knows to be its own
   */
  List<Permit> orphans(int holder, Set<Long> known) {
    return permits.stream()
        .filter(p -> p.holder() == holder && p.endedAt() == null && !known.contains(p.id()))
        .toList();
  }

  /** The same without some of the permits. */
  PermitSchedule without(List<Permit> gone) {
    List<Permit> left = new ArrayList<>(permits);
    left.removeAll(gone);
    return new PermitSchedule(now, deferredUntil, left, queue);
  }

  private static Instant later(Instant a, Instant b) {
    return a.isAfter(b) ? a : b;
  }
}
