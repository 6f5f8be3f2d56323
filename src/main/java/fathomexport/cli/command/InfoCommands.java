package fathomexport.cli.command;

import fathomexport.cli.output.Printer;
import fathomexport.export.Exporter;
import fathomexport.report.NearMiss;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The commands about the program itself. Each needs no settings. */
public final class InfoCommands {
  private InfoCommands() {}

  /** Shows versions; the first line is that of {@code --version}. */
  @Command(
      name = "version",
      description = {"Show the versions of this program, of Java and of Beam."},
      footer = {"", "Example: fathom-export version --json"})
  public static final class ShowVersion implements Callable<Integer> {
    private final Context context;

    @Spec CommandSpec spec = CommandSpec.create();

    public ShowVersion(Context context) {
      this.context = context;
    }

    @Override
    public Integer call() {
      String own = spec.root().version()[0];
      Map<String, String> versions = new LinkedHashMap<>();
      versions.put("fathom_export", own.substring(own.indexOf(' ') + 1));
      versions.put("java", Runtime.version().toString());
      versions.put("beam", Exporter.beamVersion());
      Printer printer = context.printer();
      if (printer.json()) {
        printer.json(versions);
      } else {
        printer.line(own);
        printer.line("Java " + versions.get("java") + ", Beam " + versions.get("beam"));
      }
      return 0;
    }
  }

  /** Prints the help of a command, or all of it as a man page. */
  @Command(
      name = "help",
      helpCommand = true,
      description = {"Show what a command does and takes; without a name, all commands."},
      footer = {
        "",
        "Examples:",
        "  fathom-export help backfill",
        "  fathom-export help --man > fathom-export.1"
      })
  public static final class Help implements Callable<Integer> {
    private final Context context;

    @Parameters(paramLabel = "COMMAND", arity = "0..1", description = "Name of a command.")
    List<String> command = new ArrayList<>();

    @Option(names = "--man", description = "Print the whole help as a man page, for man and groff.")
    boolean man;

    @Spec CommandSpec spec = CommandSpec.create();

    public Help(Context context) {
      this.context = context;
    }

    @Override
    public Integer call() {
      CommandLine root = spec.root().commandLine();
      if (man) {
        context.environment().out().print(ManPage.of(root));
        return 0;
      }
      if (command.isEmpty()) {
        root.usage(root.getOut());
        return 0;
      }
      CommandLine found = root.getSubcommands().get(command.get(0));
      if (found == null) {
        throw new ParameterException(
            spec.commandLine(),
            "there is no command '"
                + command.get(0)
                + "'"
                + NearMiss.hint(command.get(0), root.getSubcommands().keySet())
                + "; there are: "
                + String.join(", ", root.getSubcommands().keySet()));
      }
      found.usage(root.getOut());
      return 0;
    }
  }

  /** A shell for which a completion script can be made. */
  public enum Shell {
    bash,
    zsh
  }

  @Command(
      name = "completion",
      description = {
        "Print the script by which a shell completes commands and options.",
        "",
        "Load it at the start of each shell, or save it where the shell looks for such scripts."
      },
      footer = {
        "",
        "Examples:",
        "  source <(fathom-export completion bash)      in ~/.bashrc",
        "  source <(fathom-export completion zsh)       in ~/.zshrc"
      })
  public static final class Completion implements Callable<Integer> {
    private final Context context;

    @Parameters(paramLabel = "SHELL", description = "One of: ${COMPLETION-CANDIDATES}.")
    Shell shell = Shell.bash;

    @Spec CommandSpec spec = CommandSpec.create();

    public Completion(Context context) {
      this.context = context;
    }

    @Override
    public Integer call() {
      CommandLine root = spec.root().commandLine();
      // The script finds out by itself in which of the two shells it runs.
      String script = AutoComplete.bash(root.getCommandName(), root);
      byte[] bytes = script.getBytes(StandardCharsets.UTF_8);
      context.environment().out().write(bytes, 0, bytes.length);
      context.environment().out().flush();
      return 0;
    }
  }
}
