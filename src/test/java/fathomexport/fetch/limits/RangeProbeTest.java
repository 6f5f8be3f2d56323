package fathomexport.fetch.limits;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.answer.Refusal;
import fathomexport.plan.Pager;
import fathomexport.plan.RangeQuery;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.QueryShape;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A narrower range is tried after a refusal, and remembered only with evidence. */
class RangeProbeTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 3, 1);
  private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");

  /** The clocks are put back on the 25th. */
  private static final LocalDate OCTOBER = LocalDate.of(2026, 10, 19);

  @RegisterExtension final Lessons lessons = new Lessons();
  private LearnedRanges ranges;

  @BeforeEach
  void begin() {
    ranges = lessons.ofARun().ranges();
  }

  /** One task's requests, as a server takes or refuses them. */
  private final class Task {
    private final QueryShape shape;
    private final Pager pager;
    private final RangeProbe probe;

    Task(DateGrouping grouping, Field field, DayRange days, @Nullable ZoneId zone) {
      shape =
          new QueryShape(
              Entity.PAGEVIEW, List.of(Aggregate.PAGEVIEWS), grouping, List.of(field), List.of());
      int allowed = grouping == DateGrouping.HOUR ? 7 : 180;
      pager = new Pager(grouping, days, 1_000, ranges.maxDays(shape, allowed));
      RangeQuery query = new RangeQuery(new Slice(new SiteId("CDBUGS"), null), shape, days, zone);
      probe = new RangeProbe(ranges, query, pager);
    }

    Task(int days) {
      this(DateGrouping.DAY, Field.PATHNAME, new DayRange(FIRST, FIRST.plusDays(days - 1L)), null);
    }

    /** The number of days that the next request asks for. */
    int width() {
      return pager.ask().days();
    }

    boolean refused(Refusal reason) {
      DayRange asked = pager.ask();
      assertThat(asked.days()).isEqualTo(width());
      return probe.refused(Lessons.refusal(reason, "no"));
    }

    boolean returns(Refusal reason) {
      return probe.returnsToLearned(Lessons.refusal(reason, "no"));
    }

    void passes() {
      DayRange asked = pager.ask();
      pager.answered(0, null, null);
      probe.passed(asked);
    }
  }

  private Map<String, Integer> learned() {
    return lessons.stored().maxDays();
  }

  @Test
  void aNamedRangeIsHalvedUntilItPassesAndThenRemembered() {
    Task task = new Task(90);
    assertThat(task.refused(Refusal.RANGE)).isTrue();
    assertThat(task.width()).isEqualTo(45);
    assertThat(task.refused(Refusal.RANGE)).isTrue();
    assertThat(task.width()).isEqualTo(22);
    assertThat(learned()).as("not before it is accepted").isEmpty();
    task.passes();
    assertThat(learned()).containsExactly(Map.entry(task.shape.key(), 22));
    assertThat(task.width()).isEqualTo(22);
    assertThat(task.probe.isRefuted()).isFalse();
  }

  @Test
  void aSinglePeriodIsNotRefusedForItsWidth() {
    Task task = new Task(1);
    assertThat(task.refused(Refusal.RANGE)).isFalse();
    assertThat(task.refused(Refusal.PARAMETERS)).isFalse();
    assertThat(task.probe.isRefuted()).isTrue();
    assertThat(learned()).isEmpty();
  }

  @Test
  void aSinglePeriodThatIsRefusedAfterAWiderRangeRefutesTheRange() {
    Task task = new Task(30);
    assertThat(task.refused(Refusal.PARAMETERS)).isTrue();
    assertThat(task.width()).isEqualTo(1);
    assertThat(task.probe.isRefuted()).isFalse();
    assertThat(task.refused(Refusal.PARAMETERS)).isFalse();
    assertThat(task.probe.isRefuted()).isTrue();
    assertThat(learned()).isEmpty();
  }

  @Test
  void oneRefusalWithoutANameTeachesNothing() {
    Task task = new Task(31);
    assertThat(task.refused(Refusal.PARAMETERS)).isTrue();
    assertThat(task.width()).as("a single period, whose rows are kept").isEqualTo(1);
    task.passes();
    assertThat(task.width()).as("the rest, as wide as before").isEqualTo(30);
    task.passes();
    assertThat(task.pager.done()).isTrue();
    assertThat(learned()).isEmpty();
  }

  @Test
  void theSecondRefusalWithoutANameTeaches() {
    Task task = new Task(31);
    assertThat(task.refused(Refusal.PARAMETERS)).isTrue();
    task.passes();
    assertThat(task.refused(Refusal.PARAMETERS)).isTrue();
    assertThat(task.width()).isEqualTo(15);
    assertThat(task.refused(Refusal.PARAMETERS)).as("halved until it passes").isTrue();
    assertThat(task.width()).isEqualTo(7);
    assertThat(learned()).isEmpty();
    task.passes();
    assertThat(learned()).containsExactly(Map.entry(task.shape.key(), 7));
    assertThat(task.width()).isEqualTo(7);
  }

  /** The second is an ordinary request of the run: that of another site, for example. */
  @Test
  void theSecondRefusalMayBeThatOfALaterTask() {
    Task first = new Task(2);
    assertThat(first.refused(Refusal.PARAMETERS)).isTrue();
    first.passes();
    first.passes();
    assertThat(first.pager.done()).isTrue();

    Task second = new Task(40);
    assertThat(second.refused(Refusal.PARAMETERS)).isTrue();
    assertThat(second.width()).isEqualTo(20);
    second.passes();
    assertThat(learned()).containsExactly(Map.entry(second.shape.key(), 20));
  }

  @Test
  void oneHalfIsTriedBeforeASinglePeriodWhereNonePassedInTheTask() {
    Task first = new Task(2);
    assertThat(first.refused(Refusal.PARAMETERS)).isTrue();
    first.passes();

    Task second = new Task(40);
    assertThat(second.refused(Refusal.PARAMETERS)).isTrue();
    assertThat(second.width()).isEqualTo(20);
    assertThat(second.refused(Refusal.PARAMETERS)).isTrue();
    assertThat(second.width()).isEqualTo(1);
    assertThat(second.refused(Refusal.PARAMETERS)).isFalse();
    assertThat(second.probe.isRefuted()).isTrue();
    assertThat(learned()).isEmpty();
  }

  /** Two stray refusals in one task are no evidence against what the API has accepted in it. */
  @Test
  void anAcceptedWidthIsNotContradictedByNarrowerRefusals() {
    Task task = new Task(300);
    assertThat(task.width()).isEqualTo(180);
    assertThat(task.refused(Refusal.PARAMETERS)).isTrue();
    task.passes();
    assertThat(task.width()).isEqualTo(180);
    task.passes();
    assertThat(task.width()).isEqualTo(119);
    assertThat(task.refused(Refusal.PARAMETERS)).isTrue();
    while (!task.pager.done()) {
      task.passes();
    }
    assertThat(learned()).isEmpty();
  }

  @Test
  void anAcceptedWidthIsNotContradictedByAnotherShape() {
    Task cities =
        new Task(DateGrouping.DAY, Field.CITY, new DayRange(FIRST, FIRST.plusDays(89)), null);
    Task task = new Task(300);
    task.passes();
    assertThat(cities.refused(Refusal.RANGE)).isTrue();
    cities.passes();
    assertThat(task.width()).isEqualTo(120);
    assertThat(task.refused(Refusal.PARAMETERS)).isTrue();
    while (!task.pager.done()) {
      task.passes();
    }
    assertThat(learned()).containsOnlyKeys(cities.shape.key());
  }

  /** A refusal that names the range is evidence, whatever was accepted before. */
  @Test
  void anAcceptedWidthIsContradictedByAName() {
    Task task = new Task(300);
    task.passes();
    assertThat(task.refused(Refusal.RANGE)).isTrue();
    task.passes();
    assertThat(learned()).containsExactly(Map.entry(task.shape.key(), 60));
  }

  @Test
  void whatTheRunLearnedForAnotherShapeIsTriedFirst() {
    Task cities =
        new Task(DateGrouping.DAY, Field.CITY, new DayRange(FIRST, FIRST.plusDays(89)), null);
    assertThat(cities.refused(Refusal.RANGE)).isTrue();
    cities.passes();

    Task task = new Task(60);
    assertThat(task.refused(Refusal.PARAMETERS)).isTrue();
    assertThat(task.width()).isEqualTo(45);
    task.passes();
    assertThat(learned()).containsEntry(task.shape.key(), 45);

    Task narrow =
        new Task(DateGrouping.DAY, Field.BROWSER, new DayRange(FIRST, FIRST.plusDays(44)), null);
    assertThat(narrow.refused(Refusal.PARAMETERS)).isTrue();
    assertThat(narrow.width()).as("as narrow already: a single period").isEqualTo(1);
  }

  /** A run on the first day of a month asks for more than was learned. */
  @Test
  void aLearnedRangeIsTestedForOneRequest() {
    Task before = new Task(90);
    assertThat(before.refused(Refusal.RANGE)).isTrue();
    before.passes();
    ranges = lessons.ofARun(Lessons.ACCOUNT, true).ranges();

    Task testing = new Task(90);
    assertThat(testing.width()).isEqualTo(90);
    assertThat(testing.returns(Refusal.PARAMETERS)).isTrue();
    assertThat(testing.width()).isEqualTo(45);
    testing.passes();

    assertThat(new Task(90).width()).as("by later tasks of the run").isEqualTo(45);
    assertThat(learned()).containsExactly(Map.entry(testing.shape.key(), 45));
  }

  /** The learned range is refused as well: the cause is another one, and is looked for. */
  @Test
  void whatAlsoRefusesTheLearnedRangeIsNoTest() {
    Task before = new Task(90);
    assertThat(before.refused(Refusal.RANGE)).isTrue();
    before.passes();
    ranges = lessons.ofARun(Lessons.ACCOUNT, true).ranges();

    Task testing = new Task(90);
    assertThat(testing.returns(Refusal.LIMIT)).as("about the limit").isFalse();
    assertThat(testing.returns(Refusal.PARAMETERS)).isTrue();
    assertThat(testing.returns(Refusal.PARAMETERS)).isFalse();
    assertThat(testing.refused(Refusal.PARAMETERS)).isTrue();
    assertThat(testing.width()).isEqualTo(1);
    testing.passes();

    assertThat(new Task(90).width()).as("is tested by the next task").isEqualTo(90);
  }

  @Test
  void aWiderRangeThatPassesIsNotNarrowedAnyMore() {
    Task before = new Task(90);
    assertThat(before.refused(Refusal.RANGE)).isTrue();
    before.passes();
    ranges = lessons.ofARun(Lessons.ACCOUNT, true).ranges();

    Task testing = new Task(90);
    testing.passes();

    assertThat(testing.pager.done()).isTrue();
    assertThat(learned()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(names = {"CREDENTIALS", "SUBSCRIPTION", "PERMISSION", "NOT_FOUND", "OTHER"})
  void otherRefusalsAreNotAboutTheRange(Refusal reason) {
    Task task = new Task(30);
    assertThat(task.refused(reason)).isFalse();
    assertThat(task.width()).isEqualTo(30);
    assertThat(task.probe.isRefuted()).isFalse();
  }

  private Task week(LocalDate from, int days, @Nullable ZoneId zone) {
    return new Task(
        DateGrouping.HOUR, Field.PATHNAME, new DayRange(from, from.plusDays(days - 1L)), zone);
  }

  @Test
  void theWeekOfAClockChangeIsAskedInTwoAndNotRemembered() {
    Task task = week(OCTOBER, 7, BERLIN);
    assertThat(task.width()).isEqualTo(7);
    assertThat(task.refused(Refusal.RANGE)).isTrue();
    assertThat(task.width()).isEqualTo(6);
    task.passes();
    assertThat(task.width()).isEqualTo(1);
    task.passes();
    assertThat(task.pager.done()).isTrue();
    assertThat(learned()).isEmpty();
  }

  @Test
  void theWeekOfAClockChangeIsAskedInTwoWithoutANameToo() {
    Task task = week(OCTOBER, 7, BERLIN);
    assertThat(task.refused(Refusal.PARAMETERS)).isTrue();
    assertThat(task.width()).isEqualTo(1);
    task.passes();
    assertThat(task.width()).isEqualTo(6);
    task.passes();
    assertThat(task.pager.done()).isTrue();
    assertThat(learned()).isEmpty();
    assertThat(ranges.isDoubted(task.shape.key(), 7)).as("other weeks are not").isFalse();
  }

  /** The week before, that of the other clock change, six days, and a zone that is not known. */
  @ParameterizedTest
  @CsvSource({
    "2026-10-12, 7, Europe/Berlin, 3",
    "2026-03-23, 7, Europe/Berlin, 3",
    "2026-10-20, 6, Europe/Berlin, 3",
    "2026-10-19, 7, Asia/Tokyo, 3",
    "2026-10-19, 7, , 3"
  })
  void anyOtherWeekIsHalvedAndRemembered(
      LocalDate from, int days, @Nullable ZoneId zone, int half) {
    Task task = week(from, days, zone);
    assertThat(task.refused(Refusal.RANGE)).isTrue();
    assertThat(task.width()).isEqualTo(half);
    task.passes();
    assertThat(learned()).containsExactly(Map.entry(task.shape.key(), half));
  }
}
