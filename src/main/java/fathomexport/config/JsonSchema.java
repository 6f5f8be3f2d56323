package fathomexport.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.config.Kind.AllOr;
import fathomexport.config.Kind.Choice;
import fathomexport.config.Kind.Group;
import fathomexport.config.Kind.ListOf;
import fathomexport.config.Kind.Numbers;
import fathomexport.config.Kind.Rule;
import fathomexport.config.Kind.Span;
import fathomexport.config.Kind.Text;
import fathomexport.config.Kind.TextOr;
import fathomexport.config.Kind.WholeNumber;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The JSON Schemas of the configuration files, which editors use for completion and checks. They
 * are generated from the declarations that the decoders use.
 *
 * <p>A schema is looser than the decoders, whose result is final: it does not compare durations,
 * does not know other files, and does not distinguish {@code 1.0} from 1. It is stricter in one
 * point only: a list must not hold two spellings of one number.
 *
 * <p>Draft 7 is the newest version that all editors with YAML support can read.
 */
public enum JsonSchema {
  SETTINGS(
      "Settings of fathom-export",
      "How fathom-export connects to Fathom's API, and where it writes rows. Do not write secrets"
          + " here: name the environment variables or files that contain them."),
  PIPELINE(
      "A pipeline of fathom-export",
      "Which reports are exported, for which sites, and where their rows are written.");

  private static final String DRAFT = "http://json-schema.org/draft-07/schema#";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final DefaultPrettyPrinter LINES =
      new DefaultPrettyPrinter(
              Separators.createDefaultInstance()
                  .withObjectFieldValueSpacing(Separators.Spacing.AFTER))
          .withObjectIndenter(new DefaultIndenter("  ", "\n"));

  private final String title;
  private final String description;

  JsonSchema(String title, String description) {
    this.title = title;
    this.description = description;
  }

  /** Returns the schema with this label of the command line. */
  public static Optional<JsonSchema> named(String label) {
    return Arrays.stream(values()).filter(schema -> schema.label().equals(label)).findFirst();
  }

  /** Returns the label of the schema on the command line. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the name of the schema's file in {@code conf/}. */
  public String fileName() {
    return label() + ".schema.json";
  }

  /** Returns the schema as JSON text. */
  public String json() {
    ObjectNode schema = JSON.createObjectNode();
    schema.put("$schema", DRAFT);
    schema.put(
        "$comment",
        "Generated. To generate it again: ./fathom-export validate --schema "
            + label()
            + " > conf/"
            + fileName());
    schema.put("title", title);
    schema.put("description", description);
    addGroup(schema, keys());
    try {
      return JSON.writer(LINES).writeValueAsString(schema) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private Group keys() {
    return switch (this) {
      case SETTINGS -> SettingsKeys.FILE;
      case PIPELINE -> PipelineKeys.FILE;
    };
  }

  private static ObjectNode key(Key<?> key) {
    ObjectNode schema = JSON.createObjectNode();
    schema.put("description", key.description());
    add(schema, key.kind());
    if (!key.examples().isEmpty()) {
      strings(schema.putArray("examples"), key.examples());
    }
    return schema;
  }

  private static ObjectNode kind(Kind kind) {
    ObjectNode schema = JSON.createObjectNode();
    add(schema, kind);
    return schema;
  }

  private static void add(ObjectNode schema, Kind kind) {
    if (kind instanceof Text text) {
      addText(schema, text);
    } else if (kind instanceof WholeNumber number) {
      schema.put("type", "integer").put("minimum", number.least()).put("maximum", number.most());
      if (number.byDefault() != null) {
        schema.put("default", number.byDefault());
      }
    } else if (kind instanceof Span span) {
      schema.put("type", "string");
      putPattern(schema, "^(" + Span.WRITTEN.pattern() + ")$", "must be " + span.allowed());
      schema.put("default", Span.written(span.byDefault()));
      // A pattern cannot compare durations, so the description gives the range.
      schema.put(
          "description", schema.path("description").asText() + " Write " + span.allowed() + ".");
    } else if (kind instanceof Choice choice) {
      strings(schema.putArray("enum"), choice.names());
      if (choice.byDefault() != null) {
        schema.put("default", choice.byDefault());
      }
    } else if (kind instanceof Numbers numbers) {
      ArrayNode allowed = schema.put("type", "integer").putArray("enum");
      numbers.allowed().forEach(allowed::add);
    } else if (kind instanceof ListOf list) {
      schema.put("type", "array").put("minItems", 1);
      if (list.distinct()) {
        schema.put("uniqueItems", true);
      }
      schema.set("items", kind(list.item()));
    } else if (kind instanceof TextOr textOr) {
      ArrayNode either = schema.putArray("anyOf");
      either.add(kind(textOr.text()));
      either.add(kind(textOr.group()));
    } else if (kind instanceof AllOr allOr) {
      ArrayNode either = schema.putArray("anyOf");
      either.addObject().put("const", PipelineDecoder.ALL);
      either.add(kind(allOr.list()));
    } else if (kind instanceof Group group) {
      addGroup(schema, group);
    } else {
      throw new IllegalStateException("a kind without a schema: " + kind);
    }
  }

  /**
   * Adds the types of a text: the decoders read an unquoted value as text, while in JSON it is a
   * number or a boolean.
   */
  private static void addText(ObjectNode schema, Text text) {
    List<String> types = new ArrayList<>(List.of("string"));
    if (text.matches("1")) {
      types.add("number");
    }
    if (text.matches("true")) {
      types.add("boolean");
    }
    if (types.size() == 1) {
      schema.put("type", types.get(0));
    } else {
      strings(schema.putArray("type"), types);
    }
    if (text.shortest() > 0) {
      schema.put("minLength", text.shortest());
    }
    if (text.longest() < Integer.MAX_VALUE) {
      schema.put("maxLength", text.longest());
    }
    if (text.pattern() != null) {
      putPattern(schema, text.pattern(), text.otherwise());
    }
    if (!text.refused().isEmpty()) {
      strings(schema.putObject("not").putArray("enum"), text.refused().stream().sorted().toList());
    }
    if (text.byDefault() != null) {
      schema.put("default", text.byDefault());
    }
  }

  /** Adds a pattern and the message that editors show for it; the standard has no such message. */
  private static void putPattern(ObjectNode schema, String pattern, @Nullable String otherwise) {
    schema.put("pattern", pattern);
    schema.put("patternErrorMessage", otherwise);
  }

  private static void addGroup(ObjectNode schema, Group group) {
    schema.put("type", "object").put("additionalProperties", false);
    ObjectNode properties = schema.putObject("properties");
    for (Key<?> key : group.keys()) {
      properties.set(key.name(), key(key));
    }
    List<String> required =
        group.keys().stream()
            .filter(key -> key.need() == Key.Need.REQUIRED)
            .<String>map(Key::name)
            .toList();
    if (!required.isEmpty()) {
      strings(schema.putArray("required"), required);
    }
    if (group.rules().equals(List.of(new Rule.OneOf(group.names())))) {
      schema.put("minProperties", 1).put("maxProperties", 1);
    } else if (group.rules().size() == 1) {
      schema.setAll(rule(group.rules().get(0)));
    } else if (!group.rules().isEmpty()) {
      ArrayNode all = schema.putArray("allOf");
      group.rules().forEach(rule -> all.add(rule(rule)));
    }
  }

  private static ObjectNode rule(Rule rule) {
    ObjectNode schema = JSON.createObjectNode();
    if (rule instanceof Rule.OneOf one) {
      ArrayNode either = schema.putArray("oneOf");
      one.names().forEach(name -> either.addObject().putArray("required").add(name));
    } else if (rule instanceof Rule.Needs needs) {
      schema.putObject("dependencies").putArray(needs.name()).add(needs.other());
    } else if (rule instanceof Rule.InsteadOf instead) {
      schema.putObject("if").putArray("required").add(instead.name());
      ObjectNode absent =
          schema
              .putObject("then")
              .putObject("properties")
              .putObject(instead.group())
              .putObject("properties");
      instead.refused().forEach(name -> absent.put(name, false));
      ObjectNode otherwise = schema.putObject("else");
      otherwise.putArray("required").add(instead.group());
      strings(
          otherwise.putObject("properties").putObject(instead.group()).putArray("required"),
          instead.required());
    } else if (rule instanceof Rule.Where where) {
      ObjectNode condition = schema.putObject("if");
      if (!where.values().isEmpty()) {
        strings(
            condition.putObject("properties").putObject(where.name()).putArray("enum"),
            where.values());
      }
      condition.putArray("required").add(where.name());
      ObjectNode then = schema.putObject("then");
      if (!where.required().isEmpty()) {
        strings(then.putArray("required"), where.required());
      }
      ObjectNode properties = then.putObject("properties");
      where.refused().forEach(name -> properties.put(name, false));
      where.narrowed().forEach(key -> properties.set(key.name(), kind(key.kind())));
    }
    return schema;
  }

  private static void strings(ArrayNode array, Collection<String> texts) {
    texts.forEach(array::add);
  }
}
