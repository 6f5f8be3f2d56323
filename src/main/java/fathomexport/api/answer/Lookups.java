package fathomexport.api.answer;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import fathomexport.report.Excerpt;
import fathomexport.report.Milestone;
import fathomexport.report.Site;
import fathomexport.report.SiteEvent;
import fathomexport.report.SiteId;
import fathomexport.report.StoredText;
import java.io.IOException;
import java.io.InputStream;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Parses small responses: one page of a list, or one object. */
public final class Lookups {
  private static final Logger LOG = LoggerFactory.getLogger(Lookups.class);
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(StreamReadFeature.AUTO_CLOSE_SOURCE)
          .build();

  /** Reads single values of a longer text. */
  private static final ObjectMapper ITEMS =
      JsonMapper.builder().disable(StreamReadFeature.AUTO_CLOSE_SOURCE).build();

  /** A longer text is not an id and would not fit into a URL. */
  private static final int LONGEST_CURSOR = 128;

  private static final Pattern WHOLE = Pattern.compile("[0-9]{1,18}");

  private static final Pattern DAY = Pattern.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])");
  private static final Pattern CURRENCY = Pattern.compile("[A-Za-z]{3}");
  private static final List<String> DOMAIN_KEYS = List.of("domain", "hostname", "name");

  private Lookups() {}

  /**
   * One page of a list.
   *
   * @param found the values of the valid records
   * @param odd the errors of the invalid records
   * @param cursor id of the last record that the next page can start after; null if there is none
   * @param more whether the API reports further pages
   */
  public record ListPage<T>(
      List<T> found, List<String> odd, @Nullable String cursor, boolean more) {}

  /** Parses one record of a list. */
  public interface RecordReader<T> {
    /**
     * @throws UnusableAnswerException if the record is invalid; this does not affect other records
     */
    T read(JsonNode item) throws UnusableAnswerException;
  }

  /** Parses a page record by record; at most one record is in memory as a tree. */
  public static <T> ListPage<T> page(InputStream in, RecordReader<T> reader) throws IOException {
    List<T> found = new ArrayList<>();
    List<String> odd = new ArrayList<>();
    String cursor = null;
    boolean more = false;
    boolean data = false;
    try (JsonParser parser = ITEMS.createParser(in)) {
      JsonToken start = parser.nextToken();
      if (start == null) {
        throw unusable("the body is empty");
      }
      if (start != JsonToken.START_OBJECT) {
        throw unusable("the body is not an object");
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String key = parser.currentName();
        JsonToken value = parser.nextToken();
        if (key.equals("data") && value == JsonToken.START_ARRAY) {
          data = true;
          int position = 0;
          while (parser.nextToken() != JsonToken.END_ARRAY) {
            position++;
            JsonNode item = ITEMS.readTree(parser);
            String id = text(item, "id");
            try {
              found.add(reader.read(item));
            } catch (UnusableAnswerException e) {
              odd.add(
                  (id == null ? "record " + position + " of a page" : "'" + Excerpt.of(id) + "'")
                      + ": "
                      + e.getMessage());
            }
            if (id != null && !id.isBlank() && id.length() <= LONGEST_CURSOR) {
              cursor = id;
            }
          }
        } else if (key.equals("has_more")) {
          JsonNode says = ITEMS.readTree(parser);
          more = says.asBoolean(false);
        } else {
          parser.skipChildren();
        }
      }
      if (parser.nextToken() != null) {
        throw unusable("something follows the end of the answer");
      }
    }
    if (!data) {
      throw unusable("the list has no 'data'");
    }
    return new ListPage<>(found, odd, cursor, more);
  }

  public static JsonNode object(InputStream in) throws IOException {
    JsonNode tree = JSON.readTree(in);
    if (tree == null || tree.isMissingNode()) {
      throw unusable("the body is empty");
    }
    if (!tree.isObject()) {
      throw unusable("the body is not an object");
    }
    return tree;
  }

  public static Site site(JsonNode record) throws UnusableAnswerException {
    if (!record.isObject()) {
      throw unusable("it is not an object but '" + Excerpt.of(record.toString()) + "'");
    }
    String id = text(record, "id");
    if (id == null) {
      throw unusable("it has no id");
    }
    try {
      SiteId siteId = new SiteId(id);
      String name = text(record, "name");
      ZoneId zone = zone(siteId, record);
      return new Site(
          siteId,
          name == null ? "" : StoredText.encode(name),
          zone,
          created(siteId, text(record, "created_at"), zone),
          domains(record));
    } catch (IllegalArgumentException e) {
      throw unusable("it has no id that can be used: " + e.getMessage());
    }
  }

  /**
   * Returns the domains of a site. The API's documentation does not describe this part: a list of
   * texts or of objects with a name is accepted, anything else counts as not reported.
   */
  private static List<String> domains(JsonNode record) {
    List<String> domains = new ArrayList<>();
    for (JsonNode item : record.path("domains")) {
      String domain = null;
      if (item.isObject()) {
        for (String key : DOMAIN_KEYS) {
          domain = domain == null ? text(item, key) : domain;
        }
      } else if (item.isTextual()) {
        domain = item.textValue();
      }
      if (domain != null && !domain.isBlank()) {
        domains.add(StoredText.encode(domain.strip()));
      }
    }
    return domains.stream().distinct().toList();
  }

  /**
   * Parses an event.
   *
   * @throws UnusableAnswerException if the event has no name that a query can contain
   */
  public static SiteEvent event(JsonNode item) throws UnusableAnswerException {
    String name = text(item, "name");
    if (name == null || name.isEmpty()) {
      throw unusable("it has no name");
    }
    if (!StoredText.isSendable(name)) {
      throw unusable(
          "the name "
              + StoredText.encode(name)
              + " holds half of a surrogate pair, which no query can name");
    }
    String currency = text(item, "currency");
    return new SiteEvent(
        StoredText.encode(name),
        currency != null && CURRENCY.matcher(currency.strip()).matches()
            ? currency.strip().toUpperCase(Locale.ROOT)
            : null);
  }

  /**
   * Parses a note on a timeline.
   *
   * @throws UnusableAnswerException if the note has no id, no day or no text
   */
  public static Milestone milestone(JsonNode item) throws UnusableAnswerException {
    String id = text(item, "id");
    String name = text(item, "name");
    String date = text(item, "milestone_date");
    if (id == null || id.isBlank() || id.length() > LONGEST_CURSOR) {
      throw unusable("it has no id that can be used");
    }
    if (name == null || name.isEmpty()) {
      throw unusable("it has no name");
    }
    if (date == null || !DAY.matcher(date).lookingAt()) {
      throw unusable("its 'milestone_date' is not a day");
    }
    try {
      return new Milestone(
          StoredText.encode(id), LocalDate.parse(date.substring(0, 10)), StoredText.encode(name));
    } catch (DateTimeParseException e) {
      throw unusable("its 'milestone_date' is not a day");
    }
  }

  private static @Nullable ZoneId zone(SiteId site, JsonNode record) {
    String name = text(record, "timezone");
    if (name == null || name.isBlank()) {
      LOG.warn("site {}: the API does not report the time zone", site);
      return null;
    }
    try {
      return ZoneId.of(name.strip());
    } catch (DateTimeException e) {
      LOG.warn("site {}: the time zone '{}' is unknown to this program", site, Excerpt.of(name));
      return null;
    }
  }

  /**
   * Returns the earliest instant that the text may mean, or null if it is missing or unreadable. A
   * date means the start of that day at the site. A time without an offset may be UTC or the site's
   * local time.
   */
  private static @Nullable Instant created(
      SiteId site, @Nullable String text, @Nullable ZoneId zone) {
    if (text == null || text.isBlank()) {
      return null;
    }
    ZoneId own = zone == null ? Site.LAST_ZONE_ON_EARTH : zone;
    String given = text.strip().replace(' ', 'T');
    try {
      return OffsetDateTime.parse(given).toInstant();
    } catch (DateTimeParseException withoutOffset) {
      try {
        LocalDateTime local = LocalDateTime.parse(given);
        Instant utc = local.toInstant(ZoneOffset.UTC);
        Instant here = local.atZone(own).toInstant();
        return utc.isBefore(here) ? utc : here;
      } catch (DateTimeParseException withoutTime) {
        try {
          return LocalDate.parse(given).atStartOfDay(own).toInstant();
        } catch (DateTimeParseException e) {
          LOG.warn("site {}: 'created_at' is not a valid time", site);
          return null;
        }
      }
    }
  }

  public static Token token(InputStream in) throws IOException {
    JsonNode tree = object(in);
    List<String> abilities = new ArrayList<>();
    JsonNode given = tree.path("abilities");
    if (given.isArray()) {
      given.forEach(a -> abilities.add(a.isTextual() ? a.textValue() : a.toString()));
    } else if (given.isTextual()) {
      abilities.add(given.textValue());
    }
    String name = text(tree, "name");
    return new Token(name == null ? "" : name, abilities, instant(text(tree, "expires_at")));
  }

  /**
   * Parses the current visitors.
   *
   * @param detailed whether the request includes lists. A list may then be missing only if the site
   *     has no visitors
   * @throws UnusableAnswerException if a total is not a whole number or a list is missing
   */
  public static CurrentVisitors visitors(InputStream in, boolean detailed) throws IOException {
    JsonNode tree = object(in);
    long total = count(tree);
    List<CurrentVisitors.VisitedPage> pages = new ArrayList<>();
    List<CurrentVisitors.Referrer> referrers = new ArrayList<>();
    if (!detailed) {
      return new CurrentVisitors(total, pages, referrers);
    }
    for (JsonNode page : list(tree, "content", total)) {
      pages.add(
          new CurrentVisitors.VisitedPage(
              storable(page, "hostname"), storable(page, "pathname"), count(page)));
    }
    for (JsonNode referrer : list(tree, "referrers", total)) {
      referrers.add(
          new CurrentVisitors.Referrer(
              storable(referrer, "referrer_hostname"),
              storable(referrer, "referrer_pathname"),
              count(referrer)));
    }
    return new CurrentVisitors(total, pages, referrers);
  }

  private static JsonNode list(JsonNode tree, String key, long total)
      throws UnusableAnswerException {
    JsonNode list = tree.path(key);
    if (!list.isArray() && total > 0) {
      throw unusable("there are " + total + " visitors, but '" + key + "' is not a list");
    }
    return list;
  }

  /** Returns the member as text, or null if it is missing, null, or not a string or number. */
  static @Nullable String text(JsonNode record, String key) {
    JsonNode value = record.path(key);
    return value.isTextual() || value.isNumber() ? value.asText() : null;
  }

  private static @Nullable String storable(JsonNode record, String key) {
    String text = text(record, key);
    return text == null ? null : StoredText.encode(text);
  }

  private static long count(JsonNode record) throws UnusableAnswerException {
    String text = text(record, "total");
    if (text == null || !WHOLE.matcher(text).matches()) {
      throw unusable("'total' is not a whole number");
    }
    return Long.parseLong(text);
  }

  private static @Nullable Instant instant(@Nullable String text) {
    if (text == null) {
      return null;
    }
    try {
      return OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeParseException withoutOffset) {
      try {
        return LocalDateTime.parse(text.replace(' ', 'T')).toInstant(ZoneOffset.UTC);
      } catch (DateTimeParseException e) {
        LOG.warn("the token's expiry cannot be read");
        return null;
      }
    }
  }

  static UnusableAnswerException unusable(String message) {
    return new UnusableAnswerException(message, false);
  }
}
