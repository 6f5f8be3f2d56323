package fathomexport.beam;

import fathomexport.ledger.PeriodCertificate;
import java.io.Serializable;
import java.util.List;

/** A typed window with the certificates of its periods. */
record Certified(Typed typed, List<PeriodCertificate> periods) implements Serializable {
  Certified {
    periods = List.copyOf(periods);
  }
}
