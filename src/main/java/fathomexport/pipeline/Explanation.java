package fathomexport.pipeline;

import fathomexport.ledger.Attempt;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.Provenance;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.ledger.Restatement;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.sink.Sink;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * How the numbers of one report, site and day came to be, a part for each sink and event.
 *
 * @param day the day that was asked about; the period that holds it is what is told
 * @param measuredFrom first day of the site that is stored of the report; null when none is
 * @param measuredTo last one
 * @param sites the sites of which anything is stored of the report
 */
public record Explanation(
    String report,
    String site,
    LocalDate day,
    List<Part> parts,
    @Nullable LocalDate measuredFrom,
    @Nullable LocalDate measuredTo,
    List<String> sites) {
  private static final int LINES = 200;

  /**
   * What one sink holds of one slice.
   *
   * @param status null when nothing is known of the period
   * @param current whether it was asked under the report's present definition
   * @param confirmedAt when a control query last confirmed what was fetched, so that it was not
   *     fetched again; null when that has not happened since
   * @param confirmedRun the run that asked that control query
   * @param attempt the failed attempt since, if any
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
      int requests,
      int controlRequests,
      int splits,
      List<Change> changes,
      @Nullable Failed attempt,
      List<String> quarantined) {}

  /** Sum over the rows, and the control's total; null when there was no control. */
  public record Measure(long sum, @Nullable Long control) {}

  /** A number that a later fetch changed. */
  public record Change(
      String measure, @Nullable Double before, @Nullable Double after, Instant at, String runId) {}

  /** An attempt that did not replace what is stored. */
  public record Failed(Instant at, String runId, String reason) {}

  static Explanation of(Report report, SiteId site, LocalDate day, Sinks sinks) {
    List<Part> parts = new ArrayList<>();
    for (Sink sink : sinks.all()) {
      List<Restatement> restated = sink.ledger().restatements(report.name(), LINES);
      List<Attempt> attempts = sink.ledger().openAttempts(report.name());
      List<QuarantinedRow> quarantined = sink.ledger().quarantined(report.name(), LINES);
      for (LedgerEntry entry : sink.ledger().entries(report.name(), List.of(site), day)) {
        if (holds(report, entry.certificate(), day)) {
          parts.add(part(report, sink.name(), entry, restated, attempts, quarantined));
        }
      }
      attempts.stream()
          .filter(a -> a.slice().site().equals(site))
          .filter(a -> !day.isBefore(a.period()) && !day.isAfter(a.coversTo()))
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
          .forEach(a -> parts.add(onlyAttempt(sink.name(), a, quarantined)));
    }
    LocalDate from = null;
    LocalDate to = null;
    Set<String> sites = new TreeSet<>();
    for (Sink sink : sinks.all()) {
      for (LedgerEntry entry : sink.ledger().entries(report.name(), List.of(), LocalDate.EPOCH)) {
        sites.add(entry.slice().site().value());
        if (entry.stored() && entry.slice().site().equals(site)) {
          LocalDate first = entry.certificate().period();
          LocalDate last = entry.certificate().coversTo();
          from = from == null || first.isBefore(from) ? first : from;
          to = to == null || last.isAfter(to) ? last : to;
        }
      }
    }
    return new Explanation(report.name(), site.value(), day, parts, from, to, List.copyOf(sites));
  }

  private static boolean holds(Report report, PeriodCertificate c, LocalDate day) {
    LocalDate end =
        report.dateGrouping() == DateGrouping.NONE
            ? c.coversTo()
            : report.dateGrouping().periodEnd(c.period());
    return !day.isBefore(c.period()) && !day.isAfter(end);
  }

  private static Part part(
      Report report,
      String sink,
      LedgerEntry entry,
      List<Restatement> restated,
      List<Attempt> attempts,
      List<QuarantinedRow> quarantined) {
    PeriodCertificate c = entry.certificate();
    Provenance p = entry.provenance();
    Map<String, Measure> measures = new LinkedHashMap<>();
    for (Aggregate a : Aggregate.additiveOf(report.entity())) {
      measures.put(a.apiName(), new Measure(c.sums().getOrDefault(a, 0L), c.control().get(a)));
    }
    return new Part(
        sink,
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
        p.requests(),
        p.controlRequests(),
        p.splits(),
        restated.stream()
            .filter(r -> r.slice().equals(entry.slice()) && r.period().equals(c.period()))
            .map(r -> new Change(r.measure(), r.before(), r.after(), r.at(), r.runId()))
            .toList(),
        attempts.stream()
            .filter(a -> a.slice().equals(entry.slice()) && a.period().equals(c.period()))
            .map(a -> new Failed(a.at(), a.runId(), a.reason()))
            .findFirst()
            .orElse(null),
        rowsOf(entry.windowId(), quarantined));
  }

  private static Part onlyAttempt(String sink, Attempt a, List<QuarantinedRow> quarantined) {
    return new Part(
        sink,
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
        0,
        0,
        0,
        List.of(),
        new Failed(a.at(), a.runId(), a.reason()),
        quarantined.stream()
            .filter(q -> q.slice().equals(a.slice()) && q.runId().equals(a.runId()))
            .map(q -> q.reason() + ": " + q.rawText())
            .toList());
  }

  private static List<String> rowsOf(String windowId, List<QuarantinedRow> quarantined) {
    return quarantined.stream()
        .filter(q -> q.windowId().equals(windowId))
        .map(q -> q.reason() + ": " + q.rawText())
        .toList();
  }
}
