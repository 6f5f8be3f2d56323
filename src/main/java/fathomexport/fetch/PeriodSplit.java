package fathomexport.fetch;

import fathomexport.api.AggregationRequest;
import fathomexport.api.FathomClient;
import fathomexport.api.Outcome;
import fathomexport.api.answer.AggregationAnswer;
import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.limits.Knowledge;
import fathomexport.fetch.partition.Sample;
import fathomexport.fetch.partition.Split;
import fathomexport.fetch.rows.PartReader;
import fathomexport.report.Aggregate;
import fathomexport.report.DayRange;
import fathomexport.report.Filter;
import fathomexport.report.QueryShape;
import fathomexport.report.Slice;
import fathomexport.report.rows.RowSpool;
import fathomexport.run.FetchFailedException;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Fetches one period that exceeds the row limit in partitions by filters. */
final class PeriodSplit {
  private static final Logger LOG = LoggerFactory.getLogger(PeriodSplit.class);

  /** How often a request is repeated if its response is invalid. */
  private static final int REASKS = 1;

  /** The total that the period's rows must add up to. */
  interface Control {
    PeriodTotals.Total total() throws FetchFailedException, IOException;

    /** Queries the total again, since it may be older than the rows. */
    void askAgain() throws FetchFailedException, IOException;
  }

  /** How the split ended. */
  enum End {
    /** All rows have been fetched. */
    WHOLE,
    /** The partitions do not add up to the control total. */
    UNEQUAL,
    /** The period cannot be split. */
    UNSPLITTABLE
  }

  private final FathomClient client;
  private final Knowledge knowledge;
  private final Slice slice;
  private final QueryShape shape;
  private final DayRange period;
  private final int limit;
  private final RowSpool rows;
  private final EnumMap<Aggregate, Long> sums = new EnumMap<>(Aggregate.class);
  private int requests;
  private int parts;
  private int reasks;
  private boolean surplus;
  private String reason = "";
  private Instant endedAt = Instant.EPOCH;

  /**
   * @param limit rows per request
   * @param rows receives the rows; the caller closes it
   */
  PeriodSplit(
      FathomClient client,
      Knowledge knowledge,
      Slice slice,
      QueryShape shape,
      DayRange period,
      int limit,
      RowSpool rows) {
    this.client = client;
    this.knowledge = knowledge;
    this.slice = slice;
    this.shape = shape;
    this.period = period;
    this.limit = limit;
    this.rows = rows;
  }

  /**
   * Fetches the partitions and compares their sum with the control.
   *
   * @param first the rows of the response that reached the limit
   * @param estimate the estimated number of rows of the period
   * @param control null if there is none
   * @throws FetchFailedException if the API gave no usable response
   */
  End run(Sample first, long estimate, @Nullable Control control)
      throws FetchFailedException, IOException {
    Split split = new Split(shape.fields(), shape.filters(), limit, first, estimate);
    if (knowledge.sortsNoFields()) {
      split.unsortable();
    }
    End end = run(split, control);
    parts = split.parts();
    if (end == End.WHOLE && !split.sortable()) {
      knowledge.sawUnsortedFields();
    }
    LOG.info(
        "{} {}: {} by filters: {} rows in {} partitions, {} requests, {}{}",
        slice,
        period,
        end == End.WHOLE ? "complete" : "not complete",
        rows.rows(),
        parts,
        requests,
        split.way(),
        reason.isEmpty() ? "" : ": " + reason);
    return end;
  }

  private End run(Split split, @Nullable Control control) throws FetchFailedException, IOException {
    boolean askedAgain = false;
    while (true) {
      while (!split.done()) {
        if (!step(split)) {
          return End.UNSPLITTABLE;
        }
      }
      String failure = split.failure();
      if (failure != null) {
        reason = failure;
        return End.UNSPLITTABLE;
      }
      if (control == null) {
        if (split.missing(false) == Split.Recourse.ASK) {
          continue;
        }
        return End.WHOLE;
      }
      PeriodTotals.Total total = control.total();
      if (equal(total)) {
        return End.WHOLE;
      }
      boolean less = sum(measure()) < total.sum(measure());
      if (less && split.missing(false) == Split.Recourse.ASK) {
        continue;
      }
      if (!askedAgain) {
        askedAgain = true;
        control.askAgain();
        continue;
      }
      if (less && split.missing(true) == Split.Recourse.RESTART) {
        LOG.warn(
            "{} {}: rows are missing from the sorted answers; fetching partitions that need no"
                + " order",
            slice,
            period);
        drop();
        askedAgain = false;
        continue;
      }
      surplus = !less;
      reason = "the partitions by filters do not add up to the control total";
      return End.UNEQUAL;
    }
  }

  /** Sends one request and processes its response. Returns whether to continue. */
  private boolean step(Split split) throws FetchFailedException, IOException {
    Split.Ask ask = split.ask();
    PartReader reader = new PartReader(split, shape, period, rows);
    Outcome<AggregationAnswer> outcome = client.aggregations(request(ask), reader);
    if (outcome instanceof Outcome.Failure<AggregationAnswer> failure) {
      reader.keep(Split.KeptRows.NOTHING);
      refused(split, failure);
      return true;
    }
    AggregationAnswer answer = outcome.value().orElseThrow();
    requests += answer.requests();
    endedAt = answer.endedAt();
    String violation = reader.violation();
    if (violation != null) {
      reader.keep(Split.KeptRows.NOTHING);
      reason = "an answer was refused: " + violation;
      LOG.warn("{} {}: {}", slice, period, reason);
      return reasks++ < REASKS;
    }
    reasks = 0;
    Split.KeptRows kept = split.answered(reader.rows());
    PartReader.add(sums, reader.keep(kept));
    if (kept == Split.KeptRows.RESTART) {
      drop();
    }
    return true;
  }

  private AggregationRequest request(Split.Ask ask) {
    List<Filter> filters = new ArrayList<>(shape.filters());
    filters.addAll(ask.filters());
    return new AggregationRequest(
        shape.withFilters(filters),
        slice,
        period,
        limit,
        ask.sortBy() == null ? null : new AggregationRequest.Sort(ask.sortBy(), ask.ascending()));
  }

  private void refused(Split split, Outcome.Failure<AggregationAnswer> failure)
      throws FetchFailedException, IOException {
    if (failure instanceof Outcome.Refused<AggregationAnswer> refused) {
      switch (refused.refusal()) {
        case LIMIT, PARAMETERS, RANGE, OTHER -> {
          requests++;
          LOG.warn("{} {}: {}", slice, period, failure.describe());
          if (split.refused(failure.describe()) == Split.KeptRows.RESTART) {
            drop();
          }
          return;
        }
        case CREDENTIALS, SUBSCRIPTION, PERMISSION, NOT_FOUND -> {}
      }
    }
    throw new FetchFailedException(failure);
  }

  private void drop() throws IOException {
    rows.rollback(new RowSpool.Mark(0, 0));
    sums.clear();
  }

  private Aggregate measure() {
    return Aggregate.additiveOf(shape.entity()).get(0);
  }

  private long sum(Aggregate aggregate) {
    return sums.getOrDefault(aggregate, 0L);
  }

  private boolean equal(PeriodTotals.Total total) {
    return Aggregate.additiveOf(shape.entity()).stream().allMatch(a -> sum(a) == total.sum(a));
  }

  /** Returns the sums of the fetched rows. */
  Map<Aggregate, Long> sums() {
    return sums;
  }

  /** Returns the number of requests so far, retries included. */
  int requests() {
    return requests;
  }

  /** Returns the number of responses whose rows were kept. */
  int parts() {
    return parts;
  }

  /** Returns why the period is incomplete; empty if it is complete. */
  String reason() {
    return reason;
  }

  /**
   * Returns whether an incomplete period is better than none: rows are missing, but there are none
   * too many.
   */
  boolean worthKeeping() {
    return !surplus;
  }

  /** Returns when the last response ended. */
  Instant endedAt() {
    return endedAt;
  }
}
