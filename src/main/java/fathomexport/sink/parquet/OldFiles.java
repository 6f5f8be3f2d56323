package fathomexport.sink.parquet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.sink.Removal;
import fathomexport.sink.parquet.commit.FileSetCommit.Fencing;
import fathomexport.sink.parquet.file.DamagedFileException;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.DurableFiles;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.parquet.ledger.Attempts;
import fathomexport.sink.parquet.ledger.FileLedger;
import fathomexport.sink.parquet.ledger.FileLedgers;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes the files whose periods are all older than a pipeline keeps. A file takes its rows and
 * their certificates along at once. What lies beside it follows: notes about a file that is not
 * there say nothing, so a kill in between leaves nothing wrong, and the next run removes them.
 */
final class OldFiles {
  private static final Logger LOG = LoggerFactory.getLogger(OldFiles.class);

  private final Layout layout;
  private final FileLedgers ledgers;
  private final Attempts attempts;
  private final Documents documents;
  private final Fencing fencing;

  OldFiles(
      Layout layout, FileLedgers ledgers, Attempts attempts, Documents documents, Fencing fencing) {
    this.layout = layout;
    this.ledgers = ledgers;
    this.attempts = attempts;
    this.documents = documents;
    this.fencing = fencing;
  }

  /** Removes them. The caller holds the report's lock. */
  Removal.Removed remove(Removal removal) throws IOException {
    String report = removal.report().name();
    List<Path> old =
        layout
            .files(report, removal.sites(), LocalDate.MIN, removal.firstDay().minusDays(1))
            .stream()
            .filter(layout::isPartitioned)
            .toList();
    Removal.Removed removed = Removal.Removed.NOTHING;
    fencing.require();
    if (!old.isEmpty()) {
      note(removal);
      for (Path file : old) {
        fencing.require();
        removed = removed.plus(content(file));
        DurableFiles.delete(file);
        deleteEmpty(file.getParent());
      }
    }
    removeNotes(report);
    attempts.forget(removal);
    return removed;
  }

  /** Records the removal before it begins: it says from which day on the report is kept. */
  private void note(Removal removal) throws IOException {
    ObjectNode note = documents.object();
    note.put("first_day", removal.firstDay().toString());
    note.put("removed_at", removal.at().toString());
    note.put("run_id", removal.runId());
    documents.write(
        layout.own().resolve("retention").resolve(removal.report().name() + ".json"), note);
  }

  private Removal.Removed content(Path file) throws IOException {
    try {
      FileLedger footer = ledgers.footer(file);
      return footer == null
          ? Removal.Removed.NOTHING
          : new Removal.Removed(footer.periods().size(), footer.rows());
    } catch (DamagedFileException e) {
      LOG.warn("a damaged file is removed, since it is older than it is kept: {}", e.getMessage());
      return Removal.Removed.NOTHING;
    }
  }

  /** Removes the confirmations of files that do not exist any more. */
  private void removeNotes(String report) throws IOException {
    Path notes = layout.own().resolve("confirmed").resolve(report);
    if (!Files.isDirectory(notes)) {
      return;
    }
    List<Path> folders;
    try (Stream<Path> sites = Files.list(notes)) {
      folders = sites.filter(Files::isDirectory).toList();
    }
    for (Path site : folders) {
      List<Path> ofSite;
      try (Stream<Path> files = Files.list(site)) {
        ofSite = files.toList();
      }
      for (Path note : ofSite) {
        String name = note.getFileName().toString();
        Path file =
            layout
                .report(report)
                .resolve(site.getFileName())
                .resolve(name.replaceFirst("\\.json$", ""))
                .resolve(Layout.DATA);
        if (name.endsWith(".json") && !Files.exists(file)) {
          DurableFiles.delete(note);
        }
      }
      deleteEmpty(site);
    }
  }

  /** Deletes a folder of a month or year, or of a site, if nothing is left in it. */
  private static void deleteEmpty(@Nullable Path folder) throws IOException {
    Path at = folder;
    while (at != null && at.getFileName().toString().contains("=")) {
      try {
        Files.deleteIfExists(at);
      } catch (DirectoryNotEmptyException e) {
        return;
      }
      at = at.getParent();
    }
  }
}
