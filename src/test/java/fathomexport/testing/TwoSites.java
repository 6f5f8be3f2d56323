package fathomexport.testing;

import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.World;
import java.time.LocalDate;
import java.time.ZoneId;

/**
 * Two sites for readers of what is exported: one in Berlin with a few visits from several sources
 * and a purchase per day, and one in New York with a visit just before midnight. Every seventh day
 * of a month has no traffic.
 *
 * @param event the name of the event of the site in Berlin
 * @param path the path of its most visited page
 * @param mostVisits how many visits its busiest day has
 */
public record TwoSites(String berlin, String newYork, String event, String path, int mostVisits) {

  /** Says where a visit came from. */
  @FunctionalInterface
  public interface Source {
    /**
     * Returns the visit with its source.
     *
     * @param n the number of the visit on its day, from 0
     */
    PageView of(PageView view, int n);
  }

  /** Makes the visits of these days. */
  public World world(LocalDate first, LocalDate last, Source source) {
    World world =
        World.empty()
            .addSite(berlin, ZoneId.of("Europe/Berlin"))
            .addSite(newYork, ZoneId.of("America/New_York"))
            .addEvent(berlin, event);
    long visit = 1;
    for (LocalDate day = first; !day.isAfter(last); day = day.plusDays(1)) {
      if (day.getDayOfMonth() % 7 == 0) {
        continue;
      }
      for (int n = 0; n < 2 + day.getDayOfMonth() % (mostVisits - 1); n++) {
        PageView view =
            source.of(
                world
                    .viewAt(berlin, day.atTime(8 + n, 5))
                    .visit(visit++)
                    .host("https://berlin.example")
                    .path(n % 3 == 0 ? path : "/blog/" + n)
                    .lasting(10 * n),
                n);
        world.add(berlin, n % 2 == 0 ? view.bouncing() : view);
        if (n % 2 == 1) {
          world.add(berlin, view.path("/").continuing());
        }
      }
      world.add(newYork, world.viewAt(newYork, day.atTime(23, 30)).visit(visit++).path("/"));
      world.add(
          berlin,
          Conversion.of(event, world.instant(berlin, day.atTime(12, 0)))
              .with(Dimension.REFERRER_SOURCE, "Google")
              .worth(1999L));
    }
    return world;
  }
}
