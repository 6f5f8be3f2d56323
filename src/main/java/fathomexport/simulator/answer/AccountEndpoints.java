package fathomexport.simulator.answer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.simulator.behaviour.ApiRequest;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.EventDefinition;
import fathomexport.simulator.world.SimulatedMilestone;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import java.net.URI;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * Answers {@code /sites}, {@code /sites/{id}}, {@code /sites/{id}/events}, {@code
 * /sites/{id}/milestones} and {@code /token}.
 */
public final class AccountEndpoints {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss").withZone(ZoneOffset.UTC);

  private final World world;

  public AccountEndpoints(World world) {
    this.world = world;
  }

  public Answer sites(ApiRequest request, Behaviour behaviour, SimulatorToken token, URI base)
      throws ApiProblem {
    if (!token.allSites()) {
      throw ApiProblem.of(
          behaviour.listingSites().status(), "The token has no permission to list sites.");
    }
    return list(
        request,
        behaviour,
        base + "/sites",
        world.sites().stream().filter(site -> token.has(site.id())).toList(),
        SimulatedSite::id,
        site -> site(site, behaviour));
  }

  public Answer site(String id, Behaviour behaviour, SimulatorToken token) throws ApiProblem {
    return Answer.json(bytes(site(QueryParser.siteOf(world, behaviour, token, id), behaviour)), 1);
  }

  public Answer events(
      String id, ApiRequest request, Behaviour behaviour, SimulatorToken token, URI base)
      throws ApiProblem {
    SimulatedSite site = QueryParser.siteOf(world, behaviour, token, id);
    return list(
        request,
        behaviour,
        base + "/sites/" + id + "/events",
        world.events(site.id()),
        EventDefinition::id,
        event -> event(event, behaviour));
  }

  public Answer milestones(
      String id, ApiRequest request, Behaviour behaviour, SimulatorToken token, URI base)
      throws ApiProblem {
    Integer refused = behaviour.milestonesRefused();
    if (refused != null) {
      throw ApiProblem.of(refused, "There is nothing here.");
    }
    SimulatedSite site = QueryParser.siteOf(world, behaviour, token, id);
    return list(
        request,
        behaviour,
        base + "/sites/" + id + "/milestones",
        world.milestones(site.id()),
        SimulatedMilestone::id,
        AccountEndpoints::milestone);
  }

  public Answer token(SimulatorToken token, Instant now) {
    ObjectNode node = JSON.createObjectNode();
    node.put("object", "token");
    node.put("name", "Export of " + token.user());
    node.put("version", 2);
    ArrayNode abilities = node.putArray("abilities");
    if (token.allSites()) {
      abilities.add("all-sites-readonly");
    } else {
      token.sites().stream().sorted().forEach(site -> abilities.add("read:" + site));
    }
    node.put("last_used_at", TIME.format(now));
    node.putNull("expires_at");
    node.put("created_at", "2026-01-02 03:04:05");
    return Answer.json(bytes(node), 1);
  }

  private <T> Answer list(
      ApiRequest request,
      Behaviour behaviour,
      String url,
      List<T> all,
      Function<T, String> idOf,
      Function<T, ObjectNode> shown)
      throws ApiProblem {
    int limit = 10;
    String asked = request.parameter("limit");
    if (asked != null) {
      limit = asked.matches("[0-9]{1,4}") ? Integer.parseInt(asked) : 0;
      if (limit < 1 || limit > 100) {
        throw ApiProblem.invalid("limit", "The limit must be between 1 and 100.");
      }
    }
    int start = 0;
    String after = request.parameter("starting_after");
    if (after != null) {
      start = all.stream().map(idOf).toList().indexOf(after) + 1;
      if (start == 0) {
        throw ApiProblem.invalid("starting_after", "The selected starting after is invalid.");
      }
    }
    List<T> page = all.subList(start, Math.min(all.size(), start + limit));
    ObjectNode node = JSON.createObjectNode();
    node.put("object", "list");
    node.put("url", url);
    boolean more = start + page.size() < all.size();
    node.put("has_more", more || (behaviour.hasMoreAlways() && !page.isEmpty()));
    ArrayNode data = node.putArray("data");
    page.forEach(one -> data.add(shown.apply(one)));
    return Answer.json(bytes(node), page.size());
  }

  private static ObjectNode site(SimulatedSite site, Behaviour behaviour) {
    ObjectNode node = JSON.createObjectNode();
    node.put("id", site.id());
    node.put("object", "site");
    node.put("name", site.name());
    node.put("sharing", "none");
    node.put("created_at", TIME.format(site.createdAt()));
    if (behaviour.zoneInSites()) {
      node.put("timezone", site.zone().getId());
    }
    if (behaviour.domainsInSites()) {
      node.putArray("domains").add("www." + site.id().toLowerCase(Locale.ROOT) + ".example");
    }
    return node;
  }

  private static ObjectNode event(EventDefinition event, Behaviour behaviour) {
    ObjectNode node = JSON.createObjectNode();
    node.put("id", event.id());
    node.put("object", "event");
    node.put("name", event.name());
    node.put("currency", behaviour.currencyUnknown() ? null : event.currency());
    node.put("created_at", TIME.format(event.createdAt()));
    return node;
  }

  private static ObjectNode milestone(SimulatedMilestone milestone) {
    ObjectNode node = JSON.createObjectNode();
    node.put("id", milestone.id());
    node.put("object", "milestone");
    node.put("name", milestone.name());
    node.put("milestone_date", milestone.date().toString());
    node.put("created_at", milestone.date() + " 00:00:00");
    node.put("updated_at", milestone.date() + " 00:00:00");
    return node;
  }

  static byte[] bytes(ObjectNode node) {
    try {
      return Answer.utf8(JsonLiterals.sendable(JSON.writeValueAsString(node)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of plain values is always JSON", e);
    }
  }
}
