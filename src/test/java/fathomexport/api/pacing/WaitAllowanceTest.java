package fathomexport.api.pacing;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What counts for the sum of the waits of one account. */
class WaitAllowanceTest {
  private final WaitAllowance minute = new WaitAllowance(Duration.ofSeconds(60), "a minute");

  @Test
  void waitsAreAllowedUpToTheirSum() {
    minute.add(Duration.ofSeconds(40));
    assertThat(minute.allows(Duration.ofSeconds(20))).isTrue();
    assertThat(minute.allows(Duration.ofSeconds(21))).isFalse();
  }

  /** One request that times out may be momentary, and is sent again. */
  @Test
  void failedAttemptsCountFromTheSecondOn() {
    minute.addFailed(Duration.ofSeconds(60));
    assertThat(minute.allows(Duration.ofSeconds(1))).isTrue();
    minute.addFailed(Duration.ofSeconds(60));
    assertThat(minute.allows(Duration.ofSeconds(1))).isFalse();
  }
}
