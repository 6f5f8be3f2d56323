package fathomexport.beam;

import fathomexport.certify.PeriodTotals;
import fathomexport.certify.UnitGuard;
import fathomexport.fetch.Fetched;
import fathomexport.fetch.SpillDirectory;
import fathomexport.ledger.QuarantinedRow;
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
import fathomexport.run.ExportSpec;
import fathomexport.run.WindowOutcome;
import fathomexport.typing.RawRows;
import fathomexport.typing.RowTyper;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    try {
      for (Report report : fetched.task().reports()) {
        Optional<WindowOutcome> refused = run.refused(report);
        if (refused.isPresent()) {
          Window window = fetched.task().window(report);
          WindowOutcome outcome = refused.get().about(window, fetched.requestsOf(report));
          run.ended(outcome);
          out.get(failures).output(outcome);
          continue;
        }
        Typed typed;
        try {
          typed = type(run, fetched, fetched.raw(), report);
        } catch (IOException | RuntimeException e) {
          WindowOutcome outcome =
              run.failed(fetched.task().window(report), fetched.requestsOf(report), e);
          run.ended(outcome);
          out.get(failures).output(outcome);
          continue;
        }
        out.get(ExportPipeline.TYPED).output(typed);
      }
    } finally {
      SpillDirectory.drop(fetched.raw());
    }
  }

  private static Typed type(RunServices run, Fetched fetched, RowSpool raw, Report report)
      throws IOException {
    // The rows' unit is known when all are read. Percentages are what the API gives today: only
    // when it turns out otherwise are they typed once more.
    Typing typing = new Typing(run, fetched.task(), report, false);
    boolean handedOn = false;
    try {
      typing.read(raw);
      if (typing.unit() == UnitGuard.Unit.RATIO) {
        SpillDirectory.drop(typing.rows);
        typing = new Typing(run, fetched.task(), report, true);
        typing.read(raw);
      }
      if (typing.unit() == UnitGuard.Unit.NEITHER
          && report.aggregates().contains(Aggregate.BOUNCE_RATE)) {
        typing.refuseAll(
            "bounce_rate fits neither a ratio nor a percentage: rate x visits is no whole number"
                + " of bounces");
      }
      if (typing.escaped > 0) {
        LOG.warn(
            "{}: {} cells hold U+0000 or half of a surrogate pair; stored their escapes, such as"
                + " \\u0000",
            typing.window,
            typing.escaped);
      }
      Typed typed = typing.typed(fetched);
      handedOn = true;
      return typed;
    } finally {
      if (!handedOn) {
        SpillDirectory.drop(typing.rows);
      }
    }
  }

  /** A task's rows on their way to being one report's, and what was found on it. */
  private static final class Typing implements RowTyper.Findings {
    private final RunServices run;
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
    private final Map<LocalDate, Typed.Refused> refused = new HashMap<>();
    private final List<QuarantinedRow> quarantine = new ArrayList<>();
    private long escaped;

    Typing(RunServices run, FetchTask task, Report report, boolean ratio) {
      this.run = run;
      this.task = task;
      this.report = report;
      this.window = task.window(report);
      this.ratio = ratio;
      this.byHour = report.dateGrouping() == DateGrouping.HOUR;
      this.rows = new RowSpool(run.spillDirectory());
      this.digest = new RowDigest(report.schema());
    }

    void read(RowSpool raw) throws IOException {
      QueryShape shape = task.shape();
      int cells = shape.fields().size() + shape.aggregates().size();
      try (RowSorter sorter = new RowSorter(run.spillDirectory());
          RowSource source = raw.read()) {
        RowTyper typer = new RowTyper(report, window, shape, ratio);
        typer.type(new RawRows.Reader(source, cells), sorter, rows, this);
        escaped = typer.escaped();
      }
    }

    /** What was found, when all is read. The raw rows are not needed any more. */
    Typed typed(Fetched fetched) {
      return new Typed(
          new Fetched(
              fetched.task(),
              new RowSpool(run.spillDirectory()),
              fetched.control(),
              fetched.noControl(),
              fetched.faults(),
              fetched.unmoved(),
              fetched.fetchedAt(),
              fetched.requests(),
              fetched.controlRequests(),
              fetched.splits()),
          report,
          rows,
          sums,
          digests(),
          refused,
          quarantine);
    }

    /** The unit of the window's bounce rates, from all its rows together. */
    UnitGuard.Unit unit() {
      return guard.unit();
    }

    void refuseAll(String why) {
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

    /** Digests of the periods that have rows; rows come ordered by period. */
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
          new Typed.Refused(1, reason),
          (before, one) -> new Typed.Refused(before.rows() + 1, before.first()));
    }
  }
}
