package fathomexport.sink;

import fathomexport.ledger.Ledger;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.rows.RowSource;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * A destination of rows. Each sink is one package and passes the common contract test of sinks.
 * Thread-safe: windows of different reports or slices may be committed concurrently.
 */
public interface Sink extends AutoCloseable {
  /** Follows the command that moves away what is stored of a report. */
  String THEN_BACKFILL = "then migrate and backfill";

  /** Returns the sink's name in {@code sinks:} of a pipeline. */
  String name();

  /**
   * Prepares the sink for these reports: creates and extends tables, and removes what a killed run
   * left half-written. Additive only.
   *
   * @return what could not be done although the sink is ready
   * @throws SinkException {@code DEFINITION} if a report's grain differs from what is stored, with
   *     the remedy; {@code UNAVAILABLE}
   */
  Migrated migrate(List<Report> reports);

  /**
   * Derives from what is stored now what a run leaves to its end, such as whether measures add up.
   * Nothing that is stored depends on it, and the next call makes up for one that failed.
   *
   * @param stopped whether the run was asked to stop: what takes long is then left to the next run
   * @throws SinkException {@code UNAVAILABLE}
   */
  default void runEnded(BooleanSupplier stopped) {}

  /**
   * Returns why reports cannot be stored beside what is stored of them, with the remedy, keyed by
   * the reports' names: another grain, or an aggregate that is no longer asked for. Changes
   * nothing.
   *
   * @param renamed earlier names of reports, keyed by their present names
   * @throws SinkException {@code UNAVAILABLE}
   */
  Map<String, String> refusals(List<Report> reports, Map<String, String> renamed);

  /**
   * Returns the command that moves away what is stored of a report, and what to do then; empty if
   * nothing is stored.
   *
   * @throws SinkException {@code UNAVAILABLE}
   */
  Optional<String> moveAway(String report);

  /**
   * Gives what is stored of reports under an earlier name their present one, unless nothing is
   * stored under the earlier name. A rename that was interrupted is completed.
   *
   * @param renamed earlier names of reports, keyed by their present names
   * @throws SinkException {@code DEFINITION} if something is stored under both names, {@code
   *     UNAVAILABLE}
   */
  void rename(Map<String, String> renamed);

  /** Returns the names of the reports of which something is stored. */
  Set<String> reports();

  /**
   * Sets the fence: from now on the sink commits only while no other run has taken the pipeline's
   * lock. Each commit checks the fence at a point from which no other run can take the lock until
   * the commit has ended.
   */
  void fence(Fence fence);

  /**
   * Replaces the window's periods with the load's rows and writes their ledger entries. A database
   * does so for all of them or for none. Files are replaced one by one, oldest first, each together
   * with its ledger entries: a window of several files may be committed up to one of its periods
   * when this throws. Incomplete periods leave the stored rows unchanged. A load equal to the
   * stored rows writes no row.
   *
   * @throws SinkException {@code UNAVAILABLE} if the database or disk is; {@code UNKNOWN} if it
   *     could not be determined whether the load was stored; {@code REFUSED} if the report's table
   *     does not accept these rows; {@code DAMAGED} if a damaged file is in their place; {@code
   *     INTEGRITY} if the rows differ from the certificates; {@code SUPERSEDED} if another run has
   *     taken the lock
   */
  CommitResult commit(WindowLoad load);

  /**
   * Records in the ledger that stored periods were confirmed. Their rows and their provenance
   * remain as they are. A period that is not stored, or that is meanwhile certified against other
   * control totals, is skipped.
   *
   * @throws SinkException as {@link #commit}
   */
  void confirm(WindowConfirmation confirmation);

  /**
   * Removes the periods of a report that end before a day, each with its rows, its ledger entry and
   * its failed attempts. No reader sees rows without their ledger entries. A removal that was
   * interrupted is completed by the next one.
   *
   * @return what this call has removed
   * @throws SinkException {@code UNAVAILABLE}; {@code SUPERSEDED} if another run has taken the lock
   */
  Removal.Removed remove(Removal removal);

  /**
   * Reads the stored rows, for verification and tests: in the schema's encoding, ordered by their
   * bytes within a period, periods ascending.
   */
  RowSource stored(Report report, Slice slice, DayRange days);

  /**
   * Returns each part of a report's stored data whose description cannot be read. Such data counts
   * as not stored. Empty if all can be read.
   *
   * @param sites the sites; empty for all
   * @param days the days of the data
   */
  List<Damage> damages(Report report, Collection<SiteId> sites, DayRange days);

  Ledger ledger();

  /** Returns the store of the samples of current visitors. */
  SampleStore samples();

  /** Returns the store of what the ids and names in reports stand for. */
  DimensionStore dimensions();

  @Override
  void close();
}
