package fathomexport.sink.parquet.file;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes small JSON documents and journals (one JSON object per line). Writes are durable
 * and keys are sorted.
 */
public final class Documents {
  private final ObjectMapper lines = JsonMapper.builder().nodeFactory(new SortedNodes()).build();
  private final ObjectMapper pretty = lines.copy().enable(SerializationFeature.INDENT_OUTPUT);

  /**
   * Sorts keys in each new object, because the mapper's own feature for that is newer than the
   * Jackson version that Spark requires.
   */
  private static final class SortedNodes extends JsonNodeFactory {
    private static final long serialVersionUID = 1L;

    @Override
    public ObjectNode objectNode() {
      return new ObjectNode(this, new TreeMap<>());
    }
  }

  public ObjectNode object() {
    return lines.createObjectNode();
  }

  /** Writes a document, replacing an earlier one. */
  public void write(Path file, JsonNode content) throws IOException {
    DurableFiles.write(file, pretty.writeValueAsBytes(content));
  }

  /** Returns a document, or null if the file does not exist. */
  public @Nullable JsonNode read(Path file) throws IOException {
    byte[] content;
    try {
      content = Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      return null;
    }
    try {
      return lines.readTree(content);
    } catch (IOException e) {
      throw new IOException(file + " is not JSON: move it away", e);
    }
  }

  /** Appends to a journal, all or nothing unless the machine crashes in between. */
  public void append(Path file, List<ObjectNode> entries) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (ObjectNode entry : entries) {
      bytes.write(lines.writeValueAsBytes(entry));
      bytes.write('\n');
    }
    DurableFiles.append(file, bytes.toByteArray());
  }

  /**
   * Returns the entries of a journal, oldest first. A last line without an end, left by a crash, is
   * skipped.
   */
  public List<JsonNode> journal(Path file) throws IOException {
    List<JsonNode> entries = new ArrayList<>();
    String text;
    try {
      text = Files.readString(file);
    } catch (NoSuchFileException e) {
      return entries;
    }
    int end;
    int line = 1;
    for (int at = 0; (end = text.indexOf('\n', at)) >= 0; at = end + 1, line++) {
      try {
        entries.add(lines.readTree(text.substring(at, end)));
      } catch (IOException e) {
        throw new IOException(file + " line " + line + " is not JSON: move the file away", e);
      }
    }
    return entries;
  }

  public static void putSlice(ObjectNode node, Slice slice) {
    node.put("site_id", slice.site().value());
    if (slice.event() != null) {
      node.put("event", slice.event());
    }
  }

  public static Slice slice(JsonNode node) {
    JsonNode event = node.path("event");
    return new Slice(
        new SiteId(text(node, "site_id")), event.isTextual() ? event.textValue() : null);
  }

  public static String text(JsonNode node, String field) {
    return node.required(field).textValue();
  }
}
