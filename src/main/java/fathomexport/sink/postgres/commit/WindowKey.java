package fathomexport.sink.postgres.commit;

import fathomexport.report.DateGrouping;
import fathomexport.report.Window;
import fathomexport.sink.postgres.db.Parameters;
import java.sql.SQLException;
import java.time.LocalDate;

/** The key of a window's rows in the ledger's tables. */
record WindowKey(Window window) {
  /** Restricts a statement to the window's report, site and event; see {@link #bind}. */
  static final String IS = "report = ? AND site_id = ? AND event_name = ?";

  Parameters bind(Parameters p) throws SQLException {
    return p.text(window.report())
        .text(window.slice().site().value())
        .text(window.slice().eventKey());
  }

  /** Returns whether the window is one range of days, rather than a sequence of periods. */
  boolean isRange() {
    return window.dateGrouping() == DateGrouping.NONE;
  }

  /** Returns the last day of a period of the window, whether it is measured or not. */
  LocalDate periodEnd(LocalDate period) {
    return isRange() ? window.days().last() : window.dateGrouping().periodEnd(period);
  }
}
