package fathomexport.ledger;

import fathomexport.report.DateGrouping;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A ledger composed of one independent part per subject. */
public final class ComposedLedger implements Ledger {
  private final PeriodLedger periods;
  private final JournalLedger journals;
  private final RunLedger runs;
  private final LessonLedger lessons;
  private final AuditLedger audits;
  private final DifferenceLedger differences;
  private final PipelineLocks locks;

  public ComposedLedger(
      PeriodLedger periods,
      JournalLedger journals,
      RunLedger runs,
      LessonLedger lessons,
      AuditLedger audits,
      DifferenceLedger differences,
      PipelineLocks locks) {
    this.periods = periods;
    this.journals = journals;
    this.runs = runs;
    this.lessons = lessons;
    this.audits = audits;
    this.differences = differences;
    this.locks = locks;
  }

  @Override
  public List<LedgerEntry> entries(String report, Collection<SiteId> sites, LocalDate from) {
    return periods.entries(report, sites, from);
  }

  @Override
  public List<StoredRange> storedRanges(
      String report, DateGrouping grouping, Collection<SiteId> sites) {
    return periods.storedRanges(report, grouping, sites);
  }

  @Override
  public List<Stretch> stretches(
      String report, DateGrouping grouping, Collection<SiteId> sites, boolean digests) {
    return periods.stretches(report, grouping, sites, digests);
  }

  @Override
  public List<PeriodSum> sums(
      String report,
      DateGrouping grouping,
      DateGrouping unit,
      Collection<SiteId> sites,
      LocalDate since) {
    return periods.sums(report, grouping, unit, sites, since);
  }

  @Override
  public StillStored committed(String runId, Collection<String> reports) {
    return periods.committed(runId, reports);
  }

  @Override
  public Set<Slice> slices(String report) {
    return periods.slices(report);
  }

  @Override
  public Weight weight(String report) {
    return periods.weight(report);
  }

  @Override
  public List<Attempt> openAttempts(String report) {
    return periods.openAttempts(report);
  }

  @Override
  public List<QuarantinedRow> quarantined(String report, int limit) {
    return journals.quarantined(report, limit);
  }

  @Override
  public List<QuarantinedRow> quarantined(
      String report, Slice slice, Collection<String> windowIds) {
    return journals.quarantined(report, slice, windowIds);
  }

  @Override
  public List<Restatement> restatements(String report, int limit) {
    return journals.restatements(report, limit);
  }

  @Override
  public List<Restatement> restatements(String report, Slice slice, LocalDate period) {
    return journals.restatements(report, slice, period);
  }

  @Override
  public Map<Slice, Set<LocalDate>> restatedBy(String report, String runId) {
    return journals.restatedBy(report, runId);
  }

  @Override
  public Map<Slice, JournalCount> journalCounts(String report) {
    return journals.journalCounts(report);
  }

  @Override
  public void record(RunRecord run) {
    runs.record(run);
  }

  @Override
  public Optional<RunRecord> run(String runId) {
    return runs.run(runId);
  }

  @Override
  public List<RunRecord> runs(int limit) {
    return runs.runs(limit);
  }

  @Override
  public List<RunRecord> runs(@Nullable String pipeline, Set<String> commands, int limit) {
    return runs.runs(pipeline, commands, limit);
  }

  @Override
  public List<RequestCount> requestCounts(LocalDate from) {
    return runs.requestCounts(from);
  }

  @Override
  public Learned learned() {
    return lessons.learned();
  }

  @Override
  public void learn(Learned.Lesson lesson) {
    lessons.learn(lesson);
  }

  @Override
  public List<Audit> audits() {
    return audits.audits();
  }

  @Override
  public void audited(Audit audit) {
    audits.audited(audit);
  }

  @Override
  public List<KnownDifference> differences(String report) {
    return differences.differences(report);
  }

  @Override
  public void replaceDifferences(String report, Slice slice, List<KnownDifference> found) {
    differences.replaceDifferences(report, slice, found);
  }

  @Override
  public Optional<RunLock> tryLock(String pipeline) {
    return locks.tryLock(pipeline);
  }
}
