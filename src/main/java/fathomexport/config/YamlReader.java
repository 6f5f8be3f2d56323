package fathomexport.config;

import fathomexport.config.YamlNode.Entry;
import fathomexport.config.YamlNode.Mapping;
import fathomexport.config.YamlNode.Place;
import fathomexport.config.YamlNode.Scalar;
import fathomexport.config.YamlNode.Sequence;
import fathomexport.config.YamlNode.Unusable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.scanner.StreamReader;

/**
 * Reads a file as a tree of nodes. Accepts only plain YAML: one document with a group of keys at
 * its top, without anchors, aliases, merge keys and tags, so that a file means what it shows.
 *
 * <p>Reads the events of the parser, because only they give the place of each of these.
 */
final class YamlReader {
  private static final int LARGEST = 1 << 20;
  private static final int DEEPEST = 20;
  private static final int BYTE_ORDER_MARK = 0xFEFF;

  private final Problems problems;
  private final String whenEmpty;

  /**
   * @param whenEmpty what to write, for the message about an empty file
   */
  YamlReader(Problems problems, String whenEmpty) {
    this.problems = problems;
    this.whenEmpty = whenEmpty;
  }

  /** Reads the group of keys at the top of the file; empty if a problem prevents it. */
  Optional<Mapping> read(Path file) {
    return text(file).flatMap(this::parse);
  }

  private Optional<String> text(Path file) {
    if (Files.isDirectory(file)) {
      problems.ofFile("is a directory, not a file", "");
      return Optional.empty();
    }
    try {
      if (Files.size(file) > LARGEST) {
        problems.ofFile("is larger than a configuration can be", "allowed: up to 1 MiB");
        return Optional.empty();
      }
      byte[] bytes = Files.readAllBytes(file);
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      boolean marked = !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK;
      return printable(marked ? text.substring(1) : text);
    } catch (CharacterCodingException e) {
      problems.ofFile("is not text in UTF-8", "save it as UTF-8");
    } catch (AccessDeniedException e) {
      problems.ofFile("cannot be read: permission denied", "");
    } catch (IOException e) {
      problems.ofFile("cannot be read: " + e.getClass().getSimpleName(), "");
    }
    return Optional.empty();
  }

  private Optional<String> printable(String text) {
    int line = 1;
    int column = 1;
    for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
      int c = text.codePointAt(i);
      if (!StreamReader.isPrintable(c)) {
        problems.add(
            new Place(line, column),
            "",
            String.format("holds the character U+%04X, which YAML does not allow", c),
            "");
        return Optional.empty();
      }
      if (c == '\n' || (c == '\r' && !text.startsWith("\n", i + 1))) {
        line++;
        column = 1;
      } else {
        column++;
      }
    }
    return Optional.of(text);
  }

  /** Reads the group of keys at the top of a text. */
  Optional<Mapping> parse(String text) {
    try {
      return document(new Parse(LoadSettings.builder().build()).parseString(text).iterator());
    } catch (MarkedYamlEngineException e) {
      problems.add(place(e.getProblemMark()), "", "is not YAML: " + reason(e), "");
    } catch (YamlEngineException e) {
      // Omits the message of the exception, because it may quote the file and with it a secret.
      problems.ofFile("is not YAML: " + e.getClass().getSimpleName(), "");
    }
    return Optional.empty();
  }

  /** Returns the parser's message without the snippet of the file, which may show a secret. */
  private static String reason(MarkedYamlEngineException e) {
    String problem = e.getProblem() == null ? "it cannot be parsed" : e.getProblem();
    if (problem.contains("TAB")) {
      return "a tab is used where only spaces are allowed: indent with spaces";
    }
    if (problem.startsWith("found undefined tag handle")) {
      return "found a tag";
    }
    if (e.getContext() == null) {
      return problem;
    }
    String begun =
        e.getContextMark().map(m -> " that begins in line " + (m.getLine() + 1)).orElse("");
    return e.getContext() + begun + ", " + problem;
  }

  private Optional<Mapping> document(Iterator<Event> events) {
    events.next(); // the start of the stream
    Event first = events.next();
    if (first.getEventId() == Event.ID.StreamEnd) {
      problems.ofFile("is empty", whenEmpty);
      return Optional.empty();
    }
    YamlNode root = node(events.next(), events, "", 0);
    events.next(); // the end of the document
    Event after = events.next();
    if (after.getEventId() != Event.ID.StreamEnd) {
      problems.add(
          place(after.getStartMark()),
          "",
          "begins a second YAML document: write each into a separate file",
          "");
      return Optional.empty();
    }
    if (root instanceof Mapping mapping) {
      return Optional.of(mapping);
    }
    if (root instanceof Scalar scalar && scalar.isNull()) {
      problems.ofFile("is empty", whenEmpty);
    } else if (!(root instanceof Unusable)) {
      problems.add(root.at(), "", "contains " + root.kind() + " instead of keys with values", "");
    }
    return Optional.empty();
  }

  private YamlNode node(Event event, Iterator<Event> events, String path, int depth) {
    Place at = place(event.getStartMark());
    if (event instanceof AliasEvent) {
      problems.add(at, path, "aliases (*) are not supported: repeat the value", "");
      return new Unusable(at);
    }
    if (event instanceof NodeEvent node && node.getAnchor().isPresent()) {
      problems.add(at, path, "anchors (&) are not supported: repeat the value", "");
    }
    if (event instanceof ScalarEvent scalar) {
      if (scalar.getTag().isPresent()) {
        return tagged(at, path);
      }
      return new Scalar(at, scalar.getValue(), scalar.isPlain());
    }
    if (!(event instanceof CollectionStartEvent collection)) {
      throw new IllegalStateException("no node begins with " + event.getEventId());
    }
    YamlNode read =
        depth == DEEPEST
            ? tooDeep(at, events, path)
            : event.getEventId() == Event.ID.SequenceStart
                ? sequence(at, events, path, depth)
                : mapping(at, events, path, depth);
    return collection.getTag().isPresent() ? tagged(at, path) : read;
  }

  private Unusable tagged(Place at, String path) {
    problems.add(
        at, path, "tags (!) are not supported: a value that begins with ! needs quotes", "");
    return new Unusable(at);
  }

  private Unusable tooDeep(Place at, Iterator<Event> events, String path) {
    problems.add(at, path, "is nested too deeply", "");
    int open = 1;
    while (open > 0) {
      Event event = events.next();
      if (event instanceof CollectionStartEvent) {
        open++;
      } else if (event.getEventId() == Event.ID.SequenceEnd
          || event.getEventId() == Event.ID.MappingEnd) {
        open--;
      }
    }
    return new Unusable(at);
  }

  private Sequence sequence(Place at, Iterator<Event> events, String path, int depth) {
    List<YamlNode> items = new ArrayList<>();
    for (Event e = events.next(); e.getEventId() != Event.ID.SequenceEnd; e = events.next()) {
      items.add(node(e, events, path + "[" + items.size() + "]", depth + 1));
    }
    return new Sequence(at, List.copyOf(items));
  }

  private Mapping mapping(Place at, Iterator<Event> events, String path, int depth) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    for (Event e = events.next(); e.getEventId() != Event.ID.MappingEnd; e = events.next()) {
      YamlNode key = node(e, events, path, depth + 1);
      String name = key instanceof Scalar scalar ? scalar.text() : "";
      YamlNode value = node(events.next(), events, join(path, name), depth + 1);
      if (!(key instanceof Scalar scalar)) {
        if (!(key instanceof Unusable)) {
          problems.add(key.at(), path, key.kind() + " cannot be a key", "");
        }
      } else if (scalar.plain() && name.equals("<<")) {
        problems.add(key.at(), path, "merge keys (<<) are not supported: repeat the keys", "");
      } else {
        Entry earlier = entries.putIfAbsent(name, new Entry(scalar, value));
        if (earlier != null) {
          problems.add(
              key.at(),
              join(path, name),
              "is given twice, first in line " + earlier.key().at().line(),
              "");
        }
      }
    }
    return new Mapping(at, List.copyOf(entries.values()));
  }

  /** Appends a key to a path; the key is escaped to one line. */
  static String join(String path, String key) {
    String quoted = Problems.quote(key);
    String shown = quoted.substring(1, quoted.length() - 1);
    return path.isEmpty() ? shown : path + "." + shown;
  }

  private static Place place(Optional<Mark> mark) {
    return mark.map(m -> new Place(m.getLine() + 1, m.getColumn() + 1))
        .orElseThrow(() -> new IllegalStateException("the parser keeps marks"));
  }
}
