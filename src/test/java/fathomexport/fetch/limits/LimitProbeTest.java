package fathomexport.fetch.limits;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.answer.Refusal;
import fathomexport.ledger.Learned;
import fathomexport.plan.Pager;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A lower limit is tried after a refusal, and remembered only with evidence. */
class LimitProbeTest {
  private static final String SHAPE = "pageview:day:pathname:";
  private static final LocalDate FIRST = LocalDate.of(2026, 3, 1);
  private static final DayRange DAYS = new DayRange(FIRST, FIRST.plusDays(9));

  @RegisterExtension final Lessons lessons = new Lessons();
  private Knowledge knowledge;

  @BeforeEach
  void begin() {
    knowledge = lessons.ofARun();
  }

  private static Pager pager(int limit) {
    return new Pager(DateGrouping.DAY, DAYS, limit, 180);
  }

  private LimitProbe probe(Pager pager) {
    return new LimitProbe(knowledge, SHAPE, pager);
  }

  private static boolean refused(LimitProbe probe, Refusal reason, String words) {
    return probe.refused(Lessons.refusal(reason, words));
  }

  private static boolean refused(LimitProbe probe) {
    return refused(probe, Refusal.PARAMETERS, "bad request");
  }

  private Integer learned() {
    return lessons.stored().limits().getOrDefault(new Learned.Whose(Lessons.ACCOUNT, SHAPE), 0);
  }

  /** A hundredth of the limit, and ten at the least. */
  @ParameterizedTest
  @CsvSource({"1000, 10, 10", "1000, 9, 500", "10000, 100, 100", "10000, 99, 1000", "500, 9, 100"})
  void aNamedNumberIsTakenUnlessItIsHardlyALimit(int limit, int said, int taken) {
    Pager pager = pager(limit);
    LimitProbe probe = probe(pager);
    assertThat(refused(probe, Refusal.LIMIT, "The limit is at most " + said + ".")).isTrue();
    assertThat(pager.limit()).isEqualTo(taken);
    assertThat(learned()).as("not before it is accepted").isZero();
    probe.passed();
    assertThat(learned()).isEqualTo(taken);
    assertThat(lessons.ofARun().limit(SHAPE, limit)).isEqualTo(taken);
  }

  @Test
  void withoutANumberTheUsualLimitsAreTriedFromTheHighestToTheLowest() {
    Pager pager = pager(10_000);
    LimitProbe probe = probe(pager);
    List<Integer> tried = new ArrayList<>();
    while (refused(probe)) {
      tried.add(pager.limit());
    }
    assertThat(tried).containsExactly(1_000, 500, 100);
    assertThat(pager.limit()).as("the limit was not the cause").isEqualTo(10_000);
    assertThat(lessons.stored()).isEqualTo(Learned.NOTHING);
  }

  @Test
  void whatIsKnownOfAnotherShapeIsTriedFirst() {
    knowledge.limitRefused("pageview:day:city:", 300, "too many");
    Pager pager = pager(1_000);
    assertThat(refused(probe(pager))).isTrue();
    assertThat(pager.limit()).isEqualTo(300);
  }

  @Test
  void oneRefusalWithoutANameIsNoEvidence() {
    Pager pager = pager(1_000);
    LimitProbe probe = probe(pager);
    assertThat(refused(probe)).isTrue();
    probe.passed();
    assertThat(pager.limit()).as("for this page").isEqualTo(500);
    assertThat(learned()).isZero();
    probe.taken();
    assertThat(pager.limit()).isEqualTo(1_000);
    probe.passed();
    probe.taken();
    assertThat(pager.limit()).isEqualTo(1_000);
    assertThat(lessons.stored()).isEqualTo(Learned.NOTHING);
  }

  @Test
  void twoRefusalsOfOneRequestAreEvidence() {
    Pager pager = pager(1_000);
    LimitProbe probe = probe(pager);
    assertThat(refused(probe)).isTrue();
    assertThat(refused(probe)).isTrue();
    probe.passed();
    probe.taken();
    assertThat(pager.limit()).isEqualTo(100);
    assertThat(learned()).isEqualTo(100);
  }

  @Test
  void theSecondRefusalMayBeThatOfALaterRequest() {
    LimitProbe probe = probe(pager(1_000));
    assertThat(refused(probe)).isTrue();
    probe.passed();
    probe.taken();
    assertThat(learned()).isZero();
    Pager later = pager(1_000);
    LimitProbe second = probe(later);
    assertThat(refused(second)).isTrue();
    second.passed();
    second.taken();
    assertThat(later.limit()).isEqualTo(500);
    assertThat(learned()).isEqualTo(500);
  }

  /**
   * The documented limit needs no evidence: a higher one is only tried because it is configured.
   */
  @Test
  void theDocumentedLimitIsLearnedFromOneRefusal() {
    Pager pager = pager(1_001);
    LimitProbe probe = probe(pager);
    assertThat(refused(probe)).isTrue();
    probe.passed();
    probe.taken();
    assertThat(pager.limit()).isEqualTo(1_000);
    assertThat(learned()).isEqualTo(1_000);
  }

  @Test
  void aRangeThatWasRefusedWithEveryLimitIsNotProbedAgain() {
    Pager pager = pager(1_000);
    LimitProbe probe = probe(pager);
    while (refused(probe)) {
      assertThat(pager.limit()).isLessThan(1_000);
    }
    assertThat(refused(probe)).isFalse();
    assertThat(refused(probe, Refusal.LIMIT, "limit")).isFalse();
    assertThat(pager.limit()).isEqualTo(1_000);
    pager.narrow(5);
    assertThat(refused(probe)).as("another range").isTrue();
  }

  /** A response of this run shows that the API accepts so many rows. */
  @Test
  void anAcceptedLimitIsSuspectedOnlyIfItIsNamed() {
    Pager pager = pager(1_000);
    LimitProbe probe = probe(pager);
    probe.passed();
    assertThat(refused(probe)).isFalse();
    assertThat(pager.limit()).isEqualTo(1_000);
    assertThat(refused(probe, Refusal.LIMIT, "The limit is at most 200.")).isTrue();
    assertThat(pager.limit()).isEqualTo(200);

    Pager higher = pager(1_001);
    assertThat(refused(probe(higher))).as("so many were not accepted").isTrue();
    assertThat(higher.limit()).isEqualTo(1_000);
  }

  @Test
  void aRefusalForAnotherReasonEndsTheProbe() {
    Pager pager = pager(1_000);
    LimitProbe probe = probe(pager);
    assertThat(refused(probe, Refusal.RANGE, "too wide")).isFalse();
    assertThat(refused(probe)).isTrue();
    assertThat(refused(probe, Refusal.RANGE, "too wide")).isFalse();
    assertThat(pager.limit()).isEqualTo(1_000);
    assertThat(lessons.stored()).isEqualTo(Learned.NOTHING);
  }
}
