package fathomexport.sink.parquet.commit;

import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.report.Report;
import fathomexport.report.Slice;
import fathomexport.sink.WindowConfirmation;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.parquet.ledger.FileLedger;
import fathomexport.sink.parquet.ledger.FileLedgers;
import fathomexport.sink.parquet.ledger.PeriodKey;
import fathomexport.sink.parquet.ledger.StoredPeriod;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Records confirmed periods in notes beside their data files, as for loads that change nothing. The
 * data files remain as they are. A file's notes are bounded by its periods and replaced as a whole.
 */
public final class Confirming {
  private final Layout layout;
  private final FileLedgers ledgers;
  private final FileSetCommit.Fencing fencing;

  public Confirming(Layout layout, FileLedgers ledgers, FileSetCommit.Fencing fencing) {
    this.layout = layout;
    this.ledgers = ledgers;
    this.fencing = fencing;
  }

  public void note(WindowConfirmation confirmation) throws IOException {
    Report report = confirmation.report();
    Slice slice = confirmation.window().slice();
    Map<Path, List<LocalDate>> byFile = new LinkedHashMap<>();
    for (LocalDate period : confirmation.window().periods().toList()) {
      byFile
          .computeIfAbsent(
              layout.file(report.name(), slice.site(), report.dateGrouping(), period),
              f -> new ArrayList<>())
          .add(period);
    }
    for (Map.Entry<Path, List<LocalDate>> e : byFile.entrySet()) {
      note(confirmation, e.getKey(), e.getValue());
    }
  }

  private void note(WindowConfirmation confirmation, Path file, List<LocalDate> periods)
      throws IOException {
    FileLedger footer = ledgers.footer(file);
    if (footer == null) {
      return;
    }
    NavigableMap<PeriodKey, StoredPeriod> before = ledgers.confirmations(file, footer);
    NavigableMap<PeriodKey, StoredPeriod> notes = new TreeMap<>(before);
    for (LocalDate period : periods) {
      PeriodKey key =
          PeriodKey.of(
              confirmation.window().slice(),
              confirmation.report().dateGrouping(),
              period,
              confirmation.window().days().last());
      StoredPeriod inFile = footer.periods().get(key);
      if (inFile == null) {
        continue;
      }
      StoredPeriod note = before.get(key);
      StoredPeriod stored = note == null ? inFile : inFile.confirmedBy(note);
      LedgerEntry entry = stored.entry();
      if (entry.stored()
          && entry.certificate().status() == CertificateStatus.CERTIFIED
          && Objects.equals(
              confirmation.digests().get(period), entry.certificate().controlDigest())) {
        notes.put(key, new StoredPeriod(entry.confirmed(confirmation.by()), stored.digest()));
      }
    }
    if (!notes.equals(before)) {
      fencing.require();
      ledgers.confirm(file, footer, notes);
    }
  }
}
