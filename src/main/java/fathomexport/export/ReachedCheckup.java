package fathomexport.export;

import fathomexport.api.Reached;
import fathomexport.run.FailureKind;
import fathomexport.run.WrongClockException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Looks at the clock and the certificate of a server that has answered. */
final class ReachedCheckup {
  private static final Duration CERTIFICATE_ENDS_SOON = Duration.ofDays(14);

  private ReachedCheckup() {}

  /** Compares this machine's clock with the server's, and looks how long the certificate lasts. */
  static void reached(Reached way, Findings findings) {
    if (WrongClockException.isTooFar(way)) {
      findings.failed("clock", FailureKind.CONFIGURATION, WrongClockException.words(way));
    } else if (way.serverTime() != null) {
      findings.ok("clock", WrongClockException.words(way));
    }
    Instant until = way.validUntil();
    if (until == null) {
      findings.ok("certificate", "none: the API is on this machine, over plain HTTP");
    } else {
      String words = way.certificate() + "; valid until " + until.truncatedTo(ChronoUnit.SECONDS);
      if (until.isBefore(way.at().plus(CERTIFICATE_ENDS_SOON))) {
        findings.warning("certificate", words + ": runs fail from then on");
      } else {
        findings.ok("certificate", words);
      }
    }
  }
}
