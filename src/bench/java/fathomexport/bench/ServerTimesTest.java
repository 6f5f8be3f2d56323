package fathomexport.bench;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The processor time of a server is complete, also while one of its processes ends. The test writes
 * a directory like {@code /proc}. Where the directory changes
 * between two readings, the server's own file is a named pipe: whoever reads it gets the next of the
 * given lines, and does not come to its end before the change is made.
 */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class ServerTimesTest {
  private static final int SERVER = 10;
  private static final int BACKEND = 20;

  @TempDir Path processes;

  /** What the server's file says at one reading, and what happens before that reading ends. */
  private record Reading(String line, Change change) {}

  @FunctionalInterface
  private interface Change {
    void make() throws IOException;
  }

  private static final Change NONE = () -> {};

  @Test
  void processesOfTheServerCountAndNoOthers() throws Exception {
    process(SERVER, "S", 1, 100, 20, 3, 4);
    process(BACKEND, "R", SERVER, 50, 5, 0, 0);
    process(21, "S", SERVER, 7, 1, 0, 0);
    process(30, "R", 1, 9_000, 900, 0, 0);
    Files.createDirectory(processes.resolve("sys"));

    assertThat(ticks()).isEqualTo(127 + 55 + 8);
  }

  @Test
  void whatAProcessHasWaitedForCountsWithIt() throws Exception {
    process(SERVER, "S", 1, 100, 20, 0, 0);
    process(BACKEND, "R", SERVER, 50, 5, 600, 60);

    assertThat(ticks()).isEqualTo(120 + 55 + 660);
  }

  @Test
  void anEndedProcessThatWasNotWaitedForCountsOnce() throws Exception {
    process(SERVER, "S", 1, 100, 20, 3, 4);
    process(BACKEND, "Z", SERVER, 50, 5, 0, 0);

    assertThat(ticks()).isEqualTo(127 + 55);
  }

  @Test
  void aProcessThatIsReapedAfterTheServerWasReadIsNotMissed() throws Exception {
    process(BACKEND, "R", SERVER, 50, 5, 0, 0);
    String reaped = line(SERVER, "S", 1, 100, 20, 53, 9);

    assertThat(
            ticks(
                new Reading(line(SERVER, "S", 1, 100, 20, 3, 4), () -> remove(BACKEND)),
                new Reading(reaped, NONE)))
        .isEqualTo(182);
  }

  @Test
  void aProcessThatIsReapedWhileOthersAreReadCountsOnce() throws Exception {
    process(BACKEND, "Z", SERVER, 50, 5, 0, 0);
    String before = line(SERVER, "S", 1, 100, 20, 3, 4);
    String reaped = line(SERVER, "S", 1, 100, 20, 53, 9);

    // Its own file is read between the first two readings of the server's, and again until the
    // directory no longer has it.
    assertThat(
            ticks(
                new Reading(before, NONE),
                new Reading(reaped, () -> remove(BACKEND)),
                new Reading(reaped, NONE)))
        .isEqualTo(182);
  }

  @Test
  void aProcessThatIsJustBeingReapedIsReadAgain() throws Exception {
    process(BACKEND, "X", SERVER, 50, 5, 0, 0);
    String reaped = line(SERVER, "S", 1, 100, 20, 53, 9);

    // In this state its time may be the server's already, and its own file is there nevertheless.
    assertThat(
            ticks(
                new Reading(reaped, NONE),
                new Reading(reaped, () -> remove(BACKEND)),
                new Reading(reaped, NONE)))
        .isEqualTo(182);
  }

  @Test
  void timesThatNeverSettleAreAnError() throws Exception {
    process(SERVER, "S", 1, 100, 20, 3, 4);
    process(BACKEND, "X", SERVER, 50, 5, 0, 0);

    assertThatThrownBy(this::ticks)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("process 10")
        .hasMessageContaining("ended while they were read");
  }

  @Test
  void aServerThatIsNotThereIsAnError() {
    assertThatThrownBy(this::ticks).isInstanceOf(IOException.class).hasMessageContaining("10/stat");
  }

  @Test
  void aFileThatCannotBeReadIsAnError() throws Exception {
    process(SERVER, "S", 1, 100, 20, 3, 4);
    Files.createDirectories(processes.resolve("21").resolve("stat"));

    assertThatThrownBy(this::ticks).isInstanceOf(IOException.class);
  }

  private long ticks() throws IOException {
    return new ServerTimes(processes, SERVER).ticks();
  }

  /** Returns the ticks while the server's file says these lines in turn, and then only the last. */
  private long ticks(Reading... readings) throws Exception {
    Path file = Files.createDirectories(processes.resolve(String.valueOf(SERVER))).resolve("stat");
    List<Path> pipes = new ArrayList<>();
    for (int i = 0; i < readings.length; i++) {
      pipes.add(pipe(i));
    }
    Files.move(pipes.get(0), file);
    FutureTask<Void> written =
        new FutureTask<>(
            () -> {
              write(file, List.of(readings), pipes);
              return null;
            });
    Thread writer = new Thread(written, "writer");
    writer.start();
    try {
      long ticks = ticks();
      written.get();
      return ticks;
    } finally {
      // A pipe that nobody has read would keep the writer waiting.
      while (writer.isAlive()) {
        new RandomAccessFile(file.toFile(), "rw").close();
        writer.join(Duration.ofMillis(10).toMillis());
      }
    }
  }

  private Path pipe(int number) throws IOException, InterruptedException {
    Path pipe = processes.resolve("pipe" + number);
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    return pipe;
  }

  /** Each reading has a pipe of its own, so that no reader gets what the next one is to read. */
  private void write(Path file, List<Reading> readings, List<Path> pipes) throws IOException {
    for (int i = 0; i < readings.size(); i++) {
      try (OutputStream out = new FileOutputStream(file.toFile())) {
        out.write(readings.get(i).line().getBytes(UTF_8));
        readings.get(i).change().make();
        Path next =
            i + 1 < pipes.size()
                ? pipes.get(i + 1)
                : Files.writeString(processes.resolve("last"), readings.get(i).line());
        Files.move(next, file, StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  private void process(int id, String state, int parent, int... times) throws IOException {
    Path directory = Files.createDirectories(processes.resolve(String.valueOf(id)));
    Files.writeString(directory.resolve("stat"), line(id, state, parent, times));
  }

  /** Returns a line as the kernel writes it, with four times in ticks. */
  private static String line(int id, String state, int parent, int... times) {
    return "%d (postgres: a) b) %s %d 10 10 0 -1 4194304 1 2 3 4 %d %d %d %d 20 0 1 0 77 0 0%n"
        .formatted(id, state, parent, times[0], times[1], times[2], times[3]);
  }

  private void remove(int id) throws IOException {
    Path directory = processes.resolve(String.valueOf(id));
    Files.delete(directory.resolve("stat"));
    Files.delete(directory);
  }
}
