package fathomexport.lineage;

import fathomexport.http.HttpClients;
import fathomexport.report.DayRange;
import fathomexport.report.SiteId;
import fathomexport.report.Window;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.run.FailureKind;
import fathomexport.run.PlannedRun;
import fathomexport.run.RunListener;
import fathomexport.run.RunResult;
import fathomexport.run.WindowOutcome;
import io.openlineage.client.OpenLineage.RunEvent.EventType;
import io.openlineage.client.utils.UUIDUtils;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Sends lineage events of one run: START when it is planned; COMPLETE, FAIL or ABORT at its end. A
 * failure to send is a warning and never affects the run. Thread-safe.
 */
public final class RunLineage implements RunListener, AutoCloseable {
  private static final String SNAPSHOT = "snapshot";
  private static final int MESSAGES = 20;
  private static final int TRY_LATER = FailureKind.TRY_LATER.exitCode();
  private static final int STOPPED = FailureKind.STOPPED.exitCode();

  private final ExportSettings export;
  private final ExportJob job;
  private final String command;
  private final String beamVersion;
  private final String namespace;
  private final InstantSource clock;
  private final Instant startedAt;
  private final EventDelivery delivery;
  private final Optional<ParentRuns> parents;
  private final Map<String, WindowTally> tallies = new TreeMap<>();
  private WindowTally all = WindowTally.NOTHING;
  private long limited;
  private List<SiteId> sites;
  private @Nullable DayRange days;
  private @Nullable Events events;
  private @Nullable UUID run;
  private @Nullable PlannedRun planned;

  /** Whether the run failed, or left windows, for a reason that a later run may not meet. */
  private boolean tryLater;

  private boolean ended;

  /**
   * Creates the lineage of a run.
   *
   * @param command {@code run}, {@code backfill} or {@code snapshot}
   * @param beamVersion version of the processing engine in the events
   * @param variables environment variables, for the proxy, the API key and the parent run
   * @param warn receives a warning if lineage is lost, at most once, or if the parent run is
   *     unreadable
   */
  public RunLineage(
      LineageSettings settings,
      ExportSettings export,
      ExportJob job,
      String command,
      String beamVersion,
      Map<String, String> variables,
      InstantSource clock,
      Consumer<String> warn) {
    this.beamVersion = beamVersion;
    this.export = export;
    this.job = job;
    this.command = command;
    this.namespace = settings.namespace();
    this.clock = clock;
    this.startedAt = clock.instant();
    this.sites = job.sites().orElse(List.of());
    this.parents = ParentRuns.of(variables, warn);
    this.delivery =
        new EventDelivery(
            sender(settings, export.api().caCertificates(), variables),
            settings.target().toString(),
            settings.timeout(),
            warn);
  }

  private static EventDelivery.Sender sender(
      LineageSettings settings, @Nullable String caCertificates, Map<String, String> variables) {
    LineageSettings.Target target = settings.target();
    if (target instanceof LineageSettings.Target.Server server) {
      return new ServerSender(
          server, new HttpClients(variables, caCertificates), variables, settings.timeout());
    }
    return new LinesSender(((LineageSettings.Target.Lines) target).file());
  }

  @Override
  public synchronized void planned(PlannedRun plannedRun) {
    planned = plannedRun;
    sites = plannedRun.sites();
    days = plannedRun.days();
    begin();
  }

  @Override
  public synchronized void limited() {
    limited++;
  }

  @Override
  public synchronized void windowEnded(WindowOutcome outcome) {
    WindowTally tally = WindowTally.of(outcome);
    all = all.plus(tally);
    tryLater |= outcome.failure() == FailureKind.TRY_LATER;
    Window window = outcome.subject();
    if (window != null) {
      tallies.merge(window.report(), tally, WindowTally::plus);
    }
  }

  /** Reports the end of the run. */
  public synchronized void ended(RunResult result) {
    EventType type = type(result);
    Map<String, Object> totals = totals(result.exitCode());
    totals.put("windowsPlanned", result.windowsPlanned());
    totals.put("windowsCommitted", result.windowsCommitted());
    totals.put("windowsUnchanged", result.windowsUnchanged());
    totals.put("windowsIncomplete", result.windowsIncomplete());
    totals.put("windowsFailed", result.windowsFailed());
    totals.put("windowsNotBegun", result.windowsSkipped());
    totals.put("rows", result.rows());
    totals.put("rowsQuarantined", result.quarantined());
    totals.put("requestsBilled", result.requests());
    // Outcomes of windows on other machines do not arrive here, and those of a snapshot have no
    // report.
    boolean complete = all.committed() == result.windowsCommitted();
    if (complete && !command.equals(SNAPSHOT)) {
      totals.put("periodsCertified", all.periods().certified());
      totals.put("periodsUncertified", all.periods().uncertified());
      totals.put("periodsIncomplete", all.periods().incomplete());
    }
    end(type, type == EventType.COMPLETE ? null : message(result), totals, complete);
  }

  /** Reports that the run could not start or could not continue. */
  public synchronized void failed(FailureKind kind, String message) {
    boolean stopped = kind == FailureKind.STOPPED || kind == FailureKind.BUDGET;
    end(stopped ? EventType.ABORT : EventType.FAIL, message, totals(kind.exitCode()), false);
  }

  /** Waits for open events, at most for the timeout of the settings. */
  @Override
  public void close() {
    failed(FailureKind.FAULT, "internal error; please report it; the log has the details");
    delivery.close();
  }

  /**
   * Returns the type of the last event. A run that a signal or a budget stopped is aborted, because
   * that is not an error. Any other exit code than 0 means that the run failed, so that scheduler
   * and catalogue agree.
   */
  private EventType type(RunResult result) {
    if (result.exitCode() == 0) {
      return EventType.COMPLETE;
    }
    boolean budgetSpent =
        result.exitCode() == TRY_LATER && result.windowsFailed() == 0 && !tryLater;
    return result.exitCode() == STOPPED || budgetSpent ? EventType.ABORT : EventType.FAIL;
  }

  private static String message(RunResult result) {
    List<String> lines = new ArrayList<>();
    lines.add("exit code " + result.exitCode());
    result.messages().stream().limit(MESSAGES).forEach(lines::add);
    if (result.messages().size() > MESSAGES) {
      lines.add("and " + (result.messages().size() - MESSAGES) + " more");
    }
    return String.join("\n", lines);
  }

  private Map<String, Object> totals(@Nullable Integer exitCode) {
    Map<String, Object> totals = new LinkedHashMap<>();
    totals.put("command", command);
    if (planned != null) {
      totals.put("runId", planned.runId());
      totals.put("windowsPlanned", planned.windows());
      totals.put("requestsLeast", planned.leastRequests());
      totals.put("requestsLikely", planned.likelyRequests());
    }
    if (exitCode != null) {
      totals.put("exitCode", exitCode);
      totals.put("requestsLimited", limited);
    }
    return totals;
  }

  private void begin() {
    send(EventType.START, null, totals(null), Map.of());
  }

  private void end(
      EventType type, @Nullable String error, Map<String, Object> totals, boolean complete) {
    if (ended) {
      return;
    }
    ended = true;
    if (run == null) {
      begin();
    }
    Map<String, WindowTally> known = Map.of();
    if (complete && !command.equals(SNAPSHOT)) {
      known =
          job.reports().stream()
              .collect(
                  Collectors.toMap(
                      r -> r.name(), r -> tallies.getOrDefault(r.name(), WindowTally.NOTHING)));
    }
    send(type, error, totals, known);
  }

  private void send(
      EventType type,
      @Nullable String error,
      Map<String, Object> totals,
      Map<String, WindowTally> known) {
    try {
      boolean snapshot = command.equals(SNAPSHOT);
      // A snapshot has other inputs and outputs, so it is a separate job.
      String name = "fathom-export." + job.name() + (snapshot ? "." + SNAPSHOT : "");
      if (events == null) {
        events = new Events(namespace, name, beamVersion, parents);
      }
      if (run == null) {
        run = id(name);
      }
      delivery.send(
          events.json(
              new Events.RunReport(
                  run,
                  type,
                  clock.instant(),
                  Datasets.of(export, job, snapshot, sites),
                  days,
                  error,
                  totals,
                  known)));
    } catch (RuntimeException | LinkageError e) {
      delivery.warnOnce(e.toString());
    }
  }

  /**
   * Returns the ledger's run id if it is a UUID, otherwise a UUID that is always derived from it in
   * the same way. A run that could not be planned is not in the ledger and gets a new UUID.
   */
  private UUID id(String name) {
    PlannedRun known = planned;
    if (known == null) {
      return UUIDUtils.generateNewUUID(startedAt);
    }
    try {
      return UUID.fromString(known.runId());
    } catch (IllegalArgumentException e) {
      byte[] data = (namespace + "/" + name + "/" + known.runId()).getBytes(StandardCharsets.UTF_8);
      return UUIDUtils.generateStaticUUID(known.startedAt().truncatedTo(ChronoUnit.SECONDS), data);
    }
  }
}
