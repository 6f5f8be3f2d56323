package fathomexport.sink.postgres.commit;

import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.Provenance;
import fathomexport.report.Aggregate;
import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.DateGrouping;
import fathomexport.report.TableSchema;
import fathomexport.report.Window;
import fathomexport.sink.CommitResult;
import fathomexport.sink.Fence;
import fathomexport.sink.Settlement;
import fathomexport.sink.SinkException;
import fathomexport.sink.WindowConfirmation;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.postgres.db.Sql;
import fathomexport.sink.postgres.ledger.JournalTables;
import fathomexport.sink.postgres.ledger.PeriodTables;
import fathomexport.sink.postgres.schema.ReportTable;
import java.io.IOException;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One window's transaction, but for its end: rows, checks, journal and ledger. Runs on a connection
 * that is not in autocommit mode, and may be run again on another one when that fails.
 */
public final class WindowCommit {
  private static final String STAGE = "pg_temp.fathom_stage";

  private final WindowLoad load;
  private final @Nullable Fence fence;
  private final Window window;
  private final TableSchema schema;
  private final String table;
  private final String columns;
  private final String period;
  private final List<String> counted;

  public WindowCommit(WindowLoad load, @Nullable Fence fence) {
    this.load = load;
    this.fence = fence;
    this.window = load.window();
    this.schema = load.report().schema();
    this.table = ReportTable.qualified(schema.name());
    this.columns = Sql.names(schema.columns().stream().map(Column::name).toList());
    this.period = ReportTable.period(schema);
    this.counted =
        schema.columns(Column.Role.MEASURE).stream()
            .filter(c -> c.type() == ColumnType.BIGINT)
            .map(Column::name)
            .toList();
  }

  /** Count of a period's rows, and sums of its counted measures; null where no row has one. */
  private record Totals(long rows, Map<String, @Nullable BigDecimal> sums) {
    static final Totals NONE = new Totals(0, Map.of());

    /** A sum over no rows is 0; one over rows that all lack the measure is unknown. */
    @Nullable BigDecimal sum(String measure) {
      return rows == 0 ? BigDecimal.ZERO : sums.get(measure);
    }
  }

  /**
   * @throws SinkException {@code INTEGRITY}, {@code SUPERSEDED}
   * @throws IOException when the load's rows cannot be read
   */
  public CommitResult run(Connection connection) throws SQLException, IOException {
    lock(connection, window);
    requireFence(connection);
    Set<LocalDate> storedBefore = storedBefore(connection);
    SortedSet<LocalDate> replaced = new TreeSet<>();
    List<LocalDate> kept = new ArrayList<>();
    for (PeriodCertificate c : load.periods()) {
      if (c.status() != CertificateStatus.INCOMPLETE
          || (c.storeIfAbsent() && !storedBefore.contains(c.period()))) {
        replaced.add(c.period());
      } else {
        kept.add(c.period());
      }
    }
    SortedSet<LocalDate> changed = new TreeSet<>();
    long rows = 0;
    if (!replaced.isEmpty()) {
      Map<LocalDate, Totals> before;
      if (occupied(connection, replaced)) {
        changed = stage(connection, replaced);
        before = totals(connection, intersection(changed, storedBefore), counted);
        replace(connection, changed);
      } else {
        changed = new WindowRows(load).copyInto(connection, table, replaced);
        before = Map.of();
      }
      SortedSet<LocalDate> restated = intersection(changed, storedBefore);
      Map<LocalDate, Totals> after =
          totals(connection, replaced, restated.isEmpty() ? certified() : counted);
      verify(connection, replaced, after);
      journal(connection, restated, before, after);
      rows = after.values().stream().mapToLong(Totals::rows).sum();
    }
    writeEntries(connection, replaced, storedBefore);
    Set<String> failedBefore = failedWindows(connection);
    writeAttempts(connection, storedBefore);
    settleQuarantine(connection, failedBefore);
    if (!load.quarantine().isEmpty()) {
      JournalTables.quarantine(connection, load.quarantine());
    }
    return new CommitResult(rows, List.copyOf(changed), kept);
  }

  /** Waits until no other transaction commits a window of this report and slice. */
  public static void lock(Connection connection, Window window) throws SQLException {
    try (PreparedStatement lock =
        connection.prepareStatement("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))")) {
      lock.setString(
          1,
          "fathom-export/window\n"
              + window.report()
              + "\n"
              + window.slice().site()
              + "\n"
              + window.slice().eventKey());
      lock.execute();
    }
  }

  /** Whoever takes the pipeline's lock from now on waits for this transaction's end. */
  private void requireFence(Connection connection) throws SQLException {
    requireFence(connection, fence);
  }

  /**
   * Notes stored periods as confirmed, where they are certified against the same answer still.
   *
   * @throws SinkException {@code SUPERSEDED}
   */
  public static void confirm(
      Connection connection, WindowConfirmation confirmation, @Nullable Fence fence)
      throws SQLException {
    Window window = confirmation.window();
    lock(connection, window);
    requireFence(connection, fence);
    boolean range = window.dateGrouping() == DateGrouping.NONE;
    try (PreparedStatement update =
        connection.prepareStatement(
            "UPDATE fathom_ops.ledger SET confirmed_at = ?, confirmed_run = ? WHERE "
                + KEY
                + " AND period = ? AND stored AND status = 'certified' AND control_digest = ?"
                + (range ? " AND period_end = ?" : ""))) {
      for (LocalDate period : window.periods().toList()) {
        update.setObject(1, confirmation.by().at().atOffset(ZoneOffset.UTC));
        update.setString(2, confirmation.by().runId());
        update.setString(3, window.report());
        update.setString(4, window.slice().site().value());
        update.setString(5, window.slice().eventKey());
        update.setObject(6, period);
        update.setString(7, confirmation.digests().get(period));
        if (range) {
          update.setObject(8, window.days().last());
        }
        update.addBatch();
      }
      update.executeBatch();
    }
  }

  private static void requireFence(Connection connection, @Nullable Fence fence)
      throws SQLException {
    if (fence == null) {
      return;
    }
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT epoch FROM fathom_ops.pipeline_lock WHERE pipeline = ? FOR SHARE")) {
      query.setString(1, fence.pipeline());
      try (ResultSet row = query.executeQuery()) {
        if (!row.next() || row.getLong(1) != fence.epoch()) {
          throw fence.superseded();
        }
      }
    }
  }

  private static SortedSet<LocalDate> intersection(Set<LocalDate> a, Set<LocalDate> b) {
    SortedSet<LocalDate> both = new TreeSet<>(a);
    both.retainAll(b);
    return both;
  }

  // --- Rows

  /** The periods of the window that are stored, by the ledger. */
  private Set<LocalDate> storedBefore(Connection connection) throws SQLException {
    Set<LocalDate> stored = new HashSet<>();
    String sql =
        "SELECT period FROM fathom_ops.ledger WHERE "
            + KEY
            + " AND period BETWEEN ? AND ? AND stored"
            + (window.dateGrouping() == DateGrouping.NONE ? " AND period_end = ?" : "");
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      int next = key(query, 1);
      query.setObject(next++, window.days().first());
      boolean range = window.dateGrouping() == DateGrouping.NONE;
      query.setObject(next++, range ? window.days().first() : window.days().last());
      if (range) {
        query.setObject(next, window.days().last());
      }
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          stored.add(day(rows, 1));
        }
      }
    }
    return stored;
  }

  private boolean occupied(Connection connection, Collection<LocalDate> periods)
      throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement("SELECT EXISTS (SELECT FROM " + table + where() + ")")) {
      bindWhere(connection, query, 1, periods);
      try (ResultSet row = query.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    }
  }

  /** Copies the new rows beside the table, and finds the periods whose rows differ. */
  private SortedSet<LocalDate> stage(Connection connection, Set<LocalDate> periods)
      throws SQLException, IOException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE TEMPORARY TABLE fathom_stage ON COMMIT DROP AS SELECT "
              + columns
              + " FROM "
              + table
              + " WITH NO DATA");
      // For this transaction: enough to hash a window's rows without sorting them.
      statement.execute("SET LOCAL work_mem = '64MB'");
    }
    new WindowRows(load).copyInto(connection, STAGE, periods);
    String old = "SELECT " + columns + " FROM " + table + where();
    String staged = "SELECT " + columns + " FROM " + STAGE;
    SortedSet<LocalDate> differing = new TreeSet<>();
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT DISTINCT "
                + period
                + " FROM ((("
                + old
                + ") EXCEPT ALL ("
                + staged
                + ")) UNION ALL (("
                + staged
                + ") EXCEPT ALL ("
                + old
                + "))) AS difference")) {
      int next = bindWhere(connection, query, 1, periods);
      bindWhere(connection, query, next, periods);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          differing.add(day(rows, 1));
        }
      }
    }
    return differing;
  }

  private void replace(Connection connection, Collection<LocalDate> periods) throws SQLException {
    if (periods.isEmpty()) {
      return;
    }
    try (PreparedStatement delete = connection.prepareStatement("DELETE FROM " + table + where())) {
      bindWhere(connection, delete, 1, periods);
      delete.executeUpdate();
    }
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO "
                + table
                + " ("
                + columns
                + ") SELECT "
                + columns
                + " FROM "
                + STAGE
                + " WHERE "
                + period
                + " = ANY (?)")) {
      insert.setArray(1, connection.createArrayOf("date", periods.toArray()));
      insert.executeUpdate();
    }
  }

  /** The measures that a certificate speaks of; the journal of a restatement takes them all. */
  private List<String> certified() {
    return counted.stream()
        .filter(
            m ->
                load.periods().stream()
                    .anyMatch(c -> c.sums().keySet().stream().anyMatch(a -> a.apiName().equals(m))))
        .toList();
  }

  /** What the table holds of these periods; those without rows are not in the answer. */
  private Map<LocalDate, Totals> totals(
      Connection connection, Collection<LocalDate> periods, List<String> measures)
      throws SQLException {
    Map<LocalDate, Totals> totals = new HashMap<>();
    if (periods.isEmpty()) {
      return totals;
    }
    String sums =
        measures.stream().map(m -> ", sum(" + Sql.name(m) + ")").collect(Collectors.joining());
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT "
                + period
                + ", count(*)"
                + sums
                + " FROM "
                + table
                + where()
                + " GROUP BY 1")) {
      bindWhere(connection, query, 1, periods);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          Map<String, @Nullable BigDecimal> byMeasure = new HashMap<>();
          for (int i = 0; i < measures.size(); i++) {
            byMeasure.put(measures.get(i), rows.getBigDecimal(i + 3));
          }
          totals.put(day(rows, 1), new Totals(rows.getLong(2), byMeasure));
        }
      }
    }
    return totals;
  }

  private void verify(Connection connection, Set<LocalDate> periods, Map<LocalDate, Totals> totals)
      throws SQLException {
    for (PeriodCertificate c : load.periods()) {
      if (!periods.contains(c.period())) {
        continue;
      }
      Totals found = totals.getOrDefault(c.period(), Totals.NONE);
      if (found.rows() != c.rows()) {
        throw disagreement(connection, c, "rows", c.rows(), found.rows());
      }
      for (Map.Entry<Aggregate, Long> certified : c.sums().entrySet()) {
        String measure = certified.getKey().apiName();
        if (!counted.contains(measure)) {
          continue;
        }
        BigDecimal sum = Objects.requireNonNullElse(found.sum(measure), BigDecimal.ZERO);
        if (sum.compareTo(BigDecimal.valueOf(certified.getValue())) != 0) {
          throw disagreement(connection, c, measure, certified.getValue(), sum);
        }
      }
    }
  }

  /** Triggers, rules and row-level security that the table has been given, by name. */
  private List<String> meddlers(Connection connection) throws SQLException {
    List<String> names = new ArrayList<>();
    try (PreparedStatement query =
        connection.prepareStatement(
            """
            SELECT 'trigger ' || tgname FROM pg_catalog.pg_trigger
             WHERE tgrelid = ?::pg_catalog.regclass AND NOT tgisinternal AND tgenabled <> 'D'
             UNION ALL
            SELECT 'rule ' || rulename FROM pg_catalog.pg_rewrite
             WHERE ev_class = ?::pg_catalog.regclass AND ev_enabled <> 'D'
             UNION ALL
            SELECT 'row-level security' WHERE pg_catalog.row_security_active(?)
             ORDER BY 1\
            """)) {
      query.setString(1, table);
      query.setString(2, table);
      query.setString(3, table);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          names.add(rows.getString(1));
        }
      }
    }
    return names;
  }

  private SinkException disagreement(
      Connection connection, PeriodCertificate c, String what, Object certified, Object found)
      throws SQLException {
    List<String> meddlers = meddlers(connection);
    if (!meddlers.isEmpty()) {
      return new SinkException(
          SinkException.Kind.REFUSED,
          "PostgreSQL: table "
              + ReportTable.SCHEMA
              + "."
              + window.report()
              + " does not keep the rows of report "
              + window.report()
              + " as they are ("
              + String.join(", ", meddlers)
              + "): "
              + what
              + " of "
              + c.period()
              + " would be "
              + found
              + " instead of "
              + certified
              + "; nothing was stored. Remove what drops or changes rows, then run again",
          null);
    }
    return new SinkException(
        SinkException.Kind.INTEGRITY,
        "window "
            + window
            + ": "
            + c.period()
            + " was certified with "
            + what
            + " "
            + certified
            + " and would be stored with "
            + found
            + "; nothing was stored",
        null);
  }

  /** The slice and days that periods are replaced in; {@link #bindWhere} gives it its values. */
  private String where() {
    String time = Sql.name(schema.columns().get(schema.indexOf(Column.Role.TIME)).name());
    return " WHERE site_id = ?"
        + (window.slice().event() == null ? "" : " AND event_name = ?")
        + " AND "
        + time
        + " >= ? AND "
        + time
        + " < ? AND "
        + period
        + " = ANY (?)"
        + (window.dateGrouping() == DateGrouping.NONE ? " AND date_to = ?" : "");
  }

  private int bindWhere(
      Connection connection, PreparedStatement statement, int first, Collection<LocalDate> periods)
      throws SQLException {
    int next = first;
    statement.setString(next++, window.slice().site().value());
    String event = window.slice().event();
    if (event != null) {
      statement.setString(next++, event);
    }
    statement.setObject(next++, window.days().first());
    statement.setObject(next++, window.days().last().plusDays(1));
    statement.setArray(next++, connection.createArrayOf("date", periods.toArray()));
    if (window.dateGrouping() == DateGrouping.NONE) {
      statement.setObject(next++, window.days().last());
    }
    return next;
  }

  // --- The ledger

  private static final String KEY = "report = ? AND site_id = ? AND event_name = ?";

  private int key(PreparedStatement statement, int first) throws SQLException {
    statement.setString(first, window.report());
    statement.setString(first + 1, window.slice().site().value());
    statement.setString(first + 2, window.slice().eventKey());
    return first + 3;
  }

  private LocalDate periodEnd(PeriodCertificate c) {
    return window.dateGrouping() == DateGrouping.NONE
        ? window.days().last()
        : window.dateGrouping().periodEnd(c.period());
  }

  private OffsetDateTime fetchedAt() {
    return load.provenance().fetchedAt().atOffset(ZoneOffset.UTC);
  }

  private void journal(
      Connection connection,
      Set<LocalDate> periods,
      Map<LocalDate, Totals> before,
      Map<LocalDate, Totals> after)
      throws SQLException {
    if (periods.isEmpty()) {
      return;
    }
    try (PreparedStatement insert =
        connection.prepareStatement(
            """
            INSERT INTO fathom_ops.restatement
              (report, site_id, event_name, day, measure, before, after, restated_at, run_id)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)\
            """)) {
      for (LocalDate day : periods) {
        Totals was = before.getOrDefault(day, Totals.NONE);
        Totals is = after.getOrDefault(day, Totals.NONE);
        // Always a line for the rows: a change that keeps every sum is a change.
        journal(insert, day, "rows", BigDecimal.valueOf(was.rows()), BigDecimal.valueOf(is.rows()));
        for (String measure : counted) {
          if (differ(was.sum(measure), is.sum(measure))) {
            journal(insert, day, measure, was.sum(measure), is.sum(measure));
          }
        }
      }
      insert.executeBatch();
    }
  }

  private static boolean differ(@Nullable BigDecimal a, @Nullable BigDecimal b) {
    if (a == null || b == null) {
      return (a == null) != (b == null);
    }
    return a.compareTo(b) != 0;
  }

  private void journal(
      PreparedStatement insert,
      LocalDate day,
      String measure,
      @Nullable BigDecimal before,
      @Nullable BigDecimal after)
      throws SQLException {
    int next = key(insert, 1);
    insert.setObject(next++, day);
    insert.setString(next++, measure);
    insert.setBigDecimal(next++, before);
    insert.setBigDecimal(next++, after);
    insert.setObject(next++, fetchedAt());
    insert.setString(next, load.provenance().runId());
    insert.addBatch();
  }

  /** Of kept periods only where nothing is stored: an entry speaks of the rows that stand. */
  private void writeEntries(
      Connection connection, Set<LocalDate> replaced, Set<LocalDate> storedBefore)
      throws SQLException {
    Provenance by = load.provenance();
    try (PreparedStatement upsert = connection.prepareStatement(UPSERT_ENTRY)) {
      for (PeriodCertificate c : load.periods()) {
        boolean stored = replaced.contains(c.period());
        if (!stored && storedBefore.contains(c.period())) {
          continue;
        }
        int next = key(upsert, 1);
        upsert.setObject(next++, c.period());
        upsert.setObject(next++, periodEnd(c));
        upsert.setObject(next++, c.coversTo());
        upsert.setString(next++, c.status().label());
        upsert.setBoolean(next++, stored);
        upsert.setLong(next++, c.rows());
        for (Aggregate a : PeriodTables.SUMMED) {
          setLong(upsert, next++, c.sums().get(a));
          setLong(upsert, next++, c.control().get(a));
        }
        upsert.setBoolean(next++, c.storeIfAbsent());
        upsert.setString(next++, c.reason());
        upsert.setString(next++, c.digest());
        upsert.setString(next++, by.definition());
        upsert.setString(next++, by.zone());
        upsert.setInt(next++, by.requests());
        upsert.setInt(next++, by.controlRequests());
        upsert.setInt(next++, by.splits());
        upsert.setString(next++, window.id());
        upsert.setString(next++, by.runId());
        upsert.setObject(next++, fetchedAt());
        upsert.setString(next, c.controlDigest());
        upsert.addBatch();
      }
      upsert.executeBatch();
    }
  }

  private static final String UPSERT_ENTRY =
      """
      INSERT INTO fathom_ops.ledger
        (report, site_id, event_name, period, period_end, covers_to, status, stored, rows,
         pageviews_sum, pageviews_control, conversions_sum, conversions_control,
         value_sum, value_control, store_if_absent, reason, rows_digest, definition, zone,
         requests, control_requests, splits, window_id, run_id, fetched_at, control_digest)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (report, site_id, event_name, period, period_end) DO UPDATE
         SET covers_to = excluded.covers_to, status = excluded.status, stored = excluded.stored,
             rows = excluded.rows,
             pageviews_sum = excluded.pageviews_sum,
             pageviews_control = excluded.pageviews_control,
             conversions_sum = excluded.conversions_sum,
             conversions_control = excluded.conversions_control,
             value_sum = excluded.value_sum, value_control = excluded.value_control,
             store_if_absent = excluded.store_if_absent, reason = excluded.reason,
             rows_digest = excluded.rows_digest,
             definition = excluded.definition, zone = excluded.zone,
             requests = excluded.requests, control_requests = excluded.control_requests,
             splits = excluded.splits, window_id = excluded.window_id, run_id = excluded.run_id,
             fetched_at = excluded.fetched_at, committed_at = pg_catalog.now(),
             control_digest = excluded.control_digest, confirmed_at = NULL,
             confirmed_run = NULL\
      """;

  private static void setLong(PreparedStatement statement, int index, @Nullable Long value)
      throws SQLException {
    if (value == null) {
      statement.setNull(index, Types.BIGINT);
    } else {
      statement.setLong(index, value);
    }
  }

  private void writeAttempts(Connection connection, Set<LocalDate> storedBefore)
      throws SQLException {
    try (PreparedStatement delete =
            connection.prepareStatement(
                "DELETE FROM fathom_ops.attempt WHERE "
                    + KEY
                    + " AND period = ? AND period_end = ?");
        PreparedStatement upsert =
            connection.prepareStatement(
                """
                INSERT INTO fathom_ops.attempt
                  (report, site_id, event_name, period, period_end, covers_to, reason, kept,
                   window_id, run_id, at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (report, site_id, event_name, period, period_end) DO UPDATE
                   SET covers_to = excluded.covers_to, reason = excluded.reason,
                       kept = excluded.kept, window_id = excluded.window_id,
                       run_id = excluded.run_id, at = excluded.at\
                """)) {
      for (PeriodCertificate c : load.periods()) {
        boolean failed = c.status() == CertificateStatus.INCOMPLETE;
        PreparedStatement statement = failed ? upsert : delete;
        int next = key(statement, 1);
        statement.setObject(next++, c.period());
        statement.setObject(next++, periodEnd(c));
        if (failed) {
          statement.setObject(next++, c.coversTo());
          statement.setString(next++, c.reason());
          statement.setBoolean(next++, storedBefore.contains(c.period()));
          statement.setString(next++, window.id());
          statement.setString(next++, load.provenance().runId());
          statement.setObject(next, fetchedAt());
        }
        statement.addBatch();
      }
      delete.executeBatch();
      upsert.executeBatch();
    }
  }

  /** The windows whose failed attempts cover periods of this one. */
  private Set<String> failedWindows(Connection connection) throws SQLException {
    Set<String> ids = new TreeSet<>();
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT DISTINCT window_id FROM fathom_ops.attempt WHERE "
                + KEY
                + " AND period BETWEEN ? AND ?")) {
      int next = key(query, 1);
      query.setObject(next++, window.days().first());
      query.setObject(next, window.days().last());
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          ids.add(rows.getString(1));
        }
      }
    }
    return ids;
  }

  /** Settles the quarantined rows that the common rule of all sinks says are settled. */
  private void settleQuarantine(Connection connection, Set<String> failedBefore)
      throws SQLException {
    List<String> windows = new ArrayList<>();
    List<String> runs = new ArrayList<>();
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT DISTINCT window_id, run_id FROM fathom_ops.quarantine WHERE "
                + KEY
                + " AND settled_at IS NULL")) {
      key(query, 1);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          windows.add(rows.getString(1));
          runs.add(rows.getString(2));
        }
      }
    }
    if (windows.isEmpty()) {
      return;
    }
    Settlement settlement = new Settlement(load, failedBefore, openWindows(connection));
    try (PreparedStatement update =
        connection.prepareStatement(
            "UPDATE fathom_ops.quarantine SET settled_at = pg_catalog.now() WHERE "
                + KEY
                + " AND window_id = ? AND run_id = ? AND settled_at IS NULL")) {
      for (int i = 0; i < windows.size(); i++) {
        if (settlement.settles(windows.get(i), runs.get(i))) {
          int next = key(update, 1);
          update.setString(next++, windows.get(i));
          update.setString(next, runs.get(i));
          update.addBatch();
        }
      }
      update.executeBatch();
    }
  }

  /** The windows of this report, site and event that have open failed attempts. */
  private Set<String> openWindows(Connection connection) throws SQLException {
    Set<String> ids = new HashSet<>();
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT DISTINCT window_id FROM fathom_ops.attempt WHERE " + KEY)) {
      key(query, 1);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          ids.add(rows.getString(1));
        }
      }
    }
    return ids;
  }

  private static LocalDate day(ResultSet rows, int column) throws SQLException {
    return rows.getObject(column, LocalDate.class);
  }
}
