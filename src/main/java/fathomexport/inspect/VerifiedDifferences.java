package fathomexport.inspect;

import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.KnownDifference;
import fathomexport.ledger.LedgerEntry;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.DifferenceCause;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.BackfillCommands;
import fathomexport.run.ExportJob;
import fathomexport.sink.Sink;
import fathomexport.sinks.Sinks;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What verifications found to differ and nothing has mended since: neither has a later one found
 * the periods equal, nor does a certificate show that they were fetched again.
 */
final class VerifiedDifferences {
  private final ExportJob job;
  private final Retired retired;
  private final BackfillCommands.Scope scope;
  private final Map<String, LocalDate> firstKept;

  private VerifiedDifferences(
      ExportJob job,
      Retired retired,
      BackfillCommands.Scope scope,
      Map<String, LocalDate> firstKept) {
    this.job = job;
    this.retired = retired;
    this.scope = scope;
    this.firstKept = firstKept;
  }

  /**
   * Reads what is known in the sinks.
   *
   * @return one item per sink, cause and detail
   */
  static List<StatusOverview.Verified> of(
      ExportJob job,
      Sinks sinks,
      Retired retired,
      BackfillCommands.Scope scope,
      Map<String, LocalDate> firstKept) {
    VerifiedDifferences reading = new VerifiedDifferences(job, retired, scope, firstKept);
    return sinks.all().stream().flatMap(sink -> reading.in(sink).stream()).toList();
  }

  private record Why(DifferenceCause cause, @Nullable String detail) {}

  private List<StatusOverview.Verified> in(Sink sink) {
    Map<Why, List<BackfillCommands.Want>> open = new LinkedHashMap<>();
    for (Report report : job.reports()) {
      List<KnownDifference> known =
          sink.ledger().differences(report.name()).stream().filter(this::isWanted).toList();
      if (known.isEmpty()) {
        continue;
      }
      Map<Slice, Map<DayRange, LedgerEntry>> entries = entries(sink, report, known);
      for (KnownDifference d : known) {
        Map<DayRange, LedgerEntry> ofSlice = entries.getOrDefault(d.slice(), Map.of());
        List<DayRange> periods =
            periods(report, d.days()).stream()
                .filter(p -> !p.first().isBefore(firstKept.getOrDefault(report.name(), p.first())))
                .filter(p -> isOpen(d, ofSlice.get(p)))
                .toList();
        for (DayRange days : ranges(report, periods)) {
          open.computeIfAbsent(new Why(d.cause(), d.detail()), w -> new ArrayList<>())
              .add(
                  new BackfillCommands.Want(
                      new BackfillCommands.ReportOfSite(report.name(), d.slice().site().value()),
                      days.first(),
                      days.last(),
                      periods.stream().filter(days::contains).count()));
        }
      }
    }
    List<StatusOverview.Verified> found = new ArrayList<>();
    open.forEach(
        (why, wants) ->
            found.add(
                new StatusOverview.Verified(
                    sink.name(),
                    why.cause(),
                    why.detail(),
                    StatusOverview.Extent.of(wants),
                    why.detail() == null
                        ? BackfillCommands.of(wants, scope, BackfillCommands.MOST)
                        : List.of())));
    return found;
  }

  /** Nothing can be fetched of what the API no longer lists. */
  private boolean isWanted(KnownDifference d) {
    return !retired.covers(d.slice())
        && job.sites().map(sites -> sites.contains(d.slice().site())).orElse(true);
  }

  private static Map<Slice, Map<DayRange, LedgerEntry>> entries(
      Sink sink, Report report, List<KnownDifference> known) {
    TreeSet<SiteId> sites = new TreeSet<>();
    LocalDate from = LocalDate.MAX;
    for (KnownDifference d : known) {
      sites.add(d.slice().site());
      from = d.days().first().isBefore(from) ? d.days().first() : from;
    }
    Map<Slice, Map<DayRange, LedgerEntry>> entries = new HashMap<>();
    for (LedgerEntry entry : sink.ledger().entries(report.name(), sites, from)) {
      LocalDate period = entry.certificate().period();
      entries
          .computeIfAbsent(entry.slice(), s -> new HashMap<>())
          .put(
              report.dateGrouping() == DateGrouping.NONE
                  ? new DayRange(period, entry.certificate().coversTo())
                  : whole(report, period),
              entry);
    }
    return entries;
  }

  private static DayRange whole(Report report, LocalDate period) {
    return new DayRange(period, report.dateGrouping().periodEnd(period));
  }

  private static List<DayRange> periods(Report report, DayRange days) {
    return report.dateGrouping() == DateGrouping.NONE
        ? List.of(days)
        : days.periods(report.dateGrouping()).map(p -> whole(report, p)).toList();
  }

  private static List<DayRange> ranges(Report report, List<DayRange> periods) {
    return report.dateGrouping() == DateGrouping.NONE ? periods : DayRange.union(periods);
  }

  private static boolean isOpen(KnownDifference found, @Nullable LedgerEntry entry) {
    if (entry == null || !entry.stored()) {
      // What is not stored any more is missing, and is named as such.
      return found.cause() == DifferenceCause.NEVER_EXPORTED;
    }
    Instant fetched = entry.provenance().fetchedAt();
    return entry.certificate().status() == CertificateStatus.INCOMPLETE
        || !fetched.isAfter(found.foundAt());
  }
}
