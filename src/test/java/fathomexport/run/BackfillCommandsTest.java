package fathomexport.run;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.run.BackfillCommands.Command;
import fathomexport.run.BackfillCommands.ReportOfSite;
import fathomexport.run.BackfillCommands.Scope;
import fathomexport.run.BackfillCommands.Want;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Few commands, which fetch what is wanted and as little else as possible. */
class BackfillCommandsTest {
  private static final LocalDate MAY = LocalDate.of(2026, 5, 1);
  private static final Set<String> REPORTS = Set.of("pages", "traffic");

  private final Map<ReportOfSite, LocalDate> stored = new HashMap<>();
  private final List<Want> wants = new ArrayList<>();

  private void store(String site, LocalDate from) {
    REPORTS.forEach(report -> stored.put(new ReportOfSite(report, site), from));
  }

  private void want(String site, String report, int first, int last) {
    wants.add(
        new Want(
            new ReportOfSite(report, site),
            MAY.withDayOfMonth(first),
            MAY.withDayOfMonth(last),
            last - first + 1L));
  }

  private List<String> options(Set<String> sites) {
    return BackfillCommands.of(wants, new Scope(sites, REPORTS, stored), 3).stream()
        .map(c -> c.words("p").replace("fathom-export backfill p ", ""))
        .toList();
  }

  @Test
  void whatAllLackNeedsNoOption() {
    for (String site : List.of("A", "B")) {
      store(site, MAY);
      want(site, "pages", 3, 9);
      want(site, "traffic", 3, 9);
    }

    assertThat(options(Set.of("A", "B"))).containsExactly("--from 2026-05-03 --to 2026-05-09");
    assertThat(options(Set.of()))
        .as("a part of the pipeline, of which the command must name the sites")
        .containsExactly("--site A --site B --from 2026-05-03 --to 2026-05-09");
  }

  @Test
  void onlyThePartsThatLackSomethingAreNamed() {
    store("A", MAY);
    store("B", MAY);
    want("B", "pages", 3, 9);

    assertThat(options(Set.of("A", "B")))
        .containsExactly("--site B --report pages --from 2026-05-03 --to 2026-05-09");
  }

  /** Days between two holes are stored, so one command costs no more than two. */
  @Test
  void holesWithStoredDaysBetweenThemAreOneCommand() {
    store("A", MAY);
    want("A", "pages", 3, 4);
    want("A", "pages", 9, 10);
    want("A", "traffic", 12, 13);

    assertThat(options(Set.of("A"))).containsExactly("--from 2026-05-03 --to 2026-05-13");
  }

  @Test
  void daysThatWereNeverStoredAreNotFetched() {
    store("A", MAY);
    store("B", MAY.plusDays(10));
    want("A", "pages", 2, 9);
    want("B", "pages", 15, 19);

    assertThat(options(Set.of("A", "B")))
        .containsExactly(
            "--site A --report pages --from 2026-05-02 --to 2026-05-09",
            "--site B --report pages --from 2026-05-15 --to 2026-05-19");
  }

  /** Nine sites are too many to name, unless the tenth began later and its days would be billed. */
  @Test
  void aSiteThatBeganLaterIsNotFetchedWithTheOthers() {
    Set<String> sites = IntStream.range(0, 10).mapToObj(i -> "S" + i).collect(Collectors.toSet());
    for (String site : sites) {
      int start = site.equals("S9") ? 18 : 10;
      store(site, MAY.withDayOfMonth(start));
      want(site, "pages", start, 27);
    }

    assertThat(BackfillCommands.of(wants, new Scope(sites, REPORTS, stored), 3))
        .hasSize(2)
        .noneMatch(Command::alsoNeverStored)
        .anyMatch(
            c -> c.options().equals(" --site S9 --report pages --from 2026-05-18 --to 2026-05-27"));
  }

  /** The cheapest pairs combine what began on different days; one command per site does not. */
  @Test
  void sitesAreKeptApartWhereThatIsCheaper() {
    for (String site : List.of("A", "B", "C")) {
      int start = 1 + 8 * "ABC".indexOf(site);
      store(site, MAY.withDayOfMonth(start));
      want(site, "pages", start, start + 1);
      want(site, "traffic", start + 3, start + 5);
    }

    assertThat(BackfillCommands.of(wants, new Scope(Set.of("A", "B", "C"), REPORTS, stored), 3))
        .hasSize(3)
        .noneMatch(Command::alsoNeverStored);
  }

  /** Between two stale ranges of a site lie days that were never stored, which nobody wants. */
  @Test
  void renewalsLeaveOutDaysThatWereNeverStored() {
    store("A", MAY);
    List<StaleRange> ranges =
        List.of(
            new StaleRange("pages", "A", MAY.plusDays(14), MAY.plusDays(19), 6, "changed"),
            new StaleRange("pages", "A", MAY, MAY.plusDays(4), 5, "changed"));

    assertThat(Renewal.of(ranges, new Scope(Set.of("A"), Set.of("pages"), stored), Map.of()))
        .extracting(r -> r.command().words("p"))
        .containsExactly(
            "fathom-export backfill p --from 2026-05-01 --to 2026-05-05",
            "fathom-export backfill p --from 2026-05-15 --to 2026-05-20");
  }

  /** Two hundred sites that begin on as many days: three commands, which say what else they do. */
  @Test
  void thereAreNeverMoreThanThree() {
    Set<String> sites =
        IntStream.range(0, 200).mapToObj(i -> "S%03d".formatted(i)).collect(Collectors.toSet());
    for (String site : sites) {
      int start = 1 + Integer.parseInt(site.substring(1)) % 20;
      store(site, MAY.withDayOfMonth(start));
      want(site, "pages", start, start + 5);
    }

    List<Command> commands = BackfillCommands.of(wants, new Scope(sites, REPORTS, stored), 3);

    assertThat(commands).hasSizeLessThanOrEqualTo(3);
    assertThat(commands.stream().mapToLong(Command::periods).sum()).isEqualTo(200 * 6);
    assertThat(commands)
        .as("few sites are named to spare the others, and never more than 40")
        .allMatch(c -> c.options().split("--site", -1).length - 1 <= 40)
        .anyMatch(c -> !c.options().contains("--site"));
    assertThat(commands).anyMatch(Command::alsoNeverStored);
    assertThat(commands.stream().filter(Command::alsoNeverStored))
        .allMatch(c -> c.words("p").endsWith(" (which also fetches days that were never stored)"));
  }

  @Test
  void renewalsAreAtMostThreeForAllReasons() {
    List<StaleRange> ranges = new ArrayList<>();
    for (String site : List.of("A", "B", "C", "D")) {
      store(site, MAY);
      ranges.add(new StaleRange("pages", site, MAY, MAY.plusDays(9), 10, "the zone of " + site));
    }
    Scope scope =
        new Scope(
            stored.keySet().stream().map(ReportOfSite::site).collect(Collectors.toSet()),
            REPORTS,
            stored);

    assertThat(Renewal.of(ranges.subList(0, 2), scope, Map.of("A", "Tea")))
        .extracting(r -> r.what() + ", " + r.why() + r.command().options())
        .containsExactly(
            "pages A (Tea), the zone of A --site A --report pages --from 2026-05-01 --to"
                + " 2026-05-10",
            "pages B, the zone of B --site B --report pages --from 2026-05-01 --to 2026-05-10");
    assertThat(Renewal.of(ranges, scope, Map.of()))
        .extracting(r -> r.what() + r.command().options())
        .containsExactly("pages of 4 sites --report pages --from 2026-05-01 --to 2026-05-10");
  }
}
