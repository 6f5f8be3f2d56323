package fathomexport.ledger;

import fathomexport.report.DateGrouping;
import fathomexport.report.Digests;
import fathomexport.report.Slice;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Neighbouring periods of a slice that are alike in all that an overview shows. A history of years
 * is a few stretches, so an overview of many sites need not read every period.
 *
 * @param first first day of the first period
 * @param coversTo last measured day of the last period
 * @param partial whether the period was not over when it was measured; such a period is a separate
 *     stretch
 * @param stored whether the periods are stored, as {@link LedgerEntry#stored()} defines it
 * @param empty whether the periods have no rows
 * @param periods number of periods
 * @param rows number of rows in all periods together
 * @param fetchedAt when the newest of the periods was fetched
 * @param digest a digest of the periods' own digests: two sinks whose stretches have equal digests
 *     hold the same rows
 */
public record Stretch(
    Slice slice,
    LocalDate first,
    LocalDate coversTo,
    boolean partial,
    CertificateStatus status,
    boolean stored,
    boolean empty,
    String definition,
    @Nullable String zone,
    long periods,
    long rows,
    Instant fetchedAt,
    String digest) {

  /** What stands in the digest for a period without one. */
  private static final String NO_DIGEST = "-";

  /** Returns whether another sink's stretch holds the same, whenever it was fetched. */
  public boolean sameAs(Stretch other) {
    return slice.equals(other.slice)
        && first.equals(other.first)
        && coversTo.equals(other.coversTo)
        && partial == other.partial
        && status == other.status
        && stored == other.stored
        && empty == other.empty
        && definition.equals(other.definition)
        && Objects.equals(zone, other.zone)
        && periods == other.periods
        && rows == other.rows
        && digest.equals(other.digest);
  }

  /**
   * Combines entries into stretches, in the order of their slices and days.
   *
   * @param entries the entries of one report
   */
  public static List<Stretch> of(List<LedgerEntry> entries, DateGrouping grouping) {
    List<LedgerEntry> sorted = new ArrayList<>(entries);
    sorted.sort(
        Comparator.comparing((LedgerEntry e) -> e.slice().site())
            .thenComparing(e -> e.slice().eventKey())
            .thenComparing(e -> e.certificate().period())
            .thenComparing(e -> e.certificate().coversTo()));
    List<Stretch> stretches = new ArrayList<>();
    List<LedgerEntry> alike = new ArrayList<>();
    for (LedgerEntry entry : sorted) {
      if (!alike.isEmpty() && !continues(alike.get(alike.size() - 1), entry, grouping)) {
        stretches.add(combined(alike, grouping));
        alike.clear();
      }
      alike.add(entry);
    }
    if (!alike.isEmpty()) {
      stretches.add(combined(alike, grouping));
    }
    return stretches;
  }

  private static boolean continues(LedgerEntry before, LedgerEntry entry, DateGrouping grouping) {
    PeriodCertificate a = before.certificate();
    PeriodCertificate b = entry.certificate();
    return grouping != DateGrouping.NONE
        && before.slice().equals(entry.slice())
        && a.coversTo().plusDays(1).equals(b.period())
        && partial(before, grouping) == partial(entry, grouping)
        && a.status() == b.status()
        && before.stored() == entry.stored()
        && (a.rows() == 0) == (b.rows() == 0)
        && before.provenance().definition().equals(entry.provenance().definition())
        && Objects.equals(before.provenance().zone(), entry.provenance().zone());
  }

  private static boolean partial(LedgerEntry entry, DateGrouping grouping) {
    PeriodCertificate c = entry.certificate();
    return grouping != DateGrouping.NONE && c.coversTo().isBefore(grouping.periodEnd(c.period()));
  }

  private static Stretch combined(List<LedgerEntry> alike, DateGrouping grouping) {
    LedgerEntry first = alike.get(0);
    StringBuilder digests = new StringBuilder();
    long rows = 0;
    Instant fetchedAt = first.provenance().fetchedAt();
    for (LedgerEntry entry : alike) {
      String digest = entry.certificate().digest();
      digests.append(digests.isEmpty() ? "" : " ").append(digest == null ? NO_DIGEST : digest);
      rows += entry.certificate().rows();
      Instant at = entry.provenance().fetchedAt();
      fetchedAt = at.isAfter(fetchedAt) ? at : fetchedAt;
    }
    return new Stretch(
        first.slice(),
        first.certificate().period(),
        alike.get(alike.size() - 1).certificate().coversTo(),
        partial(first, grouping),
        first.certificate().status(),
        first.stored(),
        first.certificate().rows() == 0,
        first.provenance().definition(),
        first.provenance().zone(),
        alike.size(),
        rows,
        fetchedAt,
        Digests.hex(digests.toString()));
  }
}
