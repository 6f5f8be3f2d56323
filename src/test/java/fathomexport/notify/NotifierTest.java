package fathomexport.notify;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.config.Notify;
import fathomexport.http.HttpClients;
import fathomexport.run.EarlierRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** After which ends of runs a notification is sent, by a program that keeps what it receives. */
class NotifierTest {
  private static final Instant STARTED = Instant.parse("2026-06-10T14:00:00Z");
  private static final Instant BEFORE = Instant.parse("2026-06-09T14:00:00Z");

  @TempDir Path directory;

  private String notified(Notify notify, int exitCode, @Nullable EarlierRun earlier)
      throws IOException {
    Path file = directory.resolve("summary");
    Files.deleteIfExists(file);
    List<String> failures =
        new Notifier(
                notify,
                directory,
                Map.of("PATH", System.getenv("PATH")),
                new HttpClients(Map.of(), null),
                Set.of(),
                Shield.of(List.of(), Map.of()),
                length -> {
                  throw new AssertionError("nothing is tried again");
                })
            .ended(
                new RunEnd("nightly", "run", exitCode, STARTED, STARTED, null, List.of()),
                () -> Optional.ofNullable(earlier));
    assertThat(failures).isEmpty();
    return Files.exists(file)
        ? Files.readString(file).replaceFirst("(?s)\\{\"event\":\"([a-z]+)\".*", "$1")
        : "nothing";
  }

  private static Notify with(List<Integer> exitCodes, @Nullable Boolean recovery) {
    return new Notify(
        List.of("sh", "-c", "cat > summary"), null, exitCodes, List.of(), recovery, null, null);
  }

  @ParameterizedTest
  @CsvSource({
    "0, nothing",
    "2, failure",
    "65, failure",
    "70, failure",
    "74, failure",
    "75, failure",
    "77, failure",
    "78, failure",
    "130, nothing",
    "143, nothing"
  })
  void withoutExitCodesAllFailuresAreReported(int exitCode, String event) throws IOException {
    assertThat(notified(with(List.of(), null), exitCode, null)).isEqualTo(event);
  }

  @Test
  void onlyTheExitCodesThatAreChosen() throws IOException {
    Notify chosen = with(List.of(0, 74, 143), null);
    assertThat(notified(chosen, 0, null)).isEqualTo("success");
    assertThat(notified(chosen, 74, null)).isEqualTo("failure");
    assertThat(notified(chosen, 75, null)).isEqualTo("nothing");
    assertThat(notified(chosen, 143, null)).isEqualTo("stopped");
    assertThat(notified(chosen, 130, null)).isEqualTo("stopped");
  }

  @Test
  void aRecoveryFollowsWhatWasReportedAndAKill() throws IOException {
    EarlierRun killed = new EarlierRun(BEFORE, null);
    EarlierRun storage = new EarlierRun(BEFORE, 74);
    EarlierRun good = new EarlierRun(BEFORE, 0);
    Notify all = with(List.of(), null);
    assertThat(notified(all, 0, killed)).isEqualTo("recovery");
    assertThat(notified(all, 0, storage)).isEqualTo("recovery");
    assertThat(notified(all, 0, good)).isEqualTo("nothing");
    assertThat(notified(with(List.of(77), null), 0, storage))
        .as("not reported")
        .isEqualTo("nothing");
    assertThat(notified(with(List.of(), false), 0, storage)).isEqualTo("nothing");
  }
}
