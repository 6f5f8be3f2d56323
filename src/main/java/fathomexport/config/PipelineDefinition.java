package fathomexport.config;

import fathomexport.report.ExpectBy;
import fathomexport.report.Keep;
import fathomexport.report.Report;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A decoded file of {@code pipelines/}.
 *
 * @param name base name of the file without {@code .yaml}
 * @param file absolute path; a text, because a path is not serializable
 * @param lookbackDays number of days before yesterday that a nightly run confirms or fetches again,
 *     0 to 400
 * @param maxEvents maximum number of events per site that reports on all events query, 1 to
 *     100,000; null if the file does not set it
 * @param sinks one or more names such as {@code postgres}, in the order of the file
 * @param reports one or more, with distinct names
 * @param fetched names of the reports whose look-back is fetched every night, even if a control
 *     query would confirm it
 * @param expectBy by when a nightly run should have fetched what has ended; null if the file does
 *     not set it
 * @param renamed earlier names of reports, keyed by their present names
 * @param keep how long the periods of reports are kept, keyed by the reports' names; those of other
 *     reports are kept for ever
 */
public record PipelineDefinition(
    String name,
    String file,
    SiteSelection sites,
    int lookbackDays,
    @Nullable Integer maxEvents,
    Set<String> sinks,
    List<Report> reports,
    Set<String> fetched,
    @Nullable ExpectBy expectBy,
    Map<String, String> renamed,
    Map<String, Keep> keep)
    implements Serializable {

  public static final int DEFAULT_LOOKBACK_DAYS = 3;
  public static final int MOST_LOOKBACK_DAYS = 400;
  public static final int MOST_EVENTS = 100_000;

  /** The allowed names of a pipeline and its file; the name appears in ledgers and log lines. */
  public static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,62}");

  public PipelineDefinition {
    sinks = Collections.unmodifiableSet(new LinkedHashSet<>(sinks));
    reports = List.copyOf(reports);
    fetched = Set.copyOf(fetched);
    renamed = Map.copyOf(renamed);
    keep = Map.copyOf(keep);
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("pipeline name '" + name + "'");
    }
    if (lookbackDays < 0 || lookbackDays > MOST_LOOKBACK_DAYS) {
      throw new IllegalArgumentException(
          "pipeline " + name + ": look-back of " + lookbackDays + " days");
    }
    if (maxEvents != null && (maxEvents < 1 || maxEvents > MOST_EVENTS)) {
      throw new IllegalArgumentException("pipeline " + name + ": " + maxEvents + " events");
    }
    if (sinks.isEmpty() || reports.isEmpty()) {
      throw new IllegalArgumentException("pipeline " + name + " needs a sink and a report");
    }
    if (reports.stream().map(Report::name).distinct().count() != reports.size()) {
      throw new IllegalArgumentException("pipeline " + name + " has two reports of one name");
    }
  }

  public Path path() {
    return Path.of(file);
  }
}
