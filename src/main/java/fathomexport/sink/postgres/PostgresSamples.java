package fathomexport.sink.postgres;

import fathomexport.report.Program;
import fathomexport.report.SiteId;
import fathomexport.report.VisitorSample;
import fathomexport.report.rows.RowReader;
import fathomexport.sink.SampleCount;
import fathomexport.sink.SampleStore;
import fathomexport.sink.SampleTable;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.commit.BinaryCopy;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.DatabaseFailure;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.schema.Migrations;
import fathomexport.sink.postgres.schema.ReportTable;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores samples in the tables of {@code sql/V006}, one transaction per sample. The key of {@code
 * current_visitors} shows whether a sample is already stored, so a transaction whose outcome is
 * unknown is simply repeated.
 */
final class PostgresSamples implements SampleStore {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresSamples.class);

  /** The longest wait for the key lock of a transaction that the server still considers open. */
  private static final Duration LONGEST_LOCK = Duration.ofSeconds(20);

  private static final List<SampleTable> LISTS = List.of(SampleTable.PAGES, SampleTable.REFERRERS);

  private final Database database;

  PostgresSamples(Database database) {
    this.database = database;
  }

  @Override
  public void prepare() {
    try {
      new Migrations(database).run(List.of());
    } catch (SQLException e) {
      throw database.unavailable(e);
    }
  }

  @Override
  public void append(VisitorSample sample) {
    Append first = new Append(sample);
    try {
      first.on(database.borrow());
      return;
    } catch (SQLException e) {
      if (!DatabaseFailure.worthRepeating(e)) {
        throw failed(sample, e, false);
      }
      LOG.warn("storing the sample of site {} again: {}", sample.site(), e.getMessage());
      again(sample, first.committing && DatabaseFailure.lost(e), e);
    }
  }

  private void again(VisitorSample sample, boolean perhapsStored, SQLException why) {
    try {
      new Append(sample).on(database.connect());
    } catch (SQLException e) {
      e.addSuppressed(why);
      throw failed(sample, e, perhapsStored);
    }
  }

  @Override
  public List<SampleCount> counts(Collection<SiteId> known, LocalDate from) {
    try {
      boolean prepared =
          database.with(
              connection ->
                  Queries.first(
                          connection,
                          """
                          SELECT pg_catalog.to_regclass('fathom.current_visitors') IS NOT NULL
                            AS prepared\
                          """,
                          p -> {},
                          r -> r.flag("prepared"))
                      .orElse(false));
      if (!prepared) {
        return List.of();
      }
      return database.with(
          connection ->
              Queries.list(
                  connection,
                  """
                  SELECT site_id, (sampled_at AT TIME ZONE 'UTC')::date AS day, count(*) AS samples
                    FROM fathom.current_visitors
                   WHERE sampled_at >= ?
                   GROUP BY 1, 2\
                  """,
                  p -> p.instant(from.atStartOfDay(ZoneOffset.UTC).toInstant()),
                  r ->
                      new SampleCount(
                          new SiteId(r.text("site_id")), r.day("day"), r.number("samples"))));
    } catch (SQLException e) {
      throw database.unavailable(e);
    }
  }

  private SinkException failed(VisitorSample sample, SQLException e, boolean perhapsStored) {
    if (DatabaseFailure.isNotMigrated(e)) {
      return new SinkException(
          SinkException.Kind.DEFINITION,
          "PostgreSQL at "
              + database.place()
              + " is not ready for samples: run `"
              + Program.command("migrate")
              + "` ("
              + e.getMessage()
              + ")",
          e);
    }
    return new SinkException(
        perhapsStored ? SinkException.Kind.UNKNOWN : database.failure(e).kind(),
        database.describe(e)
            + (perhapsStored
                ? "; it is not known whether the sample of site "
                    + sample.site()
                    + " at "
                    + sample.sampledAt()
                    + " was stored"
                : ""),
        e);
  }

  /** One attempt to store a sample, on a connection that it gives back or closes. */
  private final class Append {
    private final VisitorSample sample;

    /** Whether a COMMIT was sent: from then on only the database knows the outcome. */
    private boolean committing;

    Append(VisitorSample sample) {
      this.sample = sample;
    }

    void on(Connection connection) throws SQLException {
      boolean clean = false;
      try {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
          statement.execute("SET LOCAL lock_timeout = " + LONGEST_LOCK.toMillis());
        }
        if (insertTotal(connection)) {
          for (SampleTable table : LISTS) {
            copy(connection, table);
          }
        }
        committing = true;
        connection.commit();
        clean = true;
      } finally {
        if (clean) {
          database.giveBack(connection);
        } else {
          database.discard(connection);
        }
      }
    }

    /** Returns false if the sample is already stored. */
    private boolean insertTotal(Connection connection) throws SQLException {
      return Queries.update(
              connection,
              """
              INSERT INTO fathom.current_visitors (site_id, sampled_at, total)
              VALUES (?, ?, ?) ON CONFLICT DO NOTHING\
              """,
              p -> p.text(sample.site().value()).instant(sample.sampledAt()).number(sample.total()))
          == 1;
    }

    private void copy(Connection connection, SampleTable table) throws SQLException {
      List<byte[]> rows = table.rows(sample);
      if (rows.isEmpty()) {
        return;
      }
      RowReader reader = new RowReader(table.schema());
      BinaryCopy copy =
          new BinaryCopy(connection, ReportTable.qualified(table.tableName()), table.schema());
      boolean finished = false;
      try {
        for (byte[] row : rows) {
          copy.row(reader.read(row, row.length));
        }
        copy.finish();
        finished = true;
      } finally {
        if (!finished) {
          copy.cancel();
        }
      }
    }
  }
}
