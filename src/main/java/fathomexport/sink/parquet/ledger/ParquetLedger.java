package fathomexport.sink.parquet.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.ledger.Attempt;
import fathomexport.ledger.Audit;
import fathomexport.ledger.JournalCount;
import fathomexport.ledger.Learned;
import fathomexport.ledger.Ledger;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.LedgerException;
import fathomexport.ledger.OffsetSupport;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.ledger.RequestCount;
import fathomexport.ledger.Restatement;
import fathomexport.ledger.RunRecord;
import fathomexport.ledger.Weight;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.parquet.file.DamagedFileException;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.DurableFiles;
import fathomexport.sink.parquet.file.FileLocks;
import fathomexport.sink.parquet.file.Layout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The ledger from the files' footers and the documents below {@code _fathom}. */
public final class ParquetLedger implements Ledger {
  private static final Logger LOG = LoggerFactory.getLogger(ParquetLedger.class);
  private static final String LEARNED_LOCK = "learned";

  private final Layout layout;
  private final FileLocks locks;
  private final FileLedgers ledgers;
  private final Documents documents;
  private final Attempts attempts;
  private final Restatements restatements;
  private final Quarantine quarantine;
  private final Audits audits;

  public ParquetLedger(
      Layout layout,
      FileLocks locks,
      FileLedgers ledgers,
      Documents documents,
      Attempts attempts,
      Restatements restatements,
      Quarantine quarantine) {
    this.layout = layout;
    this.locks = locks;
    this.ledgers = ledgers;
    this.documents = documents;
    this.attempts = attempts;
    this.restatements = restatements;
    this.quarantine = quarantine;
    this.audits = new Audits(layout, documents);
  }

  @Override
  public List<LedgerEntry> entries(String report, Collection<SiteId> sites, LocalDate from) {
    return answer(
        () -> {
          List<LedgerEntry> entries = new ArrayList<>();
          for (Path file : layout.files(report, sites, from, LocalDate.MAX)) {
            FileLedger ledger = readable(file);
            if (ledger == null) {
              continue;
            }
            for (StoredPeriod p : ledger.periods().values()) {
              if (!p.entry().certificate().coversTo().isBefore(from)) {
                entries.add(p.entry());
              }
            }
          }
          return entries;
        });
  }

  /** Null when there is no such file, or it is damaged: then nothing of it counts as held. */
  private @Nullable FileLedger readable(Path file) throws IOException {
    try {
      return ledgers.current(file);
    } catch (DamagedFileException e) {
      LOG.warn("{}", e.getMessage());
      return null;
    }
  }

  @Override
  public Weight weight(String report) {
    return answer(
        () -> {
          long rows = 0;
          long bytes = 0;
          for (Path file : layout.files(report, List.of(), LocalDate.MIN, LocalDate.MAX)) {
            FileLedger ledger = readable(file);
            if (ledger != null) {
              rows += ledger.rows();
              bytes += Files.size(file);
            }
          }
          return new Weight(rows, bytes);
        });
  }

  @Override
  public List<Attempt> openAttempts(String report) {
    return answer(() -> attempts.open(report));
  }

  @Override
  public Learned learned() {
    return answer(this::readLearned);
  }

  @Override
  public void learn(Learned.Lesson lesson) {
    answer(
        () ->
            locks.holding(
                LEARNED_LOCK,
                () -> {
                  Learned before = readLearned();
                  Learned after = before.with(lesson);
                  if (!after.equals(before)) {
                    writeLearned(after);
                  }
                  return after;
                }));
  }

  @Override
  public List<Audit> audits() {
    return answer(audits::all);
  }

  @Override
  public void audited(Audit audit) {
    answer(
        () ->
            locks.holding(
                Audits.LOCK,
                () -> {
                  audits.add(audit);
                  return audit;
                }));
  }

  private Path learnedDocument() {
    return layout.own().resolve("learned.json");
  }

  private Learned readLearned() throws IOException {
    JsonNode document = documents.read(learnedDocument());
    if (document == null) {
      return Learned.NOTHING;
    }
    Map<String, Integer> maxDays = new HashMap<>();
    for (Map.Entry<String, JsonNode> e : document.required("max_days").properties()) {
      maxDays.put(e.getKey(), e.getValue().intValue());
    }
    JsonNode cap = document.path("row_cap");
    // Files of earlier versions have nothing about accounts.
    Map<Learned.Whose, Integer> limits = new HashMap<>();
    for (Map.Entry<String, JsonNode> account : document.path("limits").properties()) {
      for (Map.Entry<String, JsonNode> shape : account.getValue().properties()) {
        limits.put(
            new Learned.Whose(account.getKey(), shape.getKey()), shape.getValue().intValue());
      }
    }
    Map<String, OffsetSupport> offsets = new HashMap<>();
    for (Map.Entry<String, JsonNode> account : document.path("offset").properties()) {
      offsets.put(account.getKey(), offset(account.getValue().asText()));
    }
    return new Learned(
        maxDays,
        cap.isNumber() ? Optional.of(cap.intValue()) : Optional.empty(),
        document.required("most_rows").intValue(),
        limits,
        offsets);
  }

  private static OffsetSupport offset(String label) throws IOException {
    try {
      return OffsetSupport.of(label);
    } catch (IllegalArgumentException e) {
      throw new IOException("learned.json: " + e.getMessage(), e);
    }
  }

  private void writeLearned(Learned learned) throws IOException {
    ObjectNode document = documents.object();
    ObjectNode maxDays = document.putObject("max_days");
    new TreeMap<>(learned.maxDays()).forEach(maxDays::put);
    document.put("row_cap", learned.rowCap().orElse(null));
    document.put("most_rows", learned.mostRows());
    ObjectNode limits = document.putObject("limits");
    learned.limits().entrySet().stream()
        .sorted(
            Comparator.comparing((Map.Entry<Learned.Whose, Integer> e) -> e.getKey().account())
                .thenComparing(e -> e.getKey().shapeKey()))
        .forEach(
            e ->
                limits
                    .withObjectProperty(e.getKey().account())
                    .put(e.getKey().shapeKey(), e.getValue()));
    ObjectNode offset = document.putObject("offset");
    new TreeMap<>(learned.offsets()).forEach((account, o) -> offset.put(account, o.label()));
    documents.write(learnedDocument(), document);
  }

  @Override
  public List<QuarantinedRow> quarantined(String report, int limit) {
    return answer(() -> quarantine.open(report).stream().limit(limit).toList());
  }

  @Override
  public List<QuarantinedRow> quarantined(
      String report, Slice slice, Collection<String> windowIds) {
    return answer(
        () ->
            quarantine.open(report).stream()
                .filter(row -> row.slice().equals(slice) && windowIds.contains(row.windowId()))
                .toList());
  }

  @Override
  public List<Restatement> restatements(String report, int limit) {
    return answer(() -> restatements.newest(report, (slice, period) -> true, limit));
  }

  @Override
  public List<Restatement> restatements(String report, Slice slice, LocalDate period) {
    return answer(
        () ->
            restatements.newest(
                report, (s, p) -> s.equals(slice) && p.equals(period), Integer.MAX_VALUE));
  }

  @Override
  public Map<Slice, JournalCount> journalCounts(String report) {
    return answer(
        () -> {
          Map<Slice, JournalCount> counts = new HashMap<>();
          for (QuarantinedRow row : quarantine.open(report)) {
            counts.merge(row.slice(), new JournalCount(1, 0), JournalCount::plus);
          }
          restatements.newest(report, (slice, period) -> true, Integer.MAX_VALUE).stream()
              .collect(
                  Collectors.groupingBy(
                      Restatement::slice,
                      Collectors.mapping(Restatement::period, Collectors.toSet())))
              .forEach(
                  (slice, periods) ->
                      counts.merge(slice, new JournalCount(0, periods.size()), JournalCount::plus));
          return counts;
        });
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
    ArrayNode messages = document.putArray("messages");
    run.messages().forEach(messages::add);
    answer(
        () -> {
          Path file = runFile(run.runId());
          documents.write(file, document);
          return file;
        });
  }

  private Path runFile(String runId) {
    return layout.runs().resolve(Layout.escape(runId) + ".json");
  }

  @Override
  public Optional<RunRecord> run(String runId) {
    return answer(
        () -> Optional.ofNullable(documents.read(runFile(runId))).map(ParquetLedger::run));
  }

  @Override
  public List<RunRecord> runs(int limit) {
    return answer(
        () -> {
          if (!Files.isDirectory(layout.runs())) {
            return List.of();
          }
          List<RunRecord> runs = new ArrayList<>();
          try (Stream<Path> files = Files.list(layout.runs())) {
            for (Path file : (Iterable<Path>) files::iterator) {
              JsonNode document = file.toString().endsWith(".json") ? documents.read(file) : null;
              if (document != null) {
                runs.add(run(document));
              }
            }
          }
          runs.sort(
              Comparator.comparing(RunRecord::startedAt)
                  .thenComparing(RunRecord::runId)
                  .reversed());
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
        messages);
  }

  /** Files are no place to share a quota: each run keeps its permits in its process. */
  @Override
  public List<RequestCount> requestCounts(LocalDate from) {
    return List.of();
  }

  @Override
  public Optional<RunLock> tryLock(String pipeline) {
    return answer(
        () -> {
          Optional<FileLocks.Held> held = locks.tryAcquire("pipeline-" + pipeline);
          if (held.isEmpty()) {
            return Optional.empty();
          }
          boolean kept = false;
          try {
            RunLock lock = new Lock(pipeline, held.get(), nextEpoch(pipeline));
            kept = true;
            return Optional.of(lock);
          } finally {
            if (!kept) {
              held.get().close();
            }
          }
        });
  }

  /** Beside the lock's own file, whose descriptor must not be closed. */
  private Path epochDocument(String pipeline) {
    return layout.own().resolve("locks").resolve(Layout.escape("pipeline-" + pipeline) + ".json");
  }

  /** Not before the time of day, so that no epoch comes back when the document was removed. */
  private long nextEpoch(String pipeline) throws IOException {
    JsonNode before = documents.read(epochDocument(pipeline));
    long epoch =
        Math.max(
            System.currentTimeMillis(),
            before == null ? 0 : before.required("epoch").longValue() + 1);
    ObjectNode document = documents.object();
    document.put("pipeline", pipeline);
    document.put("epoch", epoch);
    documents.write(epochDocument(pipeline), document);
    return epoch;
  }

  /** Whether nobody has taken the pipeline's lock since it had this epoch. */
  public boolean isEpoch(String pipeline, long epoch) throws IOException {
    JsonNode document = documents.read(epochDocument(pipeline));
    return document != null && document.required("epoch").longValue() == epoch;
  }

  private final class Lock implements RunLock {
    private final String pipeline;
    private final FileLocks.Held held;
    private final long epoch;

    Lock(String pipeline, FileLocks.Held held, long epoch) {
      this.pipeline = pipeline;
      this.held = held;
      this.epoch = epoch;
    }

    @Override
    public long epoch() {
      return epoch;
    }

    @Override
    public boolean stillHeld() {
      return answer(() -> isEpoch(pipeline, epoch));
    }

    @Override
    public void close() {
      held.close();
    }
  }

  private interface Question<T> {
    T ask() throws IOException;
  }

  private <T> T answer(Question<T> question) {
    try {
      return question.ask();
    } catch (DamagedFileException e) {
      throw LedgerException.ofDamage(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new LedgerException(
          "the ledger below " + layout.root() + " does not answer: " + DurableFiles.reason(e), e);
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new LedgerException(
          "the ledger below " + layout.own() + " holds what it should not: " + e.getMessage(), e);
    }
  }
}
