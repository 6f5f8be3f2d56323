package fathomexport.sink.parquet.ledger;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.Provenance;
import fathomexport.ledger.RateUnit;
import fathomexport.report.Aggregate;
import fathomexport.report.ApiNamed;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.TableSchema;
import java.io.IOException;
import java.io.StringWriter;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The stored periods of a site as a JSON document. It is streamed, because a month of a thousand
 * events has thirty thousand certificates.
 */
final class PeriodsJson {
  private final ObjectMapper mapper;
  private final JsonFactory factory;

  PeriodsJson(ObjectMapper mapper) {
    this.mapper = mapper;
    this.factory = mapper.getFactory();
  }

  private record Commit(String windowId, Provenance provenance) {}

  /** Returns the periods of a site as a separate document. */
  String write(SiteId site, NavigableMap<PeriodKey, StoredPeriod> periods) throws IOException {
    Map<Commit, Integer> commits = new LinkedHashMap<>();
    for (StoredPeriod p : periods.values()) {
      commits.putIfAbsent(commit(p), commits.size());
    }
    StringWriter text = new StringWriter(256 + 256 * periods.size());
    try (JsonGenerator out = factory.createGenerator(text)) {
      out.writeStartObject();
      out.writeArrayFieldStart("commits");
      for (Commit c : commits.keySet()) {
        write(out, c);
      }
      out.writeEndArray();
      out.writeArrayFieldStart("periods");
      for (StoredPeriod p : periods.values()) {
        Integer index = commits.get(commit(p));
        write(out, p, index == null ? -1 : index);
      }
      out.writeEndArray();
      out.writeStringField("site_id", site.value());
      out.writeNumberField("version", LedgerJson.VERSION);
      out.writeEndObject();
    }
    return text.toString();
  }

  private static Commit commit(StoredPeriod p) {
    return new Commit(p.entry().windowId(), p.entry().provenance());
  }

  private static void write(JsonGenerator out, Commit commit) throws IOException {
    Provenance p = commit.provenance();
    out.writeStartObject();
    if (p.account() != null) {
      out.writeStringField("account", p.account());
    }
    out.writeNumberField("control_requests", p.controlRequests());
    out.writeStringField("definition", p.definition());
    out.writeStringField("fetched_at", p.fetchedAt().toString());
    if (p.rateUnit() != null) {
      out.writeStringField("rate_unit", p.rateUnit().label());
    }
    out.writeNumberField("requests", p.requests());
    out.writeStringField("run_id", p.runId());
    out.writeNumberField("splits", p.splits());
    out.writeStringField("window_id", commit.windowId());
    out.writeStringField("zone", p.zone());
    out.writeEndObject();
  }

  private static void write(JsonGenerator out, StoredPeriod p, int commit) throws IOException {
    PeriodCertificate c = p.entry().certificate();
    out.writeStartObject();
    out.writeNumberField("commit", commit);
    LedgerEntry.Confirmed confirmed = p.entry().confirmed();
    if (confirmed != null) {
      out.writeStringField("confirmed_at", confirmed.at().toString());
      out.writeStringField("confirmed_run", confirmed.runId());
    }
    write(out, "control", c.control());
    if (c.controlDigest() != null) {
      out.writeStringField("control_digest", c.controlDigest());
    }
    out.writeStringField("covers_to", c.coversTo().toString());
    out.writeStringField("digest", p.digest());
    if (p.entry().slice().event() != null) {
      out.writeStringField("event", p.entry().slice().event());
    }
    out.writeStringField("period", c.period().toString());
    if (c.reason() != null) {
      out.writeStringField("reason", c.reason());
    }
    out.writeNumberField("rows", c.rows());
    if (c.digest() != null) {
      out.writeStringField("rows_digest", c.digest());
    }
    out.writeStringField("status", c.status().label());
    if (c.storeIfAbsent()) {
      out.writeBooleanField("store_if_absent", true);
    }
    out.writeBooleanField("stored", p.entry().stored());
    write(out, "sums", c.sums());
    out.writeEndObject();
  }

  private static void write(JsonGenerator out, String name, Map<Aggregate, Long> sums)
      throws IOException {
    out.writeObjectFieldStart(name);
    TreeMap<String, Long> sorted = new TreeMap<>();
    sums.forEach((aggregate, sum) -> sorted.put(aggregate.apiName(), sum));
    for (Map.Entry<String, Long> e : sorted.entrySet()) {
      out.writeNumberField(e.getKey(), e.getValue());
    }
    out.writeEndObject();
  }

  /** Reads {@link #write(SiteId, NavigableMap)} back. */
  FileLedger read(TableSchema schema, String json) throws IOException {
    List<Commit> commits = new ArrayList<>();
    List<ParsedPeriod> parsed = new ArrayList<>();
    SiteId site = null;
    int version = 0;
    try (JsonParser in = factory.createParser(json)) {
      in.nextToken();
      while (in.nextToken() == JsonToken.FIELD_NAME) {
        String field = in.currentName();
        in.nextToken();
        switch (field) {
          case "commits" -> {
            while (in.nextToken() == JsonToken.START_OBJECT) {
              commits.add(commit(object(in)));
            }
          }
          case "periods" -> {
            while (in.nextToken() == JsonToken.START_OBJECT) {
              parsed.add(period(in));
            }
          }
          case "site_id" -> site = new SiteId(in.getText());
          case "version" -> version = in.getIntValue();
          default -> in.skipChildren();
        }
      }
    }
    LedgerJson.requireVersion(version);
    if (site == null) {
      throw new IOException("no site_id in " + LedgerJson.LEDGER_KEY);
    }
    NavigableMap<PeriodKey, StoredPeriod> periods = new TreeMap<>();
    for (ParsedPeriod p : parsed) {
      Commit commit = commits.get(p.commit());
      Slice slice = new Slice(site, p.event());
      periods.put(
          PeriodKey.of(slice, schema.dateGrouping(), p.certificate()),
          new StoredPeriod(
              new LedgerEntry(
                  schema.name(),
                  slice,
                  p.certificate(),
                  commit.provenance(),
                  commit.windowId(),
                  p.stored(),
                  p.confirmed()),
              p.digest()));
    }
    return new FileLedger(site, schema, periods);
  }

  private record ParsedPeriod(
      PeriodCertificate certificate,
      @Nullable String event,
      int commit,
      String digest,
      boolean stored,
      LedgerEntry.@Nullable Confirmed confirmed) {}

  private ObjectNode object(JsonParser in) throws IOException {
    return mapper.readTree(in);
  }

  private static Commit commit(ObjectNode c) {
    JsonNode zone = c.required("zone");
    JsonNode unit = c.path("rate_unit");
    JsonNode account = c.path("account");
    return new Commit(
        LedgerJson.text(c, "window_id"),
        new Provenance(
            LedgerJson.text(c, "run_id"),
            LedgerJson.text(c, "definition"),
            Instant.parse(LedgerJson.text(c, "fetched_at")),
            zone.isNull() ? null : zone.textValue(),
            c.required("requests").intValue(),
            c.required("control_requests").intValue(),
            c.required("splits").intValue(),
            unit.isTextual() ? RateUnit.ofLabel(unit.textValue()) : null,
            account.isTextual() ? account.textValue() : null));
  }

  /**
   * Reads a period without a tree: an overview of many sites reads hundreds of thousands of them.
   */
  private static ParsedPeriod period(JsonParser in) throws IOException {
    LocalDate period = null;
    LocalDate coversTo = null;
    String status = null;
    Long rows = null;
    Map<Aggregate, Long> sums = null;
    Map<Aggregate, Long> control = null;
    boolean storeIfAbsent = false;
    String reason = null;
    String rowsDigest = null;
    String controlDigest = null;
    String event = null;
    Integer commit = null;
    String digest = null;
    Boolean stored = null;
    String confirmedAt = null;
    String confirmedRun = null;
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String field = in.currentName();
      in.nextToken();
      switch (field) {
        case "period" -> period = day(in.getText());
        case "covers_to" -> coversTo = day(in.getText());
        case "status" -> status = in.getText();
        case "rows" -> rows = in.getLongValue();
        case "sums" -> sums = sums(in);
        case "control" -> control = sums(in);
        case "store_if_absent" -> storeIfAbsent = in.getBooleanValue();
        case "reason" -> reason = in.getValueAsString();
        case "rows_digest" -> rowsDigest = in.getValueAsString();
        case "control_digest" -> controlDigest = in.getValueAsString();
        case "event" -> event = in.getValueAsString();
        case "commit" -> commit = in.getIntValue();
        case "digest" -> digest = in.getText();
        case "stored" -> stored = in.getBooleanValue();
        case "confirmed_at" -> confirmedAt = in.getText();
        case "confirmed_run" -> confirmedRun = in.getText();
        default -> in.skipChildren();
      }
    }
    return new ParsedPeriod(
        new PeriodCertificate(
            required(period, "period"),
            required(coversTo, "covers_to"),
            CertificateStatus.ofLabel(required(status, "status")),
            required(rows, "rows"),
            required(sums, "sums"),
            required(control, "control"),
            storeIfAbsent,
            reason,
            rowsDigest,
            controlDigest),
        event,
        required(commit, "commit"),
        required(digest, "digest"),
        required(stored, "stored"),
        confirmedAt == null
            ? null
            : new LedgerEntry.Confirmed(
                Instant.parse(confirmedAt), required(confirmedRun, "confirmed_run")));
  }

  private static <T> T required(@Nullable T value, String field) throws IOException {
    if (value == null) {
      throw new IOException("a period has no " + field);
    }
    return value;
  }

  /** Parses a date of four, two and two digits by itself, because a formatter takes most of it. */
  private static LocalDate day(String text) {
    if (text.length() != 10 || text.charAt(4) != '-' || text.charAt(7) != '-') {
      return LocalDate.parse(text);
    }
    return LocalDate.of(
        Integer.parseInt(text, 0, 4, 10),
        Integer.parseInt(text, 5, 7, 10),
        Integer.parseInt(text, 8, 10, 10));
  }

  private static Map<Aggregate, Long> sums(JsonParser in) throws IOException {
    Map<Aggregate, Long> sums = new EnumMap<>(Aggregate.class);
    if (in.currentToken() != JsonToken.START_OBJECT) {
      throw new IOException("the sums of a period are not an object");
    }
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      Aggregate aggregate = ApiNamed.parse(Aggregate.class, in.currentName()).orElseThrow();
      in.nextToken();
      sums.put(aggregate, in.getLongValue());
    }
    return sums;
  }
}
