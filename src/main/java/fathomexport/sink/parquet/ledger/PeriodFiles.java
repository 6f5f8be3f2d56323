package fathomexport.sink.parquet.ledger;

import fathomexport.ledger.Attempt;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodLedger;
import fathomexport.ledger.PeriodSum;
import fathomexport.ledger.StillStored;
import fathomexport.ledger.StoredRange;
import fathomexport.ledger.Stretch;
import fathomexport.ledger.Weight;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.parquet.file.DamagedFileException;
import fathomexport.sink.parquet.file.Layout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the stored periods from the footers of the data files and the notes beside them. */
final class PeriodFiles implements PeriodLedger {
  private static final Logger LOG = LoggerFactory.getLogger(PeriodFiles.class);

  private final Layout layout;
  private final FileLedgers ledgers;
  private final Attempts attempts;
  private final LedgerAnswers answers;
  private final Set<Path> damaged = ConcurrentHashMap.newKeySet();

  PeriodFiles(Layout layout, FileLedgers ledgers, Attempts attempts, LedgerAnswers answers) {
    this.layout = layout;
    this.ledgers = ledgers;
    this.attempts = attempts;
    this.answers = answers;
  }

  @Override
  public List<LedgerEntry> entries(String report, Collection<SiteId> sites, LocalDate from) {
    return answers.of(
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

  @Override
  public List<StoredRange> storedRanges(
      String report, DateGrouping grouping, Collection<SiteId> sites) {
    return answers.of(
        () -> {
          Map<Slice, List<DayRange>> periods = new HashMap<>();
          for (Path file : layout.files(report, sites, LocalDate.EPOCH, LocalDate.MAX)) {
            Outline outline = outline(file);
            if (outline != null) {
              outline
                  .storedDays()
                  .forEach(
                      (slice, days) ->
                          periods.computeIfAbsent(slice, s -> new ArrayList<>()).addAll(days));
            }
          }
          List<StoredRange> ranges = new ArrayList<>();
          periods.forEach(
              (slice, days) ->
                  DayRange.union(days).forEach(d -> ranges.add(new StoredRange(slice, d))));
          return ranges;
        });
  }

  @Override
  public List<Stretch> stretches(
      String report, DateGrouping grouping, Collection<SiteId> sites, boolean digests) {
    return answers.of(
        () -> {
          // One site's at a time: a folder belongs to one site, and the files are listed folder by
          // folder.
          List<Stretch> stretches = new ArrayList<>();
          List<Stretch> ofSite = new ArrayList<>();
          Path folder = null;
          for (Path file : layout.files(report, sites, LocalDate.EPOCH, LocalDate.MAX)) {
            Outline outline = outline(file);
            if (outline == null) {
              continue;
            }
            Path site = file.getParent() == null ? null : file.getParent().getParent();
            if (!Objects.equals(site, folder)) {
              stretches.addAll(Stretch.joined(ofSite, grouping));
              ofSite.clear();
              folder = site;
            }
            // What is partial, for example, depends on the grouping.
            FileLedger other = outline.grouping() == grouping ? null : readable(file);
            ofSite.addAll(
                other == null ? outline.stretches() : Stretch.of(entries(other), grouping));
          }
          stretches.addAll(Stretch.joined(ofSite, grouping));
          return stretches;
        });
  }

  @Override
  public List<PeriodSum> sums(
      String report,
      DateGrouping grouping,
      DateGrouping unit,
      Collection<SiteId> sites,
      LocalDate since) {
    return answers.of(
        () -> {
          List<PeriodSum> months = new ArrayList<>();
          for (Path file : layout.files(report, sites, since, LocalDate.MAX)) {
            Outline outline = outline(file);
            if (outline == null) {
              continue;
            }
            // Which periods were over, for example, depends on the grouping.
            FileLedger other = outline.grouping() == grouping ? null : readable(file);
            List<PeriodSum> sums =
                other == null
                    ? outline.sums()
                    : PeriodSum.of(entries(other), grouping, DateGrouping.MONTH);
            sums.stream().filter(sum -> !sum.first().isBefore(since)).forEach(months::add);
          }
          return PeriodSum.joined(months, unit);
        });
  }

  private static List<LedgerEntry> entries(FileLedger ledger) {
    return ledger.periods().values().stream().map(StoredPeriod::entry).toList();
  }

  @Override
  public StillStored committed(String runId, Collection<String> reports) {
    return answers.of(
        () -> {
          Set<String> windows = new HashSet<>();
          long rows = 0;
          for (String report : reports) {
            for (Path file : layout.files(report, List.of(), LocalDate.EPOCH, LocalDate.MAX)) {
              FileLedger ledger = readable(file);
              if (ledger == null) {
                continue;
              }
              for (StoredPeriod p : ledger.periods().values()) {
                LedgerEntry entry = p.entry();
                if (entry.stored() && entry.provenance().runId().equals(runId)) {
                  windows.add(entry.windowId());
                  rows += entry.certificate().rows();
                }
              }
            }
          }
          return new StillStored(windows.size(), rows);
        });
  }

  /**
   * Returns null if the file does not exist or is damaged. Its periods then count as not stored.
   */
  private @Nullable FileLedger readable(Path file) throws IOException {
    try {
      return ledgers.current(file);
    } catch (DamagedFileException e) {
      warn(file, e);
      return null;
    }
  }

  /** Warns of the first damaged file in full, and of the others together. */
  private void warn(Path file, DamagedFileException why) {
    if (damaged.add(file) && damaged.size() <= 2) {
      LOG.warn(
          "{}",
          damaged.size() == 1
              ? why.getMessage()
              : "more files are damaged: `status` with --all names each, with what to do");
    } else {
      LOG.debug("{}", why.getMessage());
    }
  }

  /** Returns null where {@link #readable} does. */
  private @Nullable Outline outline(Path file) throws IOException {
    try {
      return ledgers.outline(file);
    } catch (DamagedFileException e) {
      warn(file, e);
      return null;
    }
  }

  @Override
  public Set<Slice> slices(String report) {
    return answers.of(
        () -> {
          Set<Slice> slices = new HashSet<>();
          for (Path file : layout.files(report, List.of(), LocalDate.EPOCH, LocalDate.MAX)) {
            Outline outline = outline(file);
            if (outline != null) {
              slices.addAll(outline.slices());
            }
          }
          return slices;
        });
  }

  @Override
  public Weight weight(String report) {
    return answers.of(
        () -> {
          long rows = 0;
          long bytes = 0;
          for (Path file : layout.files(report, List.of(), LocalDate.MIN, LocalDate.MAX)) {
            Outline outline = outline(file);
            if (outline != null) {
              rows += outline.rows();
              bytes += Files.size(file);
            }
          }
          return new Weight(rows, bytes);
        });
  }

  @Override
  public List<Attempt> openAttempts(String report) {
    return answers.of(() -> attempts.open(report));
  }
}
