package fathomexport.ledger;

import fathomexport.report.DateGrouping;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** The stored state of each period, and the failed attempts since. */
public interface PeriodLedger {

  /**
   * Returns the entries of a report, in no particular order.
   *
   * @param sites the sites; empty for all
   * @param from only periods that cover this day or a later one
   * @throws LedgerException if the ledger cannot be read
   */
  List<LedgerEntry> entries(String report, Collection<SiteId> sites, LocalDate from);

  /**
   * Returns from when to when a report's periods are stored, in no particular order: with as many
   * ranges as there are holes and slices, however long the history is. Not for reports without date
   * grouping, whose ranges overlap.
   *
   * @param sites the sites; empty for all
   * @throws LedgerException if the ledger cannot be read
   */
  List<StoredRange> storedRanges(String report, DateGrouping grouping, Collection<SiteId> sites);

  /**
   * Returns the entries of a report as stretches of like periods, in no particular order: with as
   * many stretches as there are changes and slices, however long the history is. Without date
   * grouping, each range is a separate stretch.
   *
   * @param sites the sites; empty for all
   * @param digests whether the stretches need digests, which take time
   * @throws LedgerException if the ledger cannot be read
   */
  List<Stretch> stretches(
      String report, DateGrouping grouping, Collection<SiteId> sites, boolean digests);

  /**
   * Returns the pageviews of a report by month or year, in no particular order: what {@link
   * PeriodSum#of} makes of its entries.
   *
   * @param grouping the report's: hour, day, month or year
   * @param unit month or year
   * @param sites the sites; empty for all
   * @param since the first period that is added up; the first day of a month or year, so that none
   *     is added up in part
   * @throws LedgerException if the ledger cannot be read
   */
  List<PeriodSum> sums(
      String report,
      DateGrouping grouping,
      DateGrouping unit,
      Collection<SiteId> sites,
      LocalDate since);

  /**
   * Returns what of a run's commits is still stored.
   *
   * @param reports the reports of the run
   */
  StillStored committed(String runId, Collection<String> reports);

  /**
   * Returns the sites and events of which a report has entries.
   *
   * @throws LedgerException if the ledger cannot be read
   */
  Set<Slice> slices(String report);

  /** Returns how much of a report is stored. */
  Weight weight(String report);

  /** Returns the failed attempts that no later success has settled. */
  List<Attempt> openAttempts(String report);
}
