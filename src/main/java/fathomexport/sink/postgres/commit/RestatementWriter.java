package fathomexport.sink.postgres.commit;

import fathomexport.ledger.RestatementReason;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.postgres.db.Queries;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes the changes of stored periods to table {@code restatement}. */
final class RestatementWriter {
  private final WindowLoad load;

  RestatementWriter(WindowLoad load) {
    this.load = load;
  }

  /** One measure of a period with a changed value. */
  record Line(
      LocalDate day,
      String measure,
      @Nullable BigDecimal before,
      @Nullable BigDecimal after,
      RestatementReason reason) {}

  /** Decides why the rows of a period changed. */
  @FunctionalInterface
  interface Reasons {
    /**
     * Returns the reason.
     *
     * @param countsChanged whether the number of rows or the sum of a measure differs
     */
    RestatementReason of(LocalDate day, boolean countsChanged);
  }

  /**
   * Returns the lines for periods whose rows have changed. Each period gets a line for the number
   * of rows, because a change that keeps every sum is still a change, and one for each measure
   * whose sum differs.
   */
  static List<Line> lines(
      Collection<LocalDate> restated,
      List<String> measures,
      Map<LocalDate, TableTotals> before,
      Map<LocalDate, TableTotals> after,
      Reasons reasons) {
    List<Line> lines = new ArrayList<>();
    for (LocalDate day : restated) {
      TableTotals was = before.getOrDefault(day, TableTotals.NONE);
      TableTotals is = after.getOrDefault(day, TableTotals.NONE);
      List<String> differing =
          measures.stream().filter(m -> differ(was.sum(m), is.sum(m))).toList();
      RestatementReason reason = reasons.of(day, was.rows() != is.rows() || !differing.isEmpty());
      lines.add(
          new Line(
              day, "rows", BigDecimal.valueOf(was.rows()), BigDecimal.valueOf(is.rows()), reason));
      for (String measure : differing) {
        lines.add(new Line(day, measure, was.sum(measure), is.sum(measure), reason));
      }
    }
    return lines;
  }

  private static boolean differ(@Nullable BigDecimal a, @Nullable BigDecimal b) {
    if (a == null || b == null) {
      return (a == null) != (b == null);
    }
    return a.compareTo(b) != 0;
  }

  void write(Connection connection, List<Line> lines) throws SQLException {
    WindowKey key = new WindowKey(load.window());
    Queries.batch(
        connection,
        """
        INSERT INTO fathom_ops.restatement
          (report, site_id, event_name, day, measure, before, after, restated_at, run_id, reason)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)\
        """,
        lines,
        (p, line) ->
            key.bind(p)
                .day(line.day())
                .text(line.measure())
                .decimal(line.before())
                .decimal(line.after())
                .instant(load.provenance().fetchedAt())
                .text(load.provenance().runId())
                .text(line.reason().label()));
  }
}
