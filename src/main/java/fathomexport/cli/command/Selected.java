package fathomexport.cli.command;

import fathomexport.report.SiteId;
import fathomexport.run.Selection;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that limit a command to a part of its pipeline. */
final class Selected {
  @Option(
      names = "--site",
      paramLabel = "SITE",
      split = ",",
      description = "Only this site, by its id. Several: repeat it, or separate ids by commas.")
  List<String> sites = new ArrayList<>();

  @Option(
      names = "--report",
      paramLabel = "REPORT",
      split = ",",
      description = "Only this report. Several: repeat it, or separate names by commas.")
  List<String> reports = new ArrayList<>();

  @Spec(Spec.Target.MIXEE)
  CommandSpec spec = CommandSpec.create();

  Selection selection() {
    return new Selection(sites(sites, spec), reports);
  }

  /** Reads the ids of sites that an option names. */
  static List<SiteId> sites(List<String> written, CommandSpec spec) {
    List<SiteId> ids = new ArrayList<>();
    for (String id : written) {
      try {
        ids.add(new SiteId(id));
      } catch (IllegalArgumentException e) {
        throw new ParameterException(spec.commandLine(), "--site: " + e.getMessage(), e);
      }
    }
    return ids;
  }
}
