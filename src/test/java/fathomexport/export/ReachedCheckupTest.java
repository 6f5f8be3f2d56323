package fathomexport.export;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.Reached;
import fathomexport.run.FailureKind;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ReachedCheckupTest {
  private static final Instant NOW = Instant.parse("2026-03-03T04:05:06Z");
  private final Findings findings = new Findings();

  private void reached(Instant serverTime, Instant validUntil) {
    ReachedCheckup.reached(new Reached(serverTime, NOW, "CN=api", validUntil), findings);
  }

  private Finding.State state(String item) {
    return findings.all().stream()
        .filter(f -> f.item().equals(item))
        .map(Finding::state)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aClockOfTheSameTimeAndALongCertificateAreInOrder() {
    reached(NOW, NOW.plus(Duration.ofDays(15)));
    assertThat(findings.all()).extracting(Finding::item).containsExactly("clock", "certificate");
    assertThat(findings.all()).extracting(Finding::state).containsOnly(Finding.State.OK);
  }

  @Test
  void aCertificateThatEndsWithinTwoWeeksIsRemarkedOn() {
    reached(NOW, NOW.plus(Duration.ofDays(13)));
    assertThat(state("certificate")).isEqualTo(Finding.State.WARNING);
  }

  @Test
  void aClockOfAnotherDayIsAMistakeOfTheMachine() {
    reached(NOW.plus(Duration.ofDays(1)), NOW.plus(Duration.ofDays(90)));
    assertThat(findings.all().get(0).failure()).isEqualTo(FailureKind.CONFIGURATION);
  }

  @Test
  void withoutTlsThereIsNoCertificateAndWithoutATimeNoClock() {
    ReachedCheckup.reached(new Reached(null, NOW, null, null), findings);
    assertThat(findings.all())
        .containsExactly(
            Finding.ok("certificate", "none: the API is on this machine, over plain HTTP"));
  }
}
