package fathomexport.pipeline;

import fathomexport.certify.Certifier;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.Map;
import org.apache.beam.sdk.transforms.DoFn;

/** Compares each period's sums with the control totals. */
final class CertifyWindows extends DoFn<Typed, Certified> {
  private static final long serialVersionUID = 1L;

  @ProcessElement
  public void certify(@Element Typed typed, OutputReceiver<Certified> out) {
    Fetched fetched = typed.fetched();
    Map<LocalDate, Certifier.Fault> faults = new HashMap<>();
    typed
        .refused()
        .forEach(
            (period, refused) ->
                faults.put(
                    period,
                    new Certifier.Fault(
                        refused.rows() + " rows could not be typed, such as: " + refused.first(),
                        false)));
    faults.putAll(fetched.faults());
    out.output(
        new Certified(
            typed,
            Certifier.certify(
                fetched.task().window(typed.report()),
                typed.report().entity(),
                typed.sums(),
                typed.digests(),
                fetched.control(),
                fetched.noControl(),
                faults)));
  }
}
