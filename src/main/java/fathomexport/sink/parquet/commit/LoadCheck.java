package fathomexport.sink.parquet.commit;

import fathomexport.ledger.PeriodCertificate;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowReader;
import fathomexport.sink.CommitPlan;
import fathomexport.sink.OwnRows;
import fathomexport.sink.SinkException;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.parquet.file.PeriodTally;
import fathomexport.sink.parquet.file.WidenedRows;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Checks a load before any file is written: its rows belong to the window, are unique and in order,
 * and agree with the certificates.
 */
final class LoadCheck {
  private final WindowLoad load;
  private final CommitPlan plan;
  private final Map<LocalDate, PlannedPeriod> periods;
  private final TableSchema schema;

  LoadCheck(WindowLoad load, CommitPlan plan, Map<LocalDate, PlannedPeriod> periods) {
    this.load = load;
    this.plan = plan;
    this.periods = periods;
    this.schema = load.report().schema();
  }

  /**
   * Reads all rows of the load once, and sets the total of each period that is to be stored.
   *
   * @throws SinkException {@code INTEGRITY} if the load fails the check
   */
  void measure() throws IOException {
    RowReader narrow = new RowReader(schema);
    RowReader wide = narrow;
    OwnRows own = new OwnRows(load);
    int keys = schema.keyColumns().size();
    byte[] previous = new byte[0];
    int previousLength = -1;
    PlannedPeriod current = null;
    try (WidenedRows rows = new WidenedRows(load.rows().read())) {
      while (rows.next()) {
        rows.read(narrow);
        int length = narrow.prefixLength(keys);
        if (previousLength >= 0) {
          int order =
              Arrays.compareUnsigned(previous, 0, previousLength, narrow.bytes(), 0, length);
          if (order >= 0) {
            throw integrity(order == 0 ? "a key occurs twice" : "rows are out of order", current);
          }
        }
        if (previous.length < length) {
          previous = new byte[2 * length];
        }
        System.arraycopy(narrow.bytes(), 0, previous, 0, length);
        previousLength = length;

        PlannedPeriod period = Objects.requireNonNull(periods.get(own.period(narrow)));
        if (period != current) {
          finish(current);
          current = period;
          wide = period.plan.extraColumns() == 0 ? narrow : new RowReader(period.plan.target());
        }
        if (period.fate == CommitPlan.Fate.STORE) {
          int wideLength =
              wide == narrow
                  ? narrow.prefixLength(schema.columns().size())
                  : rows.read(wide, period.plan.extraColumns());
          period.plan.tally().add(wide, wideLength);
        }
      }
    }
    finish(current);
    for (PlannedPeriod period : periods.values()) {
      if (period.fate == CommitPlan.Fate.STORE) {
        if (period.total == null) {
          period.total = period.plan.tally().finish();
        }
        compare(period.certificate, period.total());
      }
    }
  }

  private static void finish(@Nullable PlannedPeriod period) {
    if (period != null && period.fate == CommitPlan.Fate.STORE) {
      period.total = period.plan.tally().finish();
    }
  }

  private void compare(PeriodCertificate c, PeriodTally.TalliedPeriod total) {
    Optional<CommitPlan.Disagreement> disagreement =
        plan.check(
            c,
            total.rows(),
            measure -> {
              Long sum = total.sums().get(measure);
              return sum == null ? null : BigDecimal.valueOf(sum);
            });
    if (disagreement.isPresent()) {
      throw disagreement.get().integrity(load.window());
    }
  }

  private SinkException integrity(String what, @Nullable PlannedPeriod period) {
    return new SinkException(
        SinkException.Kind.INTEGRITY,
        load.window()
            + (period == null ? "" : ", period " + period.certificate.period())
            + ": "
            + what
            + "; nothing was stored",
        null);
  }
}
