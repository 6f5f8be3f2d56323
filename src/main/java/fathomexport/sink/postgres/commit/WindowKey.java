package fathomexport.sink.postgres.commit;

import fathomexport.report.DateGrouping;
import fathomexport.report.Window;
import fathomexport.sink.postgres.db.Parameters;
import java.sql.SQLException;
import java.time.LocalDate;

/** What a window's rows in the tables of the ledger are found by. */
record WindowKey(Window window) {
  /** Restricts a statement to the window's report, site and event; see {@link #bind}. */
  static final String IS = "report = ? AND site_id = ? AND event_name = ?";

  Parameters bind(Parameters p) throws SQLException {
    return p.text(window.report())
        .text(window.slice().site().value())
        .text(window.slice().eventKey());
  }

  /** Whether the window is one range of days, rather than a run of periods. */
  boolean isRange() {
    return window.dateGrouping() == DateGrouping.NONE;
  }

  /** The last day of a period of the window, measured or not. */
  LocalDate periodEnd(LocalDate period) {
    return isRange() ? window.days().last() : window.dateGrouping().periodEnd(period);
  }
}
