package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.World;
import fathomexport.testing.FaultDrill;
import fathomexport.testing.FaultTable;
import fathomexport.testing.ForkedRun;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.RestartableServer;
import fathomexport.testing.SmallDisk;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A disk fills up in the middle of a backfill, where a small file system may be mounted. */
@ExtendWith(FaultTable.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FullDiskRunTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 8, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 8, 6);
  private static final int PAGES_PER_DAY = 1_200;
  private static final int FEW_PAGES = 900;
  private static final String SITE = "PAGEFULL";

  /** A window. */
  private static final String TWO_DAYS = "  max_range_days: 2\n";

  private static final int DISK_KILOBYTES = 64 * 1024;

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "pathname"));

  @TempDir Path place;
  private FaultDrill drill;

  /** Rows enough to spill: long names that do not compress. */
  private static World world(int pagesPerDay) {
    World world = World.empty().addSite(SITE, ZoneOffset.UTC);
    long n = 0;
    for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
      List<PageView> views = new ArrayList<>();
      for (int i = 0; i < pagesPerDay; i++) {
        n++;
        String path =
            "/"
                + Long.toHexString(n * 0x9E3779B97F4A7C15L)
                + "/"
                + Long.toHexString(n * 0xC2B2AE3D27D4EB4FL);
        views.add(
            PageView.at(day.atTime(LocalTime.NOON).toInstant(ZoneOffset.UTC).plusSeconds(i))
                .visit(n)
                .path(path));
      }
      world.addPageViews(SITE, views);
    }
    return world;
  }

  @BeforeAll
  void undisturbed(@TempDir Path directory) {
    drill =
        new FaultDrill(
            directory, world(PAGES_PER_DAY), FIRST, LAST, "[" + SITE + "]", TWO_DAYS, REPORTS);
  }

  @AfterAll
  void close() {
    drill.close();
  }

  private static SmallDisk mounted(Path at) {
    Optional<SmallDisk> disk = SmallDisk.mount(at, DISK_KILOBYTES);
    if (disk.isEmpty()) {
      System.out.println("skipped: no file system may be mounted here; root may, as a rule");
    }
    assumeTrue(disk.isPresent(), "no file system may be mounted here; root may, as a rule");
    return disk.orElseThrow();
  }

  @Test
  void underTheParquetRoot() {
    try (FaultDrill.Trial trial = drill.trial();
        SmallDisk disk = mounted(trial.installation().warehouse())) {
      disk.leave(100);
      Installation.Ended ended = trial.run("disk full under the Parquet root");
      assertThat(ended.code()).as(ended.said()).isEqualTo(74);
      assertThat(ended.said())
          .contains(
              "No space left on device (make room there, or correct parquet.root in the settings)");
      disk.clear();
      trial.finish();
    }
  }

  @Test
  void aParquetRootThatIsReadOnly() {
    try (FaultDrill.Trial trial = drill.trial();
        SmallDisk disk = mounted(trial.installation().warehouse())) {
      disk.remount("ro");
      Installation.Ended ended = trial.run("read-only Parquet root");
      assertThat(ended.code()).as(ended.said()).isEqualTo(74);
      assertThat(ended.said())
          .contains(
              "Read-only file system (mount it so that it can be written to, or correct"
                  + " parquet.root in the settings)");
      assertThat(trial.installation().run("check", "all").out())
          .contains("mount it so that it can be written to, or correct parquet.root");
      disk.remount("rw");
      trial.finish();
    }
  }

  @Test
  void underTheSpillDirectory() throws Exception {
    spilling("disk full under the spill directory", 1, 0);
  }

  /** Not before the libraries are unpacked there, but before the last rows are. */
  @Test
  @Tag("chaos")
  void underTheSpillDirectoryOnTheWay() throws Exception {
    spilling("disk full under the spill directory, on the way", DISK_KILOBYTES, 6);
  }

  /**
   * @param kilobytes free at the beginning
   * @param request before which all but little of it is filled; 0 for none
   */
  private void spilling(String fault, int kilobytes, int request) throws Exception {
    Path spill = Files.createDirectories(place.resolve("spill"));
    try (FaultDrill.Trial trial = drill.trial();
        SmallDisk disk = mounted(spill)) {
      disk.leave(kilobytes);
      drill
          .api()
          .behave(
              drill
                  .normal()
                  .withFault(
                      FaultRule.when(
                          r -> {
                            if (request > 0 && r.aggregation() == request) {
                              disk.leave(20);
                            }
                            return false;
                          },
                          new Fault.HangUp())));
      try (ForkedRun forked =
          trial.fork(List.of("-Djava.io.tmpdir=" + spill, "-XX:-UsePerfData"))) {
        Installation.Ended ended = forked.await(120);
        trial.ended(fault, String.valueOf(ended.code()));
        assertThat(ended.code()).as(ended.said()).isEqualTo(74);
        assertThat(ended.said())
            .contains("No space left on device", "make room there, or name another directory with");
      }
      disk.clear();
      trial.finish();
    }
  }

  /** Found before anything is fetched, as is a folder that nothing may be loaded from. */
  @Test
  void aLibraryThatCannotBeUnpacked() throws Exception {
    Path noFolder = Files.createFile(place.resolve("file"));
    try (FaultDrill.Trial trial = drill.trial();
        ForkedRun forked = trial.fork(List.of("-Dorg.xerial.snappy.tempdir=" + noFolder))) {
      Installation.Ended ended = forked.await(120);
      trial.ended("a native library cannot be unpacked", String.valueOf(ended.code()));
      assertThat(ended.code()).as(ended.said()).isEqualTo(74);
      assertThat(ended.said()).contains("snappy", noFolder.toString(), "tempdir=DIR");
      assertThat(drill.api().log().aggregations()).isEmpty();
      trial.finish();
    }
  }

  @Test
  void temporaryFilesMountedNoexec() throws Exception {
    Path hardened = Files.createDirectories(place.resolve("hardened"));
    try (FaultDrill.Trial trial = drill.trial();
        SmallDisk disk = mounted(hardened)) {
      disk.remount("noexec");
      try (ForkedRun forked = trial.fork(List.of("-Djava.io.tmpdir=" + hardened))) {
        Installation.Ended ended = forked.await(120);
        trial.ended("temporary files mounted noexec", String.valueOf(ended.code()));
        assertThat(ended.code()).as(ended.said()).isEqualTo(78);
        assertThat(ended.said()).contains(hardened + ", which is mounted noexec", "=DIR");
        assertThat(drill.api().log().aggregations()).isEmpty();
      }
      // What the message says to set is enough.
      Path own = Files.createDirectories(place.resolve("libraries"));
      try (ForkedRun forked =
          trial.fork(
              List.of(
                  "-Djava.io.tmpdir=" + hardened,
                  "-Dorg.xerial.snappy.tempdir=" + own,
                  "-DZstdTempFolder=" + own))) {
        Installation.Ended ended = forked.await(120);
        assertThat(ended.code()).as(ended.said()).isZero();
      }
    }
  }

  /**
   * Rows that fit memory as they were fetched outgrow it when they are typed: the disk is full by
   * then. The run ends as it does when fetching or committing meets that.
   */
  @Test
  void underTheSpillDirectoryWhileTyping() throws Exception {
    Path spill = Files.createDirectories(place.resolve("typing"));
    try (FaultDrill few =
            new FaultDrill(
                place.resolve("few"),
                world(FEW_PAGES),
                FIRST,
                LAST,
                "[" + SITE + "]",
                "  max_range_days: 1\n",
                List.of(Question.pageviews("pages_daily", "day", "pathname")));
        FaultDrill.Trial trial = few.trial();
        SmallDisk disk = mounted(spill)) {
      few.api()
          .behave(
              few.normal()
                  .withFault(
                      FaultRule.when(
                          r -> {
                            if (r.aggregation() == 1) {
                              disk.leave(0);
                            }
                            return false;
                          },
                          new Fault.HangUp())));
      try (ForkedRun forked =
          trial.fork(
              List.of(
                  "-Djava.io.tmpdir=" + spill,
                  "-Dorg.xerial.snappy.tempdir=" + place,
                  "-DZstdTempFolder=" + place,
                  "-XX:-UsePerfData"))) {
        Installation.Ended ended = forked.await(120);
        trial.ended("disk full while rows are typed", String.valueOf(ended.code()));
        assertThat(ended.code()).as(ended.said()).isEqualTo(74);
        assertThat(ended.said()).contains("No space left on device", spill.toString());
        assertThat(few.api().log().aggregations().size())
            .as("nothing more is asked when it is known")
            .isLessThan(few.requests());
      }
      disk.clear();
      trial.finish();
    }
  }

  @Test
  void underTheTablespace() throws Exception {
    try (RestartableServer server = RestartableServer.start(place.resolve("server"));
        SmallDisk disk = mounted(Files.createDirectories(place.resolve("tablespace")));
        FaultDrill.Trial trial = drill.trial(server.database())) {
      server.execute("CREATE TABLESPACE small LOCATION '" + disk.path() + "'");
      server.execute("GRANT CREATE ON TABLESPACE small TO " + trial.database().user());
      server.execute(
          "ALTER DATABASE " + trial.database().name() + " SET default_tablespace = small");
      trial.migrated();
      disk.leave(200);
      Installation.Ended ended = trial.run("disk full under the tablespace");
      assertThat(ended.code()).as(ended.said()).isEqualTo(74);
      assertThat(ended.said()).contains("No space left on device");
      disk.clear();
      trial.finish();
    }
  }
}
