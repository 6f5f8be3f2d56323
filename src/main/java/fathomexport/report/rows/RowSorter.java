package fathomexport.report.rows;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Sorts encoded rows by their bytes, and so by their cells in column order. Sorts runs of bounded
 * size in memory; spills and merges them if there are several. Duplicates are kept.
 */
public final class RowSorter implements Closeable {
  private static final long RUN_BYTES = 16L << 20;
  private static final int PER_ROW_OVERHEAD = 24;

  private final Path directory;
  private final long runBytes;
  private final List<byte[]> current = new ArrayList<>();
  private final List<RowSpool> runs = new ArrayList<>();
  private long currentBytes;

  public RowSorter(Path directory) {
    this(directory, RUN_BYTES);
  }

  RowSorter(Path directory, long runBytes) {
    this.directory = directory;
    this.runBytes = runBytes;
  }

  public void add(byte[] row, int length) throws IOException {
    current.add(Arrays.copyOf(row, length));
    currentBytes += length + PER_ROW_OVERHEAD;
    if (currentBytes >= runBytes) {
      spillRun();
    }
  }

  /** Appends all added rows to the spool in order, and empties the sorter. */
  public void drainTo(RowSpool out) throws IOException {
    if (runs.isEmpty()) {
      current.sort(Arrays::compareUnsigned);
      for (byte[] row : current) {
        out.append(row, row.length);
      }
      reset();
      return;
    }
    spillRun();
    PriorityQueue<Head> heads = new PriorityQueue<>();
    List<RowSource> sources = new ArrayList<>();
    try {
      for (RowSpool run : runs) {
        RowSource source = run.read();
        sources.add(source);
        if (source.next()) {
          heads.add(new Head(source));
        }
      }
      Head head;
      while ((head = heads.poll()) != null) {
        out.append(head.source.buffer(), head.source.length());
        if (head.source.next()) {
          heads.add(head);
        }
      }
    } finally {
      for (RowSource source : sources) {
        source.close();
      }
    }
    reset();
  }

  private void spillRun() throws IOException {
    if (current.isEmpty()) {
      return;
    }
    current.sort(Arrays::compareUnsigned);
    RowSpool run = new RowSpool(directory);
    runs.add(run);
    for (byte[] row : current) {
      run.append(row, row.length);
    }
    current.clear();
    currentBytes = 0;
  }

  private void reset() {
    current.clear();
    currentBytes = 0;
    runs.forEach(RowSpool::close);
    runs.clear();
  }

  @Override
  public void close() {
    reset();
  }

  private record Head(RowSource source) implements Comparable<Head> {
    @Override
    public int compareTo(Head other) {
      return Arrays.compareUnsigned(
          source.buffer(), 0, source.length(), other.source.buffer(), 0, other.source.length());
    }
  }
}
