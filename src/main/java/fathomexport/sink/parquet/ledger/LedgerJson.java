package fathomexport.sink.parquet.ledger;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.report.ApiNamed;
import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.DateGrouping;
import fathomexport.report.SiteId;
import fathomexport.report.TableSchema;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import org.jspecify.annotations.Nullable;

/**
 * The JSON documents of the footer. Keys are sorted and nothing depends on a library's defaults, so
 * that equal contents are equal text in every version.
 *
 * <p>{@code fathom_export.report}: name, date grouping and columns. {@code fathom_export.ledger}:
 * {@code commits} (window and provenance, each once) and {@code periods}, which refer to them by
 * index. {@code fathom_export.sha256}: the digest of both, with a line feed between them.
 */
public final class LedgerJson {
  static final String REPORT_KEY = "fathom_export.report";
  static final String LEDGER_KEY = "fathom_export.ledger";
  static final String SHA256_KEY = "fathom_export.sha256";
  static final int VERSION = 1;

  private final ObjectMapper mapper = new ObjectMapper();
  private final JsonFactory factory = mapper.getFactory();
  private final PeriodsJson periodsJson = new PeriodsJson(mapper);

  private volatile @Nullable Schema lastSchema;

  private record Schema(String json, TableSchema parsed) {}

  /** Returns the key-value metadata of a footer. */
  public Map<String, String> metadata(FileLedger ledger) throws IOException {
    String report = report(ledger.schema());
    String periods = periods(ledger.site(), ledger.periods());
    return Map.of(REPORT_KEY, report, LEDGER_KEY, periods, SHA256_KEY, digest(report, periods));
  }

  /** Reads {@link #metadata} back. Returns null if another program wrote the file. */
  @Nullable FileLedger parse(Map<String, String> metadata) throws IOException {
    String report = metadata.get(REPORT_KEY);
    String ledger = metadata.get(LEDGER_KEY);
    if (report == null || ledger == null) {
      return null;
    }
    if (!digest(report, ledger).equals(metadata.get(SHA256_KEY))) {
      throw new IOException("its metadata does not match its digest");
    }
    return parsePeriods(schema(report), ledger);
  }

  /** Digests the metadata, because Parquet's checksums cover pages but not the footer. */
  private static String digest(String report, String ledger) {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      sha256.update(report.getBytes(StandardCharsets.UTF_8));
      sha256.update((byte) '\n');
      sha256.update(ledger.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(sha256.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private String report(TableSchema schema) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator out = factory.createGenerator(text)) {
      out.writeStartObject();
      out.writeArrayFieldStart("columns");
      for (Column c : schema.columns()) {
        out.writeStartObject();
        out.writeStringField("name", c.name());
        out.writeBooleanField("nullable", c.nullable());
        out.writeStringField("role", lower(c.role()));
        out.writeStringField("type", lower(c.type()));
        out.writeEndObject();
      }
      out.writeEndArray();
      out.writeStringField("date_grouping", schema.dateGrouping().apiName());
      out.writeStringField("name", schema.name());
      out.writeNumberField("version", VERSION);
      out.writeEndObject();
    }
    return text.toString();
  }

  /** Reads a schema. The files of a report mostly have the same one, one after the other. */
  private TableSchema schema(String json) throws IOException {
    Schema last = lastSchema;
    if (last == null || !last.json().equals(json)) {
      last = new Schema(json, parseSchema(json));
      lastSchema = last;
    }
    return last.parsed();
  }

  private TableSchema parseSchema(String json) throws IOException {
    JsonNode report = mapper.readTree(json);
    requireVersion(report.path("version").asInt());
    List<Column> columns = new ArrayList<>();
    for (JsonNode c : report.required("columns")) {
      columns.add(
          new Column(
              text(c, "name"),
              ColumnType.valueOf(upper(text(c, "type"))),
              c.required("nullable").booleanValue(),
              Column.Role.valueOf(upper(text(c, "role")))));
    }
    return new TableSchema(
        text(report, "name"),
        ApiNamed.parse(DateGrouping.class, text(report, "date_grouping")).orElseThrow(),
        columns);
  }

  /** Returns the periods of a site as a separate document. */
  String periods(SiteId site, NavigableMap<PeriodKey, StoredPeriod> periods) throws IOException {
    return periodsJson.write(site, periods);
  }

  /** Reads {@link #periods} back. */
  FileLedger parsePeriods(TableSchema schema, String json) throws IOException {
    return periodsJson.read(schema, json);
  }

  static void requireVersion(int version) throws IOException {
    if (version != VERSION) {
      throw new IOException(
          "its metadata has version "
              + version
              + ", but this program supports version "
              + VERSION
              + ": use the program that wrote it, or a newer one");
    }
  }

  static String text(JsonNode node, String field) {
    return node.required(field).textValue();
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private static String upper(String label) {
    return label.toUpperCase(Locale.ROOT);
  }
}
