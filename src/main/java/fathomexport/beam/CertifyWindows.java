package fathomexport.beam;

import fathomexport.certify.Certifier;
import fathomexport.fetch.Fetched;
import fathomexport.fetch.SpillDirectory;
import fathomexport.plan.FetchTask;
import fathomexport.run.ExportSpec;
import fathomexport.run.WindowOutcome;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.Map;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.values.TupleTag;

/** Compares each period's sums with the control totals. */
final class CertifyWindows extends DoFn<Typed, Certified> {
  private static final long serialVersionUID = 1L;

  private final ExportSpec spec;
  private final TupleTag<WindowOutcome> failures;

  CertifyWindows(ExportSpec spec, TupleTag<WindowOutcome> failures) {
    this.spec = spec;
    this.failures = failures;
  }

  @ProcessElement
  public void certify(@Element Typed typed, MultiOutputReceiver out) {
    Certified certified;
    try {
      certified = certify(typed);
    } catch (RuntimeException e) {
      RunServices run = RunServices.of(spec);
      FetchTask task = typed.fetched().task();
      WindowOutcome outcome =
          run.failed(task.window(typed.report()), typed.fetched().requestsOf(typed.report()), e);
      SpillDirectory.drop(typed.rows());
      run.ended(outcome);
      out.get(failures).output(outcome);
      return;
    }
    out.get(ExportPipeline.CERTIFIED).output(certified);
  }

  private static Certified certify(Typed typed) {
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
    return new Certified(
        typed,
        Certifier.certify(
            fetched.task().window(typed.report()),
            typed.report().entity(),
            typed.sums(),
            typed.digests(),
            fetched.control(),
            fetched.noControl(),
            faults));
  }
}
