package fathomexport.sinks;

import fathomexport.ledger.Audit;
import fathomexport.ledger.Ledger;
import fathomexport.ledger.PipelineLocks;
import fathomexport.ledger.StillStored;
import fathomexport.ledger.Weight;
import fathomexport.report.Closing;
import fathomexport.report.Report;
import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import fathomexport.sink.CommitResult;
import fathomexport.sink.Fence;
import fathomexport.sink.Sink;
import fathomexport.sink.WindowConfirmation;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.parquet.ParquetSink;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.sink.postgres.PostgresSink;
import fathomexport.sink.postgres.db.PostgresSettings;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** The open sinks of a pipeline. The first one holds the ledger of runs and lessons. */
public final class Sinks implements AutoCloseable {
  private final List<Sink> sinks;
  private final ExecutorService threads =
      Executors.newCachedThreadPool(
          work -> {
            Thread thread = new Thread(work, "commit");
            thread.setDaemon(true);
            return thread;
          });

  private Sinks(List<Sink> sinks) {
    this.sinks = List.copyOf(sinks);
  }

  public static Sinks open(
      @Nullable PostgresSettings postgres,
      @Nullable ParquetSettings parquet,
      Map<String, String> variables) {
    List<Sink> sinks = new ArrayList<>();
    if (postgres != null) {
      sinks.add(new PostgresSink(postgres, variables));
    }
    if (parquet != null) {
      sinks.add(new ParquetSink(parquet));
    }
    if (sinks.isEmpty()) {
      throw new IllegalArgumentException("a pipeline has at least one sink");
    }
    return new Sinks(sinks);
  }

  /**
   * Returns the same sinks for commands that only read them: what is stored under the earlier name
   * of a report, and not under its present one, is found, and rows that were taken away are not
   * counted. Closing the result closes these sinks.
   *
   * @param renamed earlier names of reports, keyed by their present names
   */
  public Sinks asFound(Map<String, String> renamed) {
    return new Sinks(sinks.stream().map(sink -> (Sink) new SinkAsFound(sink, renamed)).toList());
  }

  /** Returns the reports that the next run renames, as lines for people. */
  public List<String> notRenamedYet() {
    Map<String, String> names = new TreeMap<>();
    for (Sink sink : sinks) {
      if (sink instanceof SinkAsFound reading) {
        names.putAll(reading.storedAs());
      }
    }
    return names.entrySet().stream()
        .map(
            e ->
                "report "
                    + e.getKey()
                    + " is stored under its earlier name, "
                    + e.getValue()
                    + "; the next run renames it")
        .toList();
  }

  /**
   * Returns why reports cannot be stored, keyed by their names. What is stored in the other sinks
   * must be moved away, too, so each message says how for all of them.
   *
   * @param renamed earlier names of reports, keyed by their present names
   */
  public Map<String, String> refusals(List<Report> reports, Map<String, String> renamed) {
    Map<String, String> refusals = new LinkedHashMap<>();
    for (Sink sink : sinks) {
      sink.refusals(reports, renamed)
          .forEach(
              (report, refusal) ->
                  refusals.computeIfAbsent(
                      report, r -> withWarning(refusal + elsewhere(r, refusal, sink))));
    }
    return refusals;
  }

  /** Adds to a message that advises to move rows away what is lost by that. */
  private static String withWarning(String refusal) {
    return refusal.contains(Sink.THEN_BACKFILL)
        ? refusal
            + ". No backfill fetches retired sites and events again: their rows are then only in"
            + " what was moved away, so keep that; with another name for the report they stay in"
            + " their place"
        : refusal;
  }

  /** Returns how to move away what the other sinks have stored of a report, after a refusal. */
  private String elsewhere(String report, String refusal, Sink refusing) {
    StringBuilder commands = new StringBuilder();
    for (Sink sink : sinks) {
      if (sink != refusing) {
        sink.moveAway(report)
            .ifPresent(
                command ->
                    commands
                        .append(
                            commands.length() > 0
                                ? "; rows in "
                                : refusal.endsWith(";") ? " Rows in " : ". Rows in ")
                        .append(sink.name())
                        .append(" are moved away by: ")
                        .append(command));
      }
    }
    return commands.toString();
  }

  /**
   * Commits a window to all sinks in parallel, because one waits for its database and the other for
   * its disk. Returns when all have ended.
   *
   * @return the results and the failures
   */
  public Committed commit(WindowLoad load) {
    List<Future<CommitResult>> others = new ArrayList<>();
    for (Sink sink : sinks.subList(1, sinks.size())) {
      others.add(threads.submit(() -> sink.commit(load)));
    }
    List<CommitResult> results = new ArrayList<>();
    List<RuntimeException> failures = new ArrayList<>();
    try {
      results.add(sinks.get(0).commit(load));
    } catch (RuntimeException e) {
      failures.add(e);
    }
    for (Future<CommitResult> other : others) {
      try {
        results.add(other.get());
      } catch (ExecutionException e) {
        failures.add(
            e.getCause() instanceof RuntimeException own ? own : new IllegalStateException(e));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        failures.add(
            new ExportFailedException(
                FailureKind.STOPPED, "interrupted while a window was committed", e));
      }
    }
    return new Committed(results, failures);
  }

  /**
   * The outcome of a window's commit in all sinks.
   *
   * @param results the results of the sinks that committed the window
   * @param failures the failures of the other sinks
   */
  public record Committed(List<CommitResult> results, List<RuntimeException> failures) {
    public Committed {
      results = List.copyOf(results);
      failures = List.copyOf(failures);
    }
  }

  /**
   * Records in every sink's ledger that a window's stored periods were confirmed.
   *
   * @throws RuntimeException the failure of the first sink that failed
   */
  public void confirm(WindowConfirmation confirmation) {
    sinks.forEach(sink -> sink.confirm(confirmation));
  }

  /** Returns the newest audits per site from the ledgers of all sinks. */
  public List<Audit> audits() {
    return sinks.stream().flatMap(sink -> sink.ledger().audits().stream()).toList();
  }

  /**
   * Records an audit in every sink's ledger.
   *
   * @throws RuntimeException the failure of the first ledger that failed, after all were tried
   */
  public void audited(Audit audit) {
    RuntimeException failed = null;
    for (Sink sink : sinks) {
      try {
        sink.ledger().audited(audit);
      } catch (RuntimeException e) {
        failed = failed == null ? e : failed;
      }
    }
    if (failed != null) {
      throw failed;
    }
  }

  /**
   * Takes a pipeline's lock in every sink, and fences the commits with it.
   *
   * @return empty if another run holds one of the locks
   */
  public Optional<PipelineLock> tryLock(String pipeline) {
    Map<String, PipelineLocks.RunLock> locks = new LinkedHashMap<>();
    boolean all = false;
    try {
      for (Sink sink : sinks) {
        Optional<PipelineLocks.RunLock> lock = sink.ledger().tryLock(pipeline);
        if (lock.isEmpty()) {
          return Optional.empty();
        }
        locks.put(sink.name(), lock.get());
      }
      PipelineLock lock = new PipelineLock(pipeline, locks);
      fence(lock.fences());
      all = true;
      return Optional.of(lock);
    } finally {
      if (!all) {
        locks.values().forEach(PipelineLocks.RunLock::close);
      }
    }
  }

  /**
   * Restricts each sink to commits under its fence.
   *
   * @param fences the fences, keyed by the sink's name
   */
  public void fence(Map<String, Fence> fences) {
    for (Sink sink : sinks) {
      Fence fence = fences.get(sink.name());
      if (fence != null) {
        sink.fence(fence);
      }
    }
  }

  public List<Sink> all() {
    return sinks;
  }

  /**
   * Returns how much all sinks together hold of a report. The rows are counted once, the bytes
   * added.
   */
  public Weight weight(String report) {
    return sinks.stream()
        .map(sink -> sink.ledger().weight(report))
        .reduce(
            new Weight(0, 0),
            (a, b) -> new Weight(Math.max(a.rows(), b.rows()), a.bytes() + b.bytes()));
  }

  /** Returns what of a run's commits is still stored in the sink that has most of it. */
  public StillStored committedBy(String runId, Collection<String> reports) {
    return sinks.stream()
        .map(sink -> sink.ledger().committed(runId, reports))
        .reduce(StillStored.NOTHING, StillStored::max);
  }

  public Ledger ledger() {
    return sinks.get(0).ledger();
  }

  @Override
  public void close() {
    threads.shutdown();
    Closing.inReverse(sinks);
  }
}
