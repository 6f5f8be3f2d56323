package fathomexport.config;

import fathomexport.report.NearMiss;
import fathomexport.report.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Loads configuration files. Reports all problems of a file at once and never the values of its
 * secrets.
 *
 * <p>Relative paths, both arguments and those inside the files, are relative to the working
 * directory.
 */
public final class ConfigLoader {
  /** The settings file unless the user names another one. */
  public static final Path DEFAULT_FILE = Path.of("conf", "fathom-export.yaml");

  /** The directory of pipelines that are referred to by name. */
  public static final Path PIPELINES = Path.of("pipelines");

  private static final String SUFFIX = ".yaml";
  private static final String LEAST_SETTINGS =
      "'api: {token: {env: FATHOM_API_TOKEN}}' and 'parquet: {root: warehouse}',"
          + " each on a separate line";

  private final Path workingDirectory;

  /**
   * @param workingDirectory base directory of relative paths
   */
  public ConfigLoader(Path workingDirectory) {
    this.workingDirectory = workingDirectory.toAbsolutePath().normalize();
  }

  /** Loads the settings from {@link #DEFAULT_FILE}. */
  public Loaded<Settings> settings() {
    return settings(DEFAULT_FILE);
  }

  /** Loads the settings from a file. */
  public Loaded<Settings> settings(Path file) {
    Path path = resolve(file);
    Problems problems = new Problems(label(path));
    if (Files.notExists(path)) {
      problems.ofFile(
          "no such file: `"
              + Program.command("init")
              + "` writes one; or create it with at least "
              + LEAST_SETTINGS,
          "or name another file with --config FILE");
      return new Loaded.Refused<>(problems.all());
    }
    Optional<Settings> settings =
        new YamlReader(problems, "write at least " + LEAST_SETTINGS)
            .read(path)
            .flatMap(root -> new SettingsDecoder(workingDirectory, problems).decode(path, root));
    return loaded(settings, problems);
  }

  /**
   * Loads a pipeline and checks that the settings configure all its sinks.
   *
   * @param nameOrPath {@code nightly} means {@code pipelines/nightly.yaml}; a text with a slash or
   *     with the suffix {@code .yaml} or {@code .yml} is a path
   */
  public Loaded<PipelineDefinition> pipeline(String nameOrPath, Settings settings) {
    String settingsFile = label(Path.of(settings.file()));
    return pipeline(nameOrPath, Optional.of(new ConfiguredSinks(settings.sinks(), settingsFile)));
  }

  /**
   * Loads a pipeline without the settings, to report its problems. Whether its sinks are configured
   * is not checked.
   */
  public Loaded<PipelineDefinition> pipeline(String nameOrPath) {
    return pipeline(nameOrPath, Optional.empty());
  }

  /**
   * Loads a pipeline while the settings are invalid, to report its problems together with theirs:
   * also that its sinks are not configured, if {@link #showsSinks} says that this is known.
   */
  public Loaded<PipelineDefinition> pipeline(String nameOrPath, Path invalidSettings) {
    return pipeline(nameOrPath, shownSinks(invalidSettings));
  }

  /**
   * Returns whether invalid settings show which sinks they configure: the file can be read, and
   * each key at its top is a known one, so that none of them is a sink with a misspelt name.
   */
  public boolean showsSinks(Path invalidSettings) {
    return shownSinks(invalidSettings).isPresent();
  }

  private Optional<ConfiguredSinks> shownSinks(Path settings) {
    Path file = resolve(settings);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    return new YamlReader(new Problems(label(file)), "")
        .read(file)
        .map(root -> root.entries().stream().map(entry -> entry.key().text()).toList())
        .filter(SettingsKeys.FILE.names()::containsAll)
        .map(
            keys -> {
              Set<String> sinks = new LinkedHashSet<>(List.of(Settings.POSTGRES, Settings.PARQUET));
              sinks.retainAll(keys);
              return new ConfiguredSinks(sinks, label(file));
            });
  }

  /**
   * Loads who is to be notified of a pipeline's runs: the keys of the pipeline's {@code notify}
   * section, and of the settings' for the keys that it lacks. Leaves out a section that is missing
   * or has a problem, and ignores all problems outside these sections, so that a run that cannot
   * start because of its configuration can still be reported.
   *
   * @param nameOrPath the pipeline; empty for the settings alone
   */
  public Notify notify(Path settings, String nameOrPath) {
    Notify base = notify(resolve(settings), NotifyKeys.NOTIFY);
    if (nameOrPath.isEmpty()) {
      return base;
    }
    try {
      Path pipeline = resolve(pipelinePath(nameOrPath));
      return notify(pipeline, NotifyKeys.OF_A_PIPELINE).over(base);
    } catch (InvalidPathException e) {
      return base;
    }
  }

  /**
   * Returns {@code api.ca_certificates} of the settings, an absolute path. Ignores all problems of
   * the file, so that a run that cannot start because of them can still be reported.
   */
  public Optional<String> caCertificates(Path settings) {
    Path file = resolve(settings);
    Problems ignored = new Problems(label(file));
    ApiDecoder decoder = new ApiDecoder(new SettingValues(workingDirectory, ignored), ignored);
    return section(file, SettingsKeys.API).flatMap(decoder::authorities);
  }

  private Optional<YamlNode> section(Path file, Key<Kind.Group> key) {
    return Files.isRegularFile(file)
        ? new YamlReader(new Problems(label(file)), "").read(file).flatMap(root -> value(root, key))
        : Optional.empty();
  }

  private Notify notify(Path file, Key<Kind.Group> key) {
    Optional<YamlNode> section = section(file, key);
    Problems ofSection = new Problems(label(file));
    SettingValues secrets = new SettingValues(workingDirectory, ofSection);
    return section
        .flatMap(node -> new NotifyDecoder(secrets, ofSection).decode(node))
        .orElse(Notify.NOTHING);
  }

  private static Optional<YamlNode> value(YamlNode.Mapping root, Key<?> key) {
    return root.entries().stream()
        .filter(entry -> entry.key().text().equals(key.name()))
        .map(YamlNode.Entry::value)
        .findFirst();
  }

  /**
   * Returns the sorted names of the pipelines in {@link #PIPELINES}; empty if the directory does
   * not exist.
   *
   * @throws ConfigException if the directory cannot be listed
   */
  public List<String> pipelineNames() {
    return pipelineFiles().stream()
        .filter(file -> file.endsWith(SUFFIX))
        .map(file -> file.substring(0, file.length() - SUFFIX.length()))
        .toList();
  }

  /** The sinks that the settings configure, and the file of the settings. */
  record ConfiguredSinks(Set<String> names, String file) {}

  private Loaded<PipelineDefinition> pipeline(String nameOrPath, Optional<ConfiguredSinks> sinks) {
    Path path;
    try {
      path = resolve(pipelinePath(nameOrPath));
    } catch (InvalidPathException e) {
      return new Loaded.Refused<>(
          List.of(
              Problem.ofFile(
                  Problems.quote(nameOrPath), "cannot be a path: " + e.getReason(), "")));
    }
    Problems problems = new Problems(label(path));
    if (Files.notExists(path)) {
      List<String> names = pipelineNames();
      problems.ofFile("no such pipeline" + NearMiss.hint(nameOrPath, names), present());
      return new Loaded.Refused<>(problems.all());
    }
    Path last = path.getFileName();
    if (last == null || Files.isDirectory(path)) {
      problems.ofFile("is a directory, not a file", present());
      return new Loaded.Refused<>(problems.all());
    }
    String name = last.toString().replaceFirst("\\.ya?ml$", "");
    if (!PipelineDefinition.NAME.matcher(name).matches()) {
      problems.ofFile(
          "a pipeline is named by its file, and cannot be named " + Problems.quote(name),
          "allowed: up to 63 letters, digits, _, - and ., beginning with a letter or digit");
    }
    Optional<PipelineDefinition> pipeline =
        new YamlReader(problems, "write sites and reports")
            .read(path)
            .flatMap(root -> new PipelineDecoder(sinks, problems).decode(name, path, root));
    return loaded(pipeline, problems);
  }

  private static Path pipelinePath(String nameOrPath) {
    boolean isPath =
        nameOrPath.contains("/")
            || nameOrPath.contains("\\")
            || nameOrPath.endsWith(SUFFIX)
            || nameOrPath.endsWith(".yml");
    return isPath ? Path.of(nameOrPath) : PIPELINES.resolve(nameOrPath + SUFFIX);
  }

  private String present() {
    List<String> files = pipelineFiles();
    return files.isEmpty()
        ? "there is none in " + label(resolve(PIPELINES)) + "/ of the working directory"
        : "in " + label(resolve(PIPELINES)) + "/ there are: " + String.join(", ", files);
  }

  private List<String> pipelineFiles() {
    Path directory = resolve(PIPELINES);
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(file -> file.endsWith(SUFFIX) || file.endsWith(".yml"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new ConfigException(
          List.of(Problem.ofFile(label(directory), "cannot be listed: " + e.getMessage(), "")));
    }
  }

  private Path resolve(Path path) {
    return workingDirectory.resolve(path).normalize();
  }

  /** Returns the path of a file as the user would write it. */
  private String label(Path path) {
    Path shown = path.startsWith(workingDirectory) ? workingDirectory.relativize(path) : path;
    return shown.isAbsolute()
        ? shown.toString()
        : Stream.iterate(0, i -> i < shown.getNameCount(), i -> i + 1)
            .map(i -> shown.getName(i).toString())
            .collect(Collectors.joining("/"));
  }

  private static <T> Loaded<T> loaded(Optional<T> value, Problems problems) {
    if (!problems.none()) {
      return new Loaded.Refused<>(problems.all());
    }
    return new Loaded.Valid<>(
        value.orElseThrow(() -> new IllegalStateException("refused without a problem")));
  }
}
