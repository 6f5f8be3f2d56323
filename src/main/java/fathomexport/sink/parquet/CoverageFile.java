package fathomexport.sink.parquet;

import fathomexport.dimension.Retirement;
import fathomexport.ledger.Attempt;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodLedger;
import fathomexport.ledger.Provenance;
import fathomexport.report.DateGrouping;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.parquet.file.DamagedFileException;
import fathomexport.sink.parquet.file.DurableFiles;
import fathomexport.sink.parquet.file.FileLocks;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.parquet.file.ListingFiles;
import fathomexport.sink.parquet.file.RowFileWriter;
import fathomexport.sink.parquet.ledger.FileLedger;
import fathomexport.sink.parquet.ledger.FileLedgers;
import fathomexport.sink.parquet.ledger.OutlineCache;
import fathomexport.sink.parquet.ledger.StoredPeriod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The ledger of all files below a root as one Parquet file, {@code _fathom/coverage.parquet}, for
 * readers that have no database: one row per report, site, event and period. It is derived from the
 * footers, the confirmations and the failed attempts. No run reads it; the dashboard does, where a
 * pipeline has no database.
 *
 * <p>A period's state is the first of these that applies: {@code missing} (a gap that was never
 * measured), {@code incomplete} (the last attempt failed, the numbers disagree with the control
 * query, or no row came and no control query could confirm that there was none), {@code stale},
 * {@code incomplete} (not over when it was fetched, and the site or event is retired since), {@code
 * provisional}, {@code empty}, {@code complete} (certified, or uncertified with rows: {@code
 * reason} says so).
 */
final class CoverageFile {
  private static final String LOCK = "coverage";

  private final Layout layout;
  private final FileLocks locks;
  private final FileLedgers ledgers;
  private final PeriodLedger ledger;
  private final ParquetDimensions dimensions;

  CoverageFile(
      Layout layout,
      FileLocks locks,
      FileLedgers ledgers,
      PeriodLedger ledger,
      ParquetDimensions dimensions) {
    this.layout = layout;
    this.locks = locks;
    this.ledgers = ledgers;
    this.ledger = ledger;
    this.dimensions = dimensions;
  }

  /** A value that a ledger entry has, and when the entry was fetched. */
  private record Dated(Instant at, @Nullable String value) {
    static Dated newer(Dated a, Dated b) {
      return b.at().isAfter(a.at()) ? b : a;
    }
  }

  /**
   * What tells stale periods from current ones, and those that have ended from those that go on.
   *
   * @param definitions the current definition per report
   * @param zones the zone per site that the API listed last; of a site that it never listed with
   *     one, the newest zone in the files
   * @param ended the sites (as slices without an event) and events of which no more can be measured
   */
  private record Current(
      Map<String, Dated> definitions, Map<SiteId, Dated> zones, Set<Slice> ended) {
    boolean hasEnded(Slice slice) {
      return ended.contains(slice) || ended.contains(new Slice(slice.site(), null));
    }

    boolean stale(LedgerEntry entry) {
      Provenance from = entry.provenance();
      Dated definition = definitions.get(entry.report());
      Dated zone = zones.get(entry.slice().site());
      return (definition != null && !from.definition().equals(definition.value()))
          || (zone != null
              && zone.value() != null
              && from.zone() != null
              && !from.zone().equals(zone.value()));
    }
  }

  /**
   * Writes the file. A file whose content would be the same is left as it is.
   *
   * @param definitions the definition per report of the reports that are known; of the others the
   *     newest one in the files counts
   */
  void write(Map<String, String> definitions) throws IOException {
    Path target = layout.own().resolve("coverage.parquet");
    // Under the lock there is one writer, so the name of its temporary file can be fixed, and the
    // next run replaces what a killed one has left.
    Path temporary = layout.own().resolve(".coverage.parquet.tmp");
    locks.holding(
        LOCK,
        () -> {
          Files.deleteIfExists(temporary);
          try {
            List<String> reports = reports();
            Current current = current(reports, definitions);
            try (RowFileWriter file = new RowFileWriter(temporary, CoverageRows.SCHEMA, Map::of)) {
              CoverageRows rows = new CoverageRows(file);
              for (String report : reports) {
                write(report, current, rows);
              }
            }
            if (!Files.exists(target) || Files.mismatch(temporary, target) >= 0) {
              DurableFiles.replace(temporary, target);
            }
          } finally {
            Files.deleteIfExists(temporary);
          }
          return target;
        });
  }

  /**
   * Saves the outlines of all files, which have been read for this file. Outlines of reports
   * without files are removed; what else is there stays.
   */
  void saveOutlines() throws IOException {
    locks.holding(
        LOCK,
        () -> {
          saveOutlines(reports());
          return layout.outlines();
        });
  }

  private void saveOutlines(List<String> reports) throws IOException {
    DurableFiles.removeTemporaries(layout.outlines());
    Set<Path> kept = new HashSet<>();
    for (String report : reports) {
      List<Path> files = files(report);
      if (!files.isEmpty()) {
        ledgers.outlines().save(report, files);
        kept.add(layout.outlines(report));
      }
    }
    for (Path file : Layout.children(layout.outlines())) {
      if (!kept.contains(file) && OutlineCache.isOutlines(file)) {
        Files.deleteIfExists(file);
      }
    }
  }

  private List<String> reports() throws IOException {
    try (Stream<Path> children = Files.list(layout.root())) {
      return children
          .filter(Files::isDirectory)
          .map(child -> child.getFileName().toString())
          .filter(name -> !name.startsWith("_") && !name.startsWith("."))
          .sorted()
          .toList();
    }
  }

  private List<Path> files(String report) throws IOException {
    return layout.files(report, List.of(), LocalDate.MIN, LocalDate.MAX);
  }

  /**
   * Reads the newest file of each report and site. Whichever zone or definition has changed, the
   * next night fetches the newest days under it.
   */
  private Current current(List<String> reports, Map<String, String> definitions)
      throws IOException {
    Map<String, Dated> newest = new HashMap<>();
    Map<SiteId, Dated> zones = new HashMap<>();
    for (String report : reports) {
      List<Path> files = files(report);
      for (int i = 0; i < files.size(); i++) {
        boolean last = i + 1 == files.size() || !site(files.get(i)).equals(site(files.get(i + 1)));
        FileLedger footer = last ? readable(files.get(i)) : null;
        if (footer == null) {
          continue;
        }
        for (StoredPeriod stored : footer.periods().values()) {
          Provenance from = stored.entry().provenance();
          newest.merge(report, new Dated(from.fetchedAt(), from.definition()), Dated::newer);
          zones.merge(footer.site(), new Dated(from.fetchedAt(), from.zone()), Dated::newer);
        }
      }
    }
    dimensions
        .read("")
        .sites()
        .forEach(
            (site, row) -> {
              if (row.zone() != null) {
                zones.put(site, new Dated(Instant.MAX, row.zone()));
              }
            });
    definitions.forEach((report, known) -> newest.put(report, new Dated(Instant.MAX, known)));
    return new Current(newest, zones, ended());
  }

  private Set<Slice> ended() {
    return dimensions.retired().stream()
        .filter(retirement -> retirement.lastDay() != null)
        .map(Retirement::slice)
        .collect(Collectors.toSet());
  }

  private Path site(Path file) {
    return layout.root().relativize(file).getName(1);
  }

  /** Returns null if the file is damaged or gone: its periods then count as not stored. */
  private @Nullable FileLedger readable(Path file) throws IOException {
    try {
      return ledgers.current(file);
    } catch (DamagedFileException e) {
      // Each run and `status` name damaged files, with the remedy.
      return null;
    }
  }

  private record FailedPeriod(SiteId site, String event, LocalDate period) {}

  private void write(String report, Current current, CoverageRows rows) throws IOException {
    Map<FailedPeriod, List<Attempt>> failed = new HashMap<>();
    for (Attempt attempt : ledger.openAttempts(report)) {
      failed
          .computeIfAbsent(
              new FailedPeriod(
                  attempt.slice().site(), attempt.slice().eventKey(), attempt.period()),
              key -> new ArrayList<>())
          .add(attempt);
    }
    Map<Slice, LocalDate> covered = new HashMap<>();
    SiteId site = null;
    DateGrouping grouping = DateGrouping.NONE;
    for (Path file : files(report)) {
      FileLedger footer = readable(file);
      if (footer == null) {
        continue;
      }
      if (!footer.site().equals(site)) {
        site = footer.site();
        covered.clear();
      }
      grouping = footer.schema().dateGrouping();
      for (StoredPeriod stored : footer.periods().values()) {
        LedgerEntry entry = stored.entry();
        LocalDate period = entry.certificate().period();
        LocalDate before = covered.put(entry.slice(), period);
        if (before != null && grouping.hasBuckets()) {
          gap(entry, grouping, before, failed, rows);
        }
        List<Attempt> attempts =
            failed.getOrDefault(
                new FailedPeriod(entry.slice().site(), entry.slice().eventKey(), period),
                List.of());
        Attempt attempt = null;
        for (Attempt a : attempts) {
          if (grouping.hasBuckets() || a.coversTo().equals(entry.certificate().coversTo())) {
            attempt = a;
          }
        }
        if (attempt != null) {
          attempts.remove(attempt);
        }
        write(entry, grouping, attempt, current, rows);
      }
    }
    List<Attempt> neverStored =
        failed.values().stream()
            .flatMap(List::stream)
            .sorted(Comparator.comparing(CoverageFile::order))
            .toList();
    for (Attempt attempt : neverStored) {
      rows.failed(attempt, grouping);
    }
  }

  private static void write(
      LedgerEntry entry,
      DateGrouping grouping,
      @Nullable Attempt attempt,
      Current current,
      CoverageRows rows)
      throws IOException {
    String state = state(entry, grouping, attempt, current);
    boolean ended = state.equals("provisional") && current.hasEnded(entry.slice());
    rows.stored(
        entry,
        grouping,
        ended ? "incomplete" : state,
        ended
            ? ListingFiles.ENDED
            : attempt == null ? entry.certificate().reason() : attempt.reason());
  }

  private static String order(Attempt a) {
    return a.slice().site() + " " + a.slice().eventKey() + " " + a.period() + " " + a.coversTo();
  }

  /** Writes the periods between two stored ones. */
  private static void gap(
      LedgerEntry next,
      DateGrouping grouping,
      LocalDate before,
      Map<FailedPeriod, List<Attempt>> failed,
      CoverageRows rows)
      throws IOException {
    Slice slice = next.slice();
    LocalDate period = grouping.periodEnd(before).plusDays(1);
    for (;
        period.isBefore(next.certificate().period());
        period = grouping.periodEnd(period).plusDays(1)) {
      boolean asked = !grouping.periodEnd(period).isBefore(Site.FIRST_ACCURATE_DAY);
      boolean attempted =
          failed.containsKey(new FailedPeriod(slice.site(), slice.eventKey(), period));
      if (asked && !attempted) {
        rows.missing(next, grouping, period);
      }
    }
  }

  private static String state(
      LedgerEntry entry, DateGrouping grouping, @Nullable Attempt attempt, Current current) {
    CertificateStatus status = entry.certificate().status();
    if (attempt != null || !entry.stored() || status == CertificateStatus.INCOMPLETE) {
      return "incomplete";
    }
    if (current.stale(entry)) {
      return "stale";
    }
    if (grouping.hasBuckets()
        && entry
            .certificate()
            .coversTo()
            .isBefore(grouping.periodEnd(entry.certificate().period()))) {
      return "provisional";
    }
    if (entry.certificate().rows() > 0) {
      return "complete";
    }
    return status == CertificateStatus.CERTIFIED ? "empty" : "incomplete";
  }
}
