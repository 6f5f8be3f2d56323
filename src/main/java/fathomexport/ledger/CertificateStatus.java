package fathomexport.ledger;

import java.util.Locale;

/** How surely a period's rows are complete. */
public enum CertificateStatus {
  /** The control total and the sum over the rows agree. */
  CERTIFIED,
  /** No control was possible. */
  UNCERTIFIED,
  /** The numbers disagree, or rows could not be had or typed. */
  INCOMPLETE;

  /** How it is written in tables, metadata and output. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static CertificateStatus ofLabel(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }
}
