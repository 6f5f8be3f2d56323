package fathomexport.cli.command;

import fathomexport.cli.output.Printer;
import fathomexport.cli.process.ExitCodes;
import fathomexport.config.ConfigLoader;
import fathomexport.config.JsonSchema;
import fathomexport.config.Settings;
import fathomexport.report.Excerpt;
import fathomexport.report.FileTrouble;
import fathomexport.report.Program;
import fathomexport.report.SecretRef;
import fathomexport.report.Site;
import fathomexport.run.ExportFailedException;
import fathomexport.run.RunListener;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code init}: writes settings and a pipeline to begin with. */
@Command(
    name = "init",
    description = {
      "Write commented settings and a first pipeline for the token and the database that it finds.",
      "",
      "Takes the token from FATHOM_API_TOKEN, and a database from PGHOST, PGPORT, PGDATABASE, PGUSER"
          + " and PGPASSWORD, if they are set. With a token it asks the API which sites there are;"
          + " that costs nothing. Never overwrites a file."
    },
    footer = {
      "",
      "Examples:",
      "  fathom-export init",
      "  fathom-export init --base-url http://127.0.0.1:8080/v1   the API of fathom-export simulate"
    })
public final class InitCommand implements Callable<Integer> {
  private static final String TOKEN = "FATHOM_API_TOKEN";
  private static final String PIPELINE = "nightly";
  private static final String EXAMPLE = "/fathomexport/demo/pipelines/" + PIPELINE + ".yaml";
  private static final String SITES = "sites: all";
  private static final String SINKS = "sinks: ";

  private final Context context;

  @Option(
      names = "--base-url",
      paramLabel = "URL",
      description =
          "The API's address, for the settings that are written: api.base_url. Without it, Fathom's"
              + " own.")
  @Nullable URI baseUrl;

  @Spec @Nullable CommandSpec spec;

  private final List<String> written = new ArrayList<>();
  private final List<String> kept = new ArrayList<>();

  public InitCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    URI url = baseUrl;
    if (url != null) {
      Settings.Api.refusal(url)
          .ifPresent(
              reason -> {
                throw new ParameterException(
                    Objects.requireNonNull(spec).commandLine(),
                    "--base-url: the URL "
                        + reason
                        + "; write one such as "
                        + Settings.Api.DEFAULT_BASE_URL);
              });
    }
    Path settingsFile = context.configFile();
    Path pipelineFile = ConfigLoader.PIPELINES.resolve(PIPELINE + ".yaml");
    List<String> notes = new ArrayList<>();
    boolean token;
    try {
      write(settingsFile, settings());
      write(
          ConfigLoader.DEFAULT_FILE.resolveSibling("settings.schema.json"),
          JsonSchema.SETTINGS.json());
      write(
          ConfigLoader.DEFAULT_FILE.resolveSibling("pipeline.schema.json"),
          JsonSchema.PIPELINE.json());
      Settings settings = context.settings();
      SecretRef secret = settings.api().token();
      token = secret.absence(context.environment().variables()).isEmpty();
      write(pipelineFile, pipeline(settings, token ? sites(settings, notes) : List.of()));
    } catch (UncheckedIOException e) {
      context.environment().err().println("fathom-export: " + e.getMessage());
      return ExitCodes.STORAGE;
    }
    if (!token) {
      notes.add("There is no API token yet: set " + TOKEN + ", or name a file under api.token.");
    }
    if (url != null && kept.contains(settingsFile.toString())) {
      notes.add(
          "--base-url was not written: " + settingsFile + " is there; write api.base_url into it.");
    }
    print(notes, Program.command("check " + PIPELINE));
    return 0;
  }

  private void print(List<String> notes, String next) {
    Printer printer = context.printer();
    if (printer.json()) {
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("written", written);
      result.put("kept", kept);
      result.put("notes", notes);
      result.put("next", next);
      printer.json(result);
      return;
    }
    written.forEach(file -> printer.line("Written: " + file));
    kept.forEach(file -> printer.line("Kept as it is: " + file));
    notes.forEach(printer::line);
    printer.line("Next: " + next);
  }

  /** Writes a file, unless there is one. */
  private void write(Path file, String text) {
    Path path = context.environment().workingDirectory().resolve(file);
    try {
      Path directory = path.getParent();
      if (directory != null) {
        Files.createDirectories(directory);
      }
      Files.writeString(path, text, StandardOpenOption.CREATE_NEW);
      written.add(file.toString());
    } catch (FileAlreadyExistsException e) {
      kept.add(file.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(
          FileTrouble.cannotWrite(path, e, "start the command in another directory"), e);
    }
  }

  private List<String> sites(Settings settings, List<String> notes) {
    try {
      List<Site> sites = context.exporter(settings, RunListener.NONE).impatient().sites().sites();
      notes.add("The token reads " + sites.size() + (sites.size() == 1 ? " site." : " sites."));
      return sites.stream().map(s -> s.id() + "  " + Excerpt.of(s.name())).toList();
    } catch (ExportFailedException e) {
      notes.add("The sites are not known: " + e.getMessage());
      return List.of();
    }
  }

  private String settings() {
    Map<String, String> variables = context.environment().variables();
    String database = variables.getOrDefault("PGDATABASE", "");
    String host = variables.getOrDefault("PGHOST", "127.0.0.1");
    // A directory is the place of a socket, which Java does not speak to.
    boolean known = !database.isEmpty() && !host.startsWith("/");
    String mark = known ? "" : "# ";
    return """
    # yaml-language-server: $schema=settings.schema.json
    # Settings of fathom-export. Relative paths start at the directory in which the command is started.
    # Do not write secrets here: {env: NAME} reads a secret from an environment variable, {file: path} from a file.

    api:
      %sbase_url: %s
      token: {env: %s}        # or {file: path}
      requests_per_minute: 10               # what Fathom allows per user; choose less if other programs use tokens of the same user
      # ca_certificates: /etc/ssl/company-ca.pem   # trusted in addition to Java's own, for a company's proxy (HTTPS_PROXY)

    # Where rows are written: into files, into a database, or both. Leave out the section that you do not use.
    parquet:
      root: warehouse

    %spostgres:
    %s  url: %s
    %s  user: %s
    %s  password: {env: PGPASSWORD}         # or {file: path}; leave it out if the server does not ask for one
    """
        .formatted(
            baseUrl == null ? "# " : "",
            baseUrl == null ? Settings.Api.DEFAULT_BASE_URL : baseUrl,
            TOKEN,
            mark,
            mark,
            quoted(
                Settings.Postgres.URL_PREFIX
                    + "//"
                    + host
                    + ":"
                    + variables.getOrDefault("PGPORT", "5432")
                    + "/"
                    + (known ? database : "analytics")),
            mark,
            quoted(
                variables.getOrDefault(
                    "PGUSER", known ? System.getProperty("user.name") : "fathom_loader")),
            known && !variables.containsKey("PGPASSWORD") ? "# " : mark);
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  /** Returns the example pipeline for these sites and for all sinks of the settings. */
  private static String pipeline(Settings settings, List<String> sites) {
    StringBuilder text = new StringBuilder();
    example()
        .lines()
        .map(line -> line.startsWith(SINKS) ? SINKS + settings.sinks() : line)
        .forEach(
            line -> {
              text.append(line).append('\n');
              if (line.startsWith(SITES)) {
                sites.forEach(site -> text.append("#   ").append(site).append('\n'));
              }
            });
    return text.toString();
  }

  private static String example() {
    try (InputStream in = InitCommand.class.getResourceAsStream(EXAMPLE)) {
      if (in == null) {
        throw new IllegalStateException("the program has lost its file " + EXAMPLE);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + EXAMPLE, e);
    }
  }
}
