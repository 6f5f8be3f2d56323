package fathomexport.notify;

import fathomexport.config.Notify;
import fathomexport.http.HttpClients;
import fathomexport.run.EarlierRun;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Notifies people of the end of a run, as a {@code notify} section says. A delivery that fails is
 * tried once more, then reported in one warning; it never changes the result of the run.
 */
public final class Notifier {
  /** Between the two attempts: long enough for a short failure of a network to pass. */
  private static final Duration PAUSE = Duration.ofSeconds(5);

  private static final int STOPPED = 143;
  private static final int INTERRUPTED = 130;

  private final Notify settings;
  private final Path directory;
  private final Map<String, String> variables;
  private final HttpClients clients;
  private final Set<String> withheld;
  private final Shield shield;

  /** For messages about deliveries, which may repeat an address. */
  private final Shield ofAddresses;

  private final Consumer<Duration> pause;

  /**
   * @param directory where the command is started
   * @param clients reaches webhooks and dead man's switches
   * @param withheld names of the environment variables that the command does not receive
   * @param shield hides the secrets of the whole configuration
   * @param pause waits
   */
  public Notifier(
      Notify settings,
      Path directory,
      Map<String, String> variables,
      HttpClients clients,
      Set<String> withheld,
      Shield shield,
      Consumer<Duration> pause) {
    this.settings = settings;
    this.directory = directory;
    this.variables = variables;
    this.clients = clients;
    this.withheld = withheld;
    List<String> hidden = new ArrayList<>();
    for (URI url : settings.writtenAddresses()) {
      hidden.addAll(HttpDelivery.hiddenParts(url));
    }
    this.shield = shield;
    this.ofAddresses = shield.and(hidden);
    this.pause = pause;
  }

  /**
   * Notifies of the end of a run, if the section asks for it.
   *
   * @param earlier finds the run before this one; asked only if it matters
   * @return the deliveries that failed, one warning each
   */
  public List<String> ended(RunEnd end, Supplier<Optional<EarlierRun>> earlier) {
    List<Delivery> deliveries = new ArrayList<>();
    Event event = null;
    Optional<EarlierRun> before = Optional.empty();
    if (settings.hasReceiver() && settings.reports(end.command())) {
      if (end.exitCode() == 0 && settings.reportsRecovery()) {
        before = earlier.get();
      }
      event = event(end.exitCode(), before);
      if (event != null) {
        deliveries.addAll(receivers());
      }
    }
    ping(end).ifPresent(deliveries::add);
    if (deliveries.isEmpty()) {
      return List.of();
    }
    String summary = event == null ? "" : Summary.json(event, end, before, shield);
    return deliveries.stream()
        .flatMap(
            delivery ->
                failure(delivery, summary).stream()
                    .map(why -> "notify: " + delivery.name() + ": " + why))
        .toList();
  }

  /**
   * Sends a test by every way of the section, whatever its exit codes.
   *
   * @return each way, with the reason why it failed or an empty text
   */
  public Map<String, String> test(RunEnd end) {
    String summary = Summary.json(Event.TEST, end, Optional.empty(), shield);
    List<Delivery> deliveries = new ArrayList<>(receivers());
    Notify.Ping ping = settings.ping();
    if (ping != null) {
      deliveries.add(HttpDelivery.ping(ping.url(), variables, clients, settings.deadline()));
    }
    Map<String, String> results = new LinkedHashMap<>();
    deliveries.forEach(d -> results.put(d.name(), failure(d, summary).orElse("")));
    return results;
  }

  private @Nullable Event event(int exitCode, Optional<EarlierRun> before) {
    boolean named = settings.reports(exitCode);
    if (exitCode == 0) {
      boolean recovered = before.filter(this::wasReported).isPresent();
      return recovered ? Event.RECOVERY : named ? Event.SUCCESS : null;
    }
    if (!named) {
      return null;
    }
    return exitCode == STOPPED || exitCode == INTERRUPTED ? Event.STOPPED : Event.FAILURE;
  }

  /** A run that was killed reported nothing itself, but its scheduler or its switch did. */
  private boolean wasReported(EarlierRun run) {
    Integer code = run.exitCode();
    return code == null || (code != 0 && settings.reports(code));
  }

  private List<Delivery> receivers() {
    List<Delivery> receivers = new ArrayList<>();
    if (!settings.command().isEmpty()) {
      receivers.add(
          new CommandDelivery(
              settings.command(), directory, variables, withheld, settings.deadline()));
    }
    Notify.Webhook webhook = settings.webhook();
    if (webhook != null) {
      receivers.add(HttpDelivery.webhook(webhook, variables, clients, settings.deadline()));
    }
    return receivers;
  }

  private Optional<Delivery> ping(RunEnd end) {
    Notify.Ping ping = settings.ping();
    if (ping == null || !ping.after().equals(end.command())) {
      return Optional.empty();
    }
    int code = end.exitCode();
    boolean failed = code != 0 && code != STOPPED && code != INTERRUPTED && settings.reports(code);
    Notify.Address address = code == 0 ? ping.url() : failed ? ping.failUrl() : null;
    return Optional.ofNullable(address)
        .map(a -> HttpDelivery.ping(a, variables, clients, settings.deadline()));
  }

  /** Delivers the summary, at the second attempt if need be; returns why both failed. */
  private Optional<String> failure(Delivery delivery, String summary) {
    Optional<String> first = attempt(delivery, summary);
    if (first.isEmpty() || Thread.currentThread().isInterrupted()) {
      return first;
    }
    pause.accept(PAUSE);
    return attempt(delivery, summary).map(why -> why + " (tried twice)");
  }

  private Optional<String> attempt(Delivery delivery, String summary) {
    try {
      delivery.deliver(summary);
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of("interrupted");
    } catch (IOException | RuntimeException | LinkageError e) {
      return Optional.of(ofAddresses.line(e.getMessage() == null ? e.toString() : e.getMessage()));
    }
  }
}
