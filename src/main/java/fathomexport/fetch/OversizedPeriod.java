package fathomexport.fetch;

import fathomexport.certify.Certifier;
import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.partition.Sample;
import fathomexport.plan.RangeQuery;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.StoredText;
import fathomexport.report.rows.RowSource;
import fathomexport.report.rows.RowSpool;
import fathomexport.run.FetchFailedException;
import fathomexport.typing.CellKind;
import fathomexport.typing.RawRows;
import java.io.IOException;
import java.time.LocalDate;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Fetches a period that exceeds the row limit in partitions by filters. */
final class OversizedPeriod {
  private static final Logger LOG = LoggerFactory.getLogger(OversizedPeriod.class);

  private final FetchContext context;
  private final RangeQuery query;
  private final @Nullable ControlTotals control;
  private final Tally tally;

  /**
   * The result of fetching a period in partitions.
   *
   * @param fetched the rows that replaced those of the first page; null if the first page's rows
   *     stay
   * @param fault why the period is incomplete; null if it is complete
   */
  record Result(@Nullable RowSums fetched, Certifier.@Nullable Fault fault) {}

  /** The number of rows of a period, and their sums. */
  record RowSums(long rows, Map<Aggregate, Long> sums) {}

  OversizedPeriod(
      FetchContext context, RangeQuery query, @Nullable ControlTotals control, Tally tally) {
    this.context = context;
    this.query = query;
    this.control = control;
    this.tally = tally;
  }

  /**
   * Fetches the period in partitions and replaces the rows of its first page, if it can be split.
   *
   * @param period the days of the period
   * @param start the position at which the period's rows begin; they are the last of the spool
   * @param totals the sums of these rows
   * @param limit rows per request
   */
  Result fetch(DayRange period, RowSpool.Mark start, PeriodTotals totals, RowSpool spool, int limit)
      throws FetchFailedException, IOException {
    String reason =
        "one "
            + (query.shape().dateGrouping() == DateGrouping.HOUR
                ? "day"
                : query.shape().dateGrouping() == DateGrouping.NONE
                    ? "range"
                    : query.shape().dateGrouping().apiName())
            + " alone has more rows than the limit of "
            + limit;
    if (query.shape().fields().isEmpty()) {
      LOG.warn("{} {}: {}", query.slice(), period.first(), reason);
      return new Result(null, new Certifier.Fault(reason, true));
    }
    try (RowSpool parts = new RowSpool(context.spillDirectory())) {
      PeriodSplit split =
          new PeriodSplit(
              context.client(),
              context.knowledge(),
              query.slice(),
              query.shape(),
              period,
              limit,
              parts);
      PeriodSplit.End end =
          split.run(
              sample(start, spool),
              estimate(period.first(), totals),
              control == null ? null : totalOf(control, period));
      tally.requests += split.requests();
      tally.splits += split.parts();
      tally.ended(split.endedAt());
      RowSums fetched = null;
      if (end != PeriodSplit.End.UNSPLITTABLE) {
        spool.rollback(start);
        spool.appendAll(parts);
        fetched = new RowSums(parts.rows(), split.sums());
      }
      return new Result(
          fetched,
          end == PeriodSplit.End.WHOLE
              ? null
              : new Certifier.Fault(reason + "; " + split.reason(), split.worthKeeping()));
    }
  }

  /**
   * Estimates the rows of a period from its rows so far and its control total; without a control,
   * as four times the rows so far.
   */
  private long estimate(LocalDate period, PeriodTotals totals)
      throws FetchFailedException, IOException {
    Aggregate measure = Aggregate.additiveOf(query.shape().entity()).get(0);
    long came = totals.of(period).sum(measure);
    if (control == null || came <= 0) {
      return 4 * totals.of(period).rows();
    }
    return (long)
        ((double) totals.of(period).rows()
            * control.get(query.days()).of(period).sum(measure)
            / came);
  }

  /** Returns the field values of the rows from this position on. */
  private Sample sample(RowSpool.Mark start, RowSpool spool) throws IOException {
    int fields = query.shape().fields().size();
    Sample sample = new Sample(fields);
    @Nullable String[] cells = new @Nullable String[fields];
    try (RowSource source = spool.read()) {
      for (long i = 0; i < start.rows(); i++) {
        source.next();
      }
      RawRows.RawRowReader row = new RawRows.RawRowReader(source, fields);
      while (row.next()) {
        for (int i = 0; i < fields; i++) {
          cells[i] =
              row.kind(i) == CellKind.NULL || row.kind(i) == CellKind.MISSING
                  ? null
                  : StoredText.decode(row.text(i));
        }
        sample.add(cells);
      }
    }
    return sample;
  }

  private PeriodSplit.Control totalOf(ControlTotals with, DayRange period) {
    return new PeriodSplit.Control() {
      @Override
      public PeriodTotals.Total total() throws FetchFailedException, IOException {
        return with.get(query.days()).of(period.first());
      }

      @Override
      public void askAgain() throws FetchFailedException, IOException {
        with.ask(period);
        // The rows were fetched before this response.
        with.forgetAnswers(period);
      }
    };
  }
}
