package fathomexport.sink.parquet.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.ledger.PipelineLocks;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.FileLocks;
import fathomexport.sink.parquet.file.Layout;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The locks on pipelines. Each lock is a locked file, which the operating system frees with the
 * process, and a document with the epoch of the last run that took it.
 */
final class EpochLocks implements PipelineLocks {
  private final Layout layout;
  private final FileLocks locks;
  private final Documents documents;
  private final LedgerAnswers answers;

  EpochLocks(Layout layout, FileLocks locks, Documents documents, LedgerAnswers answers) {
    this.layout = layout;
    this.locks = locks;
    this.documents = documents;
    this.answers = answers;
  }

  @Override
  public Optional<RunLock> tryLock(String pipeline) {
    return answers.of(
        () -> {
          Optional<FileLocks.HeldLock> held = locks.tryAcquire("pipeline-" + pipeline);
          if (held.isEmpty()) {
            return Optional.empty();
          }
          boolean kept = false;
          try {
            RunLock lock = new FileLock(pipeline, held.get(), nextEpoch(pipeline));
            kept = true;
            return Optional.of(lock);
          } finally {
            if (!kept) {
              held.get().close();
            }
          }
        });
  }

  /** Separate from the lock's own file, whose descriptor must not be closed. */
  private Path epochDocument(String pipeline) {
    return layout.own().resolve("locks").resolve(Layout.escape("pipeline-" + pipeline) + ".json");
  }

  /**
   * Returns and stores the next epoch. It is at least the current time in milliseconds, so that no
   * epoch repeats after the document was removed.
   */
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

  /** Returns whether this is the epoch of the run that took the pipeline's lock last. */
  boolean isEpoch(String pipeline, long epoch) throws IOException {
    JsonNode document = documents.read(epochDocument(pipeline));
    return document != null && document.required("epoch").longValue() == epoch;
  }

  private final class FileLock implements RunLock {
    private final String pipeline;
    private final FileLocks.HeldLock held;
    private final long epoch;

    FileLock(String pipeline, FileLocks.HeldLock held, long epoch) {
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
      return answers.of(() -> isEpoch(pipeline, epoch));
    }

    @Override
    public void close() {
      held.close();
    }
  }
}
