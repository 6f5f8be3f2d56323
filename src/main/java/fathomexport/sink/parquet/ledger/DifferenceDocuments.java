package fathomexport.sink.parquet.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.ledger.DifferenceLedger;
import fathomexport.ledger.KnownDifference;
import fathomexport.report.DayRange;
import fathomexport.report.DifferenceCause;
import fathomexport.report.Slice;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.DurableFiles;
import fathomexport.sink.parquet.file.FileLocks;
import fathomexport.sink.parquet.file.Layout;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What verifications found to differ: one document per report, and none if nothing does. */
final class DifferenceDocuments implements DifferenceLedger {
  private static final String LOCK = "differences";

  private final Layout layout;
  private final FileLocks locks;
  private final Documents documents;
  private final LedgerAnswers answers;

  DifferenceDocuments(Layout layout, FileLocks locks, Documents documents, LedgerAnswers answers) {
    this.layout = layout;
    this.locks = locks;
    this.documents = documents;
    this.answers = answers;
  }

  @Override
  public List<KnownDifference> differences(String report) {
    return answers.of(() -> read(report));
  }

  @Override
  public void replaceDifferences(String report, Slice slice, List<KnownDifference> found) {
    answers.of(
        () ->
            locks.holding(
                LOCK,
                () -> {
                  List<KnownDifference> all = new ArrayList<>(read(report));
                  all.removeIf(known -> known.slice().equals(slice));
                  all.addAll(found);
                  write(report, all);
                  return report;
                }));
  }

  private List<KnownDifference> read(String report) throws IOException {
    List<KnownDifference> all = new ArrayList<>();
    JsonNode document = documents.read(layout.differences(report));
    if (document != null) {
      for (JsonNode d : document.required("differences")) {
        all.add(
            new KnownDifference(
                report,
                Documents.slice(d),
                new DayRange(
                    LocalDate.parse(Documents.text(d, "first_day")),
                    LocalDate.parse(Documents.text(d, "last_day"))),
                DifferenceCause.valueOf(Documents.text(d, "cause").toUpperCase(Locale.ROOT)),
                d.path("detail").textValue(),
                Instant.parse(Documents.text(d, "found_at")),
                Documents.text(d, "run_id")));
      }
    }
    return all;
  }

  private void write(String report, List<KnownDifference> all) throws IOException {
    Path file = layout.differences(report);
    if (all.isEmpty()) {
      DurableFiles.delete(file);
      return;
    }
    ObjectNode document = documents.object();
    ArrayNode list = document.putArray("differences");
    for (KnownDifference d : all) {
      ObjectNode node = list.addObject();
      Documents.putSlice(node, d.slice());
      node.put("first_day", d.days().first().toString());
      node.put("last_day", d.days().last().toString());
      node.put("cause", d.cause().name().toLowerCase(Locale.ROOT));
      node.put("detail", d.detail());
      node.put("found_at", d.foundAt().toString());
      node.put("run_id", d.runId());
    }
    documents.write(file, document);
  }
}
