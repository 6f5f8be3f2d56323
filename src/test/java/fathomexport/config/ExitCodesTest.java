package fathomexport.config;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.cli.process.ExitCodes;
import fathomexport.run.FailureKind;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** A code that a command ends with is in README, and can be chosen for notifications. */
class ExitCodesTest {
  private static final Pattern ROW = Pattern.compile("^\\| ([0-9, ]+) \\|", Pattern.MULTILINE);

  /** Both are stops by a signal, and a notification cannot tell them apart. */
  private static final int INTERRUPTED = 130;

  private static Set<Integer> documented() throws IOException {
    String readme = Files.readString(Path.of("README.md"));
    String section = readme.substring(readme.indexOf("\n## Exit codes"));
    Set<Integer> codes = new TreeSet<>();
    ROW.matcher(section.substring(0, section.indexOf("\n## ", 1)))
        .results()
        .flatMap(row -> Arrays.stream(row.group(1).split(",")))
        .forEach(code -> codes.add(Integer.valueOf(code.strip())));
    return codes;
  }

  @Test
  void everyCodeIsDocumented() throws Exception {
    Set<Integer> known = new TreeSet<>(List.of(0, INTERRUPTED));
    Arrays.stream(FailureKind.values()).forEach(kind -> known.add(kind.exitCode()));
    for (Field constant : ExitCodes.class.getFields()) {
      known.add(constant.getInt(null));
    }
    assertThat(documented()).isEqualTo(known);
  }

  @Test
  void everyCodeCanBeReported() throws IOException {
    Set<Integer> reported = new TreeSet<>(NotifyKeys.EXIT_CODES);
    reported.add(INTERRUPTED);
    assertThat(reported).isEqualTo(documented());
  }

  /** The worst first: what a person must mend comes before what the next run mends. */
  @Test
  void theWorstOfSeveralKindsDecides() {
    assertThat(Arrays.stream(FailureKind.values()).map(FailureKind::exitCode))
        .containsExactly(78, 77, 70, 74, 75, 75, 65, 143);
  }
}
