package fathomexport.cluster;

import fathomexport.api.pacing.RequestTally;
import fathomexport.sink.postgres.db.Queries;

/** The requests of an account that all workers of a run have taken of its budget. */
final class SharedTally implements RequestTally {
  private final RunBoard board;
  private final String runId;
  private final String account;

  SharedTally(RunBoard board, String runId, String account) {
    this.board = board;
    this.runId = runId;
    this.account = account;
  }

  @Override
  public boolean take(long most) {
    return board.with(
            c ->
                Queries.update(
                    c,
                    """
                    INSERT INTO fathom_ops.cluster_budget AS b (run_id, account, requests)
                    SELECT run_id, ?, 1 FROM fathom_ops.cluster_run WHERE run_id = ?
                    ON CONFLICT (run_id, account) DO UPDATE SET requests = b.requests + 1
                     WHERE b.requests < ?\
                    """,
                    p -> p.text(account).text(runId).number(most)))
        > 0;
  }

  /** To give a request back twice would allow one more than the budget; not at all, one less. */
  @Override
  public void giveBack() {
    board.once(
        c ->
            Queries.update(
                c,
                "UPDATE fathom_ops.cluster_budget SET requests = requests - 1"
                    + " WHERE run_id = ? AND account = ?",
                p -> p.text(runId).text(account)));
  }

  @Override
  public long taken() {
    return board.with(
        c ->
            Queries.first(
                    c,
                    "SELECT requests FROM fathom_ops.cluster_budget"
                        + " WHERE run_id = ? AND account = ?",
                    p -> p.text(runId).text(account),
                    r -> r.number("requests"))
                .orElse(0L));
  }
}
