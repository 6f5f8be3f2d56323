package fathomexport.sink.parquet.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.report.Aggregate;
import fathomexport.report.Field;
import fathomexport.report.Filter;
import fathomexport.report.Report;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.Layout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What is known of a report besides its files: the aggregates that they may hold, the digest of its
 * present definition, all definitions that it has had by their digests (footers contain the digests
 * only), and its earlier names, which the footers of older files still bear.
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
   * @param definitions per digest the definition, with the keys of a pipeline's file
   */
  public record Note(
      Set<String> aggregates, Set<String> earlierNames, Map<String, JsonNode> definitions) {
    static final Note NONE = new Note(Set.of(), Set.of(), Map.of());
  }

  /** Returns the note; without content if there is none. */
  public Note read(String report) throws IOException {
    JsonNode note = documents.read(file(report));
    return note == null
        ? Note.NONE
        : new Note(
            texts(note.path("aggregates")),
            texts(note.path("earlier_names")),
            definitions(note.path("definitions")));
  }

  private static Map<String, JsonNode> definitions(JsonNode object) {
    Map<String, JsonNode> definitions = new TreeMap<>();
    object.properties().forEach(e -> definitions.put(e.getKey(), e.getValue()));
    return definitions;
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
    Map<String, JsonNode> definitions = new TreeMap<>(before.definitions());
    definitions.put(report.definition(), definition(report));
    write(
        report.name(),
        report.definition(),
        new Note(aggregates, keeps ? before.earlierNames() : Set.of(), definitions));
  }

  private ObjectNode definition(Report report) {
    ObjectNode definition = documents.object();
    definition.put("entity", report.entity().apiName());
    definition.put("date_grouping", report.dateGrouping().apiName());
    ArrayNode fields = definition.putArray("field_grouping");
    report.fields().stream().map(Field::apiName).forEach(fields::add);
    ArrayNode aggregates = definition.putArray("aggregates");
    report.aggregates().stream().map(Aggregate::apiName).forEach(aggregates::add);
    ArrayNode filters = definition.putArray("filters");
    report.filters().stream()
        .sorted(
            Comparator.comparing((Filter f) -> f.property().apiName())
                .thenComparing(f -> f.operator().apiName())
                .thenComparing(Filter::value))
        .forEach(
            f ->
                filters
                    .addObject()
                    .put("property", f.property().apiName())
                    .put("operator", f.operator().apiName())
                    .put("value", f.value()));
    return definition;
  }

  private void write(String report, String definition, Note note) throws IOException {
    ObjectNode content = documents.object();
    content.put("definition", definition);
    ArrayNode aggregates = content.putArray("aggregates");
    note.aggregates().forEach(aggregates::add);
    ArrayNode names = content.putArray("earlier_names");
    note.earlierNames().forEach(names::add);
    ObjectNode definitions = content.putObject("definitions");
    note.definitions().forEach(definitions::set);
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
    write(to, "", new Note(before.aggregates(), names, before.definitions()));
  }

  /** Removes the note on a report that has another name now. */
  public void remove(String report) throws IOException {
    Files.deleteIfExists(file(report));
  }

  private Path file(String report) {
    return layout.own().resolve("reports").resolve(report + ".json");
  }
}
