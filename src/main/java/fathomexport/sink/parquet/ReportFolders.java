package fathomexport.sink.parquet;

import fathomexport.report.Aggregate;
import fathomexport.report.ApiNamed;
import fathomexport.report.Column;
import fathomexport.report.Report;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sink.parquet.file.DamagedFileException;
import fathomexport.sink.parquet.file.DurableFiles;
import fathomexport.sink.parquet.file.FileLocks;
import fathomexport.sink.parquet.file.FileSchema;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.parquet.ledger.FileLedger;
import fathomexport.sink.parquet.ledger.FileLedgers;
import fathomexport.sink.parquet.ledger.ReportNotes;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.LocalDate;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The folders of reports as a whole: whether a definition fits what is stored, and their names. */
final class ReportFolders {
  private static final Logger LOG = LoggerFactory.getLogger(ReportFolders.class);

  private final Layout layout;
  private final FileLedgers ledgers;
  private final FileLocks locks;
  private final ReportNotes notes;

  ReportFolders(Layout layout, FileLedgers ledgers, FileLocks locks, ReportNotes notes) {
    this.layout = layout;
    this.ledgers = ledgers;
    this.locks = locks;
    this.notes = notes;
  }

  /** Returns the files of a report. */
  List<Path> files(String report) throws IOException {
    return layout.files(report, List.of(), LocalDate.MIN, LocalDate.MAX);
  }

  /** Returns the names of the reports that have files. */
  Set<String> stored() throws IOException {
    Set<String> stored = new TreeSet<>();
    if (!Files.isDirectory(layout.root())) {
      return stored;
    }
    try (Stream<Path> folders = Files.list(layout.root())) {
      for (Path folder : folders.toList()) {
        String name = folder.getFileName().toString();
        if (Report.NAME.matcher(name).matches()
            && !Report.RESERVED.contains(name)
            && layout.hasFiles(name)) {
          stored.add(name);
        }
      }
    }
    return stored;
  }

  /** Returns the command that moves a report's folder away; readers skip names with underscores. */
  String moveAway(String report) {
    return "mv '"
        + layout.report(report)
        + "' '"
        + layout.root().resolve("_" + report + "_old")
        + "', "
        + Sink.THEN_BACKFILL;
  }

  /** Returns why a report cannot be stored beside its files, with the remedy; empty if it can. */
  Optional<String> refusal(Report report, Map<String, String> renamed) throws IOException {
    String earlier = renamed.get(report.name());
    List<Path> files = files(report.name());
    List<Path> earlierFiles = earlier == null ? List.of() : files(earlier);
    if (!files.isEmpty() && !earlierFiles.isEmpty()) {
      return Optional.of(both(report.name(), String.valueOf(earlier)));
    }
    String name = earlierFiles.isEmpty() ? report.name() : String.valueOf(earlier);
    List<Path> stored = earlierFiles.isEmpty() ? files : earlierFiles;
    if (stored.isEmpty()) {
      return Optional.empty();
    }
    Set<String> aggregates = new LinkedHashSet<>(notes.read(name).aggregates());
    // Files of versions that wrote no notes: the oldest of the first site, the newest of the last.
    for (Path file : new LinkedHashSet<>(List.of(stored.get(0), stored.get(stored.size() - 1)))) {
      try {
        FileLedger footer = ledgers.footer(file);
        if (footer == null) {
          continue;
        }
        if (!FileSchema.sameGrain(report.schema(), footer.schema())) {
          return Optional.of(
              "report "
                  + report.name()
                  + " is now by "
                  + FileSchema.grain(report.schema())
                  + ", but its files are by "
                  + FileSchema.grain(footer.schema())
                  + " (see "
                  + file
                  + "). Stored rows cannot be carried over: give the report another name, or: "
                  + moveAway(name));
        }
        footer.schema().columns(Column.Role.MEASURE).stream()
            .map(Column::name)
            .forEach(aggregates::add);
      } catch (DamagedFileException e) {
        // Only windows of this file's site and month cannot be stored; their commits report it.
        LOG.warn("{}", e.getMessage());
      }
    }
    List<String> removed =
        aggregates.stream()
            .filter(a -> ApiNamed.parse(Aggregate.class, a).isPresent())
            .filter(a -> report.schema().indexOf(a) < 0)
            .sorted()
            .toList();
    return removed.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "report "
                + report.name()
                + " no longer asks for "
                + String.join(", ", removed)
                + ", which the files in "
                + layout.report(name)
                + " hold. Ask for it again, give the report another name, or: "
                + moveAway(name));
  }

  private String both(String report, String earlier) {
    return "report "
        + report
        + ": renamed_from: "
        + earlier
        + " cannot be done, because both "
        + layout.report(earlier)
        + " and "
        + layout.report(report)
        + " have files. Remove renamed_from, or keep one of the two: "
        + moveAway(report);
  }

  /**
   * Renames a report's folder, and before it everything beside it. The folder comes last and is
   * renamed at once: as long as it has its earlier name, an interrupted rename is done again.
   *
   * @throws SinkException {@code DEFINITION} if both names have files
   */
  void rename(String from, String to) throws IOException {
    // In a fixed order, so that two renames do not wait for each other.
    if (files(from).isEmpty()) {
      return; // Done before: a directory that cannot be written to is no trouble then.
    }
    boolean ascending = from.compareTo(to) < 0;
    locks.holding(
        FileLocks.ofReport(ascending ? from : to),
        () ->
            locks.holding(
                FileLocks.ofReport(ascending ? to : from),
                () -> {
                  renameLocked(from, to);
                  return to;
                }));
  }

  private void renameLocked(String from, String to) throws IOException {
    if (files(from).isEmpty()) {
      return;
    }
    if (!files(to).isEmpty()) {
      throw new SinkException(SinkException.Kind.DEFINITION, both(to, from), null);
    }
    notes.rename(from, to);
    for (String journal : List.of("restatements/%s.jsonl", "quarantine/%s.jsonl")) {
      move(
          layout.own().resolve(journal.formatted(from)),
          layout.own().resolve(journal.formatted(to)));
    }
    move(
        layout.own().resolve("attempts").resolve(from + ".json"),
        layout.own().resolve("attempts").resolve(to + ".json"));
    move(
        layout.own().resolve("retention").resolve(from + ".json"),
        layout.own().resolve("retention").resolve(to + ".json"));
    move(layout.differences(from), layout.differences(to));
    moveFolder(
        layout.own().resolve("confirmed").resolve(from),
        layout.own().resolve("confirmed").resolve(to));
    moveFolder(layout.report(from), layout.report(to));
    notes.remove(from);
    LOG.info("report {} is called {} from now on; its files were renamed", from, to);
  }

  private static void move(Path from, Path to) throws IOException {
    if (Files.exists(from)) {
      DurableFiles.replace(from, to);
    }
  }

  /** Renames a folder. Whatever stands in its place holds no file of rows. */
  private static void moveFolder(Path from, Path to) throws IOException {
    if (Files.isDirectory(from)) {
      remove(to);
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  private static void remove(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
