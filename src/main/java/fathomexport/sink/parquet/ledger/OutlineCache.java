package fathomexport.sink.parquet.ledger;

import fathomexport.sink.parquet.file.Layout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The outlines of files that were found to be sound, with the states that the files had then: those
 * that this process has made, and those that an earlier run has saved. Thread-safe.
 */
public final class OutlineCache {
  private static final Logger LOG = LoggerFactory.getLogger(OutlineCache.class);

  /**
   * Outlines are kept until they have so many stretches and sums together. A night plans and
   * updates dimensions from the outlines of all files: with them, it reads each footer once for
   * both.
   */
  private static final int PARTS_IN_MEMORY = 200_000;

  private final Layout layout;
  private final ReportNotes notes;
  private final Map<Path, Outlined> outlines = new HashMap<>();
  private int parts;

  /** By report, what an earlier run has left. */
  private final Map<String, Map<String, OutlineFile.Saved>> saved = new HashMap<>();

  OutlineCache(Layout layout, ReportNotes notes) {
    this.layout = layout;
    this.notes = notes;
  }

  /**
   * An outline.
   *
   * @param saved the outline with the contents that it was made from; null if a file changed while
   *     it was read
   */
  private record Outlined(FileStates states, Outline outline, OutlineFile.@Nullable Saved saved) {}

  /** Returns the outline of a file in these states, or null if neither source knows it. */
  @Nullable Outline of(Path file, FileStates states) throws IOException {
    synchronized (this) {
      Outlined known = outlines.get(file);
      if (known != null && known.states().equals(states)) {
        return known.outline();
      }
    }
    OutlineFile.Saved before = saved(file);
    if (before == null || !isOf(before, file, states)) {
      return null;
    }
    keep(file, new Outlined(states, before.outline(), before));
    return before.outline();
  }

  /** Returns whether this process has the outline of a file in these states. */
  synchronized boolean has(Path file, FileStates states) {
    Outlined known = outlines.get(file);
    return known != null && known.states().equals(states);
  }

  /**
   * Keeps an outline. Later commands have it, too, if it is known which contents it is made from.
   *
   * @param data the content of the data file; null if it changed while it was read
   * @param ofNotes the content of the notes, likewise
   */
  void keep(
      Path file,
      FileStates states,
      Outline outline,
      @Nullable FileContent data,
      @Nullable FileContent ofNotes) {
    keep(
        file,
        new Outlined(
            states,
            outline,
            data == null || ofNotes == null
                ? null
                : new OutlineFile.Saved(data, ofNotes, outline)));
  }

  private synchronized void keep(Path file, Outlined outlined) {
    Outlined before = outlines.remove(file);
    parts -= before == null ? 0 : before.outline().parts();
    if (parts + outlined.outline().parts() <= PARTS_IN_MEMORY) {
      outlines.put(file, outlined);
      parts += outlined.outline().parts();
    }
  }

  /** Returns whether an outline is one of the file and its notes, as they are now. */
  private boolean isOf(OutlineFile.Saved outline, Path file, FileStates states) {
    if (outline.data().size() != states.file().size()
        || outline.notes().size() != states.sizeOfNotes()) {
      return false;
    }
    try {
      return outline.data().equals(FileContent.ofFooter(file))
          && (states.notes() == null
              || outline
                  .notes()
                  .equals(FileContent.of(Files.readAllBytes(layout.confirmations(file)))));
    } catch (IOException e) {
      // The caller reads the file itself then, and reports what is wrong with it.
      return false;
    }
  }

  private OutlineFile.@Nullable Saved saved(Path file) throws IOException {
    String report = layout.reportOf(file);
    synchronized (this) {
      Map<String, OutlineFile.Saved> known = saved.get(report);
      if (known == null) {
        known = outlineFile(report).read();
        saved.put(report, known);
      }
      return known.get(nameOf(file));
    }
  }

  private OutlineFile outlineFile(String report) throws IOException {
    return new OutlineFile(
        layout.outlines(report),
        // Whether a footer belongs to the report depends on the names that it has had.
        "of ledgers " + LedgerJson.VERSION + " " + notes.read(report).earlierNames());
  }

  /** Returns the path of a data file within its report's folder. */
  private String nameOf(Path file) {
    return layout.report(layout.reportOf(file)).relativize(file).toString();
  }

  /**
   * Writes the outlines of a report's files for later commands, unless another program's file is in
   * their place: then they are not saved. One writer at a time.
   */
  public void save(String report, List<Path> files) throws IOException {
    Map<String, OutlineFile.Saved> outlined = new TreeMap<>();
    synchronized (this) {
      for (Path file : files) {
        Outlined known = outlines.get(file);
        if (known != null && known.saved() != null) {
          outlined.put(nameOf(file), known.saved());
        }
      }
    }
    if (!outlineFile(report).write(outlined)) {
      LOG.warn(
          "{} was not written by fathom-export, and is left as it is. Without the outlines of report"
              + " {}, `status` and `plan` take longer: move it away, and the next run saves them",
          layout.outlines(report),
          report);
    }
  }

  /** Returns whether a file has outlines of any report. */
  public static boolean isOutlines(Path file) {
    return OutlineFile.isOne(file);
  }
}
