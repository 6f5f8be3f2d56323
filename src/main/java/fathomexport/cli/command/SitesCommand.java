package fathomexport.cli.command;

import fathomexport.cli.output.Printer;
import fathomexport.listing.Accounts;
import fathomexport.report.Site;
import fathomexport.run.FailureKind;
import fathomexport.run.RunListener;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;

@Command(
    name = "sites",
    description = {"List the sites that the token may read, with their zones."},
    footer = {"", "Example: fathom-export sites --json"})
public final class SitesCommand implements Callable<Integer> {
  private final Context context;

  public SitesCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Accounts.Sites found =
        context.exporter(context.settings(), RunListener.NONE).impatient().sites();
    List<Site> sites = found.sites();
    boolean accounts = sites.stream().anyMatch(s -> s.accountOrNull() != null);
    Printer printer = context.printer();
    if (printer.json()) {
      printer.json(
          sites.stream()
              .map(
                  s -> {
                    Map<String, @Nullable String> site = new LinkedHashMap<>();
                    site.put("id", s.id().value());
                    site.put("name", s.name());
                    site.put("timezone", s.zone() == null ? null : s.zone().getId());
                    if (accounts) {
                      site.put("account", s.account());
                    }
                    return site;
                  })
              .toList());
    } else {
      printer.table(
          accounts
              ? List.of("id", "name", "timezone", "account")
              : List.of("id", "name", "timezone"),
          sites.stream().map(s -> row(s, accounts)).toList());
    }
    found.lost().forEach(l -> context.warn(l.window() + ": " + l.message()));
    return found.lost().stream()
        .flatMap(l -> Stream.ofNullable(l.failure()))
        .min(Comparator.naturalOrder())
        .map(FailureKind::exitCode)
        .orElse(0);
  }

  private static List<String> row(Site site, boolean accounts) {
    List<String> row =
        new ArrayList<>(
            List.of(
                site.id().value(),
                site.name(),
                site.zone() == null ? "unknown" : site.zone().getId()));
    if (accounts) {
      row.add(site.account());
    }
    return row;
  }
}
