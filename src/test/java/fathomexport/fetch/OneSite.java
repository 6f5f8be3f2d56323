package fathomexport.fetch;

import fathomexport.api.ApiSettings;
import fathomexport.api.FathomClient;
import fathomexport.api.RequestListener;
import fathomexport.api.RunControls;
import fathomexport.api.pacing.RetryPolicy;
import fathomexport.api.pacing.StopSignal;
import fathomexport.fetch.control.ControlBook;
import fathomexport.fetch.limits.Lessons;
import fathomexport.report.SecretRef;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import java.io.IOException;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Map;

/** A server with one site, and what all requests of a task about it share. */
final class OneSite implements AutoCloseable {
  static final Slice SLICE = new Slice(new SiteId("CDBUGS"), null);
  static final Site SITE = new Site(SLICE.site(), "a site", ZoneOffset.UTC);
  private static final String TOKEN = "FATHOM_API_TOKEN";

  /** More than a test sends: no request waits for the quota. */
  private static final int REQUESTS_PER_MINUTE = 10_000;

  final FathomSimulator api;
  final FetchContext context;
  private final FathomClient client;

  /**
   * Starts a server without visits.
   *
   * @param rowLimit rows per request, as configured
   */
  OneSite(Lessons lessons, int rowLimit) throws IOException {
    World world = World.empty().addSite(SITE.id().value(), ZoneOffset.UTC);
    api = FathomSimulator.start(world, Behaviour.unlimited());
    ApiSettings settings =
        new ApiSettings(
            api.baseUri(),
            new SecretRef.Env(TOKEN),
            REQUESTS_PER_MINUTE,
            1,
            Duration.ofMinutes(1),
            ApiSettings.DEFAULT_MAX_BODY_BYTES,
            RetryPolicy.DEFAULT);
    client =
        new FathomClient(
            settings,
            Map.of(TOKEN, SimulatorToken.STANDARD.secret()),
            RunControls.inProcess(settings, new StopSignal(), RequestListener.NONE));
    context =
        new FetchContext(
            client, new ControlBook(), lessons.ofARun(), rowLimit, 180, lessons.root(), 1, false);
  }

  /** Adds one view of each of so many pages to a day. */
  OneSite visited(LocalDate day, int pages) {
    for (int page = 0; page < pages; page++) {
      visitedOn(day, "/" + page);
    }
    return this;
  }

  /** Adds a visit with one pageview. */
  void visitedOn(LocalDate day, String path) {
    api.world()
        .add(
            SITE.id().value(), api.world().viewAt(SITE.id().value(), day.atTime(12, 0)).path(path));
  }

  /** Returns how many requests were sent so far. */
  int requests() {
    return api.log().aggregations().size();
  }

  @Override
  public void close() {
    client.close();
    api.close();
  }
}
