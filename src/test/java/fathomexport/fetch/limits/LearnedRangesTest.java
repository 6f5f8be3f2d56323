package fathomexport.fetch.limits;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.QueryShape;
import java.time.LocalDate;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** How wide a range a run asks for, after what this run and earlier ones have seen. */
class LearnedRangesTest {
  private static final QueryShape PAGES = shape(DateGrouping.DAY, Field.PATHNAME);
  private static final QueryShape CITIES = shape(DateGrouping.DAY, Field.CITY);

  @RegisterExtension final Lessons lessons = new Lessons();
  private LearnedRanges ranges;

  private static QueryShape shape(DateGrouping grouping, Field field) {
    return new QueryShape(
        Entity.PAGEVIEW, List.of(Aggregate.PAGEVIEWS), grouping, List.of(field), List.of());
  }

  private static DayRange days(int days) {
    LocalDate first = LocalDate.of(2026, 3, 1);
    return new DayRange(first, first.plusDays(days - 1L));
  }

  @BeforeEach
  void begin() {
    ranges = lessons.ofARun().ranges();
  }

  @Test
  void theWidestRangeThatIsKnownToPassIsRequestedIfTheRulesAllowIt() {
    assertThat(ranges.maxDays(PAGES, 180)).isEqualTo(180);
    ranges.refused(PAGES, 45, "too wide");
    assertThat(ranges.maxDays(PAGES, 180)).isEqualTo(45);
    assertThat(ranges.maxDays(PAGES, 30)).isEqualTo(30);
    assertThat(ranges.maxDays(CITIES, 180)).isEqualTo(180);
    assertThat(ranges.learned(PAGES)).isEqualTo(45);
    assertThat(ranges.learned(CITIES)).isZero();
    assertThat(lessons.ofARun().ranges().learned(PAGES)).isEqualTo(45);
  }

  /** Other shapes of the run are most likely refused alike; the next run knows only the shape. */
  @Test
  void theWidthOfAnotherShapeIsSuggestedInTheSameRunOnly() {
    ranges.refused(PAGES, 45, "too wide");
    ranges.refused(PAGES, 60, "too wide");
    assertThat(ranges.learned(PAGES)).as("the narrowest counts").isEqualTo(45);
    assertThat(ranges.learned(DateGrouping.DAY)).isEqualTo(45);
    assertThat(ranges.learned(DateGrouping.MONTH)).isZero();
    assertThat(lessons.ofARun().ranges().learned(DateGrouping.DAY)).isZero();
    assertThat(lessons.stored().maxDays()).containsOnlyKeys(PAGES.key());
  }

  @Test
  void aLearnedRangeIsForgottenOnceAWiderOneIsAcceptedAgain() {
    ranges.refused(PAGES, 45, "too wide");
    ranges.refused(CITIES, 45, "too wide");

    LearnedRanges testing = lessons.ofARun(Lessons.ACCOUNT, true).ranges();
    assertThat(testing.maxDays(PAGES, 180)).isEqualTo(180);
    testing.accepted(PAGES, days(45));
    assertThat(lessons.stored().maxDays()).as("not wider").hasSize(2);
    testing.accepted(PAGES, days(46));
    assertThat(lessons.stored().maxDays()).containsOnlyKeys(CITIES.key());
    assertThat(testing.learned(PAGES)).isZero();
    assertThat(testing.maxDays(CITIES, 180)).as("not tested yet").isEqualTo(180);
    assertThat(lessons.ofARun().ranges().maxDays(PAGES, 180)).isEqualTo(180);
  }

  /** The API most likely has one maximum: the first shape that is refused stands for the others. */
  @Test
  void aRangeThatIsStillRefusedIsNotTestedAgain() {
    ranges.refused(PAGES, 45, "too wide");
    LearnedRanges testing = lessons.ofARun(Lessons.ACCOUNT, true).ranges();

    testing.stillRefused(DateGrouping.DAY);

    assertThat(testing.maxDays(PAGES, 180)).isEqualTo(45);
    assertThat(lessons.stored().maxDays()).containsOnlyKeys(PAGES.key());

    LearnedRanges another = lessons.ofARun(Lessons.ACCOUNT, true).ranges();
    another.refused(CITIES, 60, "too wide");
    assertThat(another.maxDays(PAGES, 180)).as("of the same date grouping").isEqualTo(45);
  }

  /** A month is requested as a whole, even where fewer days were learned. */
  @Test
  void aSinglePeriodSaysNothingAboutWiderRanges() {
    QueryShape months = shape(DateGrouping.MONTH, Field.PATHNAME);
    ranges.refused(months, 20, "too wide");
    LearnedRanges testing = lessons.ofARun(Lessons.ACCOUNT, true).ranges();

    testing.accepted(months, days(31));

    assertThat(lessons.stored().maxDays()).containsOnlyKeys(months.key());
  }

  @Test
  void aRangeIsDoubtedUntilOneAsWideIsAccepted() {
    assertThat(ranges.isDoubted(PAGES.key(), 90)).isFalse();
    ranges.doubted(PAGES.key());
    assertThat(ranges.isDoubted(PAGES.key(), 90)).isTrue();
    assertThat(ranges.isDoubted(CITIES.key(), 90)).isFalse();
    ranges.accepted(PAGES, days(89));
    assertThat(ranges.isDoubted(PAGES.key(), 90)).isTrue();
    assertThat(ranges.isDoubted(PAGES.key(), 89)).isFalse();
    ranges.accepted(PAGES, days(30));
    assertThat(ranges.isDoubted(PAGES.key(), 89)).as("the widest counts").isFalse();
  }
}
