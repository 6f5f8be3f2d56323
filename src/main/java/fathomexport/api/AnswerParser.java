package fathomexport.api;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.SerializedString;
import fathomexport.api.AggregationAnswer.Contents;
import fathomexport.api.RawRow.CellKind;
import fathomexport.report.QueryShape;
import fathomexport.report.StoredText;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads an answer of {@code /aggregations} row by row, never as a whole: an array of objects, or
 * the older {@code {object, url, has_more, data}} around one. Anything else, and anything behind
 * it, makes the answer unusable.
 */
public final class AnswerParser {
  /** Leaves the stream open at its end, where the transport checks its length. */
  private static final JsonFactory JSON =
      JsonFactory.builder().disable(StreamReadFeature.AUTO_CLOSE_SOURCE).build();

  private static final int UNKNOWN = -1;
  private static final int KEPT_NAMES = 10;

  /** Keys at a position beyond this are looked up by name. */
  private static final int KNOWN_ORDER = 64;

  private final RawRow row;
  private final Map<String, Integer> columns = new HashMap<>();

  // Rows of an answer have their keys in one order: what stood at a position in the row before
  // stands there again, and is compared byte by byte rather than read and looked up.
  private final @Nullable SerializedString[] orderNames =
      new @Nullable SerializedString[KNOWN_ORDER];
  private final int[] orderColumns = new int[KNOWN_ORDER];

  private final List<String> unknownNames = new ArrayList<>();
  private long rows;
  private long unknownKeys;
  private long escaped;

  private AnswerParser(QueryShape shape) {
    this.row = new RawRow(shape);
    String[] names = row.names();
    for (int i = 0; i < names.length; i++) {
      if (!names[i].isEmpty()) {
        columns.put(names[i], i);
      }
    }
  }

  /**
   * Reads the stream to its end.
   *
   * @throws UnusableAnswerException when it is not such an answer
   * @throws IOException from the stream or the handler
   */
  public static Contents parse(InputStream in, QueryShape shape, RowHandler handler)
      throws IOException {
    return new AnswerParser(shape).parse(in, handler);
  }

  private Contents parse(InputStream in, RowHandler handler) throws IOException {
    try (JsonParser json = JSON.createParser(in)) {
      JsonToken first = json.nextToken();
      boolean envelope = first == JsonToken.START_OBJECT;
      if (first == null) {
        throw new UnusableAnswerException("the body is empty", false);
      } else if (envelope) {
        envelope(json, handler);
      } else if (first == JsonToken.START_ARRAY) {
        rows(json, handler);
      } else {
        throw new UnusableAnswerException("the body is not an array of rows", false);
      }
      long bytes = json.currentLocation().getByteOffset();
      if (json.nextToken() != null) {
        throw new UnusableAnswerException("something follows the end of the answer", false);
      }
      return new Contents(rows, bytes, unknownKeys, unknownNames, escaped, envelope);
    } catch (JsonProcessingException e) {
      throw unusable(e);
    }
  }

  /** What is wrong with a JSON text, and where; without the text itself. */
  static UnusableAnswerException unusable(JsonProcessingException e) {
    String where =
        e.getLocation() == null
            ? ""
            : " (line "
                + e.getLocation().getLineNr()
                + ", column "
                + e.getLocation().getColumnNr()
                + ")";
    if (e instanceof StreamConstraintsException) {
      // Nested too deeply, or a text or number too long: no cut-off makes that.
      UnusableAnswerException excessive =
          UnusableAnswerException.ofOtherForm(e.getOriginalMessage() + where);
      excessive.initCause(e);
      return excessive;
    }
    UnusableAnswerException unusable =
        new UnusableAnswerException(
            "the body is not valid JSON, or is cut off: " + e.getOriginalMessage() + where, false);
    unusable.initCause(e);
    return unusable;
  }

  private void envelope(JsonParser json, RowHandler handler) throws IOException {
    boolean data = false;
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      JsonToken value = json.nextToken();
      if (name.equals("data")) {
        if (data || value != JsonToken.START_ARRAY) {
          throw new UnusableAnswerException("'data' is not one array of rows", false);
        }
        data = true;
        rows(json, handler);
      } else if (name.equals("has_more") && value == JsonToken.VALUE_TRUE) {
        throw new UnusableAnswerException(
            "the answer says that it is cut off (has_more), and the API has no way to ask on",
            true);
      } else {
        json.skipChildren();
      }
    }
    if (!data) {
      throw new UnusableAnswerException("the body is an object without 'data'", false);
    }
  }

  private void rows(JsonParser json, RowHandler handler) throws IOException {
    for (JsonToken t = json.nextToken(); t != JsonToken.END_ARRAY; t = json.nextToken()) {
      if (t == null) {
        throw new UnusableAnswerException("the body is cut off", false);
      }
      if (t != JsonToken.START_OBJECT) {
        throw UnusableAnswerException.ofOtherForm("row " + (rows + 1) + " is not an object");
      }
      row.begin(++rows);
      int position = 0;
      for (String name = name(json, position); name != null; name = name(json, position)) {
        int column = column(name, position++);
        JsonToken value = json.nextToken();
        if (column == UNKNOWN) {
          unknown(name);
          json.skipChildren();
        } else {
          cell(json, value, column, name);
        }
      }
      row.end();
      handler.row(row);
    }
  }

  /** The row's next key; null at its end. */
  private @Nullable String name(JsonParser json, int position) throws IOException {
    SerializedString expected = position < KNOWN_ORDER ? orderNames[position] : null;
    if (expected == null) {
      return json.nextFieldName();
    }
    if (json.nextFieldName(expected)) {
      return expected.getValue();
    }
    return json.currentToken() == JsonToken.FIELD_NAME ? json.currentName() : null;
  }

  private int column(String name, int position) {
    if (position >= KNOWN_ORDER) {
      return columns.getOrDefault(name, UNKNOWN);
    }
    SerializedString before = orderNames[position];
    if (before == null || !name.equals(before.getValue())) {
      orderNames[position] = new SerializedString(name);
      orderColumns[position] = columns.getOrDefault(name, UNKNOWN);
    }
    return orderColumns[position];
  }

  private void cell(JsonParser json, JsonToken value, int column, String name) throws IOException {
    if (row.has(column)) {
      throw new UnusableAnswerException("row " + rows + " has '" + name + "' twice", false);
    }
    switch (value) {
      case VALUE_NULL -> row.set(column, CellKind.NULL, null);
      case VALUE_STRING -> string(json, column);
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> row.set(column, CellKind.NUMBER, json.getText());
      default -> row.set(column, CellKind.OTHER, text(json));
    }
  }

  private void string(JsonParser json, int column) throws IOException {
    char[] chars = json.getTextCharacters();
    int from = json.getTextOffset();
    int length = json.getTextLength();
    String last = row.lastSent(column);
    if (last != null && same(last, chars, from, length)) {
      row.setStringAgain(column);
    } else {
      boolean suspect = false;
      for (int i = from; i < from + length; i++) {
        suspect |= chars[i] == 0 || chars[i] == '\\' || Character.isSurrogate(chars[i]);
      }
      String sent = new String(chars, from, length);
      row.setString(column, sent, suspect ? StoredText.encode(sent) : sent);
    }
    if (row.isEscaped(column)) {
      escaped++;
    }
  }

  private static boolean same(String text, char[] chars, int from, int length) {
    if (text.length() != length) {
      return false;
    }
    // From the end: neighbouring rows begin alike more often than they end alike.
    for (int i = length - 1; i >= 0; i--) {
      if (text.charAt(i) != chars[from + i]) {
        return false;
      }
    }
    return true;
  }

  private String text(JsonParser json) throws IOException {
    StringWriter out = new StringWriter();
    try (JsonGenerator copy = JSON.createGenerator(out)) {
      copy.copyCurrentStructure(json);
    }
    return StoredText.encode(out.toString());
  }

  private void unknown(String name) {
    unknownKeys++;
    if (unknownNames.size() < KEPT_NAMES && !unknownNames.contains(name)) {
      unknownNames.add(name);
    }
  }
}
