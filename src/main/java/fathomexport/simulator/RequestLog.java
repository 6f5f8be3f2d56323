package fathomexport.simulator;

import fathomexport.simulator.behaviour.ApiRequest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All requests that a simulator received, in the order of arrival. Thread-safe. An entry's status
 * is recorded before the first byte of the response is sent, its end before the last byte.
 */
public final class RequestLog {
  /**
   * One request.
   *
   * @param arrivedNanos {@link System#nanoTime} on arrival
   * @param endedAt when its response ended; null while it is in progress
   * @param status the status that was sent, also by a scripted fault; 0 while it is unknown
   * @param rows data rows in the response
   * @param counted whether it was counted against the quota
   * @param inFlight requests in flight when it arrived, itself included
   */
  public record Entry(
      ApiRequest request,
      Instant arrivedAt,
      long arrivedNanos,
      @Nullable Instant endedAt,
      long endedNanos,
      int status,
      int rows,
      boolean counted,
      int inFlight) {
    private Entry settled(int newStatus, int newRows) {
      return new Entry(
          request,
          arrivedAt,
          arrivedNanos,
          endedAt,
          endedNanos,
          newStatus,
          newRows,
          counted,
          inFlight);
    }

    private Entry counting() {
      return new Entry(
          request, arrivedAt, arrivedNanos, endedAt, endedNanos, status, rows, true, inFlight);
    }

    private Entry ended(Instant at, long nanos) {
      return new Entry(
          request, arrivedAt, arrivedNanos, at, nanos, status, rows, counted, inFlight);
    }
  }

  private final List<Entry> entries = new ArrayList<>();
  private int requests;
  private int aggregations;
  private int underWay;
  private int clearings;

  /** Returns all requests. */
  public synchronized List<Entry> all() {
    return List.copyOf(entries);
  }

  /** Returns the requests to {@code /aggregations}, whatever their result. */
  public List<Entry> aggregations() {
    return to(ApiRequest.AGGREGATIONS);
  }

  /** Returns the requests to a path, such as {@code /v1/sites}. */
  public List<Entry> to(String path) {
    return all().stream().filter(e -> e.request().path().equals(path)).toList();
  }

  /** Returns the requests that were answered with 429. */
  public List<Entry> tooMany() {
    return all().stream().filter(e -> e.status() == 429).toList();
  }

  /** Returns the requests that counted against a quota: those that the account is billed for. */
  public List<Entry> counted() {
    return all().stream().filter(Entry::counted).toList();
  }

  /**
   * Returns the requests to {@code /aggregations} that were sent more than once, each with all its
   * entries.
   */
  public List<List<Entry>> repeatedAggregations() {
    Map<Map<String, String>, List<Entry>> same = new LinkedHashMap<>();
    for (Entry e : aggregations()) {
      same.computeIfAbsent(e.request().parameters(), k -> new ArrayList<>()).add(e);
    }
    return same.values().stream().filter(l -> l.size() > 1).map(List::copyOf).toList();
  }

  /** Returns the maximum number of requests in flight at the same time. */
  public int maxInFlight() {
    return all().stream().mapToInt(Entry::inFlight).max().orElse(0);
  }

  /** Removes all entries. Numbers start again from 1. */
  public synchronized void clear() {
    entries.clear();
    clearings++;
    requests = 0;
    aggregations = 0;
  }

  /** Records the arrival of a request and returns a ticket for its later events. */
  synchronized Ticket arrive(
      String method, String path, Map<String, String> parameters, Instant at, long nanos) {
    boolean aggregation = path.equals(ApiRequest.AGGREGATIONS);
    ApiRequest request =
        new ApiRequest(++requests, aggregation ? ++aggregations : 0, method, path, parameters);
    Entry entry = new Entry(request, at, nanos, null, 0, 0, 0, false, ++underWay);
    entries.add(entry);
    return new Ticket(entry, entries.size() - 1, clearings);
  }

  /** The log entry of a request in progress. */
  final class Ticket {
    private final int place;
    private final int age;
    private Entry entry;
    private boolean over;

    private Ticket(Entry entry, int place, int age) {
      this.entry = entry;
      this.place = place;
      this.age = age;
    }

    ApiRequest request() {
      return entry.request();
    }

    void count() {
      replace(entry.counting());
    }

    void settle(int status, int rows) {
      replace(entry.settled(status, rows));
    }

    boolean over() {
      synchronized (RequestLog.this) {
        return over;
      }
    }

    /** Records the end of the request; later calls have no effect. */
    void end(Instant at, long nanos) {
      synchronized (RequestLog.this) {
        if (!over) {
          over = true;
          underWay--;
          replace(entry.ended(at, nanos));
        }
      }
    }

    private void replace(Entry newer) {
      synchronized (RequestLog.this) {
        entry = newer;
        // A request from before the log was cleared has no entry any more.
        if (age == clearings) {
          entries.set(place, newer);
        }
      }
    }
  }
}
