package fathomexport.sink.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import fathomexport.ledger.LedgerEntry;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Field;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.SinkException;
import fathomexport.sink.parquet.file.FileSchema;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.sink.parquet.file.RowFileWriter;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.Rows;
import fathomexport.testing.TestReports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.FileMetaData;
import org.apache.parquet.io.LocalInputFile;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What only files have: their bytes, their footers, what a crash leaves, damage. */
class ParquetSinkTest {
  private static final Slice SITE = new Slice(new SiteId("CDBUGS"), null);
  private static final LocalDate MAY_31 = LocalDate.of(2026, 5, 31);
  private static final LocalDate D1 = LocalDate.of(2026, 6, 1);
  private static final LocalDate D2 = D1.plusDays(1);
  private static final LocalDate D3 = D1.plusDays(2);
  private static final Instant LATER = LoadBuilder.FETCHED_AT.plusSeconds(86_400);
  private static final DayRange ALWAYS =
      new DayRange(LocalDate.of(2020, 1, 1), LocalDate.of(2030, 12, 31));

  @TempDir Path place;
  @TempDir Path spill;

  private final Report traffic = TestReports.traffic();
  private final List<ParquetSink> opened = new ArrayList<>();
  private Path root = Path.of("");

  @BeforeEach
  void place() {
    root = place.resolve("warehouse");
  }

  @AfterEach
  void close() {
    opened.forEach(ParquetSink::close);
  }

  private ParquetSink sink(Path at, Report... reports) {
    ParquetSink sink = new ParquetSink(new ParquetSettings(at));
    opened.add(sink);
    sink.migrate(Arrays.asList(reports));
    return sink;
  }

  private LoadBuilder load(Report report, LocalDate first, LocalDate last) {
    return new LoadBuilder(report, SITE, new DayRange(first, last), spill);
  }

  private LoadBuilder threeDays() {
    return load(traffic, D1, D3).row(D1, 1, 10, 1.5).row(D2, 2, 20, null).row(D3, 3, 30, 0.0);
  }

  private Path june() {
    return root.resolve("traffic_daily/site_id=CDBUGS/month=2026-06/data.parquet");
  }

  private static List<List<@Nullable Object>> stored(ParquetSink sink, Report report) {
    return Rows.drain(report.schema(), sink.stored(report, SITE, ALWAYS));
  }

  private static List<LedgerEntry> entries(ParquetSink sink, Report report) {
    return sink.ledger().entries(report.name(), List.of(), LocalDate.MIN);
  }

  /** Every file below a folder by its path, but for locks. */
  private static Map<String, String> files(Path below) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> walk = Files.walk(below)) {
      for (Path file : walk.filter(Files::isRegularFile).toList()) {
        String name = below.relativize(file).toString();
        if (!name.endsWith(".lock")) {
          files.put(name, Arrays.toString(Files.readAllBytes(file)));
        }
      }
    }
    return files;
  }

  private static FileMetaData metadata(Path file) throws IOException {
    try (ParquetFileReader reader =
        ParquetFileReader.open(
            new LocalInputFile(file),
            new ParquetReadOptions.Builder(new PlainParquetConfiguration()).build())) {
      return reader.getFileMetaData();
    }
  }

  // --- What a file says

  @Test
  void aFooterTellsColumnsAndCertificates() throws IOException {
    sink(root, traffic).commit(threeDays().uncertified(D2).incomplete(D3, false).build());

    FileMetaData footer = metadata(june());

    assertThat(footer.getSchema())
        .hasToString(
            """
            message traffic_daily {
              required binary site_id (STRING);
              required int32 date (DATE);
              optional int64 visits;
              optional int64 pageviews;
              optional double avg_duration;
            }
            """);
    assertThat(footer.getCreatedBy()).startsWith("parquet-mr version 1.18.1 ");
    assertThat(footer.getKeyValueMetaData())
        .containsOnlyKeys("fathom_export.report", "fathom_export.ledger", "fathom_export.sha256");
    assertThat(footer.getKeyValueMetaData().get("fathom_export.report"))
        .isEqualTo(
            joined(
                """
                {"columns":[{"name":"site_id","nullable":false,"role":"site","type":"text"},
                {"name":"date","nullable":false,"role":"time","type":"date"},
                {"name":"visits","nullable":true,"role":"measure","type":"bigint"},
                {"name":"pageviews","nullable":true,"role":"measure","type":"bigint"},
                {"name":"avg_duration","nullable":true,"role":"measure","type":"double"}],
                "date_grouping":"day","name":"traffic_daily","version":1}
                """));
    assertThat(footer.getKeyValueMetaData().get("fathom_export.ledger"))
        .isEqualTo(
            joined(
                    """
                    {"commits":[{"control_requests":1,"definition":"definition-1",
                    "fetched_at":"2026-06-20T03:04:05.678901Z","requests":3,"run_id":"run-1",
                    "splits":2,"window_id":"WINDOW","zone":"Europe/Vienna"}],
                    "periods":[{"commit":0,"control":{"pageviews":10},"covers_to":"2026-06-01",
                    "digest":"1bcf3a85610889597cf550dcc2e63375","period":"2026-06-01","rows":1,
                    "rows_digest":"03ecc17a8a2fa385-48466a33e7bc56f3c48a3925656732e8","status":"certified","stored":true,"sums":{"pageviews":10}},
                    {"commit":0,"control":{},"covers_to":"2026-06-02",
                    "digest":"cb211a8e923b491cfe4e556da2ff1a25","period":"2026-06-02",
                    "reason":"the report has no additive measure","rows":1,
                    "rows_digest":"03ecc17a8a2fa385-a5b3ac3edab6c04bf358d04b9120e385","status":"uncertified","stored":true,"sums":{"pageviews":20}},
                    {"commit":0,"control":{"pageviews":31},"covers_to":"2026-06-03",
                    "digest":"","period":"2026-06-03",
                    "reason":"pageviews differ from the control by 1","rows":1,
                    "rows_digest":"03ecc17a8a2fa385-30f403cff4d26f6b87164ed2bbe2e37f","status":"incomplete","stored":false,"sums":{"pageviews":30}}],
                    "site_id":"CDBUGS","version":1}
                    """)
                .replace("WINDOW", threeDays().window().id()));
  }

  /** Text that was broken over lines to be read. */
  private static String joined(String lines) {
    return lines.replace("\n", "");
  }

  @Test
  void hoursAreLocalLabels() throws IOException {
    Report hourly = TestReports.pageviews("hourly", DateGrouping.HOUR, Field.BROWSER);
    sink(root, hourly)
        .commit(load(hourly, D1, D1).row(D1.atTime(2, 0), "Firefox", 1, 1, 1.0).build());

    assertThat(
            metadata(root.resolve("hourly/site_id=CDBUGS/month=2026-06/data.parquet"))
                .getSchema()
                .toString())
        .contains("required int64 hour (TIMESTAMP(MICROS,false));")
        .contains("optional binary browser (STRING);");
  }

  // --- Bytes

  @Test
  void aLoadThatChangesNothingLeavesTheFileUntouched() throws IOException {
    ParquetSink sink = sink(root, traffic);
    sink.commit(threeDays().build());
    byte[] before = Files.readAllBytes(june());
    Object key = Files.readAttributes(june(), BasicFileAttributes.class).fileKey();

    LoadBuilder again = threeDays().run("run-2", LATER);
    sink.commit(again.build());

    assertThat(Files.readAllBytes(june())).isEqualTo(before);
    assertThat(Files.readAttributes(june(), BasicFileAttributes.class).fileKey()).isEqualTo(key);
    assertThat(entries(sink, traffic)).isEqualTo(again.entries());
    assertThat(entries(sink(root, traffic), traffic)).isEqualTo(again.entries());
  }

  @Test
  void withoutItsConfirmationsAFileStillTellsItsOwn() throws IOException {
    ParquetSink sink = sink(root, traffic);
    sink.commit(threeDays().build());
    sink.commit(threeDays().run("run-2", LATER).build());
    Files.delete(root.resolve("_fathom/confirmed/traffic_daily/site_id=CDBUGS/month=2026-06.json"));

    assertThat(entries(sink, traffic)).isEqualTo(threeDays().entries());
  }

  @Test
  void aConfirmationOfOtherRowsIsPassedOver() {
    ParquetSink sink = sink(root, traffic);
    sink.commit(threeDays().build());
    sink.commit(threeDays().run("run-2", LATER).build());
    LoadBuilder changed = load(traffic, D2, D2).row(D2, 2, 21, null).run("run-3", LATER);
    sink.commit(changed.build());

    assertThat(entries(sink, traffic))
        .containsExactly(
            threeDays().run("run-2", LATER).entries().get(0),
            changed.entries().get(0),
            threeDays().run("run-2", LATER).entries().get(2));
  }

  @Test
  void theOrderOfWindowsLeavesNoTrace() throws IOException {
    Path other = place.resolve("other");
    List<LoadBuilder> windows = new ArrayList<>();
    Report pages = TestReports.pages();
    for (int w = 0; w < 6; w++) {
      LocalDate first = MAY_31.plusDays(3L * w);
      LoadBuilder window = load(pages, first, first.plusDays(2));
      for (int i = 0; i < 300; i++) {
        window.row(first.plusDays(i % 3), "h", "/" + (i * 7919 % 301), i, i, i / 3.0);
      }
      windows.add(window);
    }
    ParquetSink forth = sink(root, pages);
    windows.forEach(w -> forth.commit(w.build()));
    ParquetSink back = sink(other, pages);
    for (int i = windows.size() - 1; i >= 0; i--) {
      back.commit(windows.get(i).build());
    }

    assertThat(files(other)).isEqualTo(files(root)).isNotEmpty();
  }

  @Test
  void aDetourLeavesNoTraceInTheFile() throws IOException {
    ParquetSink sink = sink(root, traffic);
    sink.commit(threeDays().build());
    byte[] before = Files.readAllBytes(june());
    sink.commit(load(traffic, D1, D3).row(D2, 9, 90, 9.0).run("run-2", LATER).build());
    assertThat(Files.readAllBytes(june())).isNotEqualTo(before);

    sink.commit(threeDays().build());

    assertThat(Files.readAllBytes(june())).isEqualTo(before);
  }

  // --- What a crash leaves

  @Test
  void whatAKilledRunLeftIsRemovedAndNothingElse() throws IOException {
    ParquetSink sink = sink(root, traffic);
    sink.commit(threeDays().build());
    Path left = june().resolveSibling(".data.parquet.0123456789abcdef.tmp");
    Path foreign = june().resolveSibling("notes.tmp");
    Files.copy(june(), left);
    Files.writeString(foreign, "mine");

    assertThat(stored(sink, traffic)).isEqualTo(threeDays().rows());
    sink(root, traffic);

    assertThat(left).doesNotExist();
    assertThat(foreign).exists();
    assertThat(stored(sink, traffic)).isEqualTo(threeDays().rows());
  }

  @Test
  void aWindowThatStoppedBetweenTwoFilesShowsAsSuch() throws IOException {
    ParquetSink sink = sink(root, traffic);
    LoadBuilder window = load(traffic, MAY_31, D1).row(MAY_31, 1, 1, 1.0).row(D1, 2, 2, 2.0);
    Path site = root.resolve("traffic_daily/site_id=CDBUGS");
    Path blocked = site.resolve("month=2026-06");
    Files.createDirectories(site);
    // Looks like nothing to a reader, and cannot be made a folder.
    Files.createSymbolicLink(blocked, site.resolve("nowhere"));

    SinkException e = catchThrowableOfType(SinkException.class, () -> sink.commit(window.build()));

    assertThat(e.kind()).isEqualTo(SinkException.Kind.UNAVAILABLE);
    assertThat(e).hasMessageContaining("month=2026-06");
    assertThat(entries(sink, traffic)).containsExactly(window.entries().get(0));
    assertThat(stored(sink, traffic)).containsExactly(window.rows().get(0));

    Files.delete(blocked);
    assertThat(sink.commit(window.build()).changed()).containsExactly(D1);
    assertThat(entries(sink, traffic)).isEqualTo(window.entries());
  }

  @Test
  void aJournaledChangeThatNeverCameIsPassedOver() throws IOException {
    ParquetSink sink = sink(root, traffic);
    sink.commit(threeDays().build());
    byte[] before = Files.readAllBytes(june());
    LoadBuilder changed = load(traffic, D1, D1).row(D1, 1, 11, 1.5);
    sink.commit(changed.run("killed", LATER).build());
    // As if killed after the journal was written and before the file was put in its place.
    Files.write(june(), before);

    sink.commit(changed.run("run-3", LATER).build());

    assertThat(sink.ledger().restatements("traffic_daily", 100))
        .isNotEmpty()
        .allMatch(r -> r.runId().equals("run-3"));
  }

  @Test
  void aLineThatACrashCutOffIsNotRead() throws IOException {
    ParquetSink sink = sink(root, traffic);
    sink.commit(threeDays().build());
    sink.commit(load(traffic, D1, D1).row(D1, 1, 11, 1.5).run("run-2", LATER).build());
    int lines = sink.ledger().restatements("traffic_daily", 100).size();
    Path journal = root.resolve("_fathom/restatements/traffic_daily.jsonl");
    Files.writeString(journal, "{\"at\":\"2026-", StandardOpenOption.APPEND);

    assertThat(sink.ledger().restatements("traffic_daily", 100)).hasSize(lines);
    sink.commit(load(traffic, D1, D1).row(D1, 1, 12, 1.5).run("run-3", LATER).build());
    assertThat(sink.ledger().restatements("traffic_daily", 100)).hasSize(2 * lines);
  }

  // --- Disk

  @Test
  void aRootThatCannotBeMadeIsUnavailable() throws IOException {
    Path file = place.resolve("file");
    Files.writeString(file, "not a folder");
    Path impossible = file.resolve("warehouse");
    ParquetSink sink = new ParquetSink(new ParquetSettings(impossible));
    opened.add(sink);

    assertThatThrownBy(() -> sink.migrate(List.of(traffic)))
        .isInstanceOf(SinkException.class)
        .hasMessageContaining(impossible.toString())
        .extracting(e -> ((SinkException) e).kind())
        .isEqualTo(SinkException.Kind.UNAVAILABLE);
    assertThatThrownBy(() -> sink.commit(threeDays().build()))
        .isInstanceOf(SinkException.class)
        .hasMessageContaining(impossible.toString());
  }

  @Test
  void aDamagedFileIsRefusedAndStands() throws IOException {
    ParquetSink sink = sink(root, traffic);
    sink.commit(threeDays().build());
    byte[] whole = Files.readAllBytes(june());
    byte[] cut = Arrays.copyOf(whole, whole.length - 20);
    Files.write(june(), cut);

    SinkException e =
        catchThrowableOfType(
            SinkException.class,
            () -> sink.commit(load(traffic, D1, D1).row(D1, 9, 9, 9.0).build()));

    assertThat(e.kind()).isEqualTo(SinkException.Kind.DAMAGED);
    assertThat(e).hasMessageContaining(june().toString()).hasMessageContaining("move it away");
    assertThat(Files.readAllBytes(june())).isEqualTo(cut);
    assertThat(entries(sink, traffic)).as("what cannot be read is not held").isEmpty();
    assertThat(sink.damages(traffic, List.of(), new DayRange(D1, D3)))
        .singleElement()
        .asString()
        .contains(june().toString());
    assertThat(sink.damages(traffic, List.of(), DayRange.of(D1.minusDays(1))))
        .as("of another month")
        .isEmpty();
  }

  @Test
  void noDamageIsCarriedOn() throws IOException {
    Report pages = TestReports.pages();
    ParquetSink sink = sink(root, pages);
    LoadBuilder load = load(pages, D1, D2);
    for (int i = 0; i < 50; i++) {
      load.row(i % 2 == 0 ? D1 : D2, "h", "/" + i, i, i, null);
    }
    LoadBuilder more = load(pages, D3, D3).row(D3, "h", "/new", 1, 1, null);
    sink.commit(load.build());
    Path file = root.resolve("pages_daily/site_id=CDBUGS/month=2026-06/data.parquet");
    byte[] whole = Files.readAllBytes(file);
    sink.commit(more.build());
    List<List<@Nullable Object>> expected = stored(sink, pages);
    int refused = 0;
    for (int at = 0; at < whole.length; at += 11) {
      byte[] flipped = whole.clone();
      flipped[at] ^= 0x10;
      Files.write(file, flipped);
      try {
        sink.commit(more.build());
        assertThat(stored(sink, pages)).as("byte %d", at).isEqualTo(expected);
      } catch (SinkException e) {
        refused++;
        assertThat(e.kind()).isEqualTo(SinkException.Kind.DAMAGED);
        assertThat(e).hasMessageContaining(file.toString());
        assertThat(Files.readAllBytes(file)).as("byte %d", at).isEqualTo(flipped);
      }
    }
    assertThat(refused).isGreaterThan(0);
    try (Stream<Path> left = Files.list(root.resolve("pages_daily/site_id=CDBUGS/month=2026-06"))) {
      assertThat(left).containsExactly(file);
    }
  }

  @Test
  void aFileOfAnotherProgramIsNotReplaced() throws IOException {
    ParquetSink sink = sink(root, traffic);
    Files.createDirectories(june().getParent());
    try (RowFileWriter writer =
        new RowFileWriter(june(), FileSchema.of(traffic.schema()), Map::of)) {
      assertThat(writer).isNotNull();
    }

    assertThatThrownBy(() -> sink.commit(threeDays().build()))
        .isInstanceOf(SinkException.class)
        .hasMessageContaining("was not written by this program");
  }

  // --- Columns

  @Test
  void aMeasureThatIsAskedForNoMoreStaysWithItsRows() throws IOException {
    ParquetSink sink = sink(root, traffic);
    sink.commit(threeDays().build());
    Report fewer = TestReports.measuring("traffic_daily", List.of(Aggregate.PAGEVIEWS));
    sink.migrate(List.of(fewer));

    LoadBuilder second = load(fewer, D2, D2).row(D2, 25);
    assertThat(sink.commit(second.build()).changed()).containsExactly(D2);
    byte[] after = Files.readAllBytes(june());
    assertThat(sink.commit(second.build()).changed()).isEmpty();

    assertThat(Files.readAllBytes(june())).isEqualTo(after);
    assertThat(stored(sink, traffic))
        .containsExactly(
            Arrays.asList("CDBUGS", D1, 1L, 10L, 1.5),
            Arrays.asList("CDBUGS", D2, null, 25L, null),
            Arrays.asList("CDBUGS", D3, 3L, 30L, 0.0));
    sink.commit(load(fewer, D1, D3).row(D1, 1).row(D2, 2).row(D3, 3).build());
    assertThat(metadata(june()).getSchema().getFieldCount())
        .as("gone with the last row that had it")
        .isEqualTo(3);
  }

  // --- Many at a time

  @Test
  void eventsOfAFileCommittedByManyThreads() throws Exception {
    Report goals = TestReports.goals();
    ParquetSink one = sink(root, goals);
    ParquetSink two = sink(root, goals);
    List<LoadBuilder> loads = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      Slice slice = new Slice(SITE.site(), "event " + i);
      loads.add(
          new LoadBuilder(goals, slice, new DayRange(D1, D3), spill)
              .row(D1, "Google", i, i, null)
              .row(D3, null, i, i, i));
    }
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<?>> commits = new ArrayList<>();
      for (int i = 0; i < loads.size(); i++) {
        ParquetSink sink = i % 2 == 0 ? one : two;
        LoadBuilder load = loads.get(i);
        commits.add(threads.submit(() -> sink.commit(load.build())));
      }
      for (Future<?> commit : commits) {
        commit.get();
      }
    } finally {
      threads.shutdown();
    }

    List<LedgerEntry> expected = loads.stream().flatMap(l -> l.entries().stream()).toList();
    assertThat(entries(one, goals)).containsExactlyInAnyOrderElementsOf(expected);
    for (LoadBuilder load : loads) {
      assertThat(Rows.drain(goals.schema(), two.stored(goals, load.window().slice(), ALWAYS)))
          .isEqualTo(load.rows());
    }
  }

  @Test
  void entriesAreReadOnlyFromTheFilesThatMayHoldThem() throws IOException {
    ParquetSink sink = sink(root, traffic);
    sink.commit(load(traffic, MAY_31, D1).row(MAY_31, 1, 1, 1.0).row(D1, 2, 2, 2.0).build());
    Path may = root.resolve("traffic_daily/site_id=CDBUGS/month=2026-05/data.parquet");
    Files.writeString(may, "damaged");
    Files.createDirectories(root.resolve("traffic_daily/site_id=OTHER/month=2026-06"));
    Files.writeString(
        root.resolve("traffic_daily/site_id=OTHER/month=2026-06/data.parquet"), "damaged");

    assertThat(sink.ledger().entries("traffic_daily", List.of(SITE.site()), D1)).hasSize(1);
  }
}
