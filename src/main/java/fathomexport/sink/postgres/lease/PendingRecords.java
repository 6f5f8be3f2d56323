package fathomexport.sink.postgres.lease;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a run still has to record in the database: which of its requests have ended, and how long
 * the API asks to send nothing. It stays until the database has taken it, with the time that has
 * passed since. Not thread-safe.
 */
final class PendingRecords {
  private final PermitTables tables;
  private final LongSupplier nanos;

  /** Ends of requests that are not recorded yet, by the ids of their permits. */
  private final Map<Long, Ended> unrecorded = new LinkedHashMap<>();

  /**
   * The places in the queue of requests whose ends are recorded. Each keeps other runs waiting for
   * this one until it expires; the next request replaces them, so that they do not pile up.
   */
  private final List<Long> former = new ArrayList<>();

  /** The end of a deferral that is not recorded yet. */
  private @Nullable Deferral deferral;

  private record Ended(long ticket, long nanos, boolean limited) {}

  /**
   * A time before which the API accepts no request.
   *
   * @param until by a clock without a fixed origin
   */
  record Deferral(long until) {}

  /**
   * @param nanos a clock of this machine that never goes back, such as {@code System.nanoTime()}
   */
  PendingRecords(PermitTables tables, LongSupplier nanos) {
    this.tables = tables;
    this.nanos = nanos;
  }

  /**
   * Notes that a request has ended just now.
   *
   * @param ticket the place in the queue that its permit was given to
   * @param limited whether the API answered that a limit was exceeded
   */
  void ended(long permit, long ticket, boolean limited) {
    unrecorded.put(permit, new Ended(ticket, nanos.getAsLong(), limited));
  }

  /** Returns the deferral that begins now and takes this long. */
  Deferral deferral(Duration time) {
    return new Deferral(nanos.getAsLong() + time.toNanos());
  }

  /** Notes a deferral. Of two, the later one counts, as for the account in the database. */
  void deferred(Deferral other) {
    Deferral before = deferral;
    deferral = before == null || other.until() - before.until() > 0 ? other : before;
  }

  /** Records what is pending. If that fails, what the database has not taken stays pending. */
  void record(Connection connection) throws SQLException {
    Iterator<Map.Entry<Long, Ended>> all = unrecorded.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<Long, Ended> next = all.next();
      Ended ended = next.getValue();
      Duration ago = Duration.ofNanos(nanos.getAsLong() - ended.nanos());
      tables.end(connection, next.getKey(), ended.ticket(), ago, ended.limited());
      former.add(ended.ticket());
      all.remove();
    }
    Deferral pending = deferral;
    if (pending != null) {
      tables.defer(connection, Duration.ofNanos(Math.max(0, pending.until() - nanos.getAsLong())));
      deferral = null;
    }
  }

  /** Returns the places in the queue that the next request replaces. */
  List<Long> former() {
    return Collections.unmodifiableList(former);
  }

  /** Notes that a request has replaced the places of the earlier ones. */
  void replaced() {
    former.clear();
  }
}
