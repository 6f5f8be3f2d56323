package fathomexport.api;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.CallAttempt.Fault;
import fathomexport.api.pacing.RetryPolicy;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** How often a caller tries a call, and which waits it accepts. */
class CallRulesTest {
  private static final RetryPolicy POLICY =
      new RetryPolicy(
          5,
          Duration.ofSeconds(1),
          Duration.ofSeconds(30),
          Duration.ofMinutes(15),
          Duration.ofMinutes(10));
  private static final CallRules RULES = CallRules.of(POLICY);

  @Test
  void aCallWaitsForItsSiteAsLongAsTheRunAccepts() {
    assertThat(RULES.waitsInPlace(Duration.ofMinutes(15))).isTrue();
    assertThat(RULES.waitsInPlace(Duration.ofMinutes(15).plusNanos(1))).isFalse();
  }

  @Test
  void aCallerWithOtherSitesWaitsNoLongerThanBeforeARetry() {
    assertThat(RULES.postponing().waitsInPlace(Duration.ofSeconds(30))).isTrue();
    assertThat(RULES.postponing().waitsInPlace(Duration.ofSeconds(31))).isFalse();
    assertThat(RULES.postponing().isDispensable()).isFalse();
  }

  @Test
  void whatARunCanDoWithoutWaitsForNoSiteAndIsTriedTwice() {
    CallRules rules = RULES.dispensable();
    assertThat(rules.isDispensable()).isTrue();
    assertThat(rules.waitsInPlace(Duration.ZERO)).isTrue();
    assertThat(rules.waitsInPlace(Duration.ofNanos(1))).isFalse();
    assertThat(rules.most(Fault.UNAVAILABLE)).isEqualTo(2);
    assertThat(rules.most(Fault.LIMIT)).isEqualTo(2);
    assertThat(RULES.withAttempts(1).dispensable().most(Fault.UNAVAILABLE)).isEqualTo(1);
  }

  /**
   * A 429 says nothing of the site, so a site that has failed before is given no fewer attempts.
   */
  @Test
  void fewerAttemptsDoNotApplyToALimit() {
    CallRules rules = RULES.withAttempts(2);
    assertThat(rules.most(Fault.UNAVAILABLE)).isEqualTo(2);
    assertThat(rules.most(Fault.MALFORMED)).isEqualTo(2);
    assertThat(rules.most(Fault.UNREACHABLE)).isEqualTo(2);
    assertThat(rules.most(Fault.LIMIT)).isEqualTo(5);
    assertThat(rules.withAttempts(4).most(Fault.UNAVAILABLE)).as("never more again").isEqualTo(2);
  }

  @Test
  void anImpatientCommandTriesTwiceToConnect() {
    CallRules rules = CallRules.of(POLICY.withPatience(Duration.ZERO));
    assertThat(rules.most(Fault.UNREACHABLE)).isEqualTo(2);
    assertThat(rules.most(Fault.UNAVAILABLE)).isEqualTo(5);
  }
}
