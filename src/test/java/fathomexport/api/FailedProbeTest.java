package fathomexport.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.api.CallAttempt.Fault;
import fathomexport.api.Outcome.Unavailable.Cause;
import fathomexport.api.pacing.RetryPolicy;
import fathomexport.api.pacing.StoppedException;
import fathomexport.report.SiteId;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What becomes of a call, and of the circuit breaker, after an attempt that tested whether the API
 * responds again has failed.
 */
@Timeout(300)
class FailedProbeTest {
  private static final RetryPolicy POLICY = ClientFixture.policy();
  private static final CallScope PAGES = new CallScope(new SiteId("CDBUGS"), "pages");
  private static final CallScope SITES = new CallScope(null, "/sites");

  /** The wait before the second probe, unless a response asks for a longer one. */
  private static final Duration SECOND_WAIT = Duration.ofSeconds(30);

  private static ScriptedServer accountThatAnswers() throws Exception {
    return new ScriptedServer(ScriptedServer.json("{\"id\":1}"));
  }

  private static ScriptedServer accountThatFails() throws Exception {
    return new ScriptedServer(ScriptedServer.answer(503, "text/plain", "no"));
  }

  private static CallerParts parts(ScriptedServer server, RetryPolicy policy, int retries)
      throws Exception {
    CallerParts parts = new CallerParts(server.baseUrl(), CallRules.of(policy), retries);
    parts.beginProbe();
    return parts;
  }

  private static void isUnavailable(Optional<Outcome<String>> end, Cause cause, String reason) {
    assertThat(end).contains(new Outcome.Unavailable<>(reason, cause));
  }

  /** A run has patience: its retries are for the time after. */
  @Test
  void aProbeIsNotTriedAgainAndTakesNoRetry() throws Exception {
    try (ScriptedServer server = accountThatAnswers();
        CallerParts parts = parts(server, POLICY, 6)) {
      isUnavailable(
          parts.after(PAGES, 1, true, Fault.UNAVAILABLE, null), Cause.INTERRUPTED, "it went wrong");
      assertThat(parts.state.budget(PAGES).taken()).isZero();
      assertThat(server.requests()).as("nothing is asked about the account").isEmpty();
      assertThat(parts.waitForNextProbe()).isEqualTo(SECOND_WAIT);
    }
  }

  @Test
  void thatItsRetriesAreUsedUpIsNotWhyAProbeEnds() throws Exception {
    try (ScriptedServer server = accountThatAnswers();
        CallerParts parts = parts(server, POLICY, 0)) {
      isUnavailable(
          parts.after(PAGES, 1, true, Fault.UNAVAILABLE, null), Cause.INTERRUPTED, "it went wrong");
    }
  }

  @Test
  void aProbeAboutNoSiteEndsToo() throws Exception {
    try (ScriptedServer server = accountThatAnswers();
        CallerParts parts = parts(server, POLICY, 6)) {
      isUnavailable(
          parts.after(SITES, 1, true, Fault.UNAVAILABLE, null), Cause.INTERRUPTED, "it went wrong");
      assertThat(parts.waitForNextProbe()).isEqualTo(SECOND_WAIT);
    }
  }

  @Test
  void aRunThatWaitsRepeatsAProbeAboutNoSite() throws Exception {
    try (ScriptedServer server = accountThatAnswers();
        CallerParts parts = parts(server, POLICY.waiting(), 0)) {
      assertThat(parts.after(SITES, 1, true, Fault.UNAVAILABLE, null)).isEmpty();
      assertThat(server.requests()).as("nothing is asked about the account").isEmpty();
      assertThat(parts.waitForNextProbe()).isEqualTo(SECOND_WAIT);
    }
  }

  /** It closes the circuit breaker, and the probe was one attempt like any other. */
  @Test
  void aRunThatWaitsBelievesTheAccountThatTheApiIsBack() throws Exception {
    try (ScriptedServer server = accountThatAnswers();
        CallerParts parts = parts(server, POLICY.waiting(), 6)) {
      assertThat(parts.after(PAGES, 1, true, Fault.UNAVAILABLE, null)).isEmpty();
      assertThat(parts.state.breaker.isOpen()).isFalse();
      assertThat(parts.state.budget(PAGES).taken()).isEqualTo(1);
      assertThat(server.requests()).hasSize(1);
    }
  }

  @Test
  void whatTheAccountHasAnsweredIsNotAskedAgain() throws Exception {
    try (ScriptedServer server = accountThatAnswers();
        CallerParts parts = parts(server, POLICY.waiting(), 6)) {
      isUnavailable(
          parts.after(PAGES, 3, true, Fault.UNAVAILABLE, Duration.ofSeconds(40)),
          Cause.ATTEMPTS,
          "it went wrong (attempt 3 of 3)");
      assertThat(server.requests()).hasSize(1);
      assertThat(parts.state.breaker.isOpen()).isFalse();
      assertThat(parts.state.breaker.reason(new SiteId("CDBUGS")))
          .as("nothing is recorded of the site")
          .isEqualTo("503: down");
    }
  }

  @Test
  void anAccountThatDoesNotAnswerEitherIsAskedOnce() throws Exception {
    try (ScriptedServer server = accountThatFails();
        CallerParts parts = parts(server, POLICY.waiting(), 6)) {
      isUnavailable(
          parts.after(PAGES, 1, true, Fault.UNAVAILABLE, null), Cause.INTERRUPTED, "it went wrong");
      assertThat(server.requests()).hasSize(1);
      assertThat(parts.state.breaker.reason(new SiteId("CDBUGS")))
          .as("it is no failure of the site")
          .isEqualTo("503: down");
      assertThat(parts.waitForNextProbe()).isEqualTo(SECOND_WAIT);
    }
  }

  @Test
  void aRunThatWaitsTriesAgainAtTheTimeThatTheApiHasNamed() throws Exception {
    try (ScriptedServer server = accountThatFails();
        CallerParts parts = parts(server, POLICY.waiting(), 6)) {
      isUnavailable(
          parts.after(PAGES, 1, true, Fault.UNAVAILABLE, Duration.ofMinutes(5)),
          Cause.INTERRUPTED,
          "it went wrong");
      assertThat(parts.waitForNextProbe()).isEqualTo(Duration.ofMinutes(5));
    }
  }

  /** The permits keep the account's wait, so the next request may test the API at once. */
  @Test
  void aLimitSaysNothingOfWhetherTheApiIsDown() throws Exception {
    try (ScriptedServer server = accountThatAnswers();
        CallerParts ending = parts(server, POLICY, 6);
        CallerParts waiting = parts(server, POLICY.waiting(), 6)) {
      assertThat(ending.after(PAGES, 1, true, Fault.LIMIT, Duration.ofMinutes(16))).isPresent();
      assertThat(ending.waitForNextProbe()).isZero();
      assertThat(waiting.after(PAGES, 1, true, Fault.LIMIT, Duration.ofMinutes(16))).isEmpty();
      assertThat(waiting.waitForNextProbe()).isZero();
    }
  }

  @Test
  void aLimitOfAnotherCallDoesNotEndTheProbe() throws Exception {
    try (ScriptedServer server = accountThatAnswers();
        CallerParts parts = parts(server, POLICY, 6)) {
      assertThat(parts.after(PAGES, 1, false, Fault.LIMIT, Duration.ofMinutes(16))).isPresent();
      assertThatThrownBy(parts::waitForNextProbe).isInstanceOf(StoppedException.class);
    }
  }

  /** It may be the page of a proxy in front of an API that is down. */
  @Test
  void anAnswerOfAnotherFormDoesNotShowThatTheApiIsBack() throws Exception {
    try (ScriptedServer server = accountThatAnswers();
        CallerParts parts = parts(server, POLICY, 6)) {
      assertThat(parts.after(PAGES, 2, true, Fault.OF_OTHER_FORM, null))
          .contains(new Outcome.Malformed<>("it went wrong", true));
      assertThat(parts.state.breaker.isOpen()).isTrue();
      assertThat(parts.waitForNextProbe()).isEqualTo(SECOND_WAIT);
    }
  }

  @Test
  void anAnswerThatCannotBeUsedIsOne() throws Exception {
    try (ScriptedServer server = accountThatAnswers();
        CallerParts parts = parts(server, POLICY, 6)) {
      parts.state.breaker.answered(new SiteId("CDBUGS"));
      assertThat(parts.after(PAGES, 1, true, Fault.MALFORMED_FOR_GOOD, null))
          .contains(new Outcome.Malformed<>("it went wrong", true));
      assertThat(parts.state.breaker.isOpen()).isFalse();
    }
  }
}
