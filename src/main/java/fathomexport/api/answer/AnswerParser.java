package fathomexport.api.answer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.SerializedString;
import fathomexport.api.answer.AggregationAnswer.Contents;
import fathomexport.api.answer.RawRow.JsonKind;
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
 * Parses a response of {@code /aggregations} row by row, so that it is never in memory as a whole.
 * A response is an array of objects, or the older {@code {object, url, has_more, data}} around one.
 * Any other form, and anything after the end, makes the response unusable.
 */
public final class AnswerParser {
  /** Leaves the stream open at its end, because the transport checks the length there. */
  private static final JsonFactory JSON =
      JsonFactory.builder().disable(StreamReadFeature.AUTO_CLOSE_SOURCE).build();

  private static final int UNKNOWN = -1;
  private static final int KEPT_NAMES = 10;

  /** Number of key positions that are remembered; keys at later positions are looked up by name. */
  private static final int KNOWN_ORDER = 64;

  private final RawRow row;
  private final Map<String, Integer> columns = new HashMap<>();

  // The rows of a response list their keys in the same order. The key of the previous row at a
  // position is therefore compared byte by byte, which avoids decoding and looking up each key.
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
   * Parses the stream to its end and passes each row to the handler.
   *
   * @throws UnusableAnswerException if the response has another form
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

  /** Describes the error in a JSON text and its location, without quoting the text. */
  public static UnusableAnswerException unusable(JsonProcessingException e) {
    String where =
        e.getLocation() == null
            ? ""
            : " (line "
                + e.getLocation().getLineNr()
                + ", column "
                + e.getLocation().getColumnNr()
                + ")";
    if (e instanceof StreamConstraintsException) {
      // The text is nested too deeply, or a string or number is too long. Truncation cannot cause
      // this.
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
            "the answer is marked as cut off (has_more), and the API cannot be asked for the rest",
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

  /** Returns the next key of the row, or null at the end of the row. */
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
      case VALUE_NULL -> row.set(column, JsonKind.NULL, null);
      case VALUE_STRING -> string(json, column);
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> row.set(column, JsonKind.NUMBER, json.getText());
      default -> row.set(column, JsonKind.OTHER, text(json));
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
    // Compares from the end, because values of neighbouring rows share beginnings more often than
    // ends.
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
