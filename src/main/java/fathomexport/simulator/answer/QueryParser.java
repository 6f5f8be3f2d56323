package fathomexport.simulator.answer;

import fathomexport.simulator.behaviour.ApiRequest;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.EventDefinition;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.ResolverStyle;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Parses and validates the parameters of {@code GET /aggregations}. */
public final class QueryParser {
  private static final DateTimeFormatter SECOND =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss").withResolverStyle(ResolverStyle.STRICT);
  private static final DateTimeFormatter DAY =
      DateTimeFormatter.ofPattern("uuuu-MM-dd").withResolverStyle(ResolverStyle.STRICT);

  private QueryParser() {}

  /**
   * Parses the parameters of a request.
   *
   * @throws ApiProblem if a parameter is invalid, or names a site that the token may not see
   */
  public static AggregationQuery parse(
      ApiRequest request, World world, Behaviour behaviour, SimulatorToken token)
      throws ApiProblem {
    String entity = required(request, "entity");
    SimulatedSite site;
    String event;
    switch (entity) {
      case "pageview" -> {
        site = siteOf(world, behaviour, token, required(request, "entity_id"));
        event = null;
      }
      case "event" -> {
        String code = request.parameter("entity_id");
        if (code == null) {
          site = siteOf(world, behaviour, token, required(request, "site_id"));
          event = required(request, "entity_name");
          if (!world.eventNames(site.id()).contains(event)) {
            throw ApiProblem.of(404, "The site has no such event.");
          }
        } else {
          site = siteOf(world, behaviour, token, siteOfEvent(world, code));
          event =
              world.events(site.id()).stream()
                  .filter(e -> e.id().equals(code))
                  .map(EventDefinition::name)
                  .findFirst()
                  .orElseThrow();
        }
      }
      default -> throw ApiProblem.invalid("entity", "The selected entity is invalid.");
    }
    List<String> aggregates = aggregates(required(request, "aggregates"), event != null);
    AggregationQuery.Grouping grouping = grouping(request.parameter("date_grouping"));
    List<Dimension> fields = fields(request.parameter("field_grouping"));
    ZoneId zone = zone(request.parameter("timezone"), site.zone());
    LocalDateTime from = from(request.parameter("date_from"));
    LocalDateTime to = to(request.parameter("date_to"), behaviour);
    if (from != null && to != null && from.isAfter(to)) {
      throw ApiProblem.invalid("date_to", "The date to must be a date after date from.");
    }
    checkRange(grouping, from, to, zone, behaviour);
    AggregationQuery.Sort sort = sort(request.parameter("sort_by"), aggregates, fields, grouping);
    Integer limit = limit(request.parameter("limit"), behaviour);
    int offset = offset(request.parameter("offset"), behaviour);
    List<AggregationQuery.Condition> filters =
        FilterParser.parse(request.parameter("filters"), behaviour);
    return new AggregationQuery(
        site, event, aggregates, grouping, fields, sort, from, to, zone, limit, offset, filters);
  }

  static String required(ApiRequest request, String name) throws ApiProblem {
    String value = request.parameter(name);
    if (value == null || value.isEmpty()) {
      throw ApiProblem.invalid(name, "The " + name.replace('_', ' ') + " field is required.");
    }
    return value;
  }

  /**
   * Returns the site with this id.
   *
   * @throws ApiProblem if there is no such site, or the token may not see it
   */
  static SimulatedSite siteOf(World world, Behaviour behaviour, SimulatorToken token, String id)
      throws ApiProblem {
    Optional<SimulatedSite> site = world.site(id).filter(found -> token.has(found.id()));
    if (site.isPresent() && token.maySee(id)) {
      return site.get();
    }
    if (!token.maySee(id)) {
      throw ApiProblem.of(
          behaviour.foreignSite().status(), "The token has no permission for this site.");
    }
    throw ApiProblem.of(404, "The site does not exist.");
  }

  private static String siteOfEvent(World world, String code) throws ApiProblem {
    for (SimulatedSite site : world.sites()) {
      if (world.events(site.id()).stream().anyMatch(e -> e.id().equals(code))) {
        return site.id();
      }
    }
    throw ApiProblem.of(404, "The event does not exist.");
  }

  private static List<String> listed(String name, String text) throws ApiProblem {
    List<String> names = Arrays.stream(text.split(",", -1)).map(String::strip).toList();
    if (names.size() != new HashSet<>(names).size()) {
      throw ApiProblem.invalid(name, "The " + name.replace('_', ' ') + " has duplicate values.");
    }
    return names;
  }

  private static List<String> aggregates(String text, boolean ofEvent) throws ApiProblem {
    List<String> names = listed("aggregates", text);
    for (String name : names) {
      if (!AggregationQuery.PAGEVIEW_AGGREGATES.contains(name)
          && !AggregationQuery.EVENT_AGGREGATES.contains(name)) {
        throw ApiProblem.invalid("aggregates", "The selected aggregate " + name + " is invalid.");
      }
    }
    for (String name : names) {
      if (!(ofEvent ? AggregationQuery.EVENT_AGGREGATES : AggregationQuery.PAGEVIEW_AGGREGATES)
          .contains(name)) {
        throw ApiProblem.incompatible(
            "aggregates", "The aggregate " + name + " is not of this entity.");
      }
    }
    return names;
  }

  private static AggregationQuery.Grouping grouping(@Nullable String text) throws ApiProblem {
    if (text == null) {
      return AggregationQuery.Grouping.NONE;
    }
    return switch (text) {
      case "hour" -> AggregationQuery.Grouping.HOUR;
      case "day" -> AggregationQuery.Grouping.DAY;
      case "month" -> AggregationQuery.Grouping.MONTH;
      case "year" -> AggregationQuery.Grouping.YEAR;
      default ->
          throw ApiProblem.invalid("date_grouping", "The selected date grouping is invalid.");
    };
  }

  private static List<Dimension> fields(@Nullable String text) throws ApiProblem {
    if (text == null) {
      return List.of();
    }
    List<Dimension> fields = new ArrayList<>();
    for (String name : listed("field_grouping", text)) {
      if (name.equals("domain")) {
        throw ApiProblem.incompatible("field_grouping", "The field domain cannot be grouped by.");
      }
      fields.add(
          Dimension.named(name)
              .orElseThrow(
                  () ->
                      ApiProblem.invalid(
                          "field_grouping", "The selected field " + name + " is invalid.")));
    }
    return fields;
  }

  private static ZoneId zone(@Nullable String text, ZoneId ofSite) throws ApiProblem {
    if (text == null) {
      return ofSite;
    }
    if (!ZoneId.getAvailableZoneIds().contains(text)) {
      throw ApiProblem.invalid("timezone", "The timezone must be a valid zone.");
    }
    return ZoneId.of(text);
  }

  private static Optional<LocalDate> dateOnly(String text) {
    try {
      return Optional.of(LocalDate.parse(text, DAY));
    } catch (DateTimeException notADay) {
      return Optional.empty();
    }
  }

  private static LocalDateTime second(String name, String text) throws ApiProblem {
    try {
      return LocalDateTime.parse(text, SECOND);
    } catch (DateTimeException e) {
      throw ApiProblem.invalid(name, "The " + name.replace('_', ' ') + " is not a valid date.");
    }
  }

  private static @Nullable LocalDateTime from(@Nullable String text) throws ApiProblem {
    if (text == null) {
      return null;
    }
    Optional<LocalDate> day = dateOnly(text);
    return day.isPresent() ? day.get().atStartOfDay() : second("date_from", text);
  }

  private static @Nullable LocalDateTime to(@Nullable String text, Behaviour behaviour)
      throws ApiProblem {
    if (text == null) {
      return null;
    }
    Optional<LocalDate> day = dateOnly(text);
    LocalDateTime last;
    if (day.isEmpty()) {
      last = second("date_to", text);
    } else {
      last =
          switch (behaviour.dateOnlyTo()) {
            case START_OF_DAY -> day.get().atStartOfDay();
            case END_OF_DAY -> day.get().atTime(23, 59, 59);
            case REFUSED -> second("date_to", text);
          };
    }
    return behaviour.dateToExclusive() ? last.minusSeconds(1) : last;
  }

  private static void checkRange(
      AggregationQuery.Grouping grouping,
      @Nullable LocalDateTime from,
      @Nullable LocalDateTime to,
      ZoneId zone,
      Behaviour behaviour)
      throws ApiProblem {
    if (grouping == AggregationQuery.Grouping.HOUR) {
      // Without date_from, the range begins with the first data.
      boolean tooLong =
          from == null || to == null || ChronoUnit.SECONDS.between(from, to) > 7 * 86_400;
      boolean longWeek =
          from != null
              && to != null
              && ChronoUnit.SECONDS.between(from.atZone(zone), to.atZone(zone)) > 7 * 86_400;
      if (tooLong || (behaviour.longWeekRefused() && longWeek)) {
        throw ApiProblem.invalid(
            "date_grouping", "Hour grouping is only supported for date ranges of up to 7 days.");
      }
    }
    Behaviour.RangeRule rule = behaviour.dayRangeRule();
    if (grouping == AggregationQuery.Grouping.DAY && rule != null) {
      boolean tooLong =
          from == null
              || to == null
              || ChronoUnit.DAYS.between(from.toLocalDate(), to.toLocalDate()) + 1 > rule.days();
      if (tooLong) {
        throw ApiProblem.field(rule.status(), "date_from", rule.message());
      }
    }
  }

  private static AggregationQuery.@Nullable Sort sort(
      @Nullable String text,
      List<String> aggregates,
      List<Dimension> fields,
      AggregationQuery.Grouping grouping)
      throws ApiProblem {
    if (text == null) {
      return null;
    }
    int colon = text.lastIndexOf(':');
    String key = colon < 0 ? text : text.substring(0, colon);
    String direction = colon < 0 ? "" : text.substring(colon + 1);
    if (!direction.equals("asc") && !direction.equals("desc")) {
      throw ApiProblem.invalid("sort_by", "The sort by must be of the form field:asc|desc.");
    }
    boolean known =
        aggregates.contains(key)
            || fields.stream().anyMatch(f -> f.apiName().equals(key))
            || (key.equals("timestamp") && grouping != AggregationQuery.Grouping.NONE);
    if (!known) {
      throw ApiProblem.invalid("sort_by", "The selected sort by is invalid.");
    }
    return new AggregationQuery.Sort(key, direction.equals("asc"));
  }

  private static @Nullable Integer limit(@Nullable String text, Behaviour behaviour)
      throws ApiProblem {
    if (text == null) {
      return behaviour.defaultLimit();
    }
    if (!text.matches("[0-9]{1,9}") || Integer.parseInt(text) < 1) {
      throw ApiProblem.invalid("limit", "The limit must be an integer of at least 1.");
    }
    int limit = Integer.parseInt(text);
    Integer most = behaviour.maximumLimit();
    if (most != null && limit > most) {
      if (!behaviour.maximumNamed()) {
        throw ApiProblem.of(400, "Bad request.");
      }
      throw ApiProblem.invalid("limit", "The limit must not be greater than " + most + ".");
    }
    return limit;
  }

  private static int offset(@Nullable String text, Behaviour behaviour) throws ApiProblem {
    if (text == null || behaviour.offset() == Behaviour.Offset.IGNORED) {
      return 0;
    }
    if (behaviour.offset() == Behaviour.Offset.REFUSED) {
      throw ApiProblem.invalid("offset", "The offset field is prohibited.");
    }
    if (!text.matches("[0-9]{1,9}")) {
      throw ApiProblem.invalid("offset", "The offset must be an integer of at least 0.");
    }
    return Integer.parseInt(text);
  }
}
