package fathomexport.cli.command;

import fathomexport.cli.output.WholeFile;
import fathomexport.cli.process.ExitCodes;
import fathomexport.config.PipelineDefinition;
import fathomexport.config.Settings;
import fathomexport.dashboard.Dashboard;
import fathomexport.dashboard.NoPageException;
import fathomexport.describe.DbtProject;
import fathomexport.describe.DuckDbScript;
import fathomexport.describe.MarkdownPage;
import fathomexport.report.FileTrouble;
import fathomexport.report.Report;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "describe",
    description = {
      "Describe the tables and views for other tools.",
      "",
      "Reads the definitions of the reports, and never asks the API. Formats: dbt (sources with"
          + " texts, tests and freshness, and a semantic layer), markdown (a page for people), duckdb"
          + " (a SQL script: the same tables and views over the Parquet files), dashboard (one HTML"
          + " page with the stored numbers of the last 13 months, which opens without a server).",
      "",
      "With --out, dbt writes a whole project into a directory, the others write a file. Without,"
          + " dbt prints the document with the sources and the semantic layer.",
      "",
      "The dashboard is made from the views of schema fathom_bi, or from the Parquet files where no"
          + " pipeline has postgres in sinks; --from-files takes the files in any case."
    },
    footer = {
      "",
      "Examples:",
      "  fathom-export describe --format duckdb | duckdb fathom.duckdb",
      "  fathom-export describe --format dbt --out dbt-fathom",
      "  fathom-export describe nightly --format markdown --out fathom.md",
      "  fathom-export describe --format dashboard --out dashboard.html"
    })
public final class DescribeCommand implements Callable<Integer> {
  private static final String OTHER_PLACE = "name another place with --out";

  /** What is written for which tool. */
  public enum Format {
    dbt,
    markdown,
    duckdb,
    dashboard
  }

  private final Context context;

  @Parameters(
      arity = "0..*",
      paramLabel = "PIPELINE",
      description = "Which pipelines; all in pipelines/ by default.")
  List<String> pipelines = List.of();

  @Option(
      names = "--format",
      required = true,
      paramLabel = "FORMAT",
      description = "One of: ${COMPLETION-CANDIDATES}.")
  Format format = Format.markdown;

  @Option(
      names = "--out",
      paramLabel = "PATH",
      description = "The directory (dbt) or file to write instead of printing. Files are replaced.")
  @Nullable Path out;

  @Option(
      names = "--from-files",
      description = "For dashboard: read the Parquet files, also where there is a database.")
  boolean fromFiles;

  @Spec @Nullable CommandSpec spec;

  public DescribeCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Settings settings = context.settings();
    Map<String, Report> all = new TreeMap<>();
    Map<String, Report> inFiles = new TreeMap<>();
    Map<String, Report> inDatabase = new TreeMap<>();
    List<String> names = pipelines.isEmpty() ? context.loader().pipelineNames() : pipelines;
    for (String name : names) {
      PipelineDefinition pipeline = context.pipeline(name, settings);
      for (Report report : pipeline.reports()) {
        all.putIfAbsent(report.name(), report);
        if (pipeline.sinks().contains(Settings.PARQUET)) {
          inFiles.putIfAbsent(report.name(), report);
        }
        if (pipeline.sinks().contains(Settings.POSTGRES)) {
          inDatabase.putIfAbsent(report.name(), report);
        }
      }
    }
    try {
      Map<String, String> files =
          switch (format) {
            case dbt -> dbt(List.copyOf(all.values()));
            case markdown -> single(MarkdownPage.of(List.copyOf(all.values())));
            case duckdb -> single(duckdb(settings, List.copyOf(inFiles.values())));
            case dashboard ->
                single(
                    dashboard(
                        settings, List.copyOf(inDatabase.values()), List.copyOf(inFiles.values())));
          };
      return write(files);
    } catch (NoPageException e) {
      context.environment().err().println("fathom-export: " + e.getMessage());
      return e.kind().exitCode();
    } catch (IOException e) {
      context.environment().err().println("fathom-export: " + FileTrouble.reason(e));
      return ExitCodes.STORAGE;
    }
  }

  private Map<String, String> dbt(List<Report> reports) {
    return out == null ? single(DbtProject.document(reports)) : DbtProject.files(reports);
  }

  private static Map<String, String> single(String text) {
    return Map.of("", text);
  }

  private String duckdb(Settings settings, List<Report> reports) throws IOException {
    Settings.Parquet parquet = settings.parquet();
    if (parquet == null || reports.isEmpty()) {
      throw wrongUse("--format duckdb describes Parquet files, and " + withoutFiles(parquet));
    }
    return DuckDbScript.of(reports, root(parquet));
  }

  private String dashboard(Settings settings, List<Report> inDatabase, List<Report> inFiles)
      throws NoPageException {
    Instant now = context.environment().clock().instant();
    Settings.Postgres postgres = settings.postgres();
    if (!fromFiles && postgres != null && !inDatabase.isEmpty()) {
      return Dashboard.ofDatabase(postgres, context.environment().variables(), inDatabase, now);
    }
    Settings.Parquet parquet = settings.parquet();
    if (parquet == null || inFiles.isEmpty()) {
      throw wrongUse(
          fromFiles
              ? "--from-files reads Parquet files, and " + withoutFiles(parquet)
              : "--format dashboard shows what is stored, and none of the pipelines has sinks");
    }
    return Dashboard.ofFiles(root(parquet), inFiles, now);
  }

  private String withoutFiles(Settings.@Nullable Parquet parquet) {
    return parquet == null
        ? context.configFile() + " has no section parquet"
        : "none of the pipelines has parquet in sinks";
  }

  private Path root(Settings.Parquet parquet) {
    return context
        .environment()
        .workingDirectory()
        .resolve(parquet.root())
        .toAbsolutePath()
        .normalize();
  }

  private ParameterException wrongUse(String message) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
  }

  private int write(Map<String, String> files) throws IOException {
    Path given = out;
    if (given == null) {
      for (String text : files.values()) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        context.environment().out().write(bytes, 0, bytes.length);
      }
      context.environment().out().flush();
      return 0;
    }
    Path target = context.environment().workingDirectory().resolve(given);
    for (Map.Entry<String, String> file : files.entrySet()) {
      Path path = file.getKey().isEmpty() ? target : target.resolve(file.getKey());
      Path directory = path.toAbsolutePath().getParent();
      try {
        if (directory != null) {
          Files.createDirectories(directory);
        }
      } catch (IOException e) {
        throw new IOException(FileTrouble.cannotWrite(path, e, OTHER_PLACE), e);
      }
      WholeFile.write(path, file.getValue(), OTHER_PLACE);
    }
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("written", given.toString());
    result.put("files", files.size());
    if (context.printer().json()) {
      context.printer().json(result);
    } else {
      context
          .printer()
          .line("Written: " + given + (files.size() > 1 ? " (" + files.size() + " files)" : ""));
    }
    return 0;
  }
}
