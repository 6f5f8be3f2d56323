package fathomexport.dashboard;

import fathomexport.dashboard.Facts.Period;
import fathomexport.report.Program;
import fathomexport.report.Report;
import fathomexport.run.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/**
 * Reads what a page shows from the Parquet files, by the rules of the views of schema {@code
 * fathom_bi}: the rows, the names of sites and events, and the states of periods, which the last
 * run has written to {@code _fathom/coverage.parquet}.
 */
final class FileFacts {
  private FileFacts() {}

  /**
   * @param at decides which days are over
   * @throws NoPageException if no run has written files there
   */
  static Facts read(Path root, List<Report> reports, Instant at)
      throws IOException, NoPageException {
    FileTables tables = new FileTables(root);
    Path file = tables.layout().own().resolve("coverage.parquet");
    if (!Files.isRegularFile(file)) {
      throw new NoPageException(
          FailureKind.STORAGE,
          "no run has finished in "
              + tables.layout().root()
              + " yet: there is no _fathom/coverage.parquet. Run `"
              + Program.command("run PIPELINE")
              + "`");
    }
    Facts facts = new Facts(at, "Parquet files", reports);
    tables.dimension(
        FileTables.SITE,
        r -> {
          String id = FileTables.text(r, 0);
          facts.sites.put(id, new Facts.Site(id, r.text(1), r.text(2)));
        });
    FileCoverage coverage = FileCoverage.read(tables, file, reports, facts);
    coverage.addFreshness();
    facts.endAt(facts.freshness.stream().map(Facts.Fresh::yesterday).toList());
    coverage.addCalendar();
    FileTraffic traffic = new FileTraffic(tables, coverage, reports, facts);
    traffic.addDays();
    new FileAgreements(tables, coverage, reports, facts).add();
    traffic.addMonthUniques();
    List<Period> periods = facts.layPeriods();
    FileLists lists = new FileLists(tables, coverage, reports, facts);
    for (ListKind kind : ListKind.values()) {
      lists.add(kind, periods);
    }
    new FileGoals(tables, coverage, reports, facts).add(periods);
    return facts;
  }
}
