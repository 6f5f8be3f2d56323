package fathomexport.export;

import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.TimeSource;
import fathomexport.config.Settings;
import fathomexport.listing.Accounts;
import fathomexport.plan.Mode;
import fathomexport.plan.Subject;
import fathomexport.report.Currencies;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SecretRef;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.Account;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.run.PlannedRun;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunListener;
import fathomexport.run.WindowOutcome;
import fathomexport.sink.Sink;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.sinks.Sinks;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.TestDirectories;
import fathomexport.testing.TestReports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A run to Parquet files before and after its windows: nothing of it asks the API. A test opens it
 * in a field with {@code @RegisterExtension}, which closes it after the test.
 */
final class ExportParts implements AfterEachCallback {
  static final Instant NOW = Instant.parse("2026-06-20T12:00:00Z");
  static final Report TRAFFIC = TestReports.traffic();
  static final SiteId SITE = new SiteId("CDBUGS");

  final ExportJob job =
      new ExportJob("nightly", List.of(TRAFFIC), Optional.empty(), 3, false, true);
  final StopSignal stop = new StopSignal();

  /** What a listener receives, as lines. */
  final List<String> said = new ArrayList<>();

  final Sinks sinks;
  final ExportServices services;
  final Layout layout;

  private final Path folder;
  private final Path warehouse;
  final Path spill;

  private ExportParts(Path folder) throws IOException {
    this.folder = folder;
    warehouse = Files.createDirectories(folder.resolve("warehouse"));
    spill = Files.createDirectories(folder.resolve("spill"));
    layout = new Layout(warehouse);
    sinks = Sinks.open(null, new ParquetSettings(warehouse), Map.of());
    sinks.all().forEach(sink -> sink.migrate(List.of(TRAFFIC)));
    Settings.Api api =
        Settings.Api.withDefaults(
            URI.create("http://127.0.0.1:1/v1"), new SecretRef.Env("FATHOM_API_TOKEN"));
    RunListener listener =
        new RunListener() {
          @Override
          public void planned(PlannedRun run) {
            said.add("planned: " + run.windows() + " windows");
          }

          @Override
          public void notice(String message) {
            said.add("notice: " + message);
          }

          @Override
          public void windowEnded(WindowOutcome outcome) {
            said.add("ended: " + outcome.window() + ": " + outcome.message());
          }
        };
    InstantSource clock = InstantSource.fixed(NOW);
    services =
        ExportServices.of(
            new ExportSettings(
                api, List.of(Account.only(api)), null, warehouse, null, Currencies.NONE),
            new RunEnvironment(Map.of(), TimeSource.of(clock), stop, listener),
            clock);
  }

  /** Opens the parts in a new directory, which is deleted after the test. */
  static ExportParts open() {
    try {
      return new ExportParts(TestDirectories.create());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Site site(String id) {
    return new Site(new SiteId(id), "site " + id, ZoneId.of("Europe/Vienna"));
  }

  /** What the lists of the account say. */
  static Accounts.Found found(List<WindowOutcome> lost, List<String> notices, String... sites) {
    List<Site> all = Arrays.stream(sites).map(ExportParts::site).toList();
    return new Accounts.Found(
        all.stream().map(site -> new Subject(site, List.of())).toList(),
        lost,
        all,
        Map.of(),
        notices);
  }

  RunPlanning.Planned plan(Mode mode, Accounts.Found found) {
    return services.planning().plan(job, mode, sinks, found);
  }

  /** Stores days of the site, each with a row. */
  void store(LocalDate first, LocalDate last) {
    LoadBuilder load =
        new LoadBuilder(TRAFFIC, new Slice(SITE, null), new DayRange(first, last), spill);
    first.datesUntil(last.plusDays(1)).forEach(day -> load.row(day, 1, 2, 1.5));
    for (Sink sink : sinks.all()) {
      sink.commit(load.build());
    }
  }

  /** Replaces the file of a month by something else. */
  void damage(LocalDate month) throws IOException {
    Path file = layout.file(TRAFFIC.name(), SITE, TRAFFIC.dateGrouping(), month);
    Files.writeString(file, "no Parquet file any more");
  }

  @Override
  public void afterEach(ExtensionContext context) throws IOException {
    sinks.close();
    TestDirectories.delete(folder);
  }
}
