package fathomexport.inspect;

import fathomexport.ledger.CertificateStatus;
import fathomexport.report.DateGrouping;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.Slice;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Decides the states of a slice's periods, and combines neighbours of the same state. */
final class CoverageSpans {
  private final SiteZones zones;
  private final Retired retired;

  CoverageSpans(SiteZones zones, Retired retired) {
    this.zones = zones;
    this.retired = retired;
  }

  /**
   * Combines neighbouring periods of the same state. Missing periods between them become spans,
   * too.
   */
  List<StatusOverview.Span> of(
      Report report,
      Slice slice,
      NavigableMap<String, CoveredPeriods> cells,
      Set<String> failedKeys,
      @Nullable LocalDate first,
      NavigableMap<String, CoveredPeriods> lacking) {
    List<StatusOverview.Span> spans = new ArrayList<>();
    boolean byRange = report.dateGrouping() == DateGrouping.NONE;
    if (cells.isEmpty() && first != null) {
      // No sink has what the others have: all of it is missing.
      CoveredPeriods last = Objects.requireNonNull(lacking.lastEntry()).getValue();
      add(spans, first, last.coversTo(), PeriodState.MISSING, false);
    }
    for (Map.Entry<String, CoveredPeriods> e : cells.entrySet()) {
      CoveredPeriods cell = e.getValue();
      StatusOverview.Span before = spans.isEmpty() ? null : spans.get(spans.size() - 1);
      LocalDate due =
          before == null
              ? first == null || cell.period().isBefore(first) ? cell.period() : first
              : report.dateGrouping().periodEnd(before.last()).plusDays(1);
      // Days that no run queries are not missing.
      LocalDate from =
          due.isBefore(Site.FIRST_ACCURATE_DAY)
              ? report.dateGrouping().periodStart(Site.FIRST_ACCURATE_DAY)
              : due;
      if (!byRange && from.isBefore(cell.period())) {
        add(spans, from, cell.period().minusDays(1), PeriodState.MISSING, false);
      }
      PeriodState state =
          failedKeys.contains(e.getKey()) ? PeriodState.INCOMPLETE : state(report, slice, cell);
      add(spans, cell.period(), cell.coversTo(), state, byRange);
    }
    return List.copyOf(spans);
  }

  private static void add(
      List<StatusOverview.Span> spans,
      LocalDate first,
      LocalDate last,
      PeriodState state,
      boolean apart) {
    int end = spans.size() - 1;
    if (!apart
        && end >= 0
        && spans.get(end).state() == state
        && spans.get(end).last().plusDays(1).equals(first)) {
      spans.set(end, new StatusOverview.Span(spans.get(end).first(), last, state));
    } else {
      spans.add(new StatusOverview.Span(first, last, state));
    }
  }

  private PeriodState state(Report report, Slice slice, CoveredPeriods cell) {
    if (cell.status() == CertificateStatus.INCOMPLETE) {
      return PeriodState.INCOMPLETE;
    }
    if (stale(report, slice, cell)) {
      return PeriodState.STALE;
    }
    if (cell.partial()) {
      return retired.hasEnded(slice) ? PeriodState.INCOMPLETE : PeriodState.PROVISIONAL;
    }
    if (cell.status() == CertificateStatus.UNCERTIFIED) {
      return PeriodState.UNCERTIFIED;
    }
    return cell.nothing() ? PeriodState.NOTHING : PeriodState.CERTIFIED;
  }

  /** Returns whether a period will never be whole, since its site or event is retired. */
  boolean hasEnded(Report report, Slice slice, CoveredPeriods cell) {
    return cell.partial() && retired.hasEnded(slice) && !stale(report, slice, cell);
  }

  /** Returns whether something was fetched under another definition or in another zone. */
  boolean stale(Report report, Slice slice, CoveredPeriods cell) {
    return !cell.like().definition().equals(report.definition())
        || zones.movedFrom(slice.site(), cell.like().zone());
  }
}
