package fathomexport.sink.postgres.commit;

import fathomexport.report.rows.RowReader;
import fathomexport.report.rows.RowSource;
import fathomexport.sink.OwnRows;
import fathomexport.sink.SinkException;
import fathomexport.sink.WindowLoad;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Copies a load's rows into a table: those of the periods that are to be stored. */
final class WindowRows {
  private final WindowLoad load;

  WindowRows(WindowLoad load) {
    this.load = load;
  }

  /**
   * Copies the rows of these periods into the table.
   *
   * @return the periods of the copied rows
   * @throws SinkException {@code INTEGRITY} if a row does not belong to the window
   * @throws IOException if the spool cannot be read
   */
  SortedSet<LocalDate> copyInto(Connection connection, String table, Set<LocalDate> periods)
      throws SQLException, IOException {
    SortedSet<LocalDate> copied = new TreeSet<>();
    OwnRows own = new OwnRows(load);
    RowReader reader = new RowReader(load.report().schema());
    BinaryCopy copy = new BinaryCopy(connection, table, load.report().schema());
    boolean finished = false;
    try (RowSource rows = load.rows().read()) {
      @Nullable LocalDate current = null;
      boolean wanted = false;
      while (rows.next()) {
        reader.read(rows.buffer(), rows.length());
        LocalDate period = own.period(reader);
        if (!period.equals(current)) {
          current = period;
          wanted = periods.contains(period);
          if (wanted) {
            copied.add(period);
          }
        }
        if (wanted) {
          copy.row(reader);
        }
      }
      copy.finish();
      finished = true;
    } finally {
      if (!finished) {
        copy.cancel();
      }
    }
    return copied;
  }
}
