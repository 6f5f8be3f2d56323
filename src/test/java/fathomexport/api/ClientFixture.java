package fathomexport.api;

import fathomexport.api.answer.AggregationAnswer;
import fathomexport.api.answer.Collected;
import fathomexport.api.pacing.Permits;
import fathomexport.api.pacing.ProcessPermits;
import fathomexport.api.pacing.RetryBudget;
import fathomexport.api.pacing.RetryPolicy;
import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.VirtualTime;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.QueryShape;
import fathomexport.report.SecretRef;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import java.net.URI;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** A client in virtual time: its waits cost none, only its deadline is real. */
final class ClientFixture implements AutoCloseable {
  static final String TOKEN = "tok_SECRET_0123456789";
  static final QueryShape SHAPE =
      new QueryShape(
          Entity.PAGEVIEW,
          List.of(Aggregate.VISITS, Aggregate.PAGEVIEWS),
          DateGrouping.DAY,
          List.of(Field.PATHNAME),
          List.of());
  static final AggregationRequest REQUEST =
      new AggregationRequest(
          SHAPE,
          new Slice(new SiteId("CDBUGS"), null),
          new DayRange(LocalDate.of(2026, 3, 1), LocalDate.of(2026, 3, 31)),
          10_000);

  final VirtualTime time = new VirtualTime();
  final StopSignal stop = new StopSignal();
  final RetryBudget budget;
  final List<RequestListener.Event> events = new ArrayList<>();
  final Collected rows = new Collected(SHAPE);
  final FathomClient client;

  ClientFixture(URI baseUrl) {
    this(baseUrl, Duration.ofSeconds(30), 1 << 20, new RetryBudget(100, 10));
  }

  ClientFixture(URI baseUrl, Duration timeout, long maxBody, RetryBudget budget) {
    this(baseUrl, timeout, maxBody, budget, permits -> permits);
  }

  /**
   * @param around puts something around the permits
   */
  ClientFixture(
      URI baseUrl,
      Duration timeout,
      long maxBody,
      RetryBudget budget,
      UnaryOperator<Permits> around) {
    this(baseUrl, timeout, maxBody, () -> budget, around, POLICY);
  }

  private static final RetryPolicy POLICY =
      new RetryPolicy(
          3,
          Duration.ofSeconds(1),
          Duration.ofSeconds(30),
          Duration.ofMinutes(15),
          Duration.ofMinutes(10));

  /** One that sits out whatever the API asks for. */
  static ClientFixture waiting(URI baseUrl) {
    return of(baseUrl, POLICY.waiting());
  }

  /** One whose sites and reports have retry budgets of their own, as in a run. */
  static ClientFixture of(URI baseUrl, RetryPolicy policy) {
    return new ClientFixture(
        baseUrl,
        Duration.ofSeconds(30),
        16 << 20,
        RetryBudget::ofASiteAndReport,
        permits -> permits,
        policy);
  }

  static RetryPolicy policy() {
    return POLICY;
  }

  private ClientFixture(
      URI baseUrl,
      Duration timeout,
      long maxBody,
      Supplier<RetryBudget> budgets,
      UnaryOperator<Permits> around,
      RetryPolicy policy) {
    this.budget = budgets.get();
    ApiSettings settings =
        new ApiSettings(
            baseUrl, new SecretRef.Env("FATHOM_API_TOKEN"), 10, 1, timeout, maxBody, policy);
    client =
        new FathomClient(
            settings,
            Map.of("FATHOM_API_TOKEN", TOKEN),
            new RunControls(
                around.apply(new ProcessPermits(10, Duration.ofMinutes(1), 1, time, stop)),
                RunControls.lookupPermits(settings, time, stop),
                budgets,
                stop,
                this::happened,
                time,
                new Random(1)));
  }

  private synchronized void happened(RequestListener.Event event) {
    events.add(event);
    if (stopWhen != null && stopWhen.isInstance(event)) {
      stop.stop();
    }
  }

  /** The kind of event at which to ask for a stop. */
  @org.jspecify.annotations.Nullable Class<? extends RequestListener.Event> stopWhen;

  /** The long waits that were announced. */
  synchronized List<RequestListener.Event.LongWait> longWaits() {
    return events.stream()
        .filter(RequestListener.Event.LongWait.class::isInstance)
        .map(RequestListener.Event.LongWait.class::cast)
        .toList();
  }

  /** Asks for a report of a site. */
  Outcome<AggregationAnswer> ask(String report, String site) throws Exception {
    return client
        .askingFor(report)
        .aggregations(
            new AggregationRequest(
                SHAPE, new Slice(new SiteId(site), null), REQUEST.days(), REQUEST.limit()),
            rows);
  }

  Outcome<AggregationAnswer> ask() throws Exception {
    return client.aggregations(REQUEST, rows);
  }

  @Override
  public void close() {
    client.close();
  }
}
