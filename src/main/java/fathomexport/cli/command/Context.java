package fathomexport.cli.command;

import fathomexport.cli.output.Printer;
import fathomexport.cli.output.Progress;
import fathomexport.cli.process.Environment;
import fathomexport.cli.process.ExitCodes;
import fathomexport.cli.process.GlobalOptions;
import fathomexport.config.ConfigException;
import fathomexport.config.ConfigLoader;
import fathomexport.config.LineageTarget;
import fathomexport.config.PipelineDefinition;
import fathomexport.config.Problem;
import fathomexport.config.Settings;
import fathomexport.config.SiteSelection;
import fathomexport.export.Exporter;
import fathomexport.report.SecretRef;
import fathomexport.run.Account;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunListener;
import fathomexport.run.Selection;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** The input of every command: the environment of the process and the global options. */
public final class Context {
  private final Environment environment;
  private final GlobalOptions options;
  private final Set<String> warned = new HashSet<>();
  private final ByteArrayOutputStream held = new ByteArrayOutputStream();
  private final Environment quiet;
  private boolean needsPerson;

  public Context(Environment environment, GlobalOptions options) {
    this.environment = environment;
    this.options = options;
    this.quiet = environment.withOut(new PrintStream(held, true, StandardCharsets.UTF_8));
  }

  public Environment environment() {
    return environment;
  }

  GlobalOptions options() {
    return options;
  }

  /**
   * Creates a printer for results, as text or as JSON. With {@code --quiet} a text is held back
   * until {@link #ended} knows whether something is wrong.
   */
  public Printer printer() {
    boolean hold = options.quiet && !options.json;
    return new Printer(hold ? quiet.out() : environment.out(), options.json);
  }

  /** Says that the result is for a person to read although the command may have succeeded. */
  void needsPerson() {
    needsPerson = true;
  }

  /** Prints what was held back, unless the command succeeded and nothing needs a person. */
  public void ended(int exitCode) {
    if ((exitCode != 0 || needsPerson) && held.size() > 0) {
      byte[] text = held.toByteArray();
      environment.out().write(text, 0, text.length);
      environment.out().flush();
    }
    held.reset();
    needsPerson = false;
  }

  /** Returns the day it is, in UTC: what {@code yesterday} and {@code -7d} count from. */
  public LocalDate today() {
    return LocalDate.ofInstant(environment.clock().instant(), ZoneOffset.UTC);
  }

  /** Creates the display of a run's progress. */
  Progress progress() {
    return Progress.of(environment, options);
  }

  ConfigLoader loader() {
    return new ConfigLoader(environment.workingDirectory());
  }

  Path configFile() {
    return options.config == null ? ConfigLoader.DEFAULT_FILE : options.config;
  }

  Settings settings() {
    Settings settings = loader().settings(configFile()).orThrow();
    warnOfExposed(settings);
    return settings;
  }

  /** Warns once of each secret file that other users can read. */
  void warnOfExposed(Settings settings) {
    secrets(settings).values().stream()
        .flatMap(secret -> secret.exposure().stream())
        .filter(warned::add)
        .forEach(this::warn);
  }

  /** Lists the secrets of the settings that this process cannot find, one message each. */
  List<String> absentSecrets(Settings settings) {
    List<String> absent = new ArrayList<>();
    secrets(settings)
        .forEach(
            (key, secret) ->
                secret
                    .absence(environment.variables())
                    .ifPresent(reason -> absent.add(configFile() + ": " + key + ": " + reason)));
    return absent;
  }

  /** Returns the secrets of the settings by the key that refers to them. */
  private Map<String, SecretRef> secrets(Settings settings) {
    Map<String, SecretRef> secrets = secretsOfRuns(settings);
    loader().notify(configFile(), "").secrets().forEach(secrets::put);
    return secrets;
  }

  /** Returns the secrets of the settings, apart from those that only notifications need. */
  static Map<String, SecretRef> secretsOfRuns(Settings settings) {
    Map<String, SecretRef> secrets = new LinkedHashMap<>();
    Account.of(settings).forEach(a -> secrets.put(a.tokenSetting(), a.api().token()));
    Settings.Postgres postgres = settings.postgres();
    SecretRef password = postgres == null ? null : postgres.password();
    if (password != null) {
      secrets.put("postgres.password", password);
    }
    Settings.Lineage lineage = settings.lineage();
    if (lineage != null && lineage.target() instanceof LineageTarget.Server server) {
      SecretRef key = server.apiKey();
      if (key != null) {
        secrets.put("lineage.api_key", key);
      }
    }
    return secrets;
  }

  void warn(String message) {
    progress().warn(message);
  }

  PipelineDefinition pipeline(String nameOrPath, Settings settings) {
    return loader().pipeline(nameOrPath, settings).orThrow();
  }

  Exporter exporter(Settings settings, RunListener listener) {
    RunEnvironment run = RunEnvironment.of(environment.variables(), environment.clock(), listener);
    environment.shutdown().onRequest(run::requestStop);
    return new Exporter(exportSettings(settings), run);
  }

  /**
   * Returns the directory for what cannot be written anywhere else: {@code FATHOM_EXPORT_STATE}, or
   * the one that systemd provides, or {@code run} in the working directory.
   */
  private Path stateDirectory() {
    Map<String, String> variables = environment.variables();
    String given =
        variables.getOrDefault(
            "FATHOM_EXPORT_STATE",
            variables.getOrDefault("STATE_DIRECTORY", "run").replaceFirst(":.*", ""));
    return environment.workingDirectory().resolve(given.isBlank() ? "run" : given);
  }

  /**
   * Keeps the record of a command that could not begin because the configuration of a pipeline that
   * exists cannot be used: which ledger is its own is not known then.
   */
  void notBegun(String pipeline, String command, Instant startedAt, ConfigException why) {
    Path directory = environment.workingDirectory();
    Path file =
        Stream.of(directory.resolve(pipeline), directory.resolve("pipelines/" + pipeline + ".yaml"))
            .filter(Files::isRegularFile)
            .findFirst()
            .orElse(null);
    if (file != null) {
      Exporter.recordNotBegun(
          stateDirectory(),
          file.getFileName().toString().replaceFirst("\\.ya?ml$", ""),
          command,
          startedAt,
          environment.clock().instant(),
          ExitCodes.CONFIGURATION,
          why.problems().stream().map(Problem::render).findFirst().orElse("the configuration"));
    }
  }

  ExportSettings exportSettings(Settings settings) {
    Settings.Parquet parquet = settings.parquet();
    return new ExportSettings(
        settings.api(),
        Account.of(settings),
        settings.postgres(),
        parquet == null ? null : parquet.path(),
        stateDirectory(),
        settings.currencies());
  }

  static ExportJob job(PipelineDefinition pipeline) {
    return new ExportJob(
        pipeline.name(),
        pipeline.reports(),
        pipeline.sites() instanceof SiteSelection.Listed listed
            ? Optional.of(listed.ids())
            : Optional.empty(),
        pipeline.lookbackDays(),
        pipeline.maxEvents(),
        pipeline.sinks().contains(Settings.POSTGRES),
        pipeline.sinks().contains(Settings.PARQUET),
        pipeline.fetched(),
        pipeline.expectBy(),
        pipeline.renamed(),
        pipeline.keep(),
        List.of(),
        Selection.ALL);
  }
}
