package fathomexport.api;

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
 * One row of an answer, not typed yet: the bucket's label, one cell a grouping field and one an
 * aggregate, in the order of the {@link QueryShape}. Used again for each row: copy what is kept.
 *
 * <p>The label is what stands under {@code date}; where a row has no such key, what stands under
 * {@code timestamp}, the name that the API sorts it by.
 */
public final class RawRow {
  private static final JsonFactory JSON = new JsonFactory();
  private static final int BUCKET = 0;

  /** What stands in a cell. */
  public enum CellKind {
    /** The row has no such key. No text. */
    MISSING,
    /** No text. */
    NULL,
    /** The text is the string as it can be stored: see {@link fathomexport.report.StoredText}. */
    STRING,
    /** The text is the number, character by character as in the JSON. */
    NUMBER,
    /** A boolean, an object or an array; the text is its JSON. */
    OTHER
  }

  private final int fields;
  private final int aggregates;

  /** The bucket, the fields, the aggregates, and last the bucket's other name. */
  private final String[] names;

  private final CellKind[] kinds;
  private final @Nullable String[] texts;

  /** Strings as they were sent: the same objects as the texts but where a text is escaped. */
  private final @Nullable String[] sent;

  private long number;

  RawRow(QueryShape shape) {
    this.fields = shape.fields().size();
    this.aggregates = shape.aggregates().size();
    this.names = new String[fields + aggregates + 2];
    this.kinds = new CellKind[names.length];
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
    Arrays.fill(kinds, CellKind.MISSING);
  }

  /** Position in the answer, from 1. */
  public long number() {
    return number;
  }

  /** {@link CellKind#MISSING} when the query has no date grouping. */
  public CellKind bucketKind() {
    return kinds[BUCKET];
  }

  public @Nullable String bucketText() {
    return text(BUCKET);
  }

  /** Of the field at this position of {@code shape.fields()}. */
  public CellKind fieldKind(int i) {
    return kinds[1 + checked(i, fields)];
  }

  public @Nullable String fieldText(int i) {
    return text(1 + checked(i, fields));
  }

  /** The field's text as the API sent it: what a filter on it has to name. */
  public @Nullable String fieldSent(int i) {
    int column = 1 + checked(i, fields);
    return kinds[column] == CellKind.STRING ? sent[column] : text(column);
  }

  /** Whether the field's text is not as it was sent, because it could not be stored so. */
  public boolean fieldEscaped(int i) {
    return isEscaped(1 + checked(i, fields));
  }

  /** Of the aggregate at this position of {@code shape.aggregates()}. */
  public CellKind aggregateKind(int i) {
    return kinds[1 + fields + checked(i, aggregates)];
  }

  public @Nullable String aggregateText(int i) {
    return text(1 + fields + checked(i, aggregates));
  }

  /**
   * The row as JSON, for quarantine: the cells that were asked for and are there, in this class's
   * order.
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

  /** The names of its columns; {@code ""} where there is none. Columns are what is set below. */
  String[] names() {
    return names;
  }

  void begin(long rowNumber) {
    number = rowNumber;
    Arrays.fill(kinds, CellKind.MISSING);
  }

  boolean has(int column) {
    return kinds[column] != CellKind.MISSING;
  }

  void set(int column, CellKind kind, @Nullable String text) {
    kinds[column] = kind;
    texts[column] = text;
    sent[column] = null;
  }

  /**
   * @param text what was sent, as it can be stored; the same object where nothing is escaped
   */
  void setString(int column, String whatWasSent, String text) {
    set(column, CellKind.STRING, text);
    sent[column] = whatWasSent;
  }

  /** Sets the string that was last set there. */
  void setStringAgain(int column) {
    kinds[column] = CellKind.STRING;
  }

  /** The string that stands there from an earlier row: an equal one is not made anew. */
  @Nullable String lastSent(int column) {
    return sent[column];
  }

  boolean isEscaped(int column) {
    return kinds[column] == CellKind.STRING && !Objects.equals(sent[column], texts[column]);
  }

  void end() {
    int other = names.length - 1;
    if (kinds[BUCKET] == CellKind.MISSING && kinds[other] != CellKind.MISSING) {
      set(BUCKET, kinds[other], texts[other]);
      sent[BUCKET] = sent[other];
    }
  }

  private @Nullable String text(int column) {
    return kinds[column] == CellKind.MISSING ? null : texts[column];
  }

  private static int checked(int i, int size) {
    if (i < 0 || i >= size) {
      throw new IndexOutOfBoundsException(i);
    }
    return i;
  }
}
