package fathomexport.testing;

import fathomexport.api.pacing.StopSignal;
import fathomexport.config.ConfigLoader;
import fathomexport.report.SiteId;
import fathomexport.run.Budget;
import fathomexport.run.ExportJob;
import fathomexport.run.Patience;
import fathomexport.run.RunListener;
import fathomexport.run.RunResult;
import fathomexport.simulator.FathomSimulator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A pipeline that writes files only and looks back three days, run without a command: time passes
 * only where the exporter waits.
 */
public final class NightToFiles {
  private final Path directory;
  private final FathomSimulator api;
  private final JumpingTime time;
  private final List<Question> reports;
  private final RunListener listener;

  /**
   * @param directory where the pipeline and its files are written
   */
  public NightToFiles(
      Path directory,
      FathomSimulator api,
      JumpingTime time,
      List<Question> reports,
      RunListener listener) {
    this.directory = directory;
    this.api = api;
    this.time = time;
    this.reports = List.copyOf(reports);
    this.listener = listener;
  }

  /** The directory of the files. */
  public Path warehouse() {
    return directory.resolve("warehouse");
  }

  /** Runs the pipeline for these sites. */
  public RunResult run(List<String> sites, Patience patience) throws IOException {
    Path pipeline = Files.createDirectories(directory.resolve("pipelines")).resolve("nightly.yaml");
    Files.writeString(
        pipeline,
        "sites: all\nsinks: [parquet]\nreports:\n"
            + reports.stream().map(Question::yaml).collect(Collectors.joining()));
    return Exporters.toFiles(api.baseUri(), warehouse(), time, new StopSignal(), listener)
        .run(
            new ExportJob(
                "nightly",
                new ConfigLoader(directory).pipeline("nightly").orThrow().reports(),
                Optional.of(sites.stream().map(SiteId::new).toList()),
                3,
                false,
                true),
            false,
            Budget.UNLIMITED,
            patience,
            List.of());
  }
}
