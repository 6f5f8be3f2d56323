package fathomexport.cli.command;

import fathomexport.config.ConfigException;
import fathomexport.config.PipelineDefinition;
import fathomexport.config.Problem;
import fathomexport.config.Settings;
import fathomexport.export.Exporter;
import fathomexport.report.Report;
import fathomexport.run.ExportFailedException;
import fathomexport.run.ExportJob;
import fathomexport.run.RunListener;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Compares the reports of pipelines with what is stored of them. */
final class StoredCheck {
  private final Context context;
  private final List<String> notes = new ArrayList<>();

  StoredCheck(Context context) {
    this.context = context;
  }

  /** Returns what prevents reports of a pipeline from being stored. */
  List<Problem> problems(Settings settings, PipelineDefinition pipeline) {
    Exporter exporter = context.exporter(settings, RunListener.NONE);
    ExportJob job = Context.job(pipeline);
    try {
      List<Problem> problems = new ArrayList<>();
      exporter
          .refusals(job)
          .values()
          .forEach(why -> problems.add(new Problem(file(pipeline), 0, 0, "reports", why, "")));
      orphans(exporter.storedReports(job), settings, pipeline).forEach(this::note);
      return problems;
    } catch (ExportFailedException e) {
      note(file(pipeline) + " is not compared with what is stored: " + e.getMessage());
      return List.of();
    }
  }

  private String file(PipelineDefinition pipeline) {
    return context.environment().workingDirectory().relativize(pipeline.path()).toString();
  }

  private void note(String note) {
    if (!notes.contains(note)) {
      notes.add(note);
    }
  }

  /** Returns what is worth knowing and no problem, each once. */
  List<String> notes() {
    return List.copyOf(notes);
  }

  /**
   * Names the stored reports that neither the pipeline nor any other in the directory of pipelines
   * defines. Names none if one of these files cannot be read, because it might define them.
   */
  List<String> orphans(Set<String> stored, Settings settings, PipelineDefinition pipeline) {
    Optional<Set<String>> defined = defined(settings, pipeline);
    if (defined.isEmpty()) {
      return List.of();
    }
    return stored.stream()
        .filter(name -> !defined.get().contains(name))
        .map(
            name ->
                "report "
                    + name
                    + " is stored, but no pipeline here defines it: if it has another name now,"
                    + " write renamed_from: "
                    + name
                    + " there; if it is not needed, remove its table and its folder")
        .toList();
  }

  private Optional<Set<String>> defined(Settings settings, PipelineDefinition pipeline) {
    Optional<Map<String, Optional<PipelineDefinition>>> all = pipelines(settings);
    if (all.isEmpty() || all.get().values().stream().anyMatch(Optional::isEmpty)) {
      return Optional.empty();
    }
    Set<String> defined = new TreeSet<>();
    Stream.concat(Stream.of(pipeline), all.get().values().stream().flatMap(Optional::stream))
        .forEach(
            one -> {
              one.reports().stream().map(Report::name).forEach(defined::add);
              defined.addAll(one.renamed().values());
            });
    return Optional.of(defined);
  }

  /** Returns the reports of the other pipelines in the directory, as far as they can be read. */
  Map<String, List<Report>> elsewhere(Settings settings, PipelineDefinition pipeline) {
    Map<String, List<Report>> elsewhere = new LinkedHashMap<>();
    pipelines(settings)
        .orElse(Map.of())
        .forEach(
            (name, other) ->
                other
                    .filter(one -> !one.path().equals(pipeline.path()))
                    .ifPresent(one -> elsewhere.put(name, one.reports())));
    return elsewhere;
  }

  /** Returns the pipelines in the directory, if it can be listed; empty for one that is wrong. */
  private Optional<Map<String, Optional<PipelineDefinition>>> pipelines(Settings settings) {
    Map<String, Optional<PipelineDefinition>> all = new LinkedHashMap<>();
    try {
      for (String name : context.loader().pipelineNames()) {
        all.put(name, context.loader().pipeline(name, settings).value());
      }
    } catch (ConfigException e) {
      // There is no directory of pipelines that can be listed.
      return Optional.empty();
    }
    return Optional.of(all);
  }
}
