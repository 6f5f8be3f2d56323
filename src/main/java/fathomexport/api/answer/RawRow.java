package fathomexport.api.answer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import fathomexport.report.QueryShape;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One untyped row of a response: the bucket's label, one cell per grouping field and one per
 * aggregate, in the order of the {@link QueryShape}. The instance is reused for each row, so
 * callers must copy what they keep.
 *
 * <p>The label is the value of {@code date}. If a row has no such key, it is the value of {@code
 * timestamp}, the name that the API sorts it by.
 */
public final class RawRow {
  private static final JsonFactory JSON = new JsonFactory();
  private static final int BUCKET = 0;

  /** The kind of value in a cell. */
  public enum JsonKind {
    /** The row has no such key. The cell has no text. */
    MISSING,
    /** The value is null. The cell has no text. */
    NULL,
    /** The text is the string in its storable form, see {@link fathomexport.report.StoredText}. */
    STRING,
    /** The text is the number exactly as in the JSON. */
    NUMBER,
    /** A boolean, an object or an array; the text is its JSON. */
    OTHER
  }

  private final int fields;
  private final int aggregates;

  /**
   * Names of the bucket, the fields, the aggregates, and last the alternative name of the bucket.
   */
  private final String[] names;

  private final JsonKind[] kinds;
  private final @Nullable String[] texts;

  /** Strings as the API sent them; the same objects as {@code texts} unless the text is escaped. */
  private final @Nullable String[] sent;

  private long number;

  RawRow(QueryShape shape) {
    this.fields = shape.fields().size();
    this.aggregates = shape.aggregates().size();
    this.names = new String[fields + aggregates + 2];
    this.kinds = new JsonKind[names.length];
    this.texts = new @Nullable String[names.length];
    this.sent = new @Nullable String[names.length];
    boolean buckets = shape.dateGrouping().hasBuckets();
    names[BUCKET] = buckets ? "date" : "";
    for (int i = 0; i < fields; i++) {
      names[1 + i] = shape.fields().get(i).apiName();
    }
    for (int i = 0; i < aggregates; i++) {
      names[1 + fields + i] = shape.aggregates().get(i).apiName();
    }
    names[names.length - 1] = buckets ? "timestamp" : "";
    Arrays.fill(kinds, JsonKind.MISSING);
  }

  /** Returns the position in the response, from 1. */
  public long number() {
    return number;
  }

  /** Returns the kind of the bucket's label; {@link JsonKind#MISSING} without a date grouping. */
  public JsonKind bucketKind() {
    return kinds[BUCKET];
  }

  public @Nullable String bucketText() {
    return text(BUCKET);
  }

  /** Returns the kind of the field at this index of {@code shape.fields()}. */
  public JsonKind fieldKind(int i) {
    return kinds[1 + checked(i, fields)];
  }

  public @Nullable String fieldText(int i) {
    return text(1 + checked(i, fields));
  }

  /** Returns the field's text as the API sent it; a filter must use this form. */
  public @Nullable String fieldSent(int i) {
    int column = 1 + checked(i, fields);
    return kinds[column] == JsonKind.STRING ? sent[column] : text(column);
  }

  /**
   * Returns whether the field's text differs from what the API sent, because that cannot be stored.
   */
  public boolean fieldEscaped(int i) {
    return isEscaped(1 + checked(i, fields));
  }

  /** Returns the kind of the aggregate at this index of {@code shape.aggregates()}. */
  public JsonKind aggregateKind(int i) {
    return kinds[1 + fields + checked(i, aggregates)];
  }

  public @Nullable String aggregateText(int i) {
    return text(1 + fields + checked(i, aggregates));
  }

  /**
   * Returns the row as JSON for quarantine: the queried cells that are present, in the order of
   * this class.
   */
  public String toJson() {
    StringWriter out = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      for (int i = 0; i < names.length - 1; i++) {
        String text = texts[i];
        switch (kinds[i]) {
          case MISSING -> {}
          case NULL -> json.writeNullField(names[i]);
          case STRING -> json.writeStringField(names[i], text);
          case NUMBER, OTHER -> {
            json.writeFieldName(names[i]);
            json.writeRawValue(text);
          }
        }
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toString();
  }

  @Override
  public String toString() {
    return toJson();
  }

  /**
   * Returns the names of the columns; {@code ""} for a column without a name. The index is the
   * column in the methods below.
   */
  String[] names() {
    return names;
  }

  void begin(long rowNumber) {
    number = rowNumber;
    Arrays.fill(kinds, JsonKind.MISSING);
  }

  boolean has(int column) {
    return kinds[column] != JsonKind.MISSING;
  }

  void set(int column, JsonKind kind, @Nullable String text) {
    kinds[column] = kind;
    texts[column] = text;
    sent[column] = null;
  }

  /**
   * Sets a string.
   *
   * @param whatWasSent the string as the API sent it
   * @param text the string in its storable form; the same object unless it is escaped
   */
  void setString(int column, String whatWasSent, String text) {
    set(column, JsonKind.STRING, text);
    sent[column] = whatWasSent;
  }

  /** Sets the column to the string that was last set there. */
  void setStringAgain(int column) {
    kinds[column] = JsonKind.STRING;
  }

  /** Returns the string of an earlier row, so that an equal one need not be created again. */
  @Nullable String lastSent(int column) {
    return sent[column];
  }

  boolean isEscaped(int column) {
    return kinds[column] == JsonKind.STRING && !Objects.equals(sent[column], texts[column]);
  }

  void end() {
    int other = names.length - 1;
    if (kinds[BUCKET] == JsonKind.MISSING && kinds[other] != JsonKind.MISSING) {
      set(BUCKET, kinds[other], texts[other]);
      sent[BUCKET] = sent[other];
    }
  }

  private @Nullable String text(int column) {
    return kinds[column] == JsonKind.MISSING ? null : texts[column];
  }

  private static int checked(int i, int size) {
    if (i < 0 || i >= size) {
      throw new IndexOutOfBoundsException(i);
    }
    return i;
  }
}
