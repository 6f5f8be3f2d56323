package fathomexport.sink.parquet.file;

import fathomexport.report.rows.RowReader;
import fathomexport.report.rows.RowSource;
import java.io.Closeable;
import java.io.IOException;
import java.util.Arrays;

/** Streams a window's rows with nulls appended for the columns that only the file has. */
public final class WidenedRows implements Closeable {
  private final RowSource source;
  private byte[] wide = new byte[512];

  public WidenedRows(RowSource source) {
    this.source = source;
  }

  public boolean next() throws IOException {
    return source.next();
  }

  /** Points a reader of the report's columns at the row. */
  public RowReader read(RowReader narrow) {
    return narrow.read(source.buffer(), source.length());
  }

  /**
   * Points a reader of the file's columns at the row.
   *
   * @return the length of the row in that reader, in bytes
   */
  public int read(RowReader target, int extraColumns) {
    int length = source.length() + extraColumns;
    if (extraColumns == 0) {
      target.read(source.buffer(), length);
      return length;
    }
    if (wide.length < length) {
      wide = new byte[2 * length];
    }
    System.arraycopy(source.buffer(), 0, wide, 0, source.length());
    Arrays.fill(wide, source.length(), length, (byte) 0);
    target.read(wide, length);
    return length;
  }

  @Override
  public void close() throws IOException {
    source.close();
  }
}
