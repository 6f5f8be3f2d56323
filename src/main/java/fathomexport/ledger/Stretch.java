package fathomexport.ledger;

import fathomexport.report.DateGrouping;
import fathomexport.report.Digests;
import fathomexport.report.Slice;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
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
 *     hold the same rows. It is the sum of what {@link #digest} makes of each period, so that
 *     stretches can be joined without the digests of their periods; 0 if it was not asked for
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
    long digest) {

  /** What stands in the digest for a period without one. */
  private static final String NO_DIGEST = "-";

  /** Returns what the stretch's periods have in common. */
  public Likeness like() {
    return new Likeness(partial, empty, status, definition, zone);
  }

  /** Returns whether another sink's stretch holds the same, whenever it was fetched. */
  public boolean sameAs(Stretch other) {
    return slice.equals(other.slice)
        && first.equals(other.first)
        && coversTo.equals(other.coversTo)
        && stored == other.stored
        && like().equals(other.like())
        && periods == other.periods
        && rows == other.rows
        && digest == other.digest;
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
    return neighbours(
            sorted,
            grouping,
            e -> e.certificate().period(),
            e -> e.certificate().coversTo(),
            e -> new Common(e.slice(), e.stored(), Likeness.of(e, grouping)))
        .stream()
        .map(alike -> combined(alike, grouping))
        .toList();
  }

  /** Joins the stretches of neighbouring days: to what {@link #of} makes of all their entries. */
  public static List<Stretch> joined(List<Stretch> parts, DateGrouping grouping) {
    List<Stretch> sorted = new ArrayList<>(parts);
    sorted.sort(
        Comparator.comparing((Stretch s) -> s.slice().site())
            .thenComparing(s -> s.slice().eventKey())
            .thenComparing(Stretch::first)
            .thenComparing(Stretch::coversTo));
    return neighbours(
            sorted,
            grouping,
            Stretch::first,
            Stretch::coversTo,
            s -> new Common(s.slice(), s.stored(), s.like()))
        .stream()
        .map(alike -> alike.stream().reduce(Stretch::followedBy).orElseThrow())
        .toList();
  }

  private Stretch followedBy(Stretch next) {
    return new Stretch(
        slice,
        first,
        next.coversTo,
        partial,
        status,
        stored,
        empty,
        definition,
        zone,
        periods + next.periods,
        rows + next.rows,
        next.fetchedAt.isAfter(fetchedAt) ? next.fetchedAt : fetchedAt,
        digest + next.digest);
  }

  /** What the entries of a stretch have in common. */
  private record Common(Slice slice, boolean stored, Likeness like) {}

  /**
   * Divides periods into runs of neighbours of one kind. This is the rule for all that overviews
   * combine: the entries of one ledger, and the periods that several sinks hold. Periods without a
   * date grouping may overlap, so each of them is a run.
   *
   * @param sorted the periods in the order of their days
   * @param kind what must be equal within a run
   */
  public static <T> List<List<T>> neighbours(
      Collection<T> sorted,
      DateGrouping grouping,
      Function<T, LocalDate> first,
      Function<T, LocalDate> coversTo,
      Function<T, ?> kind) {
    List<List<T>> runs = new ArrayList<>();
    @Nullable T before = null;
    for (T period : sorted) {
      boolean continues =
          before != null
              && grouping != DateGrouping.NONE
              && coversTo.apply(before).plusDays(1).equals(first.apply(period))
              && kind.apply(before).equals(kind.apply(period));
      if (!continues) {
        runs.add(new ArrayList<>());
      }
      runs.get(runs.size() - 1).add(period);
      before = period;
    }
    return runs;
  }

  private static Stretch combined(List<LedgerEntry> alike, DateGrouping grouping) {
    LedgerEntry first = alike.get(0);
    long digest = 0;
    long rows = 0;
    Instant fetchedAt = first.provenance().fetchedAt();
    for (LedgerEntry entry : alike) {
      digest += digest(entry.certificate());
      rows += entry.certificate().rows();
      Instant at = entry.provenance().fetchedAt();
      fetchedAt = at.isAfter(fetchedAt) ? at : fetchedAt;
    }
    Likeness like = Likeness.of(first, grouping);
    return new Stretch(
        first.slice(),
        first.certificate().period(),
        alike.get(alike.size() - 1).certificate().coversTo(),
        like.partial(),
        like.status(),
        first.stored(),
        like.empty(),
        like.definition(),
        like.zone(),
        alike.size(),
        rows,
        fetchedAt,
        digest);
  }

  /** Returns the first 64 bits of the SHA-256 of the period's day and the digest of its rows. */
  private static long digest(PeriodCertificate certificate) {
    String rows = certificate.digest() == null ? NO_DIGEST : certificate.digest();
    return Digests.bits(certificate.period().toEpochDay() + " " + rows);
  }
}
