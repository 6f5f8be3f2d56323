package fathomexport.sink.postgres.lease;

import fathomexport.sink.postgres.db.Queries;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;

/**
 * Who holds permits and places in the queue: a session, by its number. It lives as long as the
 * session holds the advisory lock on that number, so all runs see at once when it has died.
 */
final class Holders {
  /** The first of the two keys of a holder's advisory lock; the second is the holder's number. */
  static final int LOCK_CLASS = 0x66617468;

  private Holders() {}

  /** Creates a holder, which lives as long as the session, and returns its number. */
  static int begin(Connection connection) throws SQLException {
    return Queries.first(
            connection,
            """
            SELECT h AS holder, pg_advisory_lock(?, h)
              FROM (SELECT nextval('fathom_ops.permit_holder')::integer AS h) n\
            """,
            p -> p.integer(LOCK_CLASS),
            r -> r.integer("holder"))
        .orElseThrow();
  }

  /** Transfers permits that earlier sessions of the same run hold for requests under way. */
  static void takeOver(Connection connection, int holder, Collection<Integer> earlier)
      throws SQLException {
    Queries.update(
        connection,
        """
        UPDATE fathom_ops.permit SET holder = ?
         WHERE holder = ANY (?) AND ended_at IS NULL\
        """,
        p -> p.integer(holder).integers(earlier));
  }

  /** Deletes all places of a holder in the queue. */
  static void leaveAll(Connection connection, int holder) throws SQLException {
    Queries.update(
        connection, "DELETE FROM fathom_ops.permit_queue WHERE holder = ?", p -> p.integer(holder));
  }
}
