package fathomexport.sink.parquet.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.sink.Settlement;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.Layout;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The journal of a report's quarantined rows: one line per row, and one line per window and run
 * whose rows were settled since.
 */
public final class Quarantine {
  private static final String SETTLED = "settled_window";

  /** Absent from the lines of older versions, which settled a window's rows of all runs. */
  private static final String SETTLED_RUN = "settled_run";

  private final Layout layout;
  private final Documents documents;

  public Quarantine(Layout layout, Documents documents) {
    this.layout = layout;
    this.documents = documents;
  }

  /** Appends rows of one report. */
  public void append(String report, List<QuarantinedRow> rows) throws IOException {
    List<ObjectNode> lines = new ArrayList<>();
    for (QuarantinedRow row : rows) {
      ObjectNode line = documents.object();
      Documents.putSlice(line, row.slice());
      line.put("window_id", row.windowId());
      line.put("run_id", row.runId());
      line.put("at", row.at().toString());
      line.put("raw", row.rawText());
      line.put("reason", row.reason());
      lines.add(line);
    }
    documents.append(journal(report), lines);
  }

  /** Records which of the slice's rows a commit settles. */
  public void settle(WindowLoad load, Settlement settlement) throws IOException {
    String report = load.report().name();
    Set<Failure> settled = new LinkedHashSet<>();
    for (QuarantinedRow row : open(report)) {
      if (row.slice().equals(load.window().slice())
          && settlement.settles(row.windowId(), row.runId())) {
        settled.add(new Failure(row.windowId(), row.runId()));
      }
    }
    List<ObjectNode> lines = new ArrayList<>();
    for (Failure failure : settled) {
      ObjectNode line = documents.object();
      line.put(SETTLED, failure.window());
      line.put(SETTLED_RUN, failure.run());
      line.put("run_id", load.provenance().runId());
      line.put("at", load.provenance().fetchedAt().toString());
      lines.add(line);
    }
    if (!lines.isEmpty()) {
      documents.append(journal(report), lines);
    }
  }

  /** A window that failed in a run. */
  private record Failure(String window, String run) {}

  /** Returns the rows of windows that are not settled, newest first. */
  List<QuarantinedRow> open(String report) throws IOException {
    List<JsonNode> lines = documents.journal(journal(report));
    Collections.reverse(lines);
    Set<String> windows = new HashSet<>();
    Set<Failure> failures = new HashSet<>();
    List<QuarantinedRow> open = new ArrayList<>();
    for (JsonNode line : lines) {
      if (line.has(SETTLED)) {
        String window = Documents.text(line, SETTLED);
        if (line.has(SETTLED_RUN)) {
          failures.add(new Failure(window, Documents.text(line, SETTLED_RUN)));
        } else {
          windows.add(window);
        }
        continue;
      }
      String window = Documents.text(line, "window_id");
      String run = Documents.text(line, "run_id");
      if (!windows.contains(window) && !failures.contains(new Failure(window, run))) {
        open.add(
            new QuarantinedRow(
                report,
                Documents.slice(line),
                window,
                run,
                Instant.parse(Documents.text(line, "at")),
                Documents.text(line, "raw"),
                Documents.text(line, "reason")));
      }
    }
    return open;
  }

  private Path journal(String report) {
    return layout.own().resolve("quarantine").resolve(report + ".jsonl");
  }
}
