package fathomexport.run;

import fathomexport.report.NearMiss;
import fathomexport.report.SiteId;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The part of a pipeline that the user limits a command to. An empty list means everything.
 *
 * @param sites from {@code --site}
 * @param reports names, from {@code --report}
 */
public record Selection(List<SiteId> sites, List<String> reports) {
  /** The whole pipeline. */
  public static final Selection ALL = new Selection(List.of(), List.of());

  /** Allowed values that a message lists; a long list hides what the message says. */
  private static final int LISTED = 30;

  public Selection {
    sites = List.copyOf(new LinkedHashSet<>(sites));
    reports = List.copyOf(new LinkedHashSet<>(reports));
  }

  /**
   * Returns the options as the user would write them, with a leading blank; empty for the whole
   * pipeline. The record of a run has it behind the name of the command, so that a part is not
   * mistaken for the whole.
   */
  public String options() {
    return Stream.concat(
            sites.stream().map(site -> " --site " + site),
            reports.stream().map(r -> " --report " + r))
        .collect(Collectors.joining());
  }

  /**
   * Checks that the pipeline has the reports that are named.
   *
   * @throws ExportFailedException if it has not, with the nearest name and those that are allowed
   */
  void requireReports(String pipeline, Collection<String> known) {
    for (String report : reports) {
      require("--report", report, "pipeline " + pipeline + " has no such report", "has", known);
    }
  }

  /**
   * Checks that the sites that are named are among the known ones.
   *
   * @param unknown says what it means that a site is not known
   * @param verb what the list of known sites is introduced with
   * @throws ExportFailedException if one is not, with the nearest id and those that are allowed
   */
  public void requireSites(Collection<SiteId> known, String unknown, String verb) {
    List<String> ids = known.stream().map(SiteId::value).toList();
    for (SiteId site : sites) {
      require("--site", site.value(), unknown, verb, ids);
    }
  }

  private static void require(
      String option, String written, String unknown, String verb, Collection<String> known) {
    if (known.contains(written)) {
      return;
    }
    throw ExportFailedException.misused(
        option
            + " "
            + written
            + ": "
            + unknown
            + NearMiss.hint(written, known)
            + (known.isEmpty()
                ? ""
                : "; it "
                    + verb
                    + ": "
                    + known.stream().sorted().limit(LISTED).collect(Collectors.joining(", "))
                    + (known.size() > LISTED ? ", and " + (known.size() - LISTED) + " more" : "")));
  }
}
