package fathomexport.ledger;

import java.util.Locale;

/** How reliably the rows of a period are known to be complete. */
public enum CertificateStatus {
  /** The control total and the sum over the rows agree. */
  CERTIFIED,
  /** No control query was possible. */
  UNCERTIFIED,
  /** The numbers disagree, or rows could not be fetched or typed. */
  INCOMPLETE;

  /** Returns the lower-case name for tables, metadata and output. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static CertificateStatus ofLabel(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }
}
