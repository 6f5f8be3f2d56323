package fathomexport.export;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.listing.Accounts;
import fathomexport.plan.Mode;
import fathomexport.plan.Plan;
import fathomexport.report.DayRange;
import fathomexport.run.StaleRange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a run finds out at its end, and that none of it changes the run's result. */
class RunConclusionTest {
  private static final LocalDate JUNE = LocalDate.of(2026, 6, 1);
  private static final Mode NIGHTLY = new Mode.Nightly(3, false);
  private static final Accounts.Found FOUND =
      ExportParts.found(List.of(), List.of(), ExportParts.SITE.value());

  @RegisterExtension final ExportParts run = ExportParts.open();

  @BeforeEach
  void store() {
    run.store(JUNE, JUNE.plusDays(2));
  }

  private RunConclusion end(Mode mode) {
    return new RunConclusion(run.job, mode, run.services, run.sinks);
  }

  private Path coverage() {
    return run.layout.own().resolve("coverage.parquet");
  }

  @Test
  void readersGetWhatTheyNeedBesidesRows() {
    end(NIGHTLY).deriveWhatReadersNeed();
    assertThat(coverage()).isNotEmptyFile();
    assertThat(run.layout.outlines("traffic_daily")).isNotEmptyFile();
    assertThat(run.said).isEmpty();
  }

  @Test
  void whatCannotBeDerivedIsReportedAndTheRunContinues() throws IOException {
    Files.createDirectories(coverage().resolve("in its place"));
    end(NIGHTLY).deriveWhatReadersNeed();
    assertThat(run.said)
        .singleElement()
        .satisfies(
            line ->
                assertThat(line)
                    .startsWith("notice: cannot write the coverage file in ")
                    .endsWith("; the next run tries again"));
  }

  @Test
  void whichSitesAreNewIsUnknownIfTheirFilesCannotBeRead() throws IOException {
    Path site = run.layout.root().resolve("site").resolve("data.parquet");
    Files.createDirectories(site.getParent());
    Files.writeString(site, "no Parquet file");
    assertThat(end(NIGHTLY).newSites(List.of())).isNull();
    assertThat(run.said)
        .singleElement()
        .satisfies(
            line -> assertThat(line).startsWith("notice: could not read which sites are new: "));
  }

  @Test
  void onlyANightlyRunComparesTheSinks() {
    DayRange june = new DayRange(JUNE, JUNE.plusDays(2));
    assertThat(end(new Mode.Backfill(june, false, true)).sinksDiffer()).isNull();
    assertThat(run.said).isEmpty();
  }

  private static Plan plan(List<Plan.Stale> stale) {
    return new Plan(List.of(), stale, 0, 0, Set.of(), null, List.of());
  }

  private static Plan stale() {
    return plan(
        List.of(
            new Plan.Stale(
                "traffic_daily", ExportParts.SITE, JUNE, JUNE.plusDays(2), 3, "definition")));
  }

  /** The days were stored under a definition that is not the report's. */
  @Test
  void whatIsStaleIsReadAgain() {
    assertThat(end(NIGHTLY).stale(FOUND, stale()))
        .singleElement()
        .satisfies(
            range -> {
              assertThat(range.report()).isEqualTo("traffic_daily");
              assertThat(range.first()).isEqualTo(JUNE);
              assertThat(range.last()).isEqualTo(JUNE.plusDays(2));
              assertThat(range.periods()).isEqualTo(3);
            });
    assertThat(end(NIGHTLY).stale(FOUND, plan(List.of())))
        .as("the plan has found nothing")
        .isEqualTo(List.<StaleRange>of());
  }

  @Test
  void aRunThatIsAskedToStopReadsNothingMore() throws IOException {
    run.damage(JUNE);
    Path site = run.layout.root().resolve("site").resolve("data.parquet");
    Files.createDirectories(site.getParent());
    Files.writeString(site, "no Parquet file");
    run.stop.stop();
    assertThat(end(NIGHTLY).newSites(List.of())).isNull();
    assertThat(end(NIGHTLY).sinksDiffer()).isNull();
    assertThat(end(NIGHTLY).stale(FOUND, stale())).isEqualTo(List.<StaleRange>of());
    assertThat(run.said).isEmpty();
  }
}
