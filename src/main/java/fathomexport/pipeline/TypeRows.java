package fathomexport.pipeline;

import fathomexport.certify.PeriodTotals;
import fathomexport.certify.UnitGuard;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.plan.FetchTask;
import fathomexport.report.Aggregate;
import fathomexport.report.QueryShape;
import fathomexport.report.Report;
import fathomexport.report.Window;
import fathomexport.report.rows.RowDigest;
import fathomexport.report.rows.RowSorter;
import fathomexport.report.rows.RowSource;
import fathomexport.report.rows.RowSpool;
import fathomexport.typing.CellKind;
import fathomexport.typing.Numbers;
import fathomexport.typing.RawRows;
import fathomexport.typing.RowTyper;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.values.TupleTag;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Types a task's rows for each report that it fills. */
final class TypeRows extends DoFn<Fetched, Typed> {
  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(TypeRows.class);

  /** Untyped rows of a window that are kept to look at. */
  private static final int KEPT = 100;

  private final ExportSpec spec;
  private final TupleTag<WindowOutcome> failures;

  TypeRows(ExportSpec spec, TupleTag<WindowOutcome> failures) {
    this.spec = spec;
    this.failures = failures;
  }

  @ProcessElement
  public void type(@Element Fetched fetched, MultiOutputReceiver out) {
    RunServices run = RunServices.of(spec);
    try (RowSpool raw = fetched.raw()) {
      UnitGuard.Unit unit = unit(fetched.task().shape(), raw);
      for (Report report : fetched.task().reports()) {
        try {
          out.get(ExportPipeline.TYPED).output(type(run, fetched, raw, report, unit));
        } catch (IOException e) {
          fail(run, fetched, report, FailureKind.STORAGE, "cannot spill rows: " + e, out);
        } catch (RuntimeException e) {
          LOG.error("{}: a fault of ours", fetched.task(), e);
          fail(run, fetched, report, FailureKind.FAULT, "a fault of ours: " + e, out);
        }
      }
    } catch (IOException e) {
      for (Report report : fetched.task().reports()) {
        fail(run, fetched, report, FailureKind.STORAGE, "cannot read spilled rows: " + e, out);
      }
    }
  }

  private void fail(
      RunServices run,
      Fetched fetched,
      Report report,
      FailureKind kind,
      String message,
      MultiOutputReceiver out) {
    Window window = fetched.task().window(report);
    WindowOutcome outcome =
        WindowOutcome.failed(window.toString(), kind, message)
            .about(window, fetched.requestsOf(report));
    run.ended(outcome);
    out.get(failures).output(outcome);
  }

  /** The unit of the window's bounce rates, from all its rows together. */
  private static UnitGuard.Unit unit(QueryShape shape, RowSpool raw) throws IOException {
    int rate = shape.aggregates().indexOf(Aggregate.BOUNCE_RATE);
    int visits = shape.aggregates().indexOf(Aggregate.VISITS);
    if (rate < 0 || visits < 0) {
      return UnitGuard.Unit.PERCENT;
    }
    UnitGuard guard = new UnitGuard();
    int cells = shape.fields().size() + shape.aggregates().size();
    try (RowSource source = raw.read()) {
      RawRows.Reader row = new RawRows.Reader(source, cells);
      while (row.next()) {
        OptionalLong count = whole(row, shape.fields().size() + visits);
        Optional<BigDecimal> value = decimal(row, shape.fields().size() + rate);
        if (count.isPresent() && count.getAsLong() >= 0 && value.isPresent()) {
          guard.row(count.getAsLong(), value.get());
        }
      }
    }
    return guard.unit();
  }

  private static boolean hasText(RawRows.Reader row, int cell) {
    return row.kind(cell) == CellKind.STRING || row.kind(cell) == CellKind.NUMBER;
  }

  private static OptionalLong whole(RawRows.Reader row, int cell) {
    return hasText(row, cell) ? Numbers.whole(row.text(cell)) : OptionalLong.empty();
  }

  private static Optional<BigDecimal> decimal(RawRows.Reader row, int cell) {
    return hasText(row, cell) ? Numbers.decimal(row.text(cell)) : Optional.empty();
  }

  private Typed type(
      RunServices run, Fetched fetched, RowSpool raw, Report report, UnitGuard.Unit unit)
      throws IOException {
    FetchTask task = fetched.task();
    Window window = task.window(report);
    Path spill = run.spillDirectory();
    RowSpool rows = new RowSpool(spill);
    Collected found = new Collected(run, report, window);
    boolean mixed =
        unit == UnitGuard.Unit.NEITHER && report.aggregates().contains(Aggregate.BOUNCE_RATE);
    int cells = task.shape().fields().size() + task.shape().aggregates().size();
    try (RowSorter sorter = new RowSorter(spill);
        RowSource source = raw.read()) {
      new RowTyper(report, window, task.shape(), unit == UnitGuard.Unit.RATIO)
          .type(new RawRows.Reader(source, cells), sorter, rows, found);
    } catch (IOException | RuntimeException e) {
      rows.close();
      throw e;
    }
    if (mixed) {
      String why =
          "bounce_rate fits neither a ratio nor a percentage: rate x visits is no whole number of"
              + " bounces";
      found.sums.periods().keySet().forEach(p -> found.note(p, why));
    }
    return new Typed(
        new Fetched(
            task,
            new RowSpool(spill),
            fetched.control(),
            fetched.noControl(),
            fetched.faults(),
            fetched.fetchedAt(),
            fetched.requests(),
            fetched.controlRequests(),
            fetched.splits()),
        report,
        rows,
        found.sums,
        found.digests(),
        found.refused,
        found.quarantine);
  }

  private static final class Collected implements RowTyper.Findings {
    private final RunServices run;
    private final Report report;
    private final Window window;
    private final PeriodTotals sums = new PeriodTotals();
    private final RowDigest digest;
    private final Map<LocalDate, String> digests = new HashMap<>();
    private @Nullable LocalDate digested;
    private final Map<LocalDate, Typed.Refused> refused = new HashMap<>();
    private final List<QuarantinedRow> quarantine = new ArrayList<>();

    Collected(RunServices run, Report report, Window window) {
      this.run = run;
      this.report = report;
      this.window = window;
      this.digest = new RowDigest(report.schema());
    }

    @Override
    public void typed(LocalDate period, Map<Aggregate, Long> additive, byte[] row, int length) {
      sums.add(period, additive);
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

    /** Digests of the periods that have rows; rows come ordered by period. */
    private Map<LocalDate, String> digests() {
      endDigest();
      return digests;
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
          new Typed.Refused(1, reason),
          (before, one) -> new Typed.Refused(before.rows() + 1, before.first()));
    }
  }
}
