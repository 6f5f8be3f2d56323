package fathomexport.sinks;

import fathomexport.ledger.LedgerEntry;
import fathomexport.report.DayRange;
import fathomexport.report.SiteId;
import fathomexport.sink.Damage;
import fathomexport.sink.Sink;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Says what to do about damage. A damaged file covers a month or a year, of which perhaps only a
 * few days were stored: the others are not fetched again where a ledger still knows which.
 */
public final class DamagedDays {
  private DamagedDays() {}

  /** Describes the damage, with the command that exports again what was stored there. */
  public static String words(Damage damage, String pipeline, Sinks sinks) {
    return damage.words(pipeline, stored(damage, sinks));
  }

  /** Returns what the ledgers know to be stored of the days that are damaged in one sink. */
  private static List<DayRange> stored(Damage damage, Sinks sinks) {
    SiteId site = damage.site();
    DayRange days = damage.days();
    List<DayRange> stored = new ArrayList<>();
    if (site == null || days == null || !damage.lost()) {
      return stored;
    }
    for (Sink sink : sinks.all()) {
      for (LedgerEntry entry :
          sink.ledger().entries(damage.report(), List.of(site), days.first())) {
        Optional<DayRange> part =
            new DayRange(entry.certificate().period(), entry.certificate().coversTo())
                .intersect(days);
        if (entry.stored()) {
          part.ifPresent(stored::add);
        }
      }
    }
    return stored;
  }
}
