package fathomexport.api;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import fathomexport.report.ApiNamed;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.Filter;
import fathomexport.report.QueryShape;
import fathomexport.report.Slice;
import fathomexport.report.StoredText;
import java.io.IOException;
import java.io.Serializable;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One query of {@code GET /aggregations}. The parameter {@code timezone} is never sent, because the
 * API has deprecated it.
 *
 * @param days the days to query; null for all days
 * @param limit maximum number of rows in the response, 1 or more
 * @param sort the order of the rows; null for ascending time
 * @param offset number of rows to skip, 0 or more. The API does not document this parameter, so 0
 *     is not sent
 */
public record AggregationRequest(
    QueryShape shape,
    Slice slice,
    @Nullable DayRange days,
    int limit,
    @Nullable Sort sort,
    long offset)
    implements Serializable {
  private static final JsonFactory JSON = new JsonFactory();

  /** A sort order by one field of the grouping. */
  public record Sort(Field field, boolean ascending) implements Serializable {}

  /** Creates a query that starts at the first row and, with a date grouping, sorts by time. */
  public AggregationRequest(QueryShape shape, Slice slice, @Nullable DayRange days, int limit) {
    this(shape, slice, days, limit, null, 0);
  }

  /** Creates a query that starts at the first row. */
  public AggregationRequest(
      QueryShape shape, Slice slice, @Nullable DayRange days, int limit, @Nullable Sort sort) {
    this(shape, slice, days, limit, sort, 0);
  }

  public AggregationRequest {
    if ((shape.entity() == Entity.EVENT) != (slice.event() != null)) {
      throw new IllegalArgumentException(
          "an event is named exactly when the entity is event: " + slice);
    }
    if (limit < 1) {
      throw new IllegalArgumentException("the limit must be 1 or more: " + limit);
    }
    if (offset < 0) {
      throw new IllegalArgumentException("the offset must be 0 or more: " + offset);
    }
    if (sort != null && !shape.fields().contains(sort.field())) {
      throw new IllegalArgumentException(
          "rows that are not grouped by " + sort.field().apiName() + " cannot be sorted by it");
    }
    requireText("event name", StoredText.decode(slice.eventKey()));
    requireText("site id", slice.site().value());
    for (Filter filter : shape.filters()) {
      requireText("filter on " + filter.property().apiName(), filter.value());
    }
  }

  /** Returns the query parameters, not encoded, in the order in which they are sent. */
  public Map<String, String> parameters() {
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("entity", shape.entity().apiName());
    if (slice.event() == null) {
      parameters.put("entity_id", slice.site().value());
    } else {
      parameters.put("site_id", slice.site().value());
      parameters.put("entity_name", StoredText.decode(slice.event()));
    }
    parameters.put("aggregates", names(shape.aggregates()));
    if (shape.dateGrouping() != DateGrouping.NONE) {
      parameters.put("date_grouping", shape.dateGrouping().apiName());
    }
    if (!shape.fields().isEmpty()) {
      parameters.put("field_grouping", names(shape.fields()));
    }
    if (sort != null) {
      parameters.put("sort_by", sort.field().apiName() + (sort.ascending() ? ":asc" : ":desc"));
    } else if (shape.dateGrouping() != DateGrouping.NONE) {
      parameters.put("sort_by", "timestamp:asc");
    }
    if (days != null) {
      // The API does not document whether date_to is inclusive; this form is the one in wide use.
      parameters.put("date_from", days.first() + " 00:00:00");
      parameters.put("date_to", days.last() + " 23:59:59");
    }
    parameters.put("limit", Integer.toString(limit));
    if (offset > 0) {
      parameters.put("offset", Long.toString(offset));
    }
    if (!shape.filters().isEmpty()) {
      parameters.put("filters", filters());
    }
    return Collections.unmodifiableMap(parameters);
  }

  /** Returns the parameters as a percent-encoded URL query. */
  public String query() {
    return parameters().entrySet().stream()
        .map(p -> p.getKey() + "=" + encode(p.getValue()))
        .collect(Collectors.joining("&"));
  }

  /** Percent-encodes a text for a URL query or a path segment. */
  static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private String filters() {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.writeStartArray();
      for (Filter filter : shape.filters()) {
        json.writeStartObject();
        json.writeStringField("property", filter.property().apiName());
        json.writeStringField("operator", filter.operator().apiName());
        json.writeStringField("value", filter.value());
        json.writeEndObject();
      }
      json.writeEndArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static String names(List<? extends ApiNamed> list) {
    return list.stream().map(ApiNamed::apiName).collect(Collectors.joining(","));
  }

  private static void requireText(String what, String text) {
    if (!StoredText.isSendable(text)) {
      throw new IllegalArgumentException(
          what + " holds half a character (a lone surrogate), which cannot be sent");
    }
  }
}
