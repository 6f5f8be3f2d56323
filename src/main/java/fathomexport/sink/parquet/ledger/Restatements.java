package fathomexport.sink.parquet.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.ledger.Restatement;
import fathomexport.ledger.RestatementReason;
import fathomexport.report.Aggregate;
import fathomexport.report.Slice;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.parquet.file.PeriodTally;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The journal of a report's changed periods, one line per change. A line is written before the file
 * is put in place, so that every change is recorded. If the run was killed in between, the next
 * line of the period starts from the same rows, and readers skip the earlier line.
 */
public final class Restatements {
  /** The measures that every row has. */
  private static final Set<Aggregate> COUNTS =
      EnumSet.of(
          Aggregate.VISITS,
          Aggregate.UNIQUES,
          Aggregate.PAGEVIEWS,
          Aggregate.CONVERSIONS,
          Aggregate.UNIQUE_CONVERSIONS);

  private final Layout layout;
  private final Documents documents;

  public Restatements(Layout layout, Documents documents) {
    this.layout = layout;
    this.documents = documents;
  }

  /** The totals of a stored period before and after a load. */
  public record ChangedTotals(
      Slice slice,
      PeriodKey key,
      PeriodTally.TalliedPeriod before,
      PeriodTally.TalliedPeriod after,
      RestatementReason reason) {}

  public void append(String report, List<ChangedTotals> changes, Instant at, String runId)
      throws IOException {
    List<ObjectNode> lines = new ArrayList<>();
    for (ChangedTotals c : changes) {
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
      line.put("reason", c.reason().label());
      lines.add(line);
    }
    documents.append(journal(report), lines);
  }

  private static void put(ObjectNode node, PeriodTally.TalliedPeriod total) {
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
      RestatementReason reason = reason(line, before);
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
                Documents.text(line, "run_id"),
                reason));
      }
    }
    return List.copyOf(newest.subList(0, Math.min(limit, newest.size())));
  }

  /**
   * Returns the recorded reason. Earlier versions recorded none: a count that no stored row had
   * before, although there were rows, belongs to a column that was added. Otherwise the reason is
   * unknown.
   */
  private static @Nullable RestatementReason reason(JsonNode line, JsonNode before) {
    JsonNode recorded = line.path("reason");
    if (recorded.isTextual()) {
      return RestatementReason.ofLabel(recorded.textValue());
    }
    boolean added =
        before.path("rows").longValue() > 0
            && Arrays.stream(Aggregate.values())
                .filter(a -> COUNTS.contains(a) && line.required("after").has(a.apiName()))
                .anyMatch(a -> !before.path(a.apiName()).isNumber());
    return added ? RestatementReason.DEFINITION : null;
  }

  private static @Nullable Double number(JsonNode node) {
    return node.isNumber() ? node.doubleValue() : null;
  }

  private Path journal(String report) {
    return layout.own().resolve("restatements").resolve(report + ".jsonl");
  }
}
