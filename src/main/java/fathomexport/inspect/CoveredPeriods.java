package fathomexport.inspect;

import fathomexport.ledger.Attempt;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.Likeness;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.Stretch;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A period as stored in the sinks, or neighbouring periods that are alike. Where sinks differ, the
 * worst certificate counts.
 *
 * @param digest the digest of the rows of a single period
 * @param differs whether sinks hold different rows of it
 * @param sinks the sinks that hold it
 */
record CoveredPeriods(
    LocalDate period,
    LocalDate coversTo,
    long periods,
    Likeness like,
    long rows,
    @Nullable String digest,
    boolean differs,
    Set<String> sinks) {

  /** Returns what these sinks hold alike. */
  static CoveredPeriods of(Stretch stretch, Set<String> sinks) {
    return new CoveredPeriods(
        stretch.first(),
        stretch.coversTo(),
        stretch.periods(),
        stretch.like(),
        stretch.rows(),
        null,
        false,
        sinks);
  }

  /** Returns the period that a sink's ledger describes. */
  static CoveredPeriods of(LedgerEntry entry, DateGrouping grouping, String sink) {
    PeriodCertificate c = entry.certificate();
    return new CoveredPeriods(
        c.period(),
        c.coversTo(),
        1,
        Likeness.of(entry, grouping),
        c.rows(),
        c.digest(),
        false,
        Set.of(sink));
  }

  /** Returns a period that was never stored. */
  static CoveredPeriods of(Attempt attempt, Report report) {
    return new CoveredPeriods(
        attempt.period(),
        attempt.coversTo(),
        1,
        new Likeness(false, true, CertificateStatus.INCOMPLETE, report.definition(), null),
        0,
        null,
        false,
        Set.of());
  }

  CertificateStatus status() {
    return like.status();
  }

  boolean partial() {
    return like.partial();
  }

  /** Returns whether it is certain that nothing was measured. */
  boolean nothing() {
    return like.status() == CertificateStatus.CERTIFIED && like.empty();
  }

  /** Returns the place of these periods among those of a slice. */
  String key(Report report) {
    return key(report, period, coversTo);
  }

  /** Returns the place of a period among those of a slice. */
  static String key(Report report, LocalDate period, LocalDate coversTo) {
    return report.dateGrouping() == DateGrouping.NONE
        ? period + ".." + coversTo
        : period.toString();
  }

  /** Combines what two sinks hold of the same period. */
  CoveredPeriods plus(CoveredPeriods other) {
    Set<String> both = new TreeSet<>(sinks);
    both.addAll(other.sinks);
    return new CoveredPeriods(
        period,
        coversTo.isBefore(other.coversTo) ? coversTo : other.coversTo,
        periods,
        like.plus(other.like),
        Math.max(rows, other.rows),
        digest == null ? other.digest : digest,
        differs || (coversTo.equals(other.coversTo) && rowsDiffer(other)),
        both);
  }

  /** A period without rows has no digest, and older versions computed none for any. */
  private boolean rowsDiffer(CoveredPeriods other) {
    return (digest == null || other.digest == null)
        ? rows != other.rows
        : !digest.equals(other.digest);
  }

  /** Combines neighbouring periods that are alike. */
  static NavigableMap<String, CoveredPeriods> combined(
      Report report, Collection<CoveredPeriods> sorted) {
    NavigableMap<String, CoveredPeriods> combined = new TreeMap<>();
    for (List<CoveredPeriods> alike :
        Stretch.neighbours(
            sorted,
            report.dateGrouping(),
            CoveredPeriods::period,
            CoveredPeriods::coversTo,
            c -> new Common(c.like, c.differs, c.sinks))) {
      CoveredPeriods first = alike.get(0);
      CoveredPeriods one =
          alike.size() == 1
              ? first
              : new CoveredPeriods(
                  first.period,
                  alike.get(alike.size() - 1).coversTo,
                  alike.stream().mapToLong(CoveredPeriods::periods).sum(),
                  first.like,
                  alike.stream().mapToLong(CoveredPeriods::rows).sum(),
                  null,
                  first.differs,
                  first.sinks);
      combined.put(one.key(report), one);
    }
    return combined;
  }

  /** What combined periods have in common. */
  private record Common(Likeness like, boolean differs, Set<String> sinks) {}

  /** Sets the periods with failed attempts apart from their neighbours. */
  static NavigableMap<String, CoveredPeriods> apart(
      Report report, NavigableMap<String, CoveredPeriods> covered, List<Attempt> attempts) {
    DateGrouping grouping = report.dateGrouping();
    if (grouping == DateGrouping.NONE) {
      return covered;
    }
    NavigableSet<LocalDate> failed =
        attempts.stream().map(Attempt::period).collect(Collectors.toCollection(TreeSet::new));
    NavigableMap<String, CoveredPeriods> apart = new TreeMap<>();
    for (CoveredPeriods all : covered.values()) {
      List<LocalDate> starts = new ArrayList<>(List.of(all.period));
      for (LocalDate period : failed.subSet(all.period, true, all.coversTo, true)) {
        starts.add(period);
        starts.add(grouping.periodEnd(period).plusDays(1));
      }
      List<LocalDate> from =
          starts.stream().filter(d -> !d.isAfter(all.coversTo)).distinct().toList();
      for (int i = 0; i < from.size(); i++) {
        LocalDate to = i + 1 < from.size() ? from.get(i + 1).minusDays(1) : all.coversTo;
        // Only the sum of the rows is shown, so the first part may keep them all.
        apart.put(
            key(report, from.get(i), to),
            from.size() == 1 ? all : all.part(from.get(i), to, i == 0 ? all.rows : 0, grouping));
      }
    }
    return apart;
  }

  /** Returns a part of these periods, with the given number of their rows. */
  private CoveredPeriods part(LocalDate from, LocalDate to, long ofRows, DateGrouping grouping) {
    return new CoveredPeriods(
        from,
        to,
        new DayRange(from, to).periods(grouping).count(),
        like,
        ofRows,
        null,
        differs,
        sinks);
  }
}
