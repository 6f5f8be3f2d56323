package fathomexport.ledger;

import fathomexport.report.DateGrouping;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Reads what is stored of a report under the name that it has in a ledger. */
public final class EarlierNames implements PeriodLedger, JournalLedger {
  private final Ledger ledger;
  private final UnaryOperator<String> storedAs;

  private EarlierNames(Ledger ledger, UnaryOperator<String> storedAs) {
    this.ledger = ledger;
    this.storedAs = storedAs;
  }

  /**
   * Returns the same ledger, which finds reports under their stored names.
   *
   * @param storedAs returns the name under which a report is stored
   */
  public static Ledger in(Ledger ledger, UnaryOperator<String> storedAs) {
    EarlierNames names = new EarlierNames(ledger, storedAs);
    return new ComposedLedger(names, names, ledger, ledger, ledger, ledger);
  }

  @Override
  public List<LedgerEntry> entries(String report, Collection<SiteId> sites, LocalDate from) {
    return ledger.entries(storedAs.apply(report), sites, from);
  }

  @Override
  public List<StoredRange> storedRanges(
      String report, DateGrouping grouping, Collection<SiteId> sites) {
    return ledger.storedRanges(storedAs.apply(report), grouping, sites);
  }

  @Override
  public List<Stretch> stretches(
      String report, DateGrouping grouping, Collection<SiteId> sites, boolean digests) {
    return ledger.stretches(storedAs.apply(report), grouping, sites, digests);
  }

  @Override
  public List<PeriodSum> sums(
      String report, DateGrouping grouping, DateGrouping unit, Collection<SiteId> sites) {
    return ledger.sums(storedAs.apply(report), grouping, unit, sites);
  }

  @Override
  public StillStored committed(String runId, Collection<String> reports) {
    return ledger.committed(runId, reports.stream().map(storedAs).toList());
  }

  @Override
  public Set<Slice> slices(String report) {
    return ledger.slices(storedAs.apply(report));
  }

  @Override
  public Weight weight(String report) {
    return ledger.weight(storedAs.apply(report));
  }

  @Override
  public List<Attempt> openAttempts(String report) {
    return ledger.openAttempts(storedAs.apply(report));
  }

  @Override
  public List<QuarantinedRow> quarantined(String report, int limit) {
    return ledger.quarantined(storedAs.apply(report), limit);
  }

  @Override
  public List<QuarantinedRow> quarantined(
      String report, Slice slice, Collection<String> windowIds) {
    return ledger.quarantined(storedAs.apply(report), slice, windowIds);
  }

  @Override
  public List<Restatement> restatements(String report, int limit) {
    return ledger.restatements(storedAs.apply(report), limit);
  }

  @Override
  public List<Restatement> restatements(String report, Slice slice, LocalDate period) {
    return ledger.restatements(storedAs.apply(report), slice, period);
  }

  @Override
  public Map<Slice, JournalCount> journalCounts(String report) {
    return ledger.journalCounts(storedAs.apply(report));
  }
}
