package fathomexport.sink.parquet.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.ledger.Restatement;
import fathomexport.report.Slice;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.parquet.file.PeriodTally;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The journal of a report's changed periods, one line per change. A line is written before the file
 * is put in place, so that every change is recorded. If the run was killed in between, the next
 * line of the period starts from the same rows, and readers skip the earlier line.
 */
public final class Restatements {
  private final Layout layout;
  private final Documents documents;

  public Restatements(Layout layout, Documents documents) {
    this.layout = layout;
    this.documents = documents;
  }

  /** The totals of a stored period before and after a load. */
  public record Change(
      Slice slice, PeriodKey key, PeriodTally.Total before, PeriodTally.Total after) {}

  public void append(String report, List<Change> changes, Instant at, String runId)
      throws IOException {
    List<ObjectNode> lines = new ArrayList<>();
    for (Change c : changes) {
      ObjectNode line = documents.object();
      Documents.putSlice(line, c.slice());
      line.put("period", c.key().period().toString());
      line.put("range_end", c.key().rangeEnd().toString());
      line.put("digest_before", c.before().digest());
      line.put("digest_after", c.after().digest());
      put(line.putObject("before"), c.before());
      put(line.putObject("after"), c.after());
      line.put("at", at.toString());
      line.put("run_id", runId);
      lines.add(line);
    }
    documents.append(journal(report), lines);
  }

  private static void put(ObjectNode node, PeriodTally.Total total) {
    node.put("rows", total.rows());
    total.sums().forEach(node::put);
  }

  /**
   * Returns the newest restatements, newest first.
   *
   * @param wanted selects by slice and period
   */
  List<Restatement> newest(String report, BiPredicate<Slice, LocalDate> wanted, int limit)
      throws IOException {
    List<JsonNode> lines = documents.journal(journal(report));
    Collections.reverse(lines);
    Map<List<Object>, String> startOfNext = new HashMap<>();
    List<Restatement> newest = new ArrayList<>();
    for (JsonNode line : lines) {
      if (newest.size() >= limit) {
        break;
      }
      Slice slice = Documents.slice(line);
      LocalDate period = LocalDate.parse(Documents.text(line, "period"));
      if (!wanted.test(slice, period)) {
        continue;
      }
      String start = Documents.text(line, "digest_before");
      String next =
          startOfNext.put(List.of(slice, period, Documents.text(line, "range_end")), start);
      if (start.equals(next)) {
        continue;
      }
      JsonNode before = line.required("before");
      JsonNode after = line.required("after");
      for (Map.Entry<String, JsonNode> measure : after.properties()) {
        newest.add(
            new Restatement(
                report,
                slice,
                period,
                measure.getKey(),
                number(before.path(measure.getKey())),
                number(measure.getValue()),
                Instant.parse(Documents.text(line, "at")),
                Documents.text(line, "run_id")));
      }
    }
    return List.copyOf(newest.subList(0, Math.min(limit, newest.size())));
  }

  private static @Nullable Double number(JsonNode node) {
    return node.isNumber() ? node.doubleValue() : null;
  }

  private Path journal(String report) {
    return layout.own().resolve("restatements").resolve(report + ".jsonl");
  }
}
