package fathomexport.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.RunRecord;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class RunLinesTest {
  private static RunRecord run(String... messages) {
    Instant at = Instant.parse("2026-01-01T00:00:00Z");
    return RunRecord.withoutWindows("run", "all", "run", at, at, 77, 0, List.of(messages));
  }

  @Test
  void theFirstFailureIsTheProblemOfARun() {
    assertThat(RunLines.problem(run("site A: 403", "site B: 403"))).isEqualTo("site A: 403");
  }

  @Test
  void allAccountsThatCouldNotBeAskedAreNamed() {
    assertThat(RunLines.problem(run("account shop: 401", "account agency: 402", "site B: 403")))
        .isEqualTo("account shop: 401; account agency: 402");
  }
}
