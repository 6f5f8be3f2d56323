package fathomexport.api;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.CallAttempt.Fault;
import fathomexport.api.Outcome.Unavailable.Cause;
import fathomexport.api.pacing.RetryPolicy;
import fathomexport.report.SiteId;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of a call after an attempt at it has failed. */
@Timeout(300)
class RetryDecisionTest {
  private static final RetryPolicy POLICY = ClientFixture.policy();
  private static final CallRules RULES = CallRules.of(POLICY);
  private static final SiteId SITE = new SiteId("CDBUGS");
  private static final CallScope PAGES = new CallScope(SITE, "pages");
  private static final CallScope SITES = new CallScope(null, "/sites");

  private static Optional<Outcome<String>> after(
      CallerParts parts, CallScope about, int attempt, Fault fault, @Nullable Duration asked)
      throws Exception {
    return parts.after(about, attempt, false, fault, asked);
  }

  private static ScriptedServer account() throws Exception {
    return new ScriptedServer(ScriptedServer.json("{\"id\":1}"));
  }

  private static void isUnavailable(Optional<Outcome<String>> end, Cause cause, String reason) {
    assertThat(end)
        .hasValueSatisfying(
            outcome ->
                assertThat(outcome).isEqualTo(new Outcome.Unavailable<String>(reason, cause)));
  }

  @Test
  void aCallIsTriedAgainUntilItsAttemptsAreUsed() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts = new CallerParts(server.baseUrl(), RULES, 6)) {
      assertThat(after(parts, PAGES, 1, Fault.UNAVAILABLE, null)).isEmpty();
      assertThat(after(parts, PAGES, 2, Fault.UNAVAILABLE, null)).isEmpty();
      isUnavailable(
          after(parts, PAGES, 3, Fault.UNAVAILABLE, null),
          Cause.ATTEMPTS,
          "it went wrong (attempt 3 of 3)");
      assertThat(parts.state.budget(PAGES).taken())
          .as("retries: none for the attempt that is not made")
          .isEqualTo(2);
      assertThat(server.requests()).as("nothing is asked about the account").isEmpty();
    }
  }

  @Test
  void theRetriesOfASiteAndReportAreLimited() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts = new CallerParts(server.baseUrl(), RULES, 1)) {
      assertThat(after(parts, PAGES, 1, Fault.UNAVAILABLE, null)).isEmpty();
      isUnavailable(
          after(parts, PAGES, 2, Fault.UNAVAILABLE, null),
          Cause.RETRIES_SPENT,
          "it went wrong (the retries of site CDBUGS and report pages in this run are used up)");
      assertThat(after(parts, new CallScope(SITE, "traffic"), 1, Fault.UNAVAILABLE, null))
          .isEmpty();
    }
  }

  @Test
  void anAnswerOfAnotherFormIsAskedForTwiceAndADamagedOneAsOftenAsAnyFault() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts = new CallerParts(server.baseUrl(), RULES, 6)) {
      assertThat(after(parts, PAGES, 1, Fault.OF_OTHER_FORM, null)).isEmpty();
      assertThat(after(parts, PAGES, 2, Fault.OF_OTHER_FORM, null))
          .contains(new Outcome.Malformed<>("it went wrong", true));
      assertThat(after(parts, PAGES, 1, Fault.MALFORMED_FOR_GOOD, null))
          .contains(new Outcome.Malformed<>("it went wrong", true));
      assertThat(after(parts, PAGES, 2, Fault.MALFORMED, null)).isEmpty();
      assertThat(after(parts, PAGES, 3, Fault.MALFORMED, null))
          .contains(new Outcome.Malformed<>("it went wrong (attempt 3 of 3)", false));
      assertThat(parts.state.breaker.isOpen()).as("the API has answered").isFalse();
    }
  }

  /** Another form that was seen once may be a page of a proxy. */
  @Test
  void anAnswerOfAnotherFormIsNotLastingIfItIsAskedForOnce() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts = new CallerParts(server.baseUrl(), RULES.withAttempts(1), 6)) {
      assertThat(after(parts, PAGES, 1, Fault.OF_OTHER_FORM, null))
          .contains(new Outcome.Malformed<>("it went wrong (attempt 1 of 1)", false));
    }
  }

  @Test
  void aDamagedAnswerWithoutARetryLeftIsNoMalformedOne() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts = new CallerParts(server.baseUrl(), RULES, 0)) {
      isUnavailable(
          after(parts, PAGES, 1, Fault.MALFORMED, null),
          Cause.RETRIES_SPENT,
          "it went wrong (the retries of site CDBUGS and report pages in this run are used up)");
    }
  }

  @Test
  void aLimitEndsTheCallIfItsWaitIsLongerThanTheRunAccepts() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts = new CallerParts(server.baseUrl(), RULES, 6)) {
      assertThat(after(parts, PAGES, 1, Fault.LIMIT, Duration.ofMinutes(15))).isEmpty();
      isUnavailable(
          after(parts, PAGES, 1, Fault.LIMIT, Duration.ofMinutes(16)),
          Cause.CLOSED,
          "the API has asked to wait until 2026-03-01T00:16:00Z, which is more than the 900 s that"
              + " a run waits: run again after that time, or now with --wait");
    }
  }

  @Test
  void aWaitThatNoDailyLimitCausesIsNotBelieved() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts = new CallerParts(server.baseUrl(), RULES, 6)) {
      isUnavailable(
          after(parts, PAGES, 1, Fault.LIMIT, Duration.ofDays(100)),
          Cause.CLOSED,
          "the API has asked to wait until 2026-03-02T01:00:00Z, which is more than the 900 s that"
              + " a run waits: run again after that time, or now with --wait");
    }
  }

  @Test
  void aLimitIsTriedAgainAsOftenAsAnyFault() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts = new CallerParts(server.baseUrl(), RULES.postponing(), 6)) {
      assertThat(after(parts, PAGES, 2, Fault.LIMIT, Duration.ofMinutes(5)))
          .as("the wait is the account's, so no other site's turn has come")
          .isEmpty();
      isUnavailable(
          after(parts, PAGES, 3, Fault.LIMIT, null),
          Cause.ATTEMPTS,
          "it went wrong (attempt 3 of 3)");
    }
  }

  /** However often: a wait of hours is no attempt. */
  @Test
  void aRunThatWaitsSitsOutALimit() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts = new CallerParts(server.baseUrl(), CallRules.of(POLICY.waiting()), 0)) {
      assertThat(after(parts, PAGES, 3, Fault.LIMIT, Duration.ofHours(8))).isEmpty();
    }
  }

  /** Its wait takes the retry that it would have begun with. */
  @Test
  void aCallerWithOtherSitesGetsToKnowThatASiteIsHeld() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts = new CallerParts(server.baseUrl(), RULES.postponing(), 1)) {
      parts.state.asked.add(SITE, Duration.ofMinutes(5), "503: later");
      isUnavailable(
          after(parts, PAGES, 1, Fault.UNAVAILABLE, Duration.ofMinutes(5)),
          Cause.HELD,
          "it asks that nothing is sent about site CDBUGS before 2026-03-01T00:05:00Z (503: later)");
      assertThat(parts.state.budget(PAGES).taken()).isEqualTo(1);
      assertThat(parts.state.breaker.reason(SITE))
          .as("what the circuit breaker remembers of the site")
          .isEqualTo("it went wrong");
    }
  }

  @Test
  void aCallWaitsItselfWhereNoOtherSiteCouldBeQueriedMeanwhile() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts = new CallerParts(server.baseUrl(), RULES.postponing(), 6)) {
      parts.state.asked.add(SITE, Duration.ofSeconds(20), "503: later");
      assertThat(after(parts, PAGES, 1, Fault.UNAVAILABLE, Duration.ofSeconds(20)))
          .as("a wait as short as any before a retry")
          .isEmpty();
      parts.state.asked.add(null, Duration.ofMinutes(5), "503: later");
      assertThat(after(parts, SITES, 1, Fault.UNAVAILABLE, Duration.ofMinutes(5)))
          .as("a call about no site")
          .isEmpty();
    }
  }

  @Test
  void aCallWithoutARetryLeftIsNotHeld() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts = new CallerParts(server.baseUrl(), RULES.postponing(), 6)) {
      parts.state.asked.add(SITE, Duration.ofMinutes(5), "503: later");
      isUnavailable(
          after(parts, PAGES, 3, Fault.UNAVAILABLE, Duration.ofMinutes(5)),
          Cause.ATTEMPTS,
          "it went wrong (attempt 3 of 3)");
    }
  }

  @Test
  void aSiteWhoseWaitIsOverIsNotHeld() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts = new CallerParts(server.baseUrl(), RULES.postponing(), 6)) {
      parts.state.asked.add(SITE, Duration.ofMinutes(5), "503: later");
      parts.time.pass(Duration.ofMinutes(5));
      isUnavailable(
          after(parts, PAGES, 1, Fault.UNAVAILABLE, Duration.ofMinutes(5)),
          Cause.ATTEMPTS,
          "it went wrong");
    }
  }

  /** Unlike that of a limit: it concerns one site, and the run goes on with the others. */
  @Test
  void aWaitForASiteThatIsLongerThanTheRunAcceptsHoldsTheSite() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts = new CallerParts(server.baseUrl(), RULES, 6)) {
      parts.state.asked.add(SITE, Duration.ofMinutes(16), "503: later");
      isUnavailable(
          after(parts, PAGES, 1, Fault.UNAVAILABLE, Duration.ofMinutes(16)),
          Cause.HELD,
          "it asks that nothing is sent about site CDBUGS before 2026-03-01T00:16:00Z, which is"
              + " more than the 900 s that a run waits: run again after that time, or now with"
              + " --wait (503: later)");
    }
  }

  @Test
  void aHeldSiteIsNoQuestionToTheAccount() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts =
            new CallerParts(server.baseUrl(), CallRules.of(POLICY.waiting()).postponing(), 6)) {
      parts.state.asked.add(SITE, Duration.ofHours(8), "503: later");
      assertThat(after(parts, PAGES, 1, Fault.UNAVAILABLE, Duration.ofHours(8)))
          .hasValueSatisfying(RetryDecisionTest::isHeld);
      assertThat(server.requests()).isEmpty();
      assertThat(parts.state.breaker.reason(SITE)).isEqualTo("it went wrong");
    }
  }

  private static void isHeld(Outcome<String> outcome) {
    assertThat(outcome)
        .isInstanceOfSatisfying(
            Outcome.Unavailable.class, u -> assertThat(u.cause()).isEqualTo(Cause.HELD));
  }

  @Test
  void aFailureToConnectNamesWhatToCheck() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts =
            new CallerParts(
                server.baseUrl(), CallRules.of(POLICY.withPatience(Duration.ZERO)), 6)) {
      assertThat(after(parts, SITES, 1, Fault.UNREACHABLE, null)).isEmpty();
      isUnavailable(
          after(parts, SITES, 2, Fault.UNREACHABLE, null),
          Cause.ATTEMPTS,
          "it went wrong (attempt 2 of 2); check the network, HTTPS_PROXY where connections need a"
              + " proxy, and api.base_url in the settings");
    }
  }

  /** It does not end, so it must not take a few sites that fail for an API that is down. */
  @Test
  void aRunThatWaitsAsksTheAccountWhetherTheApiIsDown() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                ScriptedServer.json("{\"id\":1}"), ScriptedServer.answer(503, "text/plain", "no"));
        CallerParts parts = new CallerParts(server.baseUrl(), CallRules.of(POLICY.waiting()), 0)) {
      isUnavailable(
          after(parts, PAGES, 3, Fault.UNAVAILABLE, null),
          Cause.RETRIES_SPENT,
          "it went wrong (attempt 3 of 3; the retries of site CDBUGS and report pages in this run"
              + " are used up)");
      assertThat(parts.state.breaker.isOpen()).as("the account answers").isFalse();
      assertThat(after(parts, PAGES, 3, Fault.UNAVAILABLE, null))
          .hasValueSatisfying(
              outcome ->
                  assertThat(outcome)
                      .isInstanceOfSatisfying(
                          Outcome.Unavailable.class,
                          u -> assertThat(u.cause()).isEqualTo(Cause.INTERRUPTED)));
      assertThat(parts.state.breaker.isOpen()).as("the account does not answer").isTrue();
      assertThat(after(parts, SITES, 3, Fault.UNAVAILABLE, null))
          .as("a call about no site waits for the API")
          .isEmpty();
    }
  }

  /** Three calls about two sites, with no answer between. */
  @Test
  void sitesThatFailOneAfterTheOtherAreTheApisTrouble() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts = new CallerParts(server.baseUrl(), RULES, 6)) {
      Duration asked = Duration.ofMinutes(5);
      for (SiteId site : new SiteId[] {SITE, new SiteId("OTHER")}) {
        isUnavailable(
            after(parts, new CallScope(site, "pages"), 3, Fault.UNAVAILABLE, asked),
            Cause.ATTEMPTS,
            "it went wrong (attempt 3 of 3)");
      }
      isUnavailable(
          after(parts, PAGES, 3, Fault.UNAVAILABLE, null),
          Cause.INTERRUPTED,
          "it went wrong (attempt 3 of 3)");
      assertThat(server.requests()).as("nothing is asked about the account").isEmpty();
      assertThat(parts.waitForNextProbe()).as("the longest wait asked for").isEqualTo(asked);
    }
  }

  /** The account's answer is one, so the sites that failed before it do not count any more. */
  @Test
  void inARunThatWaitsAnAnswerForTheAccountSeparatesTheFailuresOfSites() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts =
            new CallerParts(server.baseUrl(), CallRules.of(POLICY.waiting()).postponing(), 6)) {
      for (String site : new String[] {"A", "B", "", "C"}) {
        if (site.isEmpty()) {
          assertThat(after(parts, PAGES, 3, Fault.UNAVAILABLE, null)).isPresent();
          assertThat(server.requests()).hasSize(1);
        } else {
          parts.state.asked.add(new SiteId(site), Duration.ofHours(8), "503: later");
          CallScope about = new CallScope(new SiteId(site), "pages");
          assertThat(after(parts, about, 1, Fault.UNAVAILABLE, Duration.ofHours(8)))
              .hasValueSatisfying(RetryDecisionTest::isHeld);
        }
      }
      assertThat(parts.state.breaker.isOpen()).isFalse();
    }
  }

  @Test
  void aRunThatWaitsAsksAgainWhatIsAboutNoSite() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts = new CallerParts(server.baseUrl(), CallRules.of(POLICY.waiting()), 0)) {
      assertThat(after(parts, SITES, 3, Fault.UNAVAILABLE, null)).isEmpty();
      assertThat(parts.state.breaker.isPausing()).as("it waits for the API first").isTrue();
      assertThat(server.requests()).as("nothing is asked about the account").isEmpty();
    }
  }

  /** No other site can be reached either, and a person waits. */
  @Test
  void anImpatientCommandThatCannotConnectEndsAtOnce() throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(ScriptedServer.answer(503, "text/plain", "no"));
        CallerParts parts =
            new CallerParts(
                server.baseUrl(), CallRules.of(POLICY.withPatience(Duration.ZERO)), 6)) {
      isUnavailable(
          after(parts, PAGES, 3, Fault.UNAVAILABLE, null),
          Cause.ATTEMPTS,
          "it went wrong (attempt 3 of 3)");
      assertThat(parts.state.breaker.isOpen()).as("one site may fail").isFalse();
      isUnavailable(
          after(parts, PAGES, 2, Fault.UNREACHABLE, null),
          Cause.DOWN,
          "it has not answered any request: it went wrong (attempt 2 of 2); check the network,"
              + " HTTPS_PROXY where connections need a proxy, and api.base_url in the settings");
    }
  }

  @Test
  void aRunWithPatienceThatCannotConnectOnceContinues() throws Exception {
    try (ScriptedServer server = account();
        CallerParts parts = new CallerParts(server.baseUrl(), RULES, 6)) {
      assertThat(after(parts, PAGES, 3, Fault.UNREACHABLE, null)).isPresent();
      assertThat(parts.state.breaker.isOpen()).isFalse();
    }
  }
}
