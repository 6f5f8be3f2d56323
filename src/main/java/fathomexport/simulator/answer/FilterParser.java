package fathomexport.simulator.answer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.world.Dimension;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/** Parses the filters of {@code GET /aggregations}. */
final class FilterParser {
  private static final ObjectMapper JSON = new ObjectMapper();

  private FilterParser() {}

  /** Parses the parameter; null if it was not sent. */
  static List<AggregationQuery.Condition> parse(@Nullable String text, Behaviour behaviour)
      throws ApiProblem {
    if (text == null) {
      return List.of();
    }
    JsonNode array;
    try {
      array = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw ApiProblem.invalid("filters", "The filters must be a valid JSON string.");
    }
    if (!array.isArray()) {
      throw ApiProblem.invalid("filters", "The filters must be an array.");
    }
    List<AggregationQuery.Condition> conditions = new ArrayList<>();
    for (JsonNode one : array) {
      conditions.add(condition(one, behaviour));
    }
    return conditions;
  }

  private static AggregationQuery.Condition condition(JsonNode node, Behaviour behaviour)
      throws ApiProblem {
    JsonNode property = node.path("property");
    JsonNode operator = node.path("operator");
    JsonNode value = node.path("value");
    if (!node.isObject()
        || node.size() != 3
        || !property.isTextual()
        || !operator.isTextual()
        || !value.isTextual()) {
      throw ApiProblem.invalid(
          "filters", "Each filter must have a property, an operator and a value, all strings.");
    }
    String name = property.textValue().equals("domain") ? "hostname" : property.textValue();
    Dimension field =
        Dimension.named(name)
            .orElseThrow(
                () ->
                    ApiProblem.invalid("filters", "The filter property " + name + " is invalid."));
    AggregationQuery.Operator op =
        Arrays.stream(AggregationQuery.Operator.values())
            .filter(o -> o.apiName.equals(operator.textValue()))
            .findFirst()
            .orElseThrow(
                () ->
                    ApiProblem.invalid(
                        "filters", "The filter operator " + operator.textValue() + " is invalid."));
    boolean allowed =
        switch (field.filtering()) {
          case TEXT -> true;
          case CATEGORICAL ->
              op == AggregationQuery.Operator.IS || op == AggregationQuery.Operator.IS_NOT;
          case NONE -> false;
        };
    if (!allowed) {
      throw ApiProblem.incompatible(
          "filters",
          "The operator " + op.apiName + " is not available for the field " + name + ".");
    }
    boolean regex =
        op == AggregationQuery.Operator.MATCHING || op == AggregationQuery.Operator.NOT_MATCHING;
    if (regex && behaviour.regexRefused()) {
      throw ApiProblem.incompatible("filters", "Regular expressions are not available.");
    }
    if (regex && behaviour.re2Only()) {
      Optional<String> unknown = Re2Syntax.unknown(value.textValue());
      if (unknown.isPresent()) {
        throw ApiProblem.incompatible(
            "filters", "error parsing regexp: invalid or unsupported syntax: " + unknown.get());
      }
    }
    int flags = behaviour.regexIgnoresCase() ? Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE : 0;
    return new AggregationQuery.Condition(
        field, op, value.textValue(), pattern(op, value.textValue(), flags));
  }

  private static Pattern pattern(AggregationQuery.Operator operator, String value, int regexFlags)
      throws ApiProblem {
    return switch (operator) {
      case IS, IS_NOT -> Pattern.compile("");
      case IS_LIKE, IS_NOT_LIKE -> {
        StringBuilder regex = new StringBuilder();
        for (String piece : value.split("\\*", -1)) {
          regex.append(regex.length() == 0 ? "" : ".*").append(Pattern.quote(piece));
        }
        yield Pattern.compile(regex.toString(), Pattern.DOTALL);
      }
      case MATCHING, NOT_MATCHING -> {
        try {
          yield Pattern.compile(value, regexFlags);
        } catch (PatternSyntaxException e) {
          throw ApiProblem.invalid(
              "filters", "The filter value is not a valid regular expression.");
        }
      }
    };
  }
}
