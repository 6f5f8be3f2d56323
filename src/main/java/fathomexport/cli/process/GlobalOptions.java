package fathomexport.cli.process;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options that are allowed before and after the command name. */
public final class GlobalOptions {
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = picocli.CommandLine.ScopeType.INHERIT,
      description = "Show this text.")
  boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the version.")
  boolean version;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      scope = picocli.CommandLine.ScopeType.INHERIT,
      description = "Settings; conf/fathom-export.yaml by default.")
  public @Nullable Path config;

  @Option(
      names = "--json",
      scope = picocli.CommandLine.ScopeType.INHERIT,
      description = "Print the result as JSON.")
  public boolean json;

  @Option(
      names = "--verbose",
      scope = picocli.CommandLine.ScopeType.INHERIT,
      description = "Log every step.")
  public boolean verbose;

  @Option(
      names = "--quiet",
      scope = picocli.CommandLine.ScopeType.INHERIT,
      description =
          "Print nothing where nothing is wrong: no progress, and no result with exit code 0, unless"
              + " something in it needs a person, such as periods that stay missing.")
  public boolean quiet;

  @Option(
      names = "--log-format",
      paramLabel = "FORMAT",
      scope = picocli.CommandLine.ScopeType.INHERIT,
      description =
          "How the log is written: text or json. Default: text on a terminal, json otherwise.")
  public @Nullable LogFormat logFormat;

  /** The arguments after {@code --}: Beam's own options. */
  public List<String> beamArguments = List.of();
}
