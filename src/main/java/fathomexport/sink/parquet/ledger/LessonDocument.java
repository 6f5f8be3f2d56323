package fathomexport.sink.parquet.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.ledger.Learned;
import fathomexport.ledger.LessonLedger;
import fathomexport.ledger.OffsetSupport;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.FileLocks;
import fathomexport.sink.parquet.file.Layout;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** All lessons, in one document that is replaced as a whole. */
final class LessonDocument implements LessonLedger {
  private static final String LOCK = "learned";

  private final Layout layout;
  private final FileLocks locks;
  private final Documents documents;
  private final LedgerAnswers answers;

  LessonDocument(Layout layout, FileLocks locks, Documents documents, LedgerAnswers answers) {
    this.layout = layout;
    this.locks = locks;
    this.documents = documents;
    this.answers = answers;
  }

  @Override
  public Learned learned() {
    return answers.of(this::read);
  }

  @Override
  public void learn(Learned.Lesson lesson) {
    answers.of(
        () ->
            locks.holding(
                LOCK,
                () -> {
                  Learned before = read();
                  Learned after = before.with(lesson);
                  if (!after.equals(before)) {
                    write(after);
                  }
                  return after;
                }));
  }

  private Path file() {
    return layout.own().resolve("learned.json");
  }

  private Learned read() throws IOException {
    JsonNode document = documents.read(file());
    if (document == null) {
      return Learned.NOTHING;
    }
    Map<String, Integer> maxDays = new HashMap<>();
    for (Map.Entry<String, JsonNode> e : document.required("max_days").properties()) {
      maxDays.put(e.getKey(), e.getValue().intValue());
    }
    JsonNode cap = document.path("row_cap");
    // Files of earlier versions lack the limits per account.
    Map<Learned.Whose, Integer> limits = new HashMap<>();
    for (Map.Entry<String, JsonNode> account : document.path("limits").properties()) {
      for (Map.Entry<String, JsonNode> shape : account.getValue().properties()) {
        limits.put(
            new Learned.Whose(account.getKey(), shape.getKey()), shape.getValue().intValue());
      }
    }
    Map<String, OffsetSupport> offsets = new HashMap<>();
    for (Map.Entry<String, JsonNode> account : document.path("offset").properties()) {
      offsets.put(account.getKey(), offset(account.getValue().asText()));
    }
    return new Learned(
        maxDays,
        cap.isNumber() ? Optional.of(cap.intValue()) : Optional.empty(),
        document.required("most_rows").intValue(),
        limits,
        offsets);
  }

  private static OffsetSupport offset(String label) throws IOException {
    try {
      return OffsetSupport.of(label);
    } catch (IllegalArgumentException e) {
      throw new IOException("learned.json: " + e.getMessage(), e);
    }
  }

  private void write(Learned learned) throws IOException {
    ObjectNode document = documents.object();
    ObjectNode maxDays = document.putObject("max_days");
    new TreeMap<>(learned.maxDays()).forEach(maxDays::put);
    document.put("row_cap", learned.rowCap().orElse(null));
    document.put("most_rows", learned.mostRows());
    ObjectNode limits = document.putObject("limits");
    learned.limits().entrySet().stream()
        .sorted(
            Comparator.comparing((Map.Entry<Learned.Whose, Integer> e) -> e.getKey().account())
                .thenComparing(e -> e.getKey().shapeKey()))
        .forEach(
            e ->
                limits
                    .withObjectProperty(e.getKey().account())
                    .put(e.getKey().shapeKey(), e.getValue()));
    ObjectNode offset = document.putObject("offset");
    new TreeMap<>(learned.offsets()).forEach((account, o) -> offset.put(account, o.label()));
    documents.write(file(), document);
  }
}
