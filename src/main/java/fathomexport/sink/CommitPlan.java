package fathomexport.sink;

import fathomexport.ledger.Attempt;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.report.Aggregate;
import fathomexport.report.Window;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Decides what a commit makes of each period of a window, checks what would be stored against the
 * certificates, and says what the ledger's books hold afterwards: the one rule of all sinks, which
 * only compare, write and read back.
 */
public final class CommitPlan {
  private final WindowLoad load;
  private final Map<LocalDate, Fate> fates = new LinkedHashMap<>();
  private final Set<LocalDate> storedBefore;

  /** What a commit does with a period. */
  public enum Fate {
    /** The load's rows replace what is stored. */
    STORE,
    /** The period is incomplete, and the older rows that are stored stand. */
    KEEP,
    /** The period is incomplete and nothing is stored: that, and why, is noted. */
    NOTE
  }

  /**
   * @param storedBefore the periods that the ledger calls stored, before the commit
   */
  public CommitPlan(WindowLoad load, Collection<LocalDate> storedBefore) {
    this.load = load;
    this.storedBefore = Set.copyOf(storedBefore);
    for (PeriodCertificate c : load.periods()) {
      fates.put(c.period(), fate(c, this.storedBefore.contains(c.period())));
    }
  }

  private static Fate fate(PeriodCertificate c, boolean stored) {
    if (c.status() != CertificateStatus.INCOMPLETE || (c.storeIfAbsent() && !stored)) {
      return Fate.STORE;
    }
    return stored ? Fate.KEEP : Fate.NOTE;
  }

  /** What is done with a period of the window. */
  public Fate fate(LocalDate period) {
    return Objects.requireNonNull(fates.get(period), "a period of the window");
  }

  /** The periods whose rows are to be stored. */
  public SortedSet<LocalDate> replaced() {
    SortedSet<LocalDate> replaced = new TreeSet<>(fates.keySet());
    replaced.removeIf(p -> fate(p) != Fate.STORE);
    return replaced;
  }

  /** Of these periods, whose rows have changed, those that were stored before: the rest is new. */
  public SortedSet<LocalDate> restated(Collection<LocalDate> changed) {
    SortedSet<LocalDate> restated = new TreeSet<>(changed);
    restated.retainAll(storedBefore);
    return restated;
  }

  /** What the commit reports. */
  public CommitResult result(long rowsStored, Collection<LocalDate> changed) {
    return new CommitResult(
        rowsStored,
        changed.stream().sorted().toList(),
        fates.keySet().stream().filter(p -> fate(p) != Fate.STORE).toList());
  }

  // --- The check

  /** The sums of a period's rows as they would be stored. */
  @FunctionalInterface
  public interface Sums {
    /** Null when the sum is no number that a certificate could hold: it agrees with none. */
    @Nullable BigDecimal of(String measure);
  }

  /**
   * A certificate that does not speak of the rows that would be stored.
   *
   * @param what rows, or a measure
   */
  public record Disagreement(
      LocalDate period, String what, long certified, @Nullable BigDecimal found) {
    /** The refusal to store such rows. */
    public SinkException integrity(Window window) {
      return new SinkException(
          SinkException.Kind.INTEGRITY,
          "window "
              + window
              + ": "
              + period
              + " was certified with "
              + what
              + " "
              + certified
              + " and would be stored with "
              + (found == null ? "a sum that no certificate can hold" : found.toPlainString())
              + "; nothing was stored",
          null);
    }
  }

  /** Compares a period's rows, as they would be stored, with its certificate. */
  public Optional<Disagreement> check(PeriodCertificate c, long rows, Sums sums) {
    if (rows != c.rows()) {
      return Optional.of(new Disagreement(c.period(), "rows", c.rows(), BigDecimal.valueOf(rows)));
    }
    for (Aggregate a : load.report().aggregates()) {
      Long certified = c.sums().get(a);
      if (certified == null || !a.additive()) {
        continue;
      }
      BigDecimal found = sums.of(a.apiName());
      if (found == null || found.compareTo(BigDecimal.valueOf(certified)) != 0) {
        return Optional.of(new Disagreement(c.period(), a.apiName(), certified, found));
      }
    }
    return Optional.empty();
  }

  // --- The books

  /**
   * The entries that the commit writes: of a kept period none, since its entry speaks of the rows
   * that stand.
   */
  public List<LedgerEntry> entries() {
    return load.periods().stream()
        .filter(c -> fate(c.period()) != Fate.KEEP)
        .map(this::entry)
        .toList();
  }

  /** The entry of a period whose rows, or lack of rows, the commit writes. */
  public LedgerEntry entry(PeriodCertificate c) {
    return new LedgerEntry(
        load.report().name(),
        load.window().slice(),
        c,
        load.provenance(),
        load.window().id(),
        fate(c.period()) == Fate.STORE);
  }

  /** The failed attempts that the commit notes: one for each incomplete period. */
  public List<Attempt> attempts() {
    List<Attempt> attempts = new ArrayList<>();
    for (PeriodCertificate c : load.periods()) {
      if (c.status() == CertificateStatus.INCOMPLETE) {
        attempts.add(
            new Attempt(
                load.report().name(),
                load.window().slice(),
                c.period(),
                c.coversTo(),
                load.window().id(),
                load.provenance().fetchedAt(),
                load.provenance().runId(),
                Objects.requireNonNullElse(c.reason(), ""),
                fate(c.period()) == Fate.KEEP));
      }
    }
    return attempts;
  }

  /** The periods whose earlier failed attempts are settled: all that are not incomplete. */
  public List<PeriodCertificate> succeeded() {
    return load.periods().stream().filter(c -> c.status() != CertificateStatus.INCOMPLETE).toList();
  }

  /**
   * Which quarantined rows the commit settles.
   *
   * @param failedBefore the windows with open failed attempts, before the commit, at periods of the
   *     committed window
   * @param failedNow the windows of the report, site and event with open failed attempts, after it
   */
  public Settlement settlement(Set<String> failedBefore, Set<String> failedNow) {
    return new Settlement(load, failedBefore, failedNow);
  }
}
