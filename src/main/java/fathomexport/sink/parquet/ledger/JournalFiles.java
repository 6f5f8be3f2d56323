package fathomexport.sink.parquet.ledger;

import fathomexport.ledger.JournalCount;
import fathomexport.ledger.JournalLedger;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.ledger.Restatement;
import fathomexport.report.Slice;
import java.time.LocalDate;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Reads the two journals of each report: quarantine and restatements. */
final class JournalFiles implements JournalLedger {
  private final Quarantine quarantine;
  private final Restatements restatements;
  private final LedgerAnswers answers;

  JournalFiles(Quarantine quarantine, Restatements restatements, LedgerAnswers answers) {
    this.quarantine = quarantine;
    this.restatements = restatements;
    this.answers = answers;
  }

  @Override
  public List<QuarantinedRow> quarantined(String report, int limit) {
    return answers.of(() -> quarantine.open(report).stream().limit(limit).toList());
  }

  @Override
  public List<QuarantinedRow> quarantined(
      String report, Slice slice, Collection<String> windowIds) {
    return answers.of(
        () ->
            quarantine.open(report).stream()
                .filter(row -> row.slice().equals(slice) && windowIds.contains(row.windowId()))
                .toList());
  }

  @Override
  public List<Restatement> restatements(String report, int limit) {
    return answers.of(() -> restatements.newest(report, (slice, period) -> true, limit));
  }

  @Override
  public List<Restatement> restatements(String report, Slice slice, LocalDate period) {
    return answers.of(
        () ->
            restatements.newest(
                report, (s, p) -> s.equals(slice) && p.equals(period), Integer.MAX_VALUE));
  }

  @Override
  public Map<Slice, Set<LocalDate>> restatedBy(String report, String runId) {
    return answers.of(
        () ->
            restatements.newest(report, (slice, period) -> true, Integer.MAX_VALUE).stream()
                .filter(r -> r.runId().equals(runId))
                .collect(
                    Collectors.groupingBy(
                        Restatement::slice,
                        Collectors.mapping(Restatement::period, Collectors.toSet()))));
  }

  @Override
  public Map<Slice, JournalCount> journalCounts(String report) {
    return answers.of(
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
}
