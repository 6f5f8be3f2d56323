package fathomexport.sink.postgres;

import fathomexport.ledger.Ledger;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SecretUnavailableException;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.rows.RowSource;
import fathomexport.sink.CommitResult;
import fathomexport.sink.Damage;
import fathomexport.sink.DimensionStore;
import fathomexport.sink.Fence;
import fathomexport.sink.Migrated;
import fathomexport.sink.Removal;
import fathomexport.sink.SampleStore;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sink.WindowConfirmation;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.postgres.commit.OldPeriods;
import fathomexport.sink.postgres.commit.TableRows;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.DatabaseFailure;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sink.postgres.ledger.PostgresLedger;
import fathomexport.sink.postgres.schema.LoaderRights;
import fathomexport.sink.postgres.schema.Migrations;
import fathomexport.sink.postgres.schema.ReportTable;
import fathomexport.sink.postgres.schema.StoredReports;
import fathomexport.sink.postgres.views.Additivity;
import fathomexport.sink.postgres.views.MonthSums;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sink for PostgreSQL 14 or later. One transaction commits one window: COPY, replacement of the
 * periods that differ, journal, ledger.
 */
public final class PostgresSink implements Sink {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresSink.class);
  private static final Duration SETTLE_WITHIN = Duration.ofSeconds(30);

  private final Database database;
  private final PostgresLedger ledger;
  private final WindowCommits commits;
  private volatile @Nullable Fence fence;

  /**
   * Creates the sink without connecting to the database.
   *
   * @throws SecretUnavailableException if the password is not where the settings say
   */
  public PostgresSink(PostgresSettings settings, Map<String, String> environment) {
    this(settings, environment, SETTLE_WITHIN);
  }

  PostgresSink(PostgresSettings settings, Map<String, String> environment, Duration settleWithin) {
    this.database = new Database(settings, environment, settleWithin.multipliedBy(2));
    this.ledger = new PostgresLedger(database);
    this.commits = new WindowCommits(database, settleWithin);
  }

  @Override
  public String name() {
    return "postgres";
  }

  @Override
  public Migrated migrate(List<Report> reports) {
    try {
      return new Migrations(database).run(reports);
    } catch (SQLException e) {
      throw database.unavailable(e);
    }
  }

  @Override
  public void runEnded(BooleanSupplier stopped) {
    try {
      database.with(
          connection -> {
            // Also before the others, since they read what the run has loaded.
            FreshStatistics.renew(connection, stopped);
            new Additivity(connection).measure(stopped);
            if (!stopped.getAsBoolean()) {
              new MonthSums(connection, MonthSums.LEAST_ROWS).update(stopped);
            }
            FreshStatistics.renew(connection, stopped);
            return true;
          });
    } catch (SQLException e) {
      SinkException failure = database.unavailable(e);
      List<String> grants = DatabaseFailure.isDenied(e) ? lacking() : List.of();
      throw new SinkException(
          grants.isEmpty() ? failure.kind() : SinkException.Kind.ACCESS,
          "what the views need beside the rows could not be made (the server's statistics, whether"
              + " measures add up, the sums of months): "
              + failure.getMessage()
              + (grants.isEmpty()
                  ? ""
                  : ". As an administrator of the database, run: " + String.join(" ", grants)),
          e);
    }
  }

  /** Returns the statements that let the role derive what readers need; empty if not known. */
  private List<String> lacking() {
    try {
      return database.with(c -> LoaderRights.lacking(c, List.of()).forReaders());
    } catch (SQLException e) {
      LOG.warn("the missing rights cannot be looked up: {}", e.getMessage());
      return List.of();
    }
  }

  @Override
  public Map<String, String> refusals(List<Report> reports, Map<String, String> renamed) {
    try {
      return database.with(c -> StoredReports.refusals(c, reports, renamed));
    } catch (SQLException e) {
      throw new Migrations(database).explained(e);
    }
  }

  @Override
  public Optional<String> moveAway(String report) {
    try {
      return database.with(c -> StoredReports.moveAway(c, report));
    } catch (SQLException e) {
      throw database.unavailable(e);
    }
  }

  @Override
  public void rename(Map<String, String> renamed) {
    if (renamed.isEmpty()) {
      return;
    }
    try {
      new Migrations(database).rename(renamed);
    } catch (SQLException e) {
      throw database.unavailable(e);
    }
  }

  @Override
  public Set<String> reports() {
    try {
      return database.with(StoredReports::names);
    } catch (SQLException e) {
      throw database.unavailable(e);
    }
  }

  @Override
  public void fence(Fence required) {
    fence = required;
  }

  @Override
  public CommitResult commit(WindowLoad load) {
    return commits.commit(load, fence);
  }

  @Override
  public void confirm(WindowConfirmation confirmation) {
    commits.confirm(confirmation, fence);
  }

  @Override
  public Removal.Removed remove(Removal removal) {
    try {
      return database.with(
          connection -> {
            connection.setAutoCommit(false);
            return new OldPeriods(connection, fence, removal).remove();
          });
    } catch (SQLException e) {
      if (DatabaseFailure.isDenied(e)) {
        String table = ReportTable.qualified(removal.report().name());
        throw new SinkException(SinkException.Kind.REFUSED, DatabaseFailure.refusal(e, table), e);
      }
      throw database.unavailable(e);
    }
  }

  @Override
  public RowSource stored(Report report, Slice slice, DayRange days) {
    try {
      return new TableRows(database, report, slice, days);
    } catch (SQLException e) {
      throw WindowCommits.unusable(database, report.name(), e);
    }
  }

  @Override
  public List<Damage> damages(Report report, Collection<SiteId> sites, DayRange days) {
    // The server detects damage when it reads the pages, and reports it then.
    return List.of();
  }

  @Override
  public Ledger ledger() {
    return ledger.ledger();
  }

  @Override
  public SampleStore samples() {
    return new PostgresSamples(database);
  }

  @Override
  public DimensionStore dimensions() {
    return new PostgresDimensions(database);
  }

  @Override
  public void close() {
    try {
      ledger.close();
    } finally {
      database.close();
    }
  }
}
