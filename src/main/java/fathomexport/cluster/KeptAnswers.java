package fathomexport.cluster;

import fathomexport.sink.postgres.db.Queries;
import java.io.Serializable;
import java.util.List;

/**
 * The answers that a lane has paid for and that no ledger has yet. If its worker is lost, the next
 * attempt at the lane need not ask again.
 */
final class KeptAnswers {
  private final RunBoard board;
  private final String runId;
  private final int lane;

  KeptAnswers(RunBoard board, String runId, int lane) {
    this.board = board;
    this.runId = runId;
    this.lane = lane;
  }

  /** Keeps an answer of the current attempt, and removes those about earlier slices. */
  void keep(String attempt, String slice, Serializable answer) {
    String text = Serialized.write(answer);
    board.with(
        c -> {
          Queries.update(
              c,
              "DELETE FROM fathom_ops.cluster_answer"
                  + " WHERE run_id = ? AND lane = ? AND slice <> ?",
              p -> p.text(runId).integer(lane).text(slice));
          return Queries.update(
              c,
              """
              INSERT INTO fathom_ops.cluster_answer (run_id, lane, slice, answer)
              SELECT run_id, lane, ?, pg_catalog.decode(?, 'hex') FROM fathom_ops.cluster_lane
               WHERE run_id = ? AND lane = ? AND attempt = ?\
              """,
              p -> p.text(slice).text(text).text(runId).integer(lane).text(attempt));
        });
  }

  /** Returns what was kept, in its order. */
  <T> List<T> all(Class<T> type) {
    return board.with(
        c ->
            Queries.list(
                c,
                "SELECT pg_catalog.encode(answer, 'hex') AS answer FROM fathom_ops.cluster_answer"
                    + " WHERE run_id = ? AND lane = ? ORDER BY id",
                p -> p.text(runId).integer(lane),
                r -> Serialized.read(r.text("answer"), type)));
  }
}
