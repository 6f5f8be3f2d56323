package fathomexport.window;

import fathomexport.certify.PeriodTotals;
import fathomexport.certify.UnitGuard;
import fathomexport.fetch.Fetched;
import fathomexport.fetch.SpillDirectory;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.ledger.RateUnit;
import fathomexport.plan.FetchTask;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.QueryShape;
import fathomexport.report.Report;
import fathomexport.report.Window;
import fathomexport.report.rows.RowDigest;
import fathomexport.report.rows.RowSorter;
import fathomexport.report.rows.RowSource;
import fathomexport.report.rows.RowSpool;
import fathomexport.typing.RawRows;
import fathomexport.typing.RowTyper;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Types a task's rows for one report and collects what the typing finds. */
final class RowTyping implements RowTyper.Findings {
  private static final Logger LOG = LoggerFactory.getLogger(RowTyping.class);

  /** Most rows per window that are quarantined with their text. */
  private static final int KEPT = 100;

  private final RunContext run;
  private final FetchTask task;
  private final Report report;
  private final Window window;
  private final boolean ratio;
  private final boolean byHour;
  private final RowSpool rows;
  private final UnitGuard guard = new UnitGuard();
  private final PeriodTotals sums = new PeriodTotals();
  private final RowDigest digest;
  private final Map<LocalDate, String> digests = new HashMap<>();
  private @Nullable LocalDate digested;
  private final Map<LocalDate, TypedWindow.RefusedRows> refused = new HashMap<>();
  private final List<QuarantinedRow> quarantine = new ArrayList<>();
  private long escaped;

  RowTyping(RunContext run, FetchTask task, Report report, boolean ratio) {
    this.run = run;
    this.task = task;
    this.report = report;
    this.window = task.window(report);
    this.ratio = ratio;
    this.byHour = report.dateGrouping() == DateGrouping.HOUR;
    this.rows = new RowSpool(run.spillDirectory());
    this.digest = new RowDigest(report.schema());
  }

  /**
   * Types rows for one of the reports that they fill. The caller closes the window.
   *
   * @throws IOException if rows cannot be spilled
   */
  static TypedWindow type(RunContext run, Fetched fetched, Report report) throws IOException {
    // The unit of bounce_rate is known only after all rows are read. The API currently returns
    // percentages, so the rows are typed as such, and once more only if they prove to be ratios.
    RowTyping typing = new RowTyping(run, fetched.task(), report, false);
    boolean handedOn = false;
    try {
      typing.read(fetched.raw());
      if (typing.guard.unit() == UnitGuard.Unit.RATIO) {
        SpillDirectory.drop(typing.rows);
        typing = new RowTyping(run, fetched.task(), report, true);
        typing.read(fetched.raw());
      }
      if (typing.guard.unit() == UnitGuard.Unit.NEITHER
          && report.aggregates().contains(Aggregate.BOUNCE_RATE)) {
        typing.refuseAll(
            "bounce_rate fits neither a ratio nor a percentage: rate x visits is not a whole number"
                + " of bounces");
      }
      if (typing.escaped > 0) {
        LOG.warn(
            "{}: {} cells hold U+0000 or half of a surrogate pair; stored their escapes, such as"
                + " \\u0000",
            typing.window,
            typing.escaped);
      }
      TypedWindow typed =
          new TypedWindow(
              fetched,
              report,
              typing.rows,
              typing.sums,
              typing.digests(),
              typing.refused,
              typing.rateUnit(),
              typing.escaped,
              typing.quarantine);
      handedOn = true;
      return typed;
    } finally {
      if (!handedOn) {
        SpillDirectory.drop(typing.rows);
      }
    }
  }

  private @Nullable RateUnit rateUnit() {
    if (!report.aggregates().contains(Aggregate.BOUNCE_RATE) || !guard.isKnown()) {
      return null;
    }
    return ratio ? RateUnit.RATIO : RateUnit.PERCENT;
  }

  private void read(RowSpool raw) throws IOException {
    QueryShape shape = task.shape();
    int cells = shape.fields().size() + shape.aggregates().size();
    try (RowSorter sorter = new RowSorter(run.spillDirectory());
        RowSource source = raw.read()) {
      RowTyper typer = new RowTyper(report, window, shape, ratio);
      typer.type(new RawRows.RawRowReader(source, cells), sorter, rows, this);
      escaped = typer.escaped();
    }
  }

  private void refuseAll(String why) {
    sums.periods().keySet().forEach(p -> note(p, why));
  }

  @Override
  public void typed(
      LocalDate period,
      long time,
      List<Aggregate> measures,
      long[] values,
      byte[] row,
      int length) {
    sums.add(period, byHour ? time : 0, measures, values);
    if (!period.equals(digested)) {
      endDigest();
      digested = period;
    }
    digest.add(row, length);
  }

  private void endDigest() {
    if (digested != null) {
      digests.put(digested, digest.text());
      digested = null;
    }
    digest.reset();
  }

  /** Returns the digests of the periods that have rows; rows arrive ordered by period. */
  private Map<LocalDate, String> digests() {
    endDigest();
    return digests;
  }

  @Override
  public void rate(long visits, BigDecimal rate) {
    guard.row(visits, rate);
  }

  @Override
  public void refused(LocalDate period, String json, String reason) {
    note(period, reason);
    if (quarantine.size() < KEPT) {
      quarantine.add(
          new QuarantinedRow(
              report.name(),
              window.slice(),
              window.id(),
              run.runId(),
              run.environment().time().instant(),
              json,
              reason));
    }
  }

  private void note(LocalDate period, String reason) {
    refused.merge(
        period,
        new TypedWindow.RefusedRows(1, reason),
        (before, one) -> new TypedWindow.RefusedRows(before.rows() + 1, before.first()));
  }
}
