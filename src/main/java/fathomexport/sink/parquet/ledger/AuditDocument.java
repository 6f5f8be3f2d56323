package fathomexport.sink.parquet.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.ledger.Audit;
import fathomexport.ledger.AuditLedger;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.FileLocks;
import fathomexport.sink.parquet.file.Layout;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/** The newest audit per site that agreed and the newest that did not, in one document. */
final class AuditDocument implements AuditLedger {
  private static final String LOCK = "audits";

  private final Layout layout;
  private final FileLocks locks;
  private final Documents documents;
  private final LedgerAnswers answers;

  AuditDocument(Layout layout, FileLocks locks, Documents documents, LedgerAnswers answers) {
    this.layout = layout;
    this.locks = locks;
    this.documents = documents;
    this.answers = answers;
  }

  @Override
  public List<Audit> audits() {
    return answers.of(this::read);
  }

  @Override
  public void audited(Audit audit) {
    answers.of(
        () ->
            locks.holding(
                LOCK,
                () -> {
                  add(audit);
                  return audit;
                }));
  }

  private List<Audit> read() throws IOException {
    List<Audit> audits = new ArrayList<>();
    JsonNode document = documents.read(document());
    if (document != null) {
      for (JsonNode a : document.required("audits")) {
        audits.add(
            new Audit(
                Documents.text(a, "report"),
                Documents.slice(a),
                LocalDate.parse(Documents.text(a, "period")),
                a.required("agreed").booleanValue(),
                Instant.parse(Documents.text(a, "at")),
                Documents.text(a, "run_id")));
      }
    }
    return audits;
  }

  private void add(Audit audit) throws IOException {
    List<Audit> audits = read();
    audits.removeIf(
        a -> a.slice().site().equals(audit.slice().site()) && a.agreed() == audit.agreed());
    audits.add(audit);
    ObjectNode document = documents.object();
    ArrayNode list = document.putArray("audits");
    for (Audit a : audits) {
      ObjectNode node = list.addObject();
      Documents.putSlice(node, a.slice());
      node.put("report", a.report());
      node.put("period", a.period().toString());
      node.put("agreed", a.agreed());
      node.put("at", a.at().toString());
      node.put("run_id", a.runId());
    }
    documents.write(document(), document);
  }

  private Path document() {
    return layout.own().resolve("audits.json");
  }
}
