package fathomexport.sink.postgres.ledger;

import fathomexport.ledger.DifferenceLedger;
import fathomexport.ledger.KnownDifference;
import fathomexport.report.DayRange;
import fathomexport.report.DifferenceCause;
import fathomexport.report.Slice;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Table {@code difference}: one row per range of periods that a verification found to differ. */
final class DifferenceTable implements DifferenceLedger {
  private final LedgerQueries queries;

  DifferenceTable(LedgerQueries queries) {
    this.queries = queries;
  }

  @Override
  public List<KnownDifference> differences(String report) {
    return queries.list(
        """
        SELECT report, site_id, event_name, first_day, last_day, cause, detail, found_at, run_id
          FROM fathom_ops.difference
         WHERE report = ?\
        """,
        p -> p.text(report),
        r ->
            new KnownDifference(
                r.text("report"),
                LedgerQueries.slice(r),
                new DayRange(r.day("first_day"), r.day("last_day")),
                DifferenceCause.valueOf(r.text("cause").toUpperCase(Locale.ROOT)),
                r.textOrNull("detail"),
                r.instant("found_at"),
                r.text("run_id")));
  }

  @Override
  public void replaceDifferences(String report, Slice slice, List<KnownDifference> found) {
    queries.update(
        """
        WITH before AS (
          DELETE FROM fathom_ops.difference
           WHERE report = ? AND site_id = ? AND event_name = ?)
        INSERT INTO fathom_ops.difference
          (report, site_id, event_name, first_day, last_day, cause, detail, found_at, run_id)
        SELECT ?, ?, ?, first_day, last_day, cause, nullif(detail, ''), found_at::timestamptz, run_id
          FROM unnest(?, ?, ?, ?, ?, ?)
            AS found (first_day, last_day, cause, detail, found_at, run_id)\
        """,
        p ->
            p.text(report)
                .text(slice.site().value())
                .text(slice.eventKey())
                .text(report)
                .text(slice.site().value())
                .text(slice.eventKey())
                .days(found.stream().map(d -> d.days().first()).toList())
                .days(found.stream().map(d -> d.days().last()).toList())
                .texts(found.stream().map(d -> d.cause().name().toLowerCase(Locale.ROOT)).toList())
                .texts(found.stream().map(d -> storable(d.detail())).toList())
                .texts(found.stream().map(d -> d.foundAt().toString()).toList())
                .texts(found.stream().map(KnownDifference::runId).toList()));
  }

  private static String storable(@Nullable String detail) {
    return detail == null ? "" : LedgerQueries.storable(detail);
  }
}
