package fathomexport.quota;

import fathomexport.api.pacing.Permits;
import fathomexport.api.pacing.StoppedException;
import fathomexport.ledger.LedgerException;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Permits that are shared through a database which the command needs for nothing else. If the
 * database is lost, the command continues with its own permits. None of these are in use by then,
 * and the leased ones expire while the command waits for the database.
 */
public final class PreferablyLeased implements Permits {
  private static final Logger LOG = LoggerFactory.getLogger(PreferablyLeased.class);

  private final Permits leased;
  private final Permits own;
  private final AtomicBoolean alone;

  /**
   * @param alone whether the database was lost; the quotas of a command share it, so that only one
   *     of them waits for the database
   */
  public PreferablyLeased(Permits leased, Permits own, AtomicBoolean alone) {
    this.leased = leased;
    this.own = own;
    this.alone = alone;
  }

  /** Warns that the command does not share its quota, with the reason. */
  public static void warn(Exception reason) {
    LOG.warn(
        "this command cannot share the quota with other runs: {}. It continues, because it does not"
            + " need the database; but if an export runs at the same time, some requests may be"
            + " answered with 429 and take longer",
        reason.getMessage());
  }

  @Override
  public Permit acquire(Consumer<Wait> waiting) throws InterruptedException, StoppedException {
    if (!alone.get()) {
      try {
        return leased.acquire(waiting);
      } catch (LedgerException e) {
        if (alone.compareAndSet(false, true)) {
          warn(e);
        }
      }
    }
    return own.acquire(waiting);
  }

  @Override
  public void deferUntil(Instant until) {
    own.deferUntil(until);
    if (!alone.get()) {
      leased.deferUntil(until);
    }
  }

  @Override
  public void close() {
    own.close();
    leased.close();
  }
}
