package fathomexport.api.answer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.report.StoredText;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.regex.Pattern;

/**
 * The message of an error response: {@code {"errors": {field: [..]}}}, {@code {"error": ..}},
 * {@code {"message": ..}}, or the plain text.
 *
 * @param words the message for people, on one line, shortened to 400 characters
 * @param fields names of the parameters that the errors are about
 */
public record ErrorWords(String words, Set<String> fields) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int LONGEST = 400;

  private static final Pattern NOT_SHOWN =
      Pattern.compile(
          "<(script|style|head)\\b.*?</\\1\\s*>", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);
  private static final Pattern TAG = Pattern.compile("<[^>]*>");
  private static final Pattern BLANK = Pattern.compile("[\\s\\p{Cntrl}\\p{Cf}]+");

  private static final Pattern PERMISSION =
      Pattern.compile(
          "permission|not authori[sz]ed|unauthori[sz]ed|authori[sz]ation|forbidden"
              + "|access denied|(no|not have) access|subscription|(?<!unexpected )\\btokens?\\b",
          Pattern.CASE_INSENSITIVE);

  /** Messages that the account does not pay any more: no site of it is served. */
  private static final Pattern SUBSCRIPTION =
      Pattern.compile(
          "\\bsubscription\\b.{0,40}\\b(lapsed|expired|ended|inactive|not active|cancell?ed|suspended"
              + "|past due|unpaid)\\b|\\b(no|inactive|expired|lapsed|cancell?ed|unpaid) (active )?subscription\\b"
              + "|\\bpayment required\\b",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern RANGE =
      Pattern.compile(
          "date[ _-]?range|time[ _-]?range|date[ _-]?from|date[ _-]?to\\b|\\brange"
              + "|\\b(\\d+|seven|six|twelve)[ -](hours?|days?|weeks?|months?|years?)\\b",
          Pattern.CASE_INSENSITIVE);

  /** Terms that clearly mean dates, even if the message also mentions a limit. */
  private static final Pattern SURELY_RANGE =
      Pattern.compile(
          "date[ _-]?range|time[ _-]?range|date[ _-]?from|date[ _-]?to\\b"
              + "|\\b(\\d+|seven|six|twelve)[ -](hours?|days?|weeks?|months?|years?)\\b",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern LIMIT =
      Pattern.compile(
          "(?<!rate )(?<!rate-)(?<!time )(?<!quota )\\blimit\\b|\\bper[ _-]?page\\b|\\bpage[ _-]?size\\b"
              + "|\\b(max(imum)?|at most|no more than|more than|up to|exceeds?)\\b.{0,30}\\b(rows?|results|records|items|entries)\\b"
              + "|\\b(rows?|results|records|items|entries)\\b.{0,30}\\b(max(imum)?|at most|more than|greater than|up to|exceeds?)\\b",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern DATES =
      Pattern.compile(
          "\\b(dates?|ranges?|hours?|days?|weeks?|months?|years?|period|interval|timestamp)\\b"
              + "|date_|hourly|daily|too (long|wide|large)",
          Pattern.CASE_INSENSITIVE);
  private static final Set<String> SITE_FIELDS = Set.of("site_id", "entity_id");
  private static final Set<String> LIMIT_FIELDS = Set.of("limit", "per_page", "page_size");
  private static final Set<String> RANGE_FIELDS = Set.of("date_from", "date_to");

  public static ErrorWords of(String body) {
    Set<String> fields = new LinkedHashSet<>();
    String words = "";
    try {
      JsonNode tree = JSON.readTree(body);
      if (tree != null && tree.isObject()) {
        words = ofObject(tree, fields);
      } else if (tree != null && tree.isTextual()) {
        words = tree.textValue();
      }
    } catch (JsonProcessingException e) {
      words = ""; // The body is not JSON: its text is the message.
    }
    if (words.isBlank()) {
      words = TAG.matcher(NOT_SHOWN.matcher(body).replaceAll(" ")).replaceAll(" ");
    }
    String line = BLANK.matcher(StoredText.encode(words)).replaceAll(" ").strip();
    if (line.isEmpty()) {
      return new ErrorWords("(no error message)", fields);
    }
    return new ErrorWords(
        line.length() <= LONGEST
            ? line
            : line.substring(
                    0, Character.isHighSurrogate(line.charAt(LONGEST - 1)) ? LONGEST - 1 : LONGEST)
                + "…",
        fields);
  }

  private static String ofObject(JsonNode tree, Set<String> fields) {
    JsonNode errors = tree.path("errors");
    StringJoiner said = new StringJoiner("; ");
    if (errors.isObject()) {
      for (Map.Entry<String, JsonNode> field : errors.properties()) {
        fields.add(field.getKey());
        said.add(field.getKey() + ": " + text(field.getValue()));
      }
    } else if (!errors.isMissingNode() && !errors.isNull()) {
      said.add(text(errors));
    }
    if (said.length() == 0) {
      for (String key : new String[] {"error", "message"}) {
        JsonNode value = tree.path(key);
        if (said.length() == 0 && !value.isMissingNode() && !value.isNull()) {
          said.add(text(value.path("message").isTextual() ? value.path("message") : value));
        }
      }
    }
    return said.toString();
  }

  private static String text(JsonNode node) {
    if (node.isArray()) {
      StringJoiner all = new StringJoiner(", ");
      node.forEach(n -> all.add(text(n)));
      return all.toString();
    }
    return node.isValueNode() ? node.asText() : node.toString();
  }

  /** Classifies a refusal by its status, which is below 500, and its message. */
  public Refusal refusal(int status) {
    return switch (status) {
      case 401 -> Refusal.CREDENTIALS;
      case 402 -> Refusal.SUBSCRIPTION;
      case 403 -> permission();
      case 404, 410 -> Refusal.NOT_FOUND;
      case 400, 422 -> refusedParameters();
      default -> Refusal.OTHER;
    };
  }

  private Refusal refusedParameters() {
    if (fields.stream().anyMatch(SITE_FIELDS::contains)) {
      return Refusal.PERMISSION;
    }
    // A message that names a limit or a range is about that, whatever else it advises: a request
    // for less may pass, whereas a missing permission takes the whole site away.
    if (fields.stream().anyMatch(LIMIT_FIELDS::contains)
        || (fields.stream().noneMatch(RANGE_FIELDS::contains)
            && LIMIT.matcher(words).find()
            && !SURELY_RANGE.matcher(words).find())) {
      return Refusal.LIMIT;
    }
    if (fields.stream().anyMatch(RANGE_FIELDS::contains) || RANGE.matcher(words).find()) {
      return Refusal.RANGE;
    }
    return SUBSCRIPTION.matcher(words).find() || PERMISSION.matcher(words).find()
        ? permission()
        : Refusal.PARAMETERS;
  }

  private Refusal permission() {
    return SUBSCRIPTION.matcher(words).find() ? Refusal.SUBSCRIPTION : Refusal.PERMISSION;
  }

  public boolean mentionsRange() {
    return DATES.matcher(words).find();
  }
}
