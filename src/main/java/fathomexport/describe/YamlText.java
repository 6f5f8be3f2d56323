package fathomexport.describe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;

/**
 * Writes maps, lists, texts and numbers as YAML in blocks. Texts are in double quotes, in which
 * YAML reads what JSON writes.
 */
final class YamlText {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final StringBuilder text = new StringBuilder();

  private YamlText() {}

  static String of(Map<String, Object> document) {
    YamlText yaml = new YamlText();
    yaml.map(document, 0, false);
    return yaml.text.toString();
  }

  /**
   * @param begun whether the first key follows a dash in the present line
   */
  private void map(Map<?, ?> map, int indent, boolean begun) {
    boolean inLine = begun;
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      if (!inLine) {
        text.append(" ".repeat(indent));
      }
      inLine = false;
      text.append(entry.getKey()).append(':');
      value(entry.getValue(), indent + 2);
    }
  }

  private void value(Object value, int indent) {
    if (value instanceof Map<?, ?> map && !map.isEmpty()) {
      text.append('\n');
      map(map, indent, false);
    } else if (value instanceof List<?> list && !list.isEmpty()) {
      text.append('\n');
      list(list, indent);
    } else {
      text.append(' ').append(scalar(value)).append('\n');
    }
  }

  private void list(List<?> list, int indent) {
    for (Object item : list) {
      text.append(" ".repeat(indent)).append("- ");
      if (item instanceof Map<?, ?> map && !map.isEmpty()) {
        map(map, indent + 2, true);
      } else {
        text.append(scalar(item)).append('\n');
      }
    }
  }

  private static String scalar(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("not a value that JSON has: " + value, e);
    }
  }
}
