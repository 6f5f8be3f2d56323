package fathomexport.sink.postgres.commit;

import fathomexport.ledger.PeriodCertificate;
import fathomexport.report.Aggregate;
import fathomexport.sink.CommitPlan;
import fathomexport.sink.SinkException;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.db.Sql;
import fathomexport.sink.postgres.schema.ReportTable;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads a window's totals back from the table and compares them with the certificates. */
final class PeriodTotalsCheck {
  private final Connection connection;
  private final WindowLoad load;
  private final WindowTable table;

  PeriodTotalsCheck(Connection connection, WindowLoad load, WindowTable table) {
    this.connection = connection;
    this.load = load;
    this.table = table;
  }

  /**
   * Returns the counted measures in the certificates. The journal of restatements covers all
   * counted measures.
   */
  List<String> certified() {
    Set<String> certified =
        load.periods().stream()
            .flatMap(c -> c.sums().keySet().stream())
            .map(Aggregate::apiName)
            .collect(Collectors.toSet());
    return table.counted().stream().filter(certified::contains).toList();
  }

  /** Returns the table's totals of these periods. Periods without rows are left out. */
  Map<LocalDate, TableTotals> totals(Collection<LocalDate> periods, List<String> measures)
      throws SQLException {
    if (periods.isEmpty()) {
      return Map.of();
    }
    StringBuilder sums = new StringBuilder();
    for (int i = 0; i < measures.size(); i++) {
      sums.append(", sum(").append(Sql.name(measures.get(i))).append(") AS sum_").append(i);
    }
    return Queries.list(
            connection,
            "SELECT "
                + table.period()
                + " AS period, count(*) AS rows"
                + sums
                + " FROM "
                + table.name()
                + table.where()
                + " GROUP BY 1",
            p -> table.bind(p, periods),
            r -> {
              Map<String, @Nullable BigDecimal> byMeasure = new HashMap<>();
              for (int i = 0; i < measures.size(); i++) {
                byMeasure.put(measures.get(i), r.decimalOrNull("sum_" + i));
              }
              return Map.entry(r.day("period"), new TableTotals(r.number("rows"), byMeasure));
            })
        .stream()
        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
  }

  /**
   * Compares the stored periods with their certificates.
   *
   * @throws SinkException {@code REFUSED} if the table itself changes rows, otherwise {@code
   *     INTEGRITY}
   */
  void verify(CommitPlan plan, Map<LocalDate, TableTotals> totals) throws SQLException {
    for (PeriodCertificate c : load.periods()) {
      if (plan.fate(c.period()) != CommitPlan.Fate.STORE) {
        continue;
      }
      TableTotals found = totals.getOrDefault(c.period(), TableTotals.NONE);
      // A sum over rows that all lack the measure is null, which counts as zero.
      Optional<CommitPlan.Disagreement> disagreement =
          plan.check(
              c,
              found.rows(),
              measure -> Objects.requireNonNullElse(found.sum(measure), BigDecimal.ZERO));
      if (disagreement.isPresent()) {
        throw refusal(disagreement.get());
      }
    }
  }

  private SinkException refusal(CommitPlan.Disagreement disagreement) throws SQLException {
    List<String> meddlers = meddlers();
    if (meddlers.isEmpty()) {
      return disagreement.integrity(load.window());
    }
    return new SinkException(
        SinkException.Kind.REFUSED,
        "PostgreSQL: table "
            + ReportTable.SCHEMA
            + "."
            + load.window().report()
            + " changes or drops rows of report "
            + load.window().report()
            + " ("
            + String.join(", ", meddlers)
            + "): "
            + disagreement.what()
            + " of "
            + disagreement.period()
            + " would be "
            + disagreement.found()
            + " instead of "
            + disagreement.certified()
            + "; nothing was stored. Remove the cause, then run again",
        null);
  }

  /** Returns the triggers, rules and row-level security of the table, by name. */
  private List<String> meddlers() throws SQLException {
    return Queries.list(
        connection,
        """
        SELECT 'trigger ' || tgname AS name FROM pg_catalog.pg_trigger
         WHERE tgrelid = ?::pg_catalog.regclass AND NOT tgisinternal AND tgenabled <> 'D'
         UNION ALL
        SELECT 'rule ' || rulename FROM pg_catalog.pg_rewrite
         WHERE ev_class = ?::pg_catalog.regclass AND ev_enabled <> 'D'
         UNION ALL
        SELECT 'row-level security' WHERE pg_catalog.row_security_active(?)
         ORDER BY 1\
        """,
        p -> p.text(table.name()).text(table.name()).text(table.name()),
        r -> r.text("name"));
  }
}
