package fathomexport.sink.postgres.ledger;

import fathomexport.ledger.RequestCount;
import fathomexport.ledger.RunLedger;
import fathomexport.ledger.RunRecord;
import fathomexport.report.SiteId;
import fathomexport.sink.postgres.db.Row;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The tables {@code run} and {@code request_count}. Taking a permit counts its request in the
 * latter.
 */
final class RunLog implements RunLedger {
  private static final String SELECT =
      """
      SELECT run_id, pipeline, command, started_at, finished_at, exit_code, windows_planned,
             windows_committed, windows_unchanged, windows_incomplete, windows_failed,
             windows_skipped, rows, quarantined, requests, messages, escaped_cells,
             troubled_sites
        FROM fathom_ops.run
      """;

  private final LedgerQueries queries;

  RunLog(LedgerQueries queries) {
    this.queries = queries;
  }

  @Override
  public void record(RunRecord run) {
    queries.update(
        """
        INSERT INTO fathom_ops.run
          (run_id, pipeline, command, started_at, finished_at, exit_code, windows_planned,
           windows_committed, windows_unchanged, windows_incomplete, windows_failed,
           windows_skipped, rows, quarantined, requests, messages, escaped_cells,
           troubled_sites)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (run_id) DO UPDATE
           SET pipeline = excluded.pipeline, command = excluded.command,
               started_at = excluded.started_at, finished_at = excluded.finished_at,
               exit_code = excluded.exit_code, windows_planned = excluded.windows_planned,
               windows_committed = excluded.windows_committed,
               windows_unchanged = excluded.windows_unchanged,
               windows_incomplete = excluded.windows_incomplete,
               windows_failed = excluded.windows_failed,
               windows_skipped = excluded.windows_skipped, rows = excluded.rows,
               quarantined = excluded.quarantined, requests = excluded.requests,
               messages = excluded.messages,
               escaped_cells = excluded.escaped_cells,
               troubled_sites = excluded.troubled_sites\
        """,
        p -> {
          p.text(run.runId())
              .text(run.pipeline())
              .text(run.command())
              .instant(run.startedAt())
              .instant(run.finishedAt())
              .integer(run.exitCode())
              .number(run.windowsPlanned())
              .number(run.windowsCommitted())
              .number(run.windowsUnchanged())
              .number(run.windowsIncomplete())
              .number(run.windowsFailed())
              .number(run.windowsSkipped())
              .number(run.rows())
              .number(run.quarantined())
              .number(run.requests())
              .texts(run.messages().stream().map(LedgerQueries::storable).toList())
              .number(run.escapedCells());
          Set<SiteId> troubled = run.troubledSites();
          if (troubled == null) {
            p.noTexts();
          } else {
            p.texts(troubled.stream().map(SiteId::value).sorted().toList());
          }
        });
  }

  @Override
  public Optional<RunRecord> run(String runId) {
    return queries.first(SELECT + " WHERE run_id = ?", p -> p.text(runId), RunLog::run);
  }

  @Override
  public List<RunRecord> runs(int limit) {
    return queries.list(
        SELECT + " ORDER BY started_at DESC, run_id DESC LIMIT ?",
        p -> p.integer(limit),
        RunLog::run);
  }

  @Override
  public List<RunRecord> runs(@Nullable String pipeline, Set<String> commands, int limit) {
    return queries.list(
        SELECT
            + " WHERE (? OR pipeline = ?) AND split_part(command, ' ', 1) = ANY (?)"
            + " ORDER BY started_at DESC, run_id DESC LIMIT ?",
        p ->
            p.flag(pipeline == null)
                .text(pipeline == null ? "" : pipeline)
                .texts(commands)
                .integer(limit),
        RunLog::run);
  }

  private static RunRecord run(Row r) throws SQLException {
    return new RunRecord(
        r.text("run_id"),
        r.text("pipeline"),
        r.text("command"),
        r.instant("started_at"),
        r.instantOrNull("finished_at"),
        r.integerOrNull("exit_code"),
        r.number("windows_planned"),
        r.number("windows_committed"),
        r.number("windows_unchanged"),
        r.number("windows_incomplete"),
        r.number("windows_failed"),
        r.number("windows_skipped"),
        r.number("rows"),
        r.number("quarantined"),
        r.number("requests"),
        r.texts("messages"),
        r.number("escaped_cells"),
        troubled(r));
  }

  private static @Nullable Set<SiteId> troubled(Row r) throws SQLException {
    List<String> sites = r.textsOrNull("troubled_sites");
    return sites == null ? null : sites.stream().map(SiteId::new).collect(Collectors.toSet());
  }

  @Override
  public List<RequestCount> requestCounts(LocalDate from) {
    return queries.list(
        """
        SELECT account, day, requests, limited
          FROM fathom_ops.request_count
         WHERE day >= ?
         ORDER BY account COLLATE "C", day\
        """,
        p -> p.day(from),
        r ->
            new RequestCount(
                r.text("account"), r.day("day"), r.number("requests"), r.number("limited")));
  }
}
