package fathomexport.pipeline;

import fathomexport.api.AggregationAnswer;
import fathomexport.api.AggregationRequest;
import fathomexport.api.FathomClient;
import fathomexport.api.Outcome;
import fathomexport.api.Refusal;
import fathomexport.certify.Certifier;
import fathomexport.certify.PeriodTotals;
import fathomexport.plan.ControlQuery;
import fathomexport.plan.FetchTask;
import fathomexport.plan.Pager;
import fathomexport.plan.Sample;
import fathomexport.plan.WindowPlanner;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.Slice;
import fathomexport.report.rows.RowSource;
import fathomexport.report.rows.RowSpool;
import fathomexport.typing.CellKind;
import fathomexport.typing.RawRows;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches a task page by page, and checks each page against the control totals before the next is
 * asked for, so that a cut-off, a cap or a restatement is found where it can still be mended.
 */
final class WindowFetcher {
  private static final Logger LOG = LoggerFactory.getLogger(WindowFetcher.class);

  /**
   * Times that a page is asked for again when it breaks its contract or disagrees with its control.
   */
  private static final int REASKS = 1;

  /**
   * An answer of fewer rows is not suspected of a cap for its missing tail: it would cost every
   * quiet site.
   */
  private static final int FEW_ROWS = 10;

  private static final int REFUTED = -1;

  /**
   * Requests after which the rows so far are handed out, up to the end of a month: what is lost
   * when the run is killed, some minutes of the quota.
   */
  private static final int PIECE_REQUESTS = 25;

  private final FathomClient client;
  private final ControlBook book;
  private final Knowledge knowledge;
  private final int rowLimit;
  private final int maxRangeDays;
  private final Path spillDirectory;

  WindowFetcher(
      FathomClient client,
      ControlBook book,
      Knowledge knowledge,
      int rowLimit,
      int maxRangeDays,
      Path spillDirectory) {
    this.client = client;
    this.book = book;
    this.knowledge = knowledge;
    this.rowLimit = rowLimit;
    this.maxRangeDays = maxRangeDays;
    this.spillDirectory = spillDirectory;
  }

  /** Begins a task; asks for nothing yet. */
  Pieces begin(FetchTask task) {
    return new Pieces(task);
  }

  /**
   * A task on its way: its rows come in one piece, or in several of whole months when they take
   * many requests. Each piece is a window of its own, so that what was paid for is soon committed,
   * and a run that is killed loses little of it.
   */
  final class Pieces {
    private final FetchTask task;
    private @Nullable Walk walk;
    private String noControl = "";
    private LocalDate next;

    private Pieces(FetchTask task) {
      this.task = task;
      this.next = task.days().first();
    }

    /** Whether there is no further piece. */
    boolean done() {
      return next.isAfter(task.days().last());
    }

    /** Drops what was fetched behind the last piece, when no further one is wanted. */
    void drop() {
      Walk rows = walk;
      if (rows != null) {
        RunServices.drop(rows.spool);
      }
    }

    /** What has not come yet. */
    FetchTask left() {
      return task.during(new DayRange(next, task.days().last()));
    }

    /**
     * The next piece, and the totals to certify it against. None comes after one that failed.
     *
     * @throws FetchFailedException when the API gave no answer that could be used
     * @throws IOException when rows cannot be spilled
     */
    Fetched next() throws FetchFailedException, IOException {
      Walk rows = walk;
      try {
        if (rows == null) {
          rows = start();
          walk = rows;
        }
        rows.run();
        DayRange days = new DayRange(next, rows.end());
        FetchTask piece = days.equals(task.days()) ? task : task.during(days);
        confirmEmptied(piece, rows);
        PeriodTotals totals = null;
        if (task.isControl()) {
          if (rows.faults.isEmpty()) {
            book.put(task.control(), task.days(), rows.totals);
          }
          totals = rows.totals;
        } else if (rows.control != null) {
          totals = rows.control.get(days);
        }
        Fetched fetched = rows.piece(piece, totals, noControl);
        next = days.last().plusDays(1);
        return fetched;
      } catch (FetchFailedException | IOException | RuntimeException e) {
        if (rows != null) {
          rows.spool.close();
        }
        throw e;
      }
    }

    private Walk start() throws FetchFailedException, IOException {
      book.goOnTo(task.control());
      Tally tally = new Tally();
      ZoneId zone = task.site().zone();
      Control control = null;
      if (!task.isControl()) {
        control = new Control(task.control(), zone, tally);
        noControl = control.missing(task.days());
      }
      return new Walk(
          task.slice(),
          task.shape(),
          task.days(),
          zone,
          noControl.isEmpty() ? control : null,
          new RowSpool(spillDirectory),
          tally);
    }
  }

  /**
   * The totals of a control query, from this run's book when it was asked before.
   *
   * @throws FetchFailedException when the API gave no answer that could be used
   */
  PeriodTotals control(ControlQuery query) throws FetchFailedException, IOException {
    return new Control(query, null, new Tally()).get(query.days());
  }

  /** What a piece costs. */
  private static final class Tally {
    private int requests;
    private int controlRequests;
    private int splits;
    private Instant endedAt = Instant.EPOCH;

    void startOver() {
      requests = 0;
      controlRequests = 0;
      splits = 0;
    }
  }

  /** The control totals of a task: from the book, or asked for. */
  private final class Control {
    private final ControlQuery query;
    private final @Nullable ZoneId zone;
    private final Tally tally;

    Control(ControlQuery query, @Nullable ZoneId zone, Tally tally) {
      this.query = query;
      this.zone = zone;
      this.tally = tally;
    }

    PeriodTotals get(DayRange days) throws FetchFailedException, IOException {
      Optional<PeriodTotals> known = book.find(query, days);
      if (known.isPresent()) {
        return known.get();
      }
      ask(query.days());
      return book.find(query, days).orElseThrow();
    }

    /** Why these days can have no control; empty when they have one. */
    String missing(DayRange days) throws FetchFailedException, IOException {
      try {
        PeriodTotals known = get(days);
        LOG.debug("control of {} {}: {} periods", query.slice(), days, known.periods().size());
        return "";
      } catch (FetchFailedException e) {
        // One that breaks its contract is no reason to trust the rows.
        boolean impossible =
            e.failure() instanceof Outcome.Refused<?> refused
                && (refused.refusal() == Refusal.PARAMETERS || refused.refusal() == Refusal.OTHER);
        if (!impossible) {
          throw e;
        }
        LOG.warn("{} {}: no control totals: {}", query.slice(), days, e.getMessage());
        return "no control totals could be had: " + e.getMessage();
      }
    }

    /** Asks anew, whatever is known. */
    void ask(DayRange days) throws FetchFailedException, IOException {
      Tally own = new Tally();
      try (RowSpool none = new RowSpool(spillDirectory)) {
        Walk walk = new Walk(query.slice(), query.shape(), days, zone, null, none, own);
        walk.run();
        if (!walk.faults.isEmpty()) {
          throw new FetchFailedException(
              new Outcome.Malformed<>(
                  "the control query's answer: " + walk.faults.values().iterator().next().reason(),
                  true));
        }
        book.put(query, days, walk.totals);
      } finally {
        tally.controlRequests += own.requests;
      }
    }
  }

  /** One walk through a range. */
  private final class Walk {
    private final Slice slice;
    private final QueryShape shape;
    private final DayRange days;
    private final @Nullable ZoneId zone;
    private final @Nullable Control control;
    private RowSpool spool;
    private final Tally tally;
    private final Pager pager;
    private final PeriodTotals totals = new PeriodTotals();
    private final Map<LocalDate, Certifier.Fault> faults = new HashMap<>();
    private int reasks;
    private @Nullable Tail tail;

    /** Days of a range that was refused without a word about ranges; 0 when there is none. */
    private int suspectRange;

    private String suspectWords = "";
    private boolean suspectLongWeek;

    /** Rows at which answers seem to be cut off, until what was missing has come; 0 when none. */
    private int suspectCap;

    private @Nullable LocalDate suspectPeriod;
    private boolean capRefuted;

    /** The month that was last begun; null before the first row. */
    private @Nullable LocalDate month;

    /** Where the rows can be cut: behind whole months. */
    private PageReader.@Nullable Month cut;

    /**
     * The end of a page behind which nothing came, though more was asked for.
     *
     * @param asked last day that the page was asked for: later ones it could not hold
     */
    private record Tail(long rows, LocalDate last, LocalDate asked, RowSpool.Mark lastStart) {}

    Walk(
        Slice slice,
        QueryShape shape,
        DayRange days,
        @Nullable ZoneId zone,
        @Nullable Control control,
        RowSpool spool,
        Tally tally) {
      this.slice = slice;
      this.shape = shape;
      this.days = days;
      this.zone = zone;
      this.control = control;
      this.spool = spool;
      this.tally = tally;
      int allowed =
          switch (shape.dateGrouping()) {
            case HOUR -> WindowPlanner.HOUR_DAYS;
            case DAY, MONTH, YEAR -> maxRangeDays;
            case NONE -> days.days();
          };
      this.pager =
          new Pager(
              shape.dateGrouping(),
              days,
              knowledge.limit(rowLimit),
              knowledge.maxDays(shape.key(), allowed));
    }

    /** Goes on to the end, or to where a piece has taken many requests and can be cut off. */
    void run() throws FetchFailedException, IOException {
      while (!pager.done() && !isPiece()) {
        DayRange asked = pager.ask();
        PageReader page = new PageReader(shape, asked, spool);
        Outcome<AggregationAnswer> outcome =
            client.aggregations(new AggregationRequest(shape, slice, asked, pager.limit()), page);
        if (outcome instanceof Outcome.Failure<AggregationAnswer> failure) {
          page.dropAll();
          refused(failure);
          continue;
        }
        AggregationAnswer answer = outcome.value().orElseThrow();
        tally.requests += answer.requests();
        tally.endedAt = answer.endedAt();
        if (answer.contents().legacyEnvelope()) {
          LOG.warn("{} {}: the answer came in the envelope of an older API", slice, asked);
        }
        take(asked, page);
        rangeWasRefused();
      }
      if (pager.done()) {
        cut = null;
      }
    }

    private boolean isPiece() {
      return cut != null && tally.requests >= PIECE_REQUESTS;
    }

    /** The last day of the piece that has come. */
    LocalDate end() {
      PageReader.Month behind = cut;
      return behind == null ? days.last() : behind.first().minusDays(1);
    }

    /**
     * Hands out the rows of the piece that has come; goes on with those behind it.
     *
     * @param piece what it is about: up to {@link #end()}
     */
    Fetched piece(FetchTask piece, @Nullable PeriodTotals known, String noControl)
        throws IOException {
      RowSpool rows = spool;
      PageReader.Month behind = cut;
      if (behind != null) {
        RowSpool rest = new RowSpool(spillDirectory);
        rows.moveFrom(behind.start(), rest);
        spool = rest;
        cut = null;
      }
      Map<LocalDate, Certifier.Fault> itsFaults = new HashMap<>(faults);
      itsFaults.keySet().removeIf(day -> !piece.days().contains(day));
      Fetched fetched =
          new Fetched(
              piece,
              rows,
              known,
              noControl,
              itsFaults,
              tally.endedAt,
              tally.requests,
              tally.controlRequests,
              tally.splits);
      tally.startOver();
      return fetched;
    }

    /** Notes where a month begins. Without a control, what is kept may yet be taken back. */
    private void begins(PageReader.Month begun) {
      if (month != null && !begun.first().isAfter(month)) {
        return;
      }
      if (month != null && control != null) {
        cut = begun;
      }
      month = begun.first();
    }

    /**
     * Goes on with a narrower range when that is what was refused. A refusal that does not say what
     * it is about is put to the proof with a single period: whose rows are kept when it passes.
     */
    private void refused(Outcome.Failure<AggregationAnswer> failure) throws FetchFailedException {
      if (failure instanceof Outcome.Refused<AggregationAnswer> refused
          && suspectRange != REFUTED) {
        tally.requests++;
        switch (refused.refusal()) {
          case RANGE -> {
            if (hasLongWeek(pager.ask())) {
              narrowLongWeek(refused.words());
              return;
            }
            int narrower = pager.rangeRefused();
            if (narrower > 0) {
              knowledge.rangeRefused(shape.key(), narrower, refused.words());
              return;
            }
          }
          case PARAMETERS -> {
            if (suspectRange == 0 && !pager.askIsSingle()) {
              suspectLongWeek = hasLongWeek(pager.ask());
              suspectRange = pager.ask().days();
              suspectWords = refused.words();
              pager.narrow(1);
              return;
            }
            suspectRange = REFUTED;
          }
          case CREDENTIALS, PERMISSION, NOT_FOUND, OTHER -> {}
        }
      }
      throw new FetchFailedException(failure);
    }

    /** Whether seven local days have more than seven times 24 hours: the clocks were put back. */
    private boolean hasLongWeek(DayRange asked) {
      return shape.dateGrouping() == DateGrouping.HOUR
          && zone != null
          && asked.days() == WindowPlanner.HOUR_DAYS
          && Duration.between(
                      asked.first().atStartOfDay(zone), asked.last().plusDays(1).atStartOfDay(zone))
                  .compareTo(Duration.ofDays(WindowPlanner.HOUR_DAYS))
              > 0;
    }

    /** Asks for that week in two; other weeks have nothing to learn from it. */
    private void narrowLongWeek(String words) {
      LOG.warn("{} {}: asking for the week of the clock change in two: {}", slice, days, words);
      pager.narrow(WindowPlanner.HOUR_DAYS - 1);
    }

    /** A single period passed where a wide range was refused: the width it was. */
    private void rangeWasRefused() {
      if (suspectLongWeek) {
        narrowLongWeek(suspectWords);
        suspectLongWeek = false;
        suspectRange = 0;
      } else if (suspectRange > 0) {
        int narrower = Math.max(1, suspectRange / 2);
        knowledge.rangeRefused(shape.key(), narrower, suspectWords);
        pager.narrow(narrower);
        suspectRange = 0;
      }
    }

    private void take(DayRange asked, PageReader page) throws FetchFailedException, IOException {
      String violation = page.violation();
      if (violation != null) {
        page.dropAll();
        if (reasks++ < REASKS) {
          LOG.warn("{} {}: asking again: {}", slice, asked, violation);
          return;
        }
        giveUp(asked, violation);
        return;
      }
      Tail before = tail;
      tail = null;
      LocalDate behind = page.first();
      if (before != null && behind != null && !behind.isAfter(before.asked())) {
        learnCap(before, page);
        return;
      }
      Pager.Kept kept = pager.answered(page.rows(), page.first(), page.last());
      if (!(kept instanceof Pager.Kept.All)) {
        // A full answer shows that no cap lies below its limit.
        knowledge.sawRows(page.rows());
      }
      if (kept instanceof Pager.Kept.OverLimit over) {
        overLimit(over.period(), page);
        reasks = 0;
        return;
      }
      boolean cut = kept instanceof Pager.Kept.Before;
      RowSpool.Mark lastStart = page.lastStart();
      if (cut) {
        page.dropLast();
      } else {
        knowledge.sawRows(page.rows());
      }
      DayRange covered =
          kept instanceof Pager.Kept.Before b
              ? new DayRange(asked.first(), b.period().minusDays(1))
              : asked;
      if (control != null && !agrees(control, covered, page, cut)) {
        return;
      }
      totals.addAll(page.totals(), covered);
      page.months().forEach(this::begins);
      reasks = 0;
      LocalDate last = page.last();
      if (control == null && !cut && last != null && suspicious(page, asked)) {
        tail = new Tail(page.rows(), last, asked.last(), lastStart);
        pager.restartFrom(shape.dateGrouping().periodEnd(last).plusDays(1));
      }
    }

    /** Whether a control answer ends early with as many rows as a cap might let through. */
    private boolean suspicious(PageReader page, DayRange asked) {
      LocalDate last = page.last();
      return last != null
          && shape.dateGrouping() != DateGrouping.NONE
          && shape.dateGrouping().periodEnd(last).isBefore(asked.last())
          && page.rows() >= FEW_ROWS
          && knowledge.mayBeCap(page.rows());
    }

    /** The question behind a suspicious end had rows: the answer before it was cut off. */
    private void learnCap(Tail before, PageReader page) throws IOException {
      page.dropAll();
      spool.rollback(before.lastStart());
      totals.dropFrom(before.last());
      knowledge.rowsCapped((int) before.rows());
      pager.capLearned((int) before.rows());
      pager.restartFrom(before.last());
    }

    /**
     * Compares a page with the control. When they disagree, finds out why: a cap is learned and
     * paged around; else the control is asked again, then the page; what still disagrees is at
     * fault.
     *
     * @return false when the page is to be asked for again
     */
    private boolean agrees(Control with, DayRange covered, PageReader page, boolean cut)
        throws FetchFailedException, IOException {
      List<LocalDate> wrong = disagreeing(with.get(days), covered, page);
      if (wrong.isEmpty()) {
        if (suspectPeriod != null && covered.contains(suspectPeriod)) {
          settleCap(true);
        }
        return true;
      }
      if (!cut && suspectCap == 0 && !capRefuted && looksCapped(wrong, with.get(days), page)) {
        suspectCap = (int) page.rows();
        suspectPeriod = wrong.get(0);
        page.dropAll();
        pager.capLearned(suspectCap);
        pager.restartFrom(covered.first());
        return false;
      }
      if (reasks == 0) {
        LOG.warn(
            "{} {}: the rows and their control disagree on {}; asking again",
            slice,
            covered,
            wrong);
        with.ask(new DayRange(wrong.get(0), endOf(wrong.get(wrong.size() - 1))));
        if (disagreeing(with.get(days), covered, page).isEmpty()) {
          return true;
        }
      }
      if (reasks++ < REASKS) {
        page.dropAll();
        pager.restartFrom(covered.first());
        return false;
      }
      settleCap(false);
      // The certificate will say by how much; nothing more can be done here.
      return true;
    }

    /** Remembers a cap once what it cut off has come; else it was no cap. */
    private void settleCap(boolean confirmed) {
      if (suspectCap == 0) {
        return;
      }
      if (confirmed) {
        knowledge.rowsCapped(suspectCap);
      } else {
        capRefuted = true;
        pager.limit(knowledge.limit(rowLimit));
      }
      suspectCap = 0;
      suspectPeriod = null;
    }

    private LocalDate endOf(LocalDate period) {
      LocalDate end =
          shape.dateGrouping() == DateGrouping.NONE
              ? days.last()
              : shape.dateGrouping().periodEnd(period);
      return end.isAfter(days.last()) ? days.last() : end;
    }

    private List<LocalDate> disagreeing(PeriodTotals expected, DayRange covered, PageReader page) {
      List<LocalDate> wrong = new ArrayList<>();
      periods(covered)
          .forEach(
              period -> {
                PeriodTotals.Total mine = page.totals().of(period);
                PeriodTotals.Total theirs = expected.of(period);
                if (!Aggregate.additiveOf(shape.entity()).stream()
                    .allMatch(
                        a ->
                            mine.sum(a) == theirs.sum(a)
                                && (shape.dateGrouping() != DateGrouping.HOUR
                                    || mine.sameHours(theirs, a)))) {
                  wrong.add(period);
                }
              });
      return wrong;
    }

    private List<LocalDate> periods(DayRange range) {
      return shape.dateGrouping() == DateGrouping.NONE
          ? List.of(range.first())
          : range.periods(shape.dateGrouping()).toList();
    }

    /**
     * Whether the rows end as a cap would end them: everything up to some period is there, that one
     * is short or the last that is, and nothing stands behind it.
     */
    private boolean looksCapped(List<LocalDate> wrong, PeriodTotals expected, PageReader page) {
      LocalDate last = page.last();
      Aggregate measure = Aggregate.additiveOf(shape.entity()).get(0);
      return last != null
          && page.rows() > 1
          && !wrong.get(0).isBefore(last)
          && wrong.stream()
              .allMatch(p -> page.totals().of(p).sum(measure) < expected.of(p).sum(measure));
    }

    /** Has a period that alone reaches the limit in parts; what cannot be had is at fault. */
    private void overLimit(LocalDate period, PageReader page)
        throws FetchFailedException, IOException {
      String reason =
          "one "
              + (shape.dateGrouping() == DateGrouping.HOUR
                  ? "day"
                  : shape.dateGrouping() == DateGrouping.NONE
                      ? "range"
                      : shape.dateGrouping().apiName())
              + " alone has more rows than the limit of "
              + pager.limit();
      if (shape.fields().isEmpty()) {
        LOG.warn("{} {}: {}", slice, period, reason);
        faults.put(period, new Certifier.Fault(reason, true));
        totals.addAll(page.totals(), new DayRange(period, period));
        return;
      }
      DayRange whole = new DayRange(period, endOf(period));
      begins(PageReader.Month.of(period, page.start()));
      try (RowSpool parts = new RowSpool(spillDirectory)) {
        PeriodSplit split =
            new PeriodSplit(client, knowledge, slice, shape, whole, pager.limit(), parts);
        PeriodSplit.End end =
            split.run(
                sample(page), estimate(period, page), control == null ? null : totalOf(whole));
        tally.requests += split.requests();
        tally.splits += split.parts();
        if (split.endedAt().isAfter(tally.endedAt)) {
          tally.endedAt = split.endedAt();
        }
        switch (end) {
          case WHOLE, UNEQUAL -> {
            spool.rollback(page.start());
            spool.appendAll(parts);
            totals.set(period, parts.rows(), split.sums());
          }
          case UNSPLITTABLE -> totals.addAll(page.totals(), new DayRange(period, period));
        }
        if (end != PeriodSplit.End.WHOLE) {
          faults.put(
              period, new Certifier.Fault(reason + "; " + split.reason(), split.worthKeeping()));
        }
        if (period.equals(suspectPeriod)) {
          settleCap(end == PeriodSplit.End.WHOLE);
        }
      }
    }

    /** Roughly how many rows a period has, going by those that came and by its total. */
    private long estimate(LocalDate period, PageReader page)
        throws FetchFailedException, IOException {
      Aggregate measure = Aggregate.additiveOf(shape.entity()).get(0);
      long came = page.totals().of(period).sum(measure);
      if (control == null || came <= 0) {
        return 4 * page.rows();
      }
      return (long) ((double) page.rows() * control.get(days).of(period).sum(measure) / came);
    }

    /** The values of a page's fields. */
    private Sample sample(PageReader page) throws IOException {
      int fields = shape.fields().size();
      Sample sample = new Sample(fields);
      @Nullable String[] cells = new @Nullable String[fields];
      try (RowSource source = spool.read()) {
        for (long i = 0; i < page.start().rows(); i++) {
          source.next();
        }
        RawRows.Reader row = new RawRows.Reader(source, fields);
        while (row.next()) {
          for (int i = 0; i < fields; i++) {
            cells[i] =
                row.kind(i) == CellKind.NULL || row.kind(i) == CellKind.MISSING
                    ? null
                    : row.text(i);
          }
          sample.add(cells);
        }
      }
      return sample;
    }

    private PeriodSplit.Control totalOf(DayRange period) {
      Control with = Objects.requireNonNull(control);
      return new PeriodSplit.Control() {
        @Override
        public PeriodTotals.Total total() throws FetchFailedException, IOException {
          return with.get(days).of(period.first());
        }

        @Override
        public void askAgain() throws FetchFailedException, IOException {
          with.ask(period);
        }
      };
    }

    private void giveUp(DayRange asked, String reason) {
      periods(asked)
          .forEach(
              p -> faults.put(p, new Certifier.Fault("the answer was refused: " + reason, false)));
      pager.answered(0, null, null);
      reasks = 0;
    }
  }

  /**
   * Before silence about days replaces rows that are stored, the same is asked as one total, of
   * neighbouring days together: the answer and its control may be silent for one and the same
   * reason.
   */
  private void confirmEmptied(FetchTask task, Walk walk) throws FetchFailedException, IOException {
    List<LocalDate> silent = silent(task, walk);
    int begin = 0;
    while (begin < silent.size()) {
      int end = begin;
      while (end + 1 < silent.size()
          && silent.get(end + 1).equals(walk.endOf(silent.get(end)).plusDays(1))) {
        end++;
      }
      confirmEmptied(task, walk, silent.subList(begin, end + 1));
      begin = end + 1;
    }
  }

  /** The periods of which nothing came, though rows are stored of them. */
  private static List<LocalDate> silent(FetchTask task, Walk walk)
      throws FetchFailedException, IOException {
    Aggregate measure = Aggregate.additiveOf(task.shape().entity()).get(0);
    PeriodTotals expected = walk.control == null ? walk.totals : walk.control.get(task.days());
    return task.heldPeriods().stream()
        .filter(p -> walk.totals.of(p).rows() == 0 && !walk.faults.containsKey(p))
        .filter(p -> expected.of(p).sum(measure) == 0)
        .sorted()
        .toList();
  }

  private void confirmEmptied(FetchTask task, Walk walk, List<LocalDate> periods)
      throws FetchFailedException, IOException {
    Aggregate measure = Aggregate.additiveOf(task.shape().entity()).get(0);
    QueryShape shape =
        new QueryShape(
            task.shape().entity(),
            Aggregate.additiveOf(task.shape().entity()),
            DateGrouping.NONE,
            List.of(),
            task.shape().filters());
    DayRange range = new DayRange(periods.get(0), walk.endOf(periods.get(periods.size() - 1)));
    PeriodTotals.Total total =
        new Control(new ControlQuery(task.slice(), shape, range), null, walk.tally)
            .get(range)
            .of(range.first());
    if (total.rows() > 0 && total.sum(measure) == 0) {
      return;
    }
    String reason =
        total.rows() == 0
            ? "the answer had no rows, and neither had the total, which always has one"
            : "the answer had no rows, but the total of "
                + range
                + " counts "
                + total.sum(measure)
                + " "
                + measure.apiName();
    periods.forEach(p -> walk.faults.put(p, new Certifier.Fault(reason, false)));
  }
}
