package fathomexport.ledger;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Slice;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the certified periods of a slice within a month or year add up to: of those that were
 * fetched under one definition and in one zone, and were over then.
 *
 * @param first first day of the month or year
 * @param from first day of the first of the periods
 * @param to last day of the last of them
 * @param days number of days that the periods cover: fewer than from the first to the last where
 *     some lack
 * @param pageviews the sum of their pageviews
 * @param knownAt when the newest of them was fetched or confirmed
 */
public record PeriodSum(
    Slice slice,
    LocalDate first,
    String definition,
    @Nullable String zone,
    LocalDate from,
    LocalDate to,
    long days,
    long pageviews,
    Instant knownAt) {

  /** What is added up. */
  private record Key(Slice slice, LocalDate first, String definition, @Nullable String zone) {}

  /**
   * Adds up entries of one report, in no particular order. The sums are in the order of the first
   * entry of each.
   *
   * @param grouping the report's
   * @param unit month or year
   */
  public static List<PeriodSum> of(
      Collection<LedgerEntry> entries, DateGrouping grouping, DateGrouping unit) {
    Map<Key, PeriodSum> sums = new LinkedHashMap<>();
    for (LedgerEntry entry : entries) {
      PeriodCertificate certificate = entry.certificate();
      Long pageviews = certificate.sums().get(Aggregate.PAGEVIEWS);
      LocalDate end = grouping.periodEnd(certificate.period());
      if (entry.stored()
          && certificate.status() == CertificateStatus.CERTIFIED
          && certificate.coversTo().equals(end)
          && pageviews != null) {
        LocalDate first = unit.periodStart(certificate.period());
        String definition = entry.provenance().definition();
        String zone = entry.provenance().zone();
        sums.merge(
            new Key(entry.slice(), first, definition, zone),
            new PeriodSum(
                entry.slice(),
                first,
                definition,
                zone,
                certificate.period(),
                end,
                new DayRange(certificate.period(), end).days(),
                pageviews,
                entry.knownAt()),
            PeriodSum::plus);
      }
    }
    return new ArrayList<>(sums.values());
  }

  /**
   * Adds up sums of one report by month, each of other periods than the others: to what {@link #of}
   * makes of the entries of all of them.
   *
   * @param unit month or year
   */
  public static List<PeriodSum> joined(Collection<PeriodSum> months, DateGrouping unit) {
    Map<Key, PeriodSum> sums = new LinkedHashMap<>();
    for (PeriodSum month : months) {
      PeriodSum part = month.within(unit);
      sums.merge(
          new Key(part.slice, part.first, part.definition, part.zone), part, PeriodSum::plus);
    }
    return new ArrayList<>(sums.values());
  }

  /** Returns the sum as a part of the month or year that contains it. */
  private PeriodSum within(DateGrouping unit) {
    return new PeriodSum(
        slice, unit.periodStart(first), definition, zone, from, to, days, pageviews, knownAt);
  }

  private PeriodSum plus(PeriodSum other) {
    return new PeriodSum(
        slice,
        first,
        definition,
        zone,
        other.from.isBefore(from) ? other.from : from,
        other.to.isAfter(to) ? other.to : to,
        days + other.days,
        pageviews + other.pageviews,
        other.knownAt.isAfter(knownAt) ? other.knownAt : knownAt);
  }
}
