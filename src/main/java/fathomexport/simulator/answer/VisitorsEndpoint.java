package fathomexport.simulator.answer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.simulator.behaviour.ApiRequest;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.FieldValues;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Answers {@code GET /current_visitors}: visits with a pageview in the five minutes before now,
 * each on its last page. If the clock is past the site's last pageview, the time of that pageview
 * is used as now, so that a world of past days has visitors too.
 */
public final class VisitorsEndpoint {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration CURRENT = Duration.ofMinutes(5);
  private static final int TOP = 150;

  private final World world;

  private record Place(@Nullable String host, @Nullable String path) {}

  public VisitorsEndpoint(World world) {
    this.world = world;
  }

  public Answer answer(ApiRequest request, Behaviour behaviour, SimulatorToken token, Instant clock)
      throws ApiProblem {
    SimulatedSite site =
        QueryParser.siteOf(world, behaviour, token, QueryParser.required(request, "site_id"));
    String asked = request.parameter("detailed");
    boolean detailed =
        switch (asked == null ? "false" : asked) {
          case "true", "1" -> true;
          case "false", "0" -> false;
          default ->
              throw ApiProblem.invalid("detailed", "The detailed field must be true or false.");
        };
    Collection<PageView> current = current(world.pageViews(site.id()), clock);
    ObjectNode node = JSON.createObjectNode();
    node.put("total", current.size());
    if (detailed) {
      Map<Place, Integer> pages = new LinkedHashMap<>();
      Map<Place, Integer> referrers = new LinkedHashMap<>();
      for (PageView p : current) {
        FieldValues f = p.fields();
        pages.merge(
            new Place(f.get(Dimension.HOSTNAME), f.get(Dimension.PATHNAME)), 1, Integer::sum);
        String referrer = f.get(Dimension.REFERRER_HOSTNAME);
        if (referrer != null && !referrer.isEmpty()) {
          referrers.merge(new Place(referrer, f.get(Dimension.REFERRER_PATHNAME)), 1, Integer::sum);
        }
      }
      fill(node.putArray("content"), pages, "hostname", "pathname", behaviour);
      fill(
          node.putArray("referrers"),
          referrers,
          "referrer_hostname",
          "referrer_pathname",
          behaviour);
    }
    return Answer.json(AccountEndpoints.bytes(node), 1);
  }

  private static Collection<PageView> current(List<PageView> all, Instant clock) {
    Instant last = all.stream().map(PageView::at).max(Comparator.naturalOrder()).orElse(clock);
    Instant now = last.isBefore(clock) ? last : clock;
    Map<Long, PageView> latest = new HashMap<>();
    for (PageView p : all) {
      if (!p.at().isAfter(now) && p.at().isAfter(now.minus(CURRENT))) {
        latest.merge(p.visit(), p, (a, b) -> b.at().isAfter(a.at()) ? b : a);
      }
    }
    return latest.values();
  }

  private static void fill(
      ArrayNode array, Map<Place, Integer> counts, String host, String path, Behaviour behaviour) {
    counts.entrySet().stream()
        .sorted(
            Map.Entry.<Place, Integer>comparingByValue()
                .reversed()
                .thenComparing(e -> e.getKey().toString()))
        .limit(TOP)
        .forEach(
            e -> {
              ObjectNode row = array.addObject();
              row.put(host, e.getKey().host());
              row.put(path, e.getKey().path());
              if (behaviour.currentVisitorsAsStrings()) {
                row.put("total", e.getValue().toString());
              } else {
                row.put("total", e.getValue());
              }
            });
  }
}
