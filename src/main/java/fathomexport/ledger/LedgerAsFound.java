package fathomexport.ledger;

import fathomexport.report.DateGrouping;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * A ledger for commands that only read it, and meet a sink as it was left: what is stored of a
 * report is found under the name that it has in the ledger, and entries of rows that were taken
 * away are left out.
 */
public final class LedgerAsFound implements PeriodLedger, JournalLedger, DifferenceLedger {
  private final Ledger ledger;
  private final UnaryOperator<String> storedAs;
  private final Predicate<String> isThere;

  private LedgerAsFound(Ledger ledger, UnaryOperator<String> storedAs, Predicate<String> isThere) {
    this.ledger = ledger;
    this.storedAs = storedAs;
    this.isThere = isThere;
  }

  /**
   * Returns the same ledger, which finds reports under their stored names.
   *
   * @param storedAs returns the name under which a report is stored
   * @param isThere returns whether there is a place with rows of a stored name: a table that was
   *     dropped or renamed took its rows along, although the ledger still describes them
   */
  public static Ledger in(
      Ledger ledger, UnaryOperator<String> storedAs, Predicate<String> isThere) {
    LedgerAsFound found = new LedgerAsFound(ledger, storedAs, isThere);
    return new ComposedLedger(found, found, ledger, ledger, ledger, found, ledger);
  }

  private <T> T ofThere(String report, Function<String, T> question, T otherwise) {
    String stored = storedAs.apply(report);
    return isThere.test(stored) ? question.apply(stored) : otherwise;
  }

  @Override
  public List<LedgerEntry> entries(String report, Collection<SiteId> sites, LocalDate from) {
    return ofThere(report, stored -> ledger.entries(stored, sites, from), List.of());
  }

  @Override
  public List<StoredRange> storedRanges(
      String report, DateGrouping grouping, Collection<SiteId> sites) {
    return ofThere(report, stored -> ledger.storedRanges(stored, grouping, sites), List.of());
  }

  @Override
  public List<Stretch> stretches(
      String report, DateGrouping grouping, Collection<SiteId> sites, boolean digests) {
    return ofThere(report, stored -> ledger.stretches(stored, grouping, sites, digests), List.of());
  }

  @Override
  public List<PeriodSum> sums(
      String report,
      DateGrouping grouping,
      DateGrouping unit,
      Collection<SiteId> sites,
      LocalDate since) {
    return ledger.sums(storedAs.apply(report), grouping, unit, sites, since);
  }

  @Override
  public StillStored committed(String runId, Collection<String> reports) {
    return ledger.committed(runId, reports.stream().map(storedAs).filter(isThere).toList());
  }

  @Override
  public Set<Slice> slices(String report) {
    return ofThere(report, ledger::slices, Set.of());
  }

  @Override
  public Weight weight(String report) {
    return ofThere(report, ledger::weight, new Weight(0, 0));
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
  public Map<Slice, Set<LocalDate>> restatedBy(String report, String runId) {
    return ledger.restatedBy(storedAs.apply(report), runId);
  }

  @Override
  public Map<Slice, JournalCount> journalCounts(String report) {
    return ledger.journalCounts(storedAs.apply(report));
  }

  @Override
  public List<KnownDifference> differences(String report) {
    return ledger.differences(storedAs.apply(report));
  }

  @Override
  public void replaceDifferences(String report, Slice slice, List<KnownDifference> differences) {
    ledger.replaceDifferences(storedAs.apply(report), slice, differences);
  }
}
