package fathomexport.sink.postgres.views;

import fathomexport.sink.postgres.db.Queries;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** Finds the views that depend on a table or view, directly or by way of others. */
public final class Dependants {
  private Dependants() {}

  /**
   * A view that reads a relation.
   *
   * @param name qualified and quoted
   * @param owner the role that may drop it, quoted
   * @param generated whether {@code migrate} makes it again; all others are the users'
   * @param materialized whether it stores its rows
   */
  public record Reader(String name, String owner, boolean generated, boolean materialized) {}

  /** Returns the qualified and quoted names of all views that read a relation. */
  public static List<String> of(Connection connection, String relation) throws SQLException {
    return readers(connection, relation).stream().map(Reader::name).toList();
  }

  /** Returns all views that read a relation, by name. */
  public static List<Reader> readers(Connection connection, String relation) throws SQLException {
    return Queries.list(
        connection,
        """
        WITH RECURSIVE reader (oid) AS (
          SELECT w.ev_class
            FROM pg_catalog.pg_depend d
            JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
           WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
             AND d.refobjid = pg_catalog.to_regclass(?) AND w.ev_class <> d.refobjid
          UNION
          SELECT w.ev_class
            FROM reader r
            JOIN pg_catalog.pg_depend d ON d.refobjid = r.oid
            JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
           WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.ev_class <> r.oid)
        SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name,
               pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.relowner)) AS owner,
               n.nspname = ? AND coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), '') LIKE '%' || ? AS generated,
               c.relkind = 'm' AS materialized
          FROM reader r
          JOIN pg_catalog.pg_class c ON c.oid = r.oid
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         ORDER BY 1\
        """,
        p -> p.text(relation).text(BiViews.SCHEMA).text(BiViews.MARK),
        r ->
            new Reader(
                r.text("name"), r.text("owner"), r.flag("generated"), r.flag("materialized")));
  }
}
