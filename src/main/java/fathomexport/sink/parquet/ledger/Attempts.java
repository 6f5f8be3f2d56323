package fathomexport.sink.parquet.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.ledger.Attempt;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.report.DateGrouping;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.CommitPlan;
import fathomexport.sink.Removal;
import fathomexport.sink.Settlement;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.parquet.file.DamagedFileException;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.Layout;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The failed attempts at a report's periods, one document per report. It is written under the
 * report's lock, after the files. If a killed run has not removed an attempt, the newer certificate
 * in the file settles it.
 */
public final class Attempts {
  private final Layout layout;
  private final Documents documents;
  private final FileLedgers ledgers;

  public Attempts(Layout layout, Documents documents, FileLedgers ledgers) {
    this.layout = layout;
    this.documents = documents;
    this.ledgers = ledgers;
  }

  private record AttemptedPeriod(SiteId site, PeriodKey period) {}

  private record Noted(Attempt attempt, DateGrouping grouping) {
    AttemptedPeriod key() {
      return new AttemptedPeriod(
          attempt.slice().site(),
          PeriodKey.of(attempt.slice(), grouping, attempt.period(), attempt.coversTo()));
    }
  }

  /** The changes of a report's failed attempts by a commit, not written yet. */
  public final class Update {
    private final String report;
    private final Collection<Noted> noted;
    private final boolean changed;
    private final Settlement settlement;

    private Update(String report, Collection<Noted> noted, boolean changed, Settlement settlement) {
      this.report = report;
      this.noted = noted;
      this.changed = changed;
      this.settlement = settlement;
    }

    /** Returns which quarantined rows the commit settles. */
    public Settlement settlement() {
      return settlement;
    }

    public void write() throws IOException {
      if (changed) {
        Attempts.this.write(report, noted);
      }
    }
  }

  /** Computes the commit's changes: the attempts that it records, and those that it settles. */
  public Update update(WindowLoad load, CommitPlan plan) throws IOException {
    String report = load.report().name();
    Slice slice = load.window().slice();
    DateGrouping grouping = load.report().dateGrouping();
    Map<AttemptedPeriod, Noted> noted = read(report);
    boolean changed = false;
    Set<String> failedBefore = new HashSet<>();
    for (Noted n : noted.values()) {
      if (n.attempt().slice().equals(slice)
          && load.window().days().contains(n.attempt().period())) {
        failedBefore.add(n.attempt().windowId());
      }
    }
    for (Attempt attempt : plan.attempts()) {
      Noted n = new Noted(attempt, grouping);
      noted.put(n.key(), n);
      changed = true;
    }
    for (PeriodCertificate c : plan.succeeded()) {
      changed |=
          noted.remove(new AttemptedPeriod(slice.site(), PeriodKey.of(slice, grouping, c))) != null;
    }
    Set<String> failedNow = new HashSet<>();
    for (Noted n : noted.values()) {
      if (n.attempt().slice().equals(slice) && !settled(n)) {
        failedNow.add(n.attempt().windowId());
      }
    }
    return new Update(report, noted.values(), changed, plan.settlement(failedBefore, failedNow));
  }

  /** Removes the attempts at periods that are older than they are kept. */
  public void forget(Removal removal) throws IOException {
    Map<AttemptedPeriod, Noted> noted = read(removal.report().name());
    boolean changed =
        noted
            .values()
            .removeIf(
                n ->
                    removal.covers(n.attempt().slice().site())
                        && n.grouping().periodEnd(n.attempt().period()).isBefore(removal.firstDay()));
    if (changed) {
      write(removal.report().name(), noted.values());
    }
  }

  List<Attempt> open(String report) throws IOException {
    List<Attempt> open = new ArrayList<>();
    for (Noted noted : read(report).values()) {
      if (!settled(noted)) {
        open.add(noted.attempt());
      }
    }
    return open;
  }

  private boolean settled(Noted noted) throws IOException {
    Attempt attempt = noted.attempt();
    FileLedger ledger;
    try {
      ledger =
          ledgers.current(
              layout.file(
                  attempt.report(), attempt.slice().site(), noted.grouping(), attempt.period()));
    } catch (DamagedFileException e) {
      // A damaged file settles nothing.
      return false;
    }
    if (ledger == null) {
      return false;
    }
    StoredPeriod stored = ledger.periods().get(noted.key().period());
    return stored != null
        && stored.entry().certificate().status() != CertificateStatus.INCOMPLETE
        && stored.entry().provenance().fetchedAt().isAfter(attempt.at());
  }

  private Path document(String report) {
    return layout.own().resolve("attempts").resolve(report + ".json");
  }

  private Map<AttemptedPeriod, Noted> read(String report) throws IOException {
    Map<AttemptedPeriod, Noted> noted = new LinkedHashMap<>();
    JsonNode document = documents.read(document(report));
    if (document == null) {
      return noted;
    }
    for (JsonNode a : document.required("attempts")) {
      Noted n =
          new Noted(
              new Attempt(
                  report,
                  Documents.slice(a),
                  LocalDate.parse(Documents.text(a, "period")),
                  LocalDate.parse(Documents.text(a, "covers_to")),
                  a.path("window_id").asText(""),
                  Instant.parse(Documents.text(a, "at")),
                  Documents.text(a, "run_id"),
                  Documents.text(a, "reason"),
                  a.required("kept").booleanValue()),
              DateGrouping.valueOf(Documents.text(a, "date_grouping")));
      noted.put(n.key(), n);
    }
    return noted;
  }

  private void write(String report, Collection<Noted> noted) throws IOException {
    ObjectNode document = documents.object();
    ArrayNode list = document.putArray("attempts");
    for (Noted n : noted) {
      Attempt a = n.attempt();
      ObjectNode node = list.addObject();
      Documents.putSlice(node, a.slice());
      node.put("period", a.period().toString());
      node.put("covers_to", a.coversTo().toString());
      node.put("window_id", a.windowId());
      node.put("at", a.at().toString());
      node.put("run_id", a.runId());
      node.put("reason", a.reason());
      node.put("kept", a.kept());
      node.put("date_grouping", n.grouping().name());
    }
    documents.write(document(report), document);
  }
}
