package fathomexport.sink;

import fathomexport.ledger.Attempt;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.RestatementReason;
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
 * Decides what a commit does with each period of a window, compares the rows to be stored with the
 * certificates, and provides the ledger entries to write. All sinks share this rule; the sinks
 * themselves only compare, write and read back.
 */
public final class CommitPlan {
  private final WindowLoad load;
  private final Map<LocalDate, Fate> fates = new LinkedHashMap<>();
  private final Map<LocalDate, StoredUnder> storedBefore;

  /** What a commit does with a period. */
  public enum Fate {
    /** The load's rows replace the stored ones. */
    STORE,
    /** The period is incomplete; older rows remain stored. */
    KEEP,
    /** The period is incomplete and nothing is stored. The ledger records that and the reason. */
    NOTE
  }

  /**
   * @param storedBefore the periods that are stored before the commit, according to the ledger, and
   *     the question that their rows answer
   */
  public CommitPlan(WindowLoad load, Map<LocalDate, StoredUnder> storedBefore) {
    this.load = load;
    this.storedBefore = Map.copyOf(storedBefore);
    for (PeriodCertificate c : load.periods()) {
      fates.put(c.period(), fate(c, this.storedBefore.containsKey(c.period())));
    }
  }

  private static Fate fate(PeriodCertificate c, boolean stored) {
    if (c.status() != CertificateStatus.INCOMPLETE || (c.storeIfAbsent() && !stored)) {
      return Fate.STORE;
    }
    return stored ? Fate.KEEP : Fate.NOTE;
  }

  /** Returns what the commit does with a period of the window. */
  public Fate fate(LocalDate period) {
    return Objects.requireNonNull(fates.get(period), "a period of the window");
  }

  /** Returns the periods whose rows are to be stored. */
  public SortedSet<LocalDate> replaced() {
    SortedSet<LocalDate> replaced = new TreeSet<>(fates.keySet());
    replaced.removeIf(p -> fate(p) != Fate.STORE);
    return replaced;
  }

  /**
   * Returns those of the changed periods that were stored before the commit. The others are new.
   */
  public SortedSet<LocalDate> restated(Collection<LocalDate> changed) {
    SortedSet<LocalDate> restated = new TreeSet<>(changed);
    restated.retainAll(storedBefore.keySet());
    return restated;
  }

  /**
   * Returns why the rows of a period that was stored before are replaced by others.
   *
   * @param countsChanged whether the number of rows or the sum of a counted measure differs
   */
  public RestatementReason reason(LocalDate period, boolean countsChanged) {
    return Objects.requireNonNull(storedBefore.get(period), "a period that was stored before")
        .reason(
            load.provenance(),
            load.periods().stream()
                .filter(c -> c.period().equals(period))
                .findFirst()
                .orElseThrow(),
            countsChanged);
  }

  /** Returns the result of the commit. */
  public CommitResult result(long rowsStored, Collection<LocalDate> changed) {
    return new CommitResult(
        rowsStored,
        changed.stream().sorted().toList(),
        fates.keySet().stream().filter(p -> fate(p) != Fate.STORE).toList());
  }

  // --- The check

  /** The sums over a period's rows as they would be stored. */
  @FunctionalInterface
  public interface Sums {
    /**
     * Returns the sum of a measure, or null if a certificate cannot hold the number; null agrees
     * with no certificate.
     */
    @Nullable BigDecimal of(String measure);
  }

  /**
   * A difference between a certificate and the rows that would be stored.
   *
   * @param what {@code rows}, or a measure
   */
  public record Disagreement(
      LocalDate period, String what, long certified, @Nullable BigDecimal found) {
    /** Returns the exception that refuses to store the rows. */
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
              + (found == null
                  ? "a sum that is too large for a certificate"
                  : found.toPlainString())
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

  // --- The ledger

  /**
   * Returns the entries that the commit writes. A kept period gets none, because its existing entry
   * describes the rows that remain stored.
   */
  public List<LedgerEntry> entries() {
    return load.periods().stream()
        .filter(c -> fate(c.period()) != Fate.KEEP)
        .map(this::entry)
        .toList();
  }

  /** Returns the entry of a period that the commit stores, or whose absence it records. */
  public LedgerEntry entry(PeriodCertificate c) {
    return new LedgerEntry(
        load.report().name(),
        load.window().slice(),
        c,
        load.provenance(),
        load.window().id(),
        fate(c.period()) == Fate.STORE);
  }

  /** Returns the failed attempts that the commit records: one per incomplete period. */
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

  /** Returns the periods whose earlier failed attempts are settled: all that are not incomplete. */
  public List<PeriodCertificate> succeeded() {
    return load.periods().stream().filter(c -> c.status() != CertificateStatus.INCOMPLETE).toList();
  }

  /**
   * Returns the rule for which quarantined rows the commit settles.
   *
   * @param failedBefore the windows with open failed attempts, before the commit, at periods of the
   *     committed window
   * @param failedNow the windows of the report, site and event with open failed attempts, after the
   *     commit
   */
  public Settlement settlement(Set<String> failedBefore, Set<String> failedNow) {
    return new Settlement(load, failedBefore, failedNow);
  }
}
