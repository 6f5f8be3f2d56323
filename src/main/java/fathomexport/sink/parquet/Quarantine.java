package fathomexport.sink.parquet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.sink.WindowLoad;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The rows of a report that could not be typed, a line a row, and a line for each window that was
 * settled since.
 */
final class Quarantine {
  private static final String SETTLED = "settled_window";

  private final Layout layout;
  private final Documents documents;

  Quarantine(Layout layout, Documents documents) {
    this.layout = layout;
    this.documents = documents;
  }

  /** Appends rows, which are all of one report. */
  void append(String report, List<QuarantinedRow> rows) throws IOException {
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

  /** Notes that a window is complete, if any of its rows are here. */
  void settle(WindowLoad load) throws IOException {
    String report = load.report().name();
    String window = load.window().id();
    if (!Files.exists(journal(report))
        || open(report).stream().noneMatch(row -> row.windowId().equals(window))) {
      return;
    }
    ObjectNode line = documents.object();
    line.put(SETTLED, window);
    line.put("run_id", load.provenance().runId());
    line.put("at", load.provenance().fetchedAt().toString());
    documents.append(journal(report), List.of(line));
  }

  /** The rows of windows that are not settled, newest first. */
  List<QuarantinedRow> open(String report) throws IOException {
    List<JsonNode> lines = documents.journal(journal(report));
    Collections.reverse(lines);
    Set<String> settled = new HashSet<>();
    List<QuarantinedRow> open = new ArrayList<>();
    for (JsonNode line : lines) {
      if (line.has(SETTLED)) {
        settled.add(Documents.text(line, SETTLED));
        continue;
      }
      String window = Documents.text(line, "window_id");
      if (!settled.contains(window)) {
        open.add(
            new QuarantinedRow(
                report,
                Documents.slice(line),
                window,
                Documents.text(line, "run_id"),
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
