package fathomexport.ledger;

import fathomexport.report.DateGrouping;
import org.jspecify.annotations.Nullable;

/**
 * What neighbouring periods must have in common to be shown as one.
 *
 * @param partial whether the period was not over when it was measured
 * @param empty whether the period has no rows
 * @param definition the definition of the report that the rows were fetched under; empty if sinks
 *     differ in it
 */
public record Likeness(
    boolean partial,
    boolean empty,
    CertificateStatus status,
    String definition,
    @Nullable String zone) {

  /** Returns what an entry of a ledger says of its period. */
  public static Likeness of(LedgerEntry entry, DateGrouping grouping) {
    PeriodCertificate c = entry.certificate();
    return new Likeness(
        grouping != DateGrouping.NONE && c.coversTo().isBefore(grouping.periodEnd(c.period())),
        c.rows() == 0,
        c.status(),
        entry.provenance().definition(),
        entry.provenance().zone());
  }

  /** Combines what two sinks hold of the same period: the worst of each counts. */
  public Likeness plus(Likeness other) {
    return new Likeness(
        partial || other.partial,
        empty && other.empty,
        status.compareTo(other.status) > 0 ? status : other.status,
        definition.equals(other.definition) ? definition : "",
        zone);
  }
}
