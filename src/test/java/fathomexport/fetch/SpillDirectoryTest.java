package fathomexport.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.testing.PackagedProgram;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpillDirectoryTest {
  @TempDir Path temporary;

  /** Runs that start at the same moment, such as nightly ones: none deletes another's directory. */
  @Test
  void runsThatStartTogetherKeepTheirDirectories() throws Exception {
    Path abandoned = Files.createDirectory(temporary.resolve("fathom-export-spill-1"));
    Files.createFile(abandoned.resolve("lock"));
    Files.createFile(abandoned.resolve("rows-1.spill"));
    // Of a run that was killed before it had created the lock.
    Files.createDirectory(temporary.resolve("fathom-export-spill-2"));
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      List<String> command =
          new ArrayList<>(
              PackagedProgram.commandWithTests(List.of("-Djava.io.tmpdir=" + temporary)));
      command.add(ManyRuns.class.getName());
      processes.add(new ProcessBuilder(command).redirectErrorStream(true).start());
    }
    for (Process process : processes) {
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
      assertThat(process.exitValue()).as(said).isZero();
    }
    try (Stream<Path> left = Files.list(temporary)) {
      assertThat(left).isEmpty();
    }
  }

  /** A process with one long run, beside which it has many short ones. */
  static final class ManyRuns {
    public static void main(String[] args) throws IOException {
      try (SpillDirectory longest = SpillDirectory.create()) {
        for (int i = 0; i < 50; i++) {
          try (SpillDirectory shorter = SpillDirectory.create()) {
            Files.writeString(shorter.path().resolve("rows"), "a row");
            Files.writeString(longest.path().resolve("rows"), "a row");
          }
        }
      }
    }
  }
}
