package fathomexport.sink.parquet.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.ledger.RequestCount;
import fathomexport.ledger.RunLedger;
import fathomexport.ledger.RunRecord;
import fathomexport.report.SiteId;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.Layout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The records of runs, one document per run. */
public final class RunDocuments implements RunLedger {
  private final Path directory;
  private final Documents documents;
  private final LedgerAnswers answers;

  RunDocuments(Path directory, Documents documents, LedgerAnswers answers) {
    this.directory = directory;
    this.documents = documents;
    this.answers = answers;
  }

  /** Returns the records of a separate directory, which belongs to no ledger. */
  public static RunDocuments in(Path directory) {
    return new RunDocuments(
        directory,
        new Documents(),
        new LedgerAnswers(
            new Layout(directory), "set FATHOM_EXPORT_STATE to a directory that can be used"));
  }

  /** Deletes the record of a run, if it exists. */
  public void forget(String runId) {
    answers.of(() -> Files.deleteIfExists(runFile(runId)));
  }

  @Override
  public void record(RunRecord run) {
    ObjectNode document = documents.object();
    document.put("run_id", run.runId());
    document.put("pipeline", run.pipeline());
    document.put("command", run.command());
    document.put("started_at", run.startedAt().toString());
    document.put("finished_at", run.finishedAt() == null ? null : run.finishedAt().toString());
    document.put("exit_code", run.exitCode());
    document.put("windows_planned", run.windowsPlanned());
    document.put("windows_committed", run.windowsCommitted());
    document.put("windows_unchanged", run.windowsUnchanged());
    document.put("windows_incomplete", run.windowsIncomplete());
    document.put("windows_failed", run.windowsFailed());
    document.put("windows_skipped", run.windowsSkipped());
    document.put("rows", run.rows());
    document.put("quarantined", run.quarantined());
    document.put("requests", run.requests());
    document.put("escaped_cells", run.escapedCells());
    ArrayNode messages = document.putArray("messages");
    run.messages().forEach(messages::add);
    Set<SiteId> troubled = run.troubledSites();
    if (troubled != null) {
      ArrayNode sites = document.putArray("troubled_sites");
      troubled.stream().map(SiteId::value).sorted().forEach(sites::add);
    }
    answers.of(
        () -> {
          Path file = runFile(run.runId());
          documents.write(file, document);
          return file;
        });
  }

  private Path runFile(String runId) {
    return directory.resolve(Layout.escape(runId) + ".json");
  }

  @Override
  public Optional<RunRecord> run(String runId) {
    return answers.of(
        () -> Optional.ofNullable(documents.read(runFile(runId))).map(RunDocuments::run));
  }

  @Override
  public List<RunRecord> runs(int limit) {
    return runs(run -> true, limit);
  }

  @Override
  public List<RunRecord> runs(@Nullable String pipeline, Set<String> commands, int limit) {
    return runs(
        run ->
            commands.contains(run.verb()) && (pipeline == null || run.pipeline().equals(pipeline)),
        limit);
  }

  private List<RunRecord> runs(Predicate<RunRecord> which, int limit) {
    return answers.of(
        () -> {
          if (!Files.isDirectory(directory)) {
            return List.of();
          }
          List<RunRecord> runs = new ArrayList<>();
          try (Stream<Path> files = Files.list(directory)) {
            for (Path file : (Iterable<Path>) files::iterator) {
              JsonNode document = file.toString().endsWith(".json") ? documents.read(file) : null;
              if (document != null) {
                RunRecord run = run(document);
                if (which.test(run)) {
                  runs.add(run);
                }
              }
            }
          }
          runs.sort(NEWEST_FIRST);
          return List.copyOf(runs.subList(0, Math.min(limit, runs.size())));
        });
  }

  private static RunRecord run(JsonNode d) {
    List<String> messages = new ArrayList<>();
    d.required("messages").forEach(m -> messages.add(m.textValue()));
    JsonNode finished = d.required("finished_at");
    JsonNode exit = d.required("exit_code");
    return new RunRecord(
        Documents.text(d, "run_id"),
        Documents.text(d, "pipeline"),
        Documents.text(d, "command"),
        Instant.parse(Documents.text(d, "started_at")),
        finished.isNull() ? null : Instant.parse(finished.textValue()),
        exit.isNull() ? null : exit.intValue(),
        d.required("windows_planned").longValue(),
        d.required("windows_committed").longValue(),
        d.required("windows_unchanged").longValue(),
        d.required("windows_incomplete").longValue(),
        d.required("windows_failed").longValue(),
        d.required("windows_skipped").longValue(),
        d.required("rows").longValue(),
        d.required("quarantined").longValue(),
        d.required("requests").longValue(),
        messages,
        // Older versions did not count these cells, and did not note these sites.
        d.path("escaped_cells").longValue(),
        troubled(d.get("troubled_sites")));
  }

  private static @Nullable Set<SiteId> troubled(@Nullable JsonNode sites) {
    if (sites == null) {
      return null;
    }
    Set<SiteId> troubled = new HashSet<>();
    sites.forEach(s -> troubled.add(new SiteId(s.textValue())));
    return troubled;
  }

  /**
   * Returns an empty list: files do not share a quota, so each run counts permits in its own
   * process.
   */
  @Override
  public List<RequestCount> requestCounts(LocalDate from) {
    return List.of();
  }
}
