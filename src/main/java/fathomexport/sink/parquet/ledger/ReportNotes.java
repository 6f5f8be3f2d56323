package fathomexport.sink.parquet.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.report.Aggregate;
import fathomexport.report.Report;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.Layout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/**
 * What is known of a report besides its files: the aggregates that they may hold, its present
 * definition, and its earlier names, which the footers of older files still bear.
 */
public final class ReportNotes {
  private final Layout layout;
  private final Documents documents;

  public ReportNotes(Layout layout, Documents documents) {
    this.layout = layout;
    this.documents = documents;
  }

  /**
   * The note on a report.
   *
   * @param aggregates API names of all aggregates that the report has asked for
   */
  public record Note(Set<String> aggregates, Set<String> earlierNames) {
    static final Note NONE = new Note(Set.of(), Set.of());
  }

  /** Returns the note; without content if there is none. */
  public Note read(String report) throws IOException {
    JsonNode note = documents.read(file(report));
    return note == null
        ? Note.NONE
        : new Note(texts(note.path("aggregates")), texts(note.path("earlier_names")));
  }

  private static Set<String> texts(JsonNode array) {
    Set<String> texts = new TreeSet<>();
    array.forEach(item -> texts.add(item.asText()));
    return texts;
  }

  /**
   * Writes the note on a report, unless it says the same already.
   *
   * @param keeps whether files of the report are stored, so that earlier aggregates still count
   */
  public void write(Report report, boolean keeps) throws IOException {
    Note before = read(report.name());
    Set<String> aggregates = new TreeSet<>(keeps ? before.aggregates() : Set.of());
    report.aggregates().stream().map(Aggregate::apiName).forEach(aggregates::add);
    write(
        report.name(),
        report.definition(),
        new Note(aggregates, keeps ? before.earlierNames() : Set.of()));
  }

  private void write(String report, String definition, Note note) throws IOException {
    ObjectNode content = documents.object();
    content.put("definition", definition);
    ArrayNode aggregates = content.putArray("aggregates");
    note.aggregates().forEach(aggregates::add);
    ArrayNode names = content.putArray("earlier_names");
    note.earlierNames().forEach(names::add);
    if (!content.equals(documents.read(file(report)))) {
      documents.write(file(report), content);
    }
  }

  /** Writes the note of a report that is about to be renamed under its new name. */
  public void rename(String from, String to) throws IOException {
    Note before = read(from);
    Set<String> names = new TreeSet<>(before.earlierNames());
    names.add(from);
    names.remove(to);
    write(to, "", new Note(before.aggregates(), names));
  }

  /** Removes the note on a report that has another name now. */
  public void remove(String report) throws IOException {
    Files.deleteIfExists(file(report));
  }

  private Path file(String report) {
    return layout.own().resolve("reports").resolve(report + ".json");
  }
}
