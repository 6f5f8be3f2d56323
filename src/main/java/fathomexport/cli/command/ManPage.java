package fathomexport.cli.command;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** Writes the help of all commands as one man page, from the same model as {@code --help}. */
final class ManPage {
  private final StringBuilder page = new StringBuilder();

  private ManPage() {}

  /** Returns the page of a command line in the language of {@code man}. */
  static String of(CommandLine root) {
    ManPage page = new ManPage();
    page.write(root);
    return page.page.toString();
  }

  private void write(CommandLine root) {
    CommandSpec spec = root.getCommandSpec();
    UsageMessageSpec usage = spec.usageMessage();
    String name = spec.name();
    macro(
        "TH",
        name.toUpperCase(Locale.ROOT),
        "1",
        "",
        String.join(" ", root.getCommandSpec().version()),
        "");
    macro("SH", "NAME");
    String what = expanded(usage.description()).strip();
    line(name + " \\- " + text(what.split("\n", 2)[0]), true);
    macro("SH", "SYNOPSIS");
    synopsis(root);
    macro("SH", "OPTIONS");
    line(text("These options may stand before or after the name of the command."), true);
    spec.options().forEach(option -> option(option));
    macro("SH", "COMMANDS");
    for (Map.Entry<String, CommandLine> command : root.getSubcommands().entrySet()) {
      command(command.getKey(), command.getValue(), spec);
    }
    macro("SH", "EXIT STATUS");
    usage
        .exitCodeList()
        .forEach(
            (code, meaning) -> {
              macro("TP");
              line("\\fB" + text(code) + "\\fR", true);
              line(text(meaning), true);
            });
    macro("SH", "EXAMPLES");
    verbatim(expanded(usage.footer()));
  }

  private void command(String name, CommandLine command, CommandSpec root) {
    CommandSpec spec = command.getCommandSpec();
    macro("SS", name);
    synopsis(command);
    for (String paragraph : expanded(spec.usageMessage().description()).split("\n", -1)) {
      if (!paragraph.isBlank()) {
        macro("PP");
        line(text(paragraph), true);
      }
    }
    for (PositionalParamSpec parameter : spec.positionalParameters()) {
      item(text(parameter.paramLabel()), description(parameter));
    }
    for (OptionSpec option : spec.options()) {
      if (root.findOption(option.longestName()) == null) {
        option(option);
      }
    }
    verbatim(expanded(spec.usageMessage().footer()));
  }

  private void synopsis(CommandLine command) {
    macro("PP");
    String synopsis = command.getHelp().synopsis(0);
    line("\\fB" + text(synopsis.strip().replaceAll("\\s+", " ")) + "\\fR", true);
  }

  private void option(OptionSpec option) {
    if (option.hidden()) {
      return;
    }
    String value = option.arity().max() == 0 ? "" : " \\fI" + text(option.paramLabel()) + "\\fR";
    item("\\fB" + text(String.join(", ", option.names())) + "\\fR" + value, description(option));
  }

  private void item(String what, String description) {
    macro("TP");
    line(what, true);
    line(text(description), true);
  }

  private static String description(ArgSpec argument) {
    String candidates = "";
    if (argument.completionCandidates() != null) {
      candidates = String.join(", ", argument.completionCandidates());
    }
    String plain =
        String.join(" ", argument.description())
            .replace("${COMPLETION-CANDIDATES}", candidates)
            .replace("${DEFAULT-VALUE}", String.valueOf(argument.defaultValueString(true)));
    return expanded(plain).strip();
  }

  /** Resolves markup and line breaks of the help. */
  private static String expanded(String... texts) {
    StringBuilder all = new StringBuilder();
    for (String text : texts) {
      all.append(Ansi.OFF.string(text.replace("%n", "\n").replace("%%", "%"))).append('\n');
    }
    return all.toString();
  }

  private void verbatim(String lines) {
    if (lines.isBlank()) {
      return;
    }
    macro("PP");
    macro("nf");
    lines.strip().lines().forEach(l -> line(text(l), false));
    macro("fi");
  }

  private void macro(String name, String... arguments) {
    page.append('.').append(name);
    for (String argument : arguments) {
      page.append(" \"").append(text(argument).replace("\"", "\\(dq")).append('"');
    }
    page.append('\n');
  }

  /** Writes a line; one that began with a dot or an apostrophe would be a command of troff. */
  private void line(String text, boolean filled) {
    String shown = filled ? text.replaceAll("\\s*\n\\s*", " ") : text;
    page.append(List.of(".", "'").stream().anyMatch(shown::startsWith) ? "\\&" : "")
        .append(shown)
        .append('\n');
  }

  private static String text(String plain) {
    return plain.replace("\\", "\\e").replace("-", "\\-");
  }
}
