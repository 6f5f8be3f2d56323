package fathomexport.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.io.TempDir;

/** The check that fails a test which left something open can fail. */
final class LeakCheckTest {
  private static final Duration AT_ONCE = Duration.ZERO;
  private static final Duration IN_TIME = Duration.ofMinutes(1);
  private static final Pattern THREAD = Pattern.compile("new Thread\\([^;]*?\"([a-z-]+)\"");

  @TempDir Path directory;

  @Test
  void isRegisteredForEveryTest() {
    assertThat(ServiceLoader.load(Extension.class))
        .anyMatch(extension -> extension instanceof LeakCheck);
  }

  @Test
  void aConnectionThatStaysOpen() throws SQLException {
    assumeTrue(OpenThings.seesFiles());
    try (TestDatabase database = TestDatabase.create()) {
      OpenThings before = OpenThings.now();
      try (Connection connection = database.connect()) {
        assertThat(connection.isValid(0)).isTrue();
        assertThatThrownBy(() -> LeakCheck.requireClosed(before, AT_ONCE))
            .isInstanceOf(AssertionError.class)
            .hasMessage("left open by this test: 1 connections to the database are open");
      }
      LeakCheck.requireClosed(before, IN_TIME);
    }
  }

  /** As if a test dropped its database under a connection that it had forgotten. */
  @Test
  void aConnectionThatOnlyTheServerHasClosed() throws SQLException {
    assumeTrue(OpenThings.seesFiles());
    OpenThings before = OpenThings.now();
    TestDatabase database = TestDatabase.create();
    try (Connection connection = database.connect()) {
      database.close();
      assertThat(connection.isClosed()).isFalse();
      assertThatThrownBy(() -> LeakCheck.requireClosed(before, AT_ONCE))
          .isInstanceOf(AssertionError.class);
    }
    LeakCheck.requireClosed(before, IN_TIME);
  }

  @Test
  void aFileThatStaysOpenAlsoIfItIsDeleted() throws IOException {
    assumeTrue(OpenThings.seesFiles());
    OpenThings before = OpenThings.now();
    Path file = directory.resolve("rows");
    try (OutputStream out = Files.newOutputStream(file)) {
      out.write(1);
      assertThatThrownBy(() -> LeakCheck.requireClosed(before, AT_ONCE))
          .hasMessageContaining("the file " + file);
      Files.delete(file);
      assertThatThrownBy(() -> LeakCheck.requireClosed(before, AT_ONCE))
          .hasMessageContaining("the file " + file);
    }
    assertThatCode(() -> LeakCheck.requireClosed(before, AT_ONCE)).doesNotThrowAnyException();
  }

  /** A thread with another name would be looked for by nothing. */
  @Test
  void everyThreadOfTheProductIsLookedFor() throws IOException {
    Set<String> names = new TreeSet<>();
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
        // Those of Main end with the process, and the simulator is not the product.
        if (!file.endsWith("Main.java") && !file.toString().contains("simulator")) {
          THREAD
              .matcher(Files.readString(file))
              .results()
              .forEach(found -> names.add(found.group(1)));
        }
      }
    }
    assertThat(names).isEqualTo(OpenThings.THREADS);
  }

  @Test
  void aThreadThatRunsOnAndOneThatIsWaitedFor() throws InterruptedException {
    OpenThings before = OpenThings.now();
    CountDownLatch end = new CountDownLatch(1);
    Thread thread =
        new Thread(
            () -> {
              try {
                end.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "fetch");
    thread.start();
    try {
      assertThatThrownBy(() -> LeakCheck.requireClosed(before, AT_ONCE))
          .hasMessage("left open by this test: the thread fetch runs");
    } finally {
      end.countDown();
    }
    LeakCheck.requireClosed(before, IN_TIME);
    thread.join();
  }
}
