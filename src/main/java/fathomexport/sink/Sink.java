package fathomexport.sink;

import fathomexport.ledger.Ledger;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.rows.RowSource;
import java.util.Collection;
import java.util.List;

/**
 * A place that rows land in. A sink is one package; it passes the sinks' common contract test.
 * Thread-safe: windows of different reports or slices may be committed at a time.
 */
public interface Sink extends AutoCloseable {
  /** How pipelines name it in {@code sinks:}. */
  String name();

  /**
   * Makes the place ready for these reports: creates and extends tables, removes what a killed run
   * left half-written. Additive only.
   *
   * @throws SinkException {@code DEFINITION} when a report's grain differs from what is stored,
   *     with the way out; {@code UNAVAILABLE}
   */
  void migrate(List<Report> reports);

  /**
   * From now on commits only while no other run has taken the pipeline's lock: each commit asks,
   * where nothing can come between the answer and its end.
   */
  void fence(Fence fence);

  /**
   * Replaces the window's periods by the load's, and writes their ledger entries, all or nothing.
   * Periods that are incomplete leave what is stored as it was. A load equal to what is stored
   * writes no row.
   *
   * @throws SinkException {@code UNAVAILABLE}: nothing was stored; {@code UNKNOWN}: whether it was
   *     stored could not be found out; {@code REFUSED}: the report's table does not take these
   *     rows; {@code DAMAGED}: a damaged file stands where they belong; {@code INTEGRITY}: what
   *     would be stored is not what was certified; {@code SUPERSEDED}: the fence is down
   */
  CommitResult commit(WindowLoad load);

  /**
   * Notes in the ledger that stored periods were confirmed. Their rows, and what is known of how
   * they were fetched, stay as they are. A period that is not stored, or that is certified against
   * another answer by now, is passed over.
   *
   * @throws SinkException as {@link #commit}
   */
  void confirm(WindowConfirmation confirmation);

  /**
   * Reads back what is stored, for verification and tests: rows in the schema's encoding, ordered
   * by their bytes within a period, periods ascending.
   */
  RowSource stored(Report report, Slice slice, DayRange days);

  /**
   * What of a report's stored data cannot be read, each with its place and what to do: it counts as
   * not held. Empty where all can be read.
   *
   * @param sites of which; empty means all
   * @param days that the data may be about
   */
  List<String> damages(Report report, Collection<SiteId> sites, DayRange days);

  Ledger ledger();

  /** Where samples of current visitors go. */
  SampleStore samples();

  @Override
  void close();
}
