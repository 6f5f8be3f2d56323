package fathomexport.inspect;

import com.fasterxml.jackson.annotation.JsonInclude;
import fathomexport.fetch.limits.ApiLesson;
import fathomexport.ledger.Attempt;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.Provenance;
import fathomexport.ledger.Restatement;
import fathomexport.ledger.RunRecord;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.Account;
import fathomexport.sink.Sink;
import fathomexport.sinks.Sinks;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The origin of the numbers of one report, site and day, with one part per sink and event.
 *
 * @param day the day in question; the parts describe the period that contains it
 * @param measuredFrom first stored day of the report for this site; null if none is stored
 * @param measuredTo last stored day of the report for this site; null if none is stored
 * @param outlived why a run removes the day and none fetches it; null if the pipeline keeps it
 * @param sites all sites with stored data of the report
 * @param learned limits of the API learned from its responses
 */
public record Explanation(
    String report,
    String site,
    LocalDate day,
    List<Part> parts,
    @Nullable LocalDate measuredFrom,
    @Nullable LocalDate measuredTo,
    @Nullable Outlived outlived,
    List<String> sites,
    List<ApiLesson> learned) {
  /** The measures that the journal knows, in the order in which they are shown. */
  private static final List<String> MEASURES =
      Stream.concat(Stream.of("rows"), Arrays.stream(Aggregate.values()).map(Aggregate::apiName))
          .toList();

  /** The sinks keep the measures of one change in different orders; they are shown in one. */
  private static final Comparator<Restatement> NEWEST_FIRST =
      Comparator.comparing(Restatement::at)
          .reversed()
          .thenComparingInt(r -> MEASURES.indexOf(r.measure()));

  /**
   * What one sink holds for one slice.
   *
   * @param status status of the certificate; null if there is no certificate
   * @param current whether the rows were fetched under the report's present definition
   * @param confirmedAt when a control query last confirmed the fetched rows, so that they were not
   *     fetched again; null if that has not happened since
   * @param confirmedRun the run that sent that control query
   * @param account the account whose token read the rows; null where the settings configured none
   * @param escapedCells cells of all rows that the run stored whose text is stored as an escape
   * @param attempt the failed attempt since then; null if there is none
   */
  public record Part(
      String sink,
      @Nullable String event,
      LocalDate period,
      LocalDate coversTo,
      @Nullable String status,
      @Nullable String reason,
      boolean stored,
      boolean current,
      long rows,
      Map<String, Measure> measures,
      @Nullable String windowId,
      @Nullable String runId,
      @Nullable Instant fetchedAt,
      @Nullable Instant confirmedAt,
      @Nullable String confirmedRun,
      @Nullable String zone,
      @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String account,
      int requests,
      int controlRequests,
      int splits,
      long escapedCells,
      List<ChangedNumber> changes,
      @Nullable Failed attempt,
      List<String> quarantined) {}

  /**
   * What {@code keep:} of the pipeline says of a day that is older.
   *
   * @param keptFrom the first day that is kept
   * @param keep how long the report is kept, as it is written
   */
  public record Outlived(LocalDate keptFrom, String keep) {}

  /** The sum over the rows, and the control total; null if there was no control. */
  public record Measure(long sum, @Nullable Long control) {}

  /**
   * A number that a later fetch changed.
   *
   * @param reason {@code source}, {@code definition}, {@code zone} or {@code unit}; null if it was
   *     not recorded
   */
  public record ChangedNumber(
      String measure,
      @Nullable Double before,
      @Nullable Double after,
      Instant at,
      String runId,
      @Nullable String reason) {}

  /** An attempt that failed and so did not replace what is stored. */
  public record Failed(Instant at, String runId, String reason) {}

  /**
   * Reads the explanation from the ledgers of the sinks.
   *
   * @param outlived what the pipeline says of a day that is older than it keeps; null of others
   * @param accounts whose learned limits are shown
   */
  public static Explanation of(
      Report report,
      SiteId site,
      LocalDate day,
      @Nullable Outlived outlived,
      Sinks sinks,
      List<Account> accounts) {
    List<Part> parts = new ArrayList<>();
    for (Sink sink : sinks.all()) {
      List<Attempt> attempts =
          sink.ledger().openAttempts(report.name()).stream()
              .filter(a -> a.slice().site().equals(site))
              .filter(a -> holds(report, a.period(), a.coversTo(), day))
              .toList();
      for (LedgerEntry entry : sink.ledger().entries(report.name(), List.of(site), day)) {
        PeriodCertificate c = entry.certificate();
        if (holds(report, c.period(), c.coversTo(), day)) {
          parts.add(part(report, sinks, sink, entry, attempts));
        }
      }
      attempts.stream()
          .filter(
              a ->
                  parts.stream()
                      .noneMatch(
                          p ->
                              p.sink().equals(sink.name())
                                  && p.period().equals(a.period())
                                  && a.slice()
                                      .eventKey()
                                      .equals(p.event() == null ? "" : p.event())))
          .forEach(a -> parts.add(onlyAttempt(sink, a)));
    }
    LocalDate from = null;
    LocalDate to = null;
    Set<String> sites = new TreeSet<>();
    for (Sink sink : sinks.all()) {
      sink.ledger().slices(report.name()).forEach(slice -> sites.add(slice.site().value()));
      for (LedgerEntry entry :
          sink.ledger().entries(report.name(), List.of(site), LocalDate.EPOCH)) {
        if (entry.stored()) {
          LocalDate first = entry.certificate().period();
          LocalDate last = entry.certificate().coversTo();
          from = from == null || first.isBefore(from) ? first : from;
          to = to == null || last.isAfter(to) ? last : to;
        }
      }
    }
    return new Explanation(
        report.name(),
        site.value(),
        day,
        parts,
        from,
        to,
        outlived,
        List.copyOf(sites),
        ApiLesson.of(sinks.ledger().learned(), accounts));
  }

  private static boolean holds(Report report, LocalDate period, LocalDate coversTo, LocalDate day) {
    LocalDate end =
        report.dateGrouping() == DateGrouping.NONE
            ? coversTo
            : report.dateGrouping().periodEnd(period);
    return !day.isBefore(period) && !day.isAfter(end);
  }

  private static Part part(
      Report report, Sinks sinks, Sink sink, LedgerEntry entry, List<Attempt> attempts) {
    PeriodCertificate c = entry.certificate();
    Provenance p = entry.provenance();
    Attempt attempt =
        attempts.stream()
            .filter(a -> a.slice().equals(entry.slice()) && a.period().equals(c.period()))
            .filter(
                a ->
                    report.dateGrouping() != DateGrouping.NONE || a.coversTo().equals(c.coversTo()))
            .findFirst()
            .orElse(null);
    Set<String> windows = new TreeSet<>(Set.of(entry.windowId()));
    if (attempt != null) {
      windows.add(attempt.windowId());
    }
    Map<String, Measure> measures = new LinkedHashMap<>();
    for (Aggregate a : Aggregate.additiveOf(report.entity())) {
      measures.put(a.apiName(), new Measure(c.sums().getOrDefault(a, 0L), c.control().get(a)));
    }
    return new Part(
        sink.name(),
        entry.slice().event(),
        c.period(),
        c.coversTo(),
        c.status().label(),
        c.reason(),
        entry.stored(),
        p.definition().equals(report.definition()),
        c.rows(),
        measures,
        entry.windowId(),
        p.runId(),
        p.fetchedAt(),
        entry.confirmed() == null ? null : entry.confirmed().at(),
        entry.confirmed() == null ? null : entry.confirmed().runId(),
        p.zone(),
        p.account(),
        p.requests(),
        p.controlRequests(),
        p.splits(),
        sinks.ledger().run(p.runId()).map(RunRecord::escapedCells).orElse(0L),
        sink.ledger().restatements(report.name(), entry.slice(), c.period()).stream()
            .sorted(NEWEST_FIRST)
            .map(
                r ->
                    new ChangedNumber(
                        r.measure(),
                        r.before(),
                        r.after(),
                        r.at(),
                        r.runId(),
                        r.reason() == null ? null : r.reason().label()))
            .toList(),
        attempt == null ? null : new Failed(attempt.at(), attempt.runId(), attempt.reason()),
        rows(sink, report.name(), entry.slice(), windows));
  }

  private static Part onlyAttempt(Sink sink, Attempt a) {
    return new Part(
        sink.name(),
        a.slice().event(),
        a.period(),
        a.coversTo(),
        null,
        null,
        false,
        true,
        0,
        Map.of(),
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        0,
        0,
        0,
        0,
        List.of(),
        new Failed(a.at(), a.runId(), a.reason()),
        rows(sink, a.report(), a.slice(), Set.of(a.windowId())));
  }

  /**
   * Returns the unsettled quarantined rows of windows that contain the period, as text for people.
   */
  private static List<String> rows(Sink sink, String report, Slice slice, Set<String> windows) {
    return sink.ledger().quarantined(report, slice, windows).stream()
        .map(q -> q.reason() + ": " + q.rawText())
        .toList();
  }
}
