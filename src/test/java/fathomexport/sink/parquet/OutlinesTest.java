package fathomexport.sink.parquet;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.PeriodLedger;
import fathomexport.ledger.PeriodSum;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.TestReports;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The outlines that a run saves make later commands quicker, and never change what they say:
 * whatever happens to the outlines or to the files, the answers are those without outlines.
 */
class OutlinesTest {
  private static final Report TRAFFIC = TestReports.traffic();
  private static final LocalDate FIRST = LocalDate.of(2026, 4, 1);
  private static final LocalDate LAST = LocalDate.of(2026, 5, 31);
  private static final List<String> SITES = List.of("CDBUGS", "über all 😀");

  /** Two months of each site. */
  private static final int FILES = 4;

  @TempDir Path temporary;
  @TempDir Path spill;
  private Path root = Path.of("");

  @BeforeEach
  void export() {
    root = temporary.resolve("warehouse");
    night(root, 10);
  }

  private ParquetSink open(Path at) {
    return new ParquetSink(new ParquetSettings(at));
  }

  private LoadBuilder load(String site, LocalDate first, LocalDate last) {
    return new LoadBuilder(
        TRAFFIC, new Slice(new SiteId(site), null), new DayRange(first, last), spill);
  }

  /** Lets a run store both months, with this number of pageviews on one day. */
  private void night(Path at, int pageviews) {
    try (ParquetSink sink = open(at)) {
      sink.migrate(List.of(TRAFFIC));
      for (String site : SITES) {
        sink.commit(load(site, FIRST, LAST).row(LAST, 1, pageviews, 1.5).build());
      }
      sink.runEnded(() -> false);
    }
  }

  /** What is said of the files, and how many footers were parsed for it. */
  private record Answer(List<Object> said, long parsed) {}

  private Answer ask() {
    return ask(root);
  }

  private Answer ask(Path at) {
    try (ParquetSink sink = open(at)) {
      PeriodLedger ledger = sink.ledger();
      String report = TRAFFIC.name();
      List<Object> said =
          List.of(
              ledger.stretches(report, DateGrouping.DAY, List.of(), true),
              Set.copyOf(sums(ledger, DateGrouping.MONTH)),
              Set.copyOf(sums(ledger, DateGrouping.YEAR)),
              List.copyOf(ledger.storedRanges(report, DateGrouping.DAY, List.of())),
              ledger.slices(report),
              ledger.weight(report),
              sink.damages(TRAFFIC, List.of(), new DayRange(FIRST, LAST)).stream()
                  .map(damage -> damage.words("all", List.of()).replace(at.toString(), ""))
                  .toList());
      return new Answer(said, sink.footersRead());
    }
  }

  private static List<PeriodSum> sums(PeriodLedger ledger, DateGrouping unit) {
    return ledger.sums(TRAFFIC.name(), DateGrouping.DAY, unit, List.of(), LocalDate.EPOCH);
  }

  private Path outlines() {
    return root.resolve("_fathom/outlines/" + TRAFFIC.name() + ".bin");
  }

  private Path data() {
    return root.resolve(TRAFFIC.name() + "/site_id=CDBUGS/month=2026-05/data.parquet");
  }

  /** Returns the answer, after it was compared with the one without outlines. */
  private Answer checked() throws IOException {
    Answer answer = ask();
    byte[] outlines = Files.isRegularFile(outlines()) ? Files.readAllBytes(outlines()) : null;
    if (outlines != null) {
      Files.delete(outlines());
    }
    Answer truth = ask();
    assertThat(truth.parsed()).isGreaterThanOrEqualTo(FILES);
    assertThat(answer.said()).isEqualTo(truth.said());
    if (outlines != null) {
      Files.write(outlines(), outlines);
    }
    return answer;
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : (Iterable<Path>) all::iterator) {
        Path target = to.resolve(from.relativize(path).toString());
        if (Files.isDirectory(path)) {
          Files.createDirectories(target);
        } else {
          Files.copy(path, target, StandardCopyOption.REPLACE_EXISTING);
        }
      }
    }
  }

  @Test
  void noFooterIsParsedForWhatARunHasSaved() throws IOException {
    assertThat(checked().parsed()).isZero();

    // A run that saves the same again leaves the file as it is.
    FileTime old = FileTime.from(Instant.now().minus(Duration.ofDays(1)));
    Files.setLastModifiedTime(outlines(), old);
    night(root, 10);
    assertThat(ask().parsed()).isZero();
  }

  @Test
  void outlinesThatAreGoneDamagedOrOfAnotherVersionAreNotUsed() throws IOException {
    byte[] whole = Files.readAllBytes(outlines());

    Files.delete(outlines());
    assertThat(checked().parsed()).isEqualTo(FILES);

    for (int length : new int[] {0, 7, 8, whole.length / 2, whole.length - 1}) {
      Files.write(outlines(), Arrays.copyOf(whole, length));
      assertThat(checked().parsed()).as("the first %d bytes", length).isEqualTo(FILES);
    }
    byte[] flipped = whole.clone();
    flipped[whole.length / 2] ^= 1;
    Files.write(outlines(), flipped);
    assertThat(checked().parsed()).as("a flipped bit").isEqualTo(FILES);

    Files.writeString(outlines(), "garbage ".repeat(100));
    assertThat(checked().parsed()).isEqualTo(FILES);

    Files.write(outlines(), sealed(whole, "outlines 2", "outlines 3"));
    assertThat(checked().parsed()).as("a newer format").isEqualTo(FILES);
    Files.write(outlines(), sealed(whole, "outlines 2", "outlines 1"));
    assertThat(checked().parsed()).as("an older format").isEqualTo(FILES);
    night(root, 10);
    assertThat(outlines()).as("made again").hasBinaryContent(whole);
    Files.write(outlines(), sealed(whole, "of ledgers 1", "of ledgers 2"));
    assertThat(checked().parsed()).as("newer ledgers").isEqualTo(FILES);
    Files.write(outlines(), sealed(whole, "DAY", "DAX"));
    assertThat(checked().parsed()).as("an unknown value").isEqualTo(FILES);

    Files.delete(outlines());
    Files.createDirectory(outlines());
    assertThat(ask().parsed()).as("a directory").isEqualTo(FILES);
    Files.delete(outlines());

    night(root, 10);
    assertThat(checked().parsed()).as("after the next run").isZero();
  }

  /** Its own file it knows by the heading, whatever has become of the rest. */
  @Test
  void aFileOfAnotherProgramIsLeftAsItIs() throws IOException {
    byte[] own = Files.readAllBytes(outlines());
    for (byte[] foreign :
        List.of(
            "of another program".repeat(9).getBytes(StandardCharsets.UTF_8),
            Arrays.copyOf(own, 20),
            new byte[0])) {
      Files.write(outlines(), foreign);
      night(root, 10);
      assertThat(outlines()).hasBinaryContent(foreign);
      assertThat(ask().parsed()).isEqualTo(FILES);
    }
    Files.write(outlines(), Arrays.copyOf(own, own.length / 2));
    night(root, 10);
    assertThat(outlines()).hasBinaryContent(own);
  }

  /** However large: no such file is read into memory. */
  @Test
  void aVeryLargeFileInItsPlaceIsNotRead() throws IOException {
    byte[] own = Files.readAllBytes(outlines());
    for (byte[] begin : List.of(own, new byte[20])) {
      Files.write(outlines(), begin);
      try (RandomAccessFile file = new RandomAccessFile(outlines().toFile(), "rw")) {
        file.setLength(3L << 30);
      }
      assertThat(ask().parsed()).isEqualTo(FILES);
      night(root, 11);
    }
    assertThat(Files.size(outlines())).as("it is of another program").isEqualTo(3L << 30);
  }

  /** Replaces a text, and corrects the checksum as another version would. */
  private static byte[] sealed(byte[] outlines, String from, String to) {
    String text = new String(outlines, StandardCharsets.ISO_8859_1);
    String old = new String(from.getBytes(StandardCharsets.UTF_16BE), StandardCharsets.ISO_8859_1);
    assertThat(text).contains(old);
    byte[] changed =
        text.replace(
                old,
                new String(to.getBytes(StandardCharsets.UTF_16BE), StandardCharsets.ISO_8859_1))
            .getBytes(StandardCharsets.ISO_8859_1);
    CRC32C checksum = new CRC32C();
    checksum.update(changed, 0, changed.length - Long.BYTES);
    ByteBuffer.wrap(changed).putLong(changed.length - Long.BYTES, checksum.getValue());
    return changed;
  }

  @Test
  void aFileOfOtherContentIsReadWhateverItsSizeAndTime() throws IOException {
    Path other = temporary.resolve("other");
    night(other, 12);
    Path replacement = other.resolve(root.relativize(data()).toString());
    assertThat(Files.size(replacement)).isEqualTo(Files.size(data()));
    FileTime time = Files.getLastModifiedTime(data());

    // Into the same file, so that its inode stays as well.
    Files.write(data(), Files.readAllBytes(replacement));
    Files.setLastModifiedTime(data(), time);

    Answer before = ask(other);
    assertThat(checked().parsed()).isEqualTo(1);
    assertThat(ask().said()).isNotEqualTo(before.said());
  }

  @Test
  void filesThatWereDamagedBehindTheOutlinesAreNamed() throws IOException {
    String text = Files.readString(data(), StandardCharsets.ISO_8859_1);
    Files.writeString(
        data(), text.replace("definition-1", "definition-2"), StandardCharsets.ISO_8859_1);
    assertThat(checked().said().toString()).contains("cannot be read as a Parquet file");

    Files.write(data(), new byte[] {1, 2, 3});
    assertThat(checked().said().toString()).contains("cannot be read as a Parquet file");

    // A file of another month, which the outlines know under its own name.
    Files.copy(
        root.resolve(TRAFFIC.name() + "/site_id=CDBUGS/month=2026-04/data.parquet"),
        data(),
        StandardCopyOption.REPLACE_EXISTING);
    assertThat(checked().said().toString()).contains("which belongs in");
  }

  @Test
  void notesBesideAFileAreFollowed() throws IOException {
    String before = ask().said().toString();
    String later = "2026-07-01T00:00:00Z";
    try (ParquetSink sink = open(root)) {
      sink.migrate(List.of(TRAFFIC));
      // A load that finds no change is noted beside the file.
      sink.commit(
          load("CDBUGS", FIRST, LAST)
              .row(LAST, 1, 10, 1.5)
              .run("run-2", Instant.parse(later))
              .build());
    }
    assertThat(before).doesNotContain(later);
    Answer noted = checked();
    assertThat(noted.said().toString()).contains(later);
    assertThat(noted.parsed()).isEqualTo(2);

    try (ParquetSink sink = open(root)) {
      sink.runEnded(() -> false);
    }
    assertThat(checked().parsed()).isZero();

    Path notes = root.resolve("_fathom/confirmed/" + TRAFFIC.name() + "/site_id=CDBUGS");
    Files.delete(notes.resolve("month=2026-04.json"));
    Files.writeString(notes.resolve("month=2026-05.json"), "{");
    assertThat(checked().said().toString()).contains("cannot be read: remove it");
  }

  @Test
  void restoredBackupsOfEitherAreNoticed() throws IOException {
    Path backup = temporary.resolve("backup");
    copy(root, backup);
    String first = ask().said().toString();
    night(root, 12);
    String second = checked().said().toString();
    assertThat(second).isNotEqualTo(first);

    // The files of the backup with the outlines of today, and the other way around.
    copy(backup.resolve(TRAFFIC.name()), root.resolve(TRAFFIC.name()));
    assertThat(checked().said()).hasToString(first);
    night(root, 12);
    Files.copy(
        backup.resolve(root.relativize(outlines()).toString()),
        outlines(),
        StandardCopyOption.REPLACE_EXISTING);
    assertThat(checked().said()).hasToString(second);
  }

  @Test
  void aCopyOfTheRootUsesItsOutlines() throws IOException {
    Path copy = temporary.resolve("elsewhere/copy");
    copy(root, copy);

    assertThat(ask(copy)).isEqualTo(ask());
    assertThat(ask(copy).parsed()).isZero();
  }

  @Test
  void aReaderWritesNothing() throws IOException {
    for (boolean saved : new boolean[] {true, false}) {
      if (!saved) {
        Files.delete(outlines());
      }
      Map<String, String> before = tree();
      assertThat(ask().parsed()).isEqualTo(saved ? 0 : FILES);
      assertThat(tree()).isEqualTo(before);
    }
  }

  private Map<String, String> tree() throws IOException {
    Map<String, String> tree = new TreeMap<>();
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : (Iterable<Path>) all.sorted(Comparator.naturalOrder())::iterator) {
        tree.put(path.toString(), Files.getLastModifiedTime(path) + " " + Files.size(path));
      }
    }
    return tree;
  }

  @Test
  void runsThatEndTogetherLeaveWhatIsTrue() throws Exception {
    ExecutorService runs = Executors.newFixedThreadPool(SITES.size());
    try (ParquetSink first = open(root);
        ParquetSink second = open(root)) {
      List<Callable<Boolean>> work =
          List.of(() -> run(first, SITES.get(0)), () -> run(second, SITES.get(1)));
      for (Future<Boolean> run : runs.invokeAll(work)) {
        assertThat(run.get()).isTrue();
      }
    } finally {
      runs.shutdown();
    }
    checked();
    try (ParquetSink sink = open(root)) {
      sink.runEnded(() -> false);
    }
    assertThat(checked().parsed()).isZero();
  }

  private boolean run(ParquetSink sink, String site) {
    sink.migrate(List.of(TRAFFIC));
    for (int i = 0; i < 5; i++) {
      sink.commit(load(site, LAST, LAST).row(LAST, 1, 20 + i, 1.5).build());
      sink.runEnded(() -> false);
    }
    return true;
  }

  /** Which periods were over depends on the grouping, so the sums of another one do not serve. */
  @Test
  void sumsOfAnotherGroupingAreThoseOfTheEntries() {
    try (ParquetSink sink = open(root)) {
      PeriodLedger ledger = sink.ledger();
      List<PeriodSum> sums =
          ledger.sums(
              TRAFFIC.name(),
              DateGrouping.MONTH,
              DateGrouping.YEAR,
              List.of(new SiteId("CDBUGS")),
              LocalDate.EPOCH);
      assertThat(sums)
          .isEqualTo(
              PeriodSum.of(
                  ledger.entries(TRAFFIC.name(), List.of(new SiteId("CDBUGS")), LocalDate.EPOCH),
                  DateGrouping.MONTH,
                  DateGrouping.YEAR))
          .extracting(PeriodSum::days)
          .as("the last days of April and May")
          .containsExactly(2L);
      assertThat(sink.footersRead()).isEqualTo(FILES / SITES.size());
    }
  }

  @Test
  void aReportThatLostItsEarlierNameIsDamagedWithAndWithoutOutlines() throws IOException {
    Report renamed = TestReports.pageviews("visits_daily", DateGrouping.DAY);
    try (ParquetSink sink = open(root)) {
      sink.rename(Map.of(renamed.name(), TRAFFIC.name()));
      sink.runEnded(() -> false);
    }
    assertThat(outlines()).as("of the earlier name").doesNotExist();
    try (ParquetSink sink = open(root)) {
      assertThat(sink.damages(renamed, List.of(), new DayRange(FIRST, LAST))).isEmpty();
      assertThat(sink.footersRead()).isZero();
    }
    Files.delete(root.resolve("_fathom/reports/visits_daily.json"));
    try (ParquetSink sink = open(root)) {
      assertThat(sink.damages(renamed, List.of(), new DayRange(FIRST, LAST))).hasSize(FILES);
    }
  }
}
