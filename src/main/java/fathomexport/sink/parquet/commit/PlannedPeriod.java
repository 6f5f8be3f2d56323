package fathomexport.sink.parquet.commit;

import fathomexport.ledger.PeriodCertificate;
import fathomexport.sink.CommitPlan;
import fathomexport.sink.parquet.file.PeriodTally;
import fathomexport.sink.parquet.ledger.PeriodKey;
import fathomexport.sink.parquet.ledger.StoredPeriod;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A period of the window, and what the commit does with it. */
final class PlannedPeriod {
  final PeriodCertificate certificate;
  final PeriodKey key;
  final FilePlan plan;
  final @Nullable StoredPeriod before;
  final CommitPlan.Fate fate;

  /** The totals of the load's rows. Set by the check, for periods that are to be stored. */
  PeriodTally.@Nullable TalliedPeriod total;

  PlannedPeriod(
      PeriodCertificate certificate,
      PeriodKey key,
      FilePlan plan,
      @Nullable StoredPeriod before,
      CommitPlan.Fate fate) {
    this.certificate = certificate;
    this.key = key;
    this.plan = plan;
    this.before = before;
    this.fate = fate;
  }

  PeriodTally.TalliedPeriod total() {
    return Objects.requireNonNull(total, "measured before it is written");
  }

  boolean wasStored() {
    return before != null && before.entry().stored();
  }

  /** Returns whether the commit changes the period's stored rows. */
  boolean changes() {
    if (fate != CommitPlan.Fate.STORE) {
      return false;
    }
    if (before == null || !before.entry().stored()) {
      return total().rows() > 0;
    }
    boolean empty = total().rows() == 0 && before.entry().certificate().rows() == 0;
    return !empty && !before.digest().equals(total().digest());
  }
}
