package fathomexport.beam;

import fathomexport.fetch.WindowFetcher;
import fathomexport.ledger.LedgerEntry;
import fathomexport.report.Report;
import fathomexport.report.Window;
import fathomexport.run.WindowOutcome;
import fathomexport.sink.WindowConfirmation;
import java.util.function.Consumer;

/** Notes in the ledgers what a control has confirmed, and says how each report's window ended. */
final class ConfirmWindows {
  private ConfirmWindows() {}

  static void confirm(
      RunServices run, WindowFetcher.Piece.Confirmed piece, Consumer<WindowOutcome> ended) {
    LedgerEntry.Confirmed by = new LedgerEntry.Confirmed(piece.at(), run.runId());
    int requests = piece.requests();
    for (Report report : piece.task().reports()) {
      Window window = piece.task().window(report);
      ended.accept(confirm(run, piece, report, window, requests, by));
      requests = 0;
    }
  }

  private static WindowOutcome confirm(
      RunServices run,
      WindowFetcher.Piece.Confirmed piece,
      Report report,
      Window window,
      int requests,
      LedgerEntry.Confirmed by) {
    try {
      run.sinks().confirm(new WindowConfirmation(window, report, piece.answers(), by));
      return new WindowOutcome(window.toString(), null, "", true, 0, 0, 0)
          .with(new WindowOutcome.Periods(piece.answers().size(), 0, 0))
          .about(window, requests);
    } catch (RuntimeException e) {
      return run.failed(window, requests, e);
    }
  }
}
