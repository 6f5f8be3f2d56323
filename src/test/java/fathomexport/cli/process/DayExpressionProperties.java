package fathomexport.cli.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import fathomexport.report.DayRange;
import java.time.DayOfWeek;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.temporal.ChronoUnit;
import java.time.temporal.IsoFields;
import java.util.Locale;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** What a person may write where a command takes a day. */
class DayExpressionProperties {
  private static final LocalDate TODAY = LocalDate.of(2026, 3, 1);

  @Provide
  static Arbitrary<LocalDate> days() {
    return Arbitraries.longs()
        .between(LocalDate.of(2000, 1, 1).toEpochDay(), LocalDate.of(2100, 12, 31).toEpochDay())
        .map(LocalDate::ofEpochDay);
  }

  private static DayRange days(String text, LocalDate today) {
    return DayExpression.parse(text).days(today);
  }

  @Property
  void aDateIsItself(@ForAll("days") LocalDate day, @ForAll("days") LocalDate today) {
    assertThat(days(day.toString(), today)).isEqualTo(DayRange.of(day));
    assertThat(DayExpression.parse(day.toString()).day(today)).isEqualTo(day);
  }

  @Property
  void daysBackCountFromToday(
      @ForAll("days") LocalDate today, @ForAll @IntRange(min = 1, max = 99_999) int back) {
    DayRange range = days("-" + back + "d", today);
    assertThat(range.days()).isEqualTo(1);
    assertThat(ChronoUnit.DAYS.between(range.first(), today)).isEqualTo(back);
  }

  @Property
  void yesterdayIsOneDayBack(@ForAll("days") LocalDate today) {
    assertThat(days("yesterday", today)).isEqualTo(days("-1d", today));
  }

  @Property
  void aMonthIsAllOfItsDays(@ForAll("days") LocalDate day, @ForAll("days") LocalDate today) {
    DayRange range = days(YearMonth.from(day).toString(), today);
    assertThat(range.contains(day)).isTrue();
    assertThat(range.stream()).allMatch(d -> YearMonth.from(d).equals(YearMonth.from(day)));
    assertThat(range.days()).isEqualTo(day.lengthOfMonth());
  }

  @Property
  void aWeekIsItsSevenDays(@ForAll("days") LocalDate day, @ForAll("days") LocalDate today) {
    String week =
        String.format(
            Locale.ROOT,
            "%04d-W%02d",
            day.get(IsoFields.WEEK_BASED_YEAR),
            day.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
    DayRange range = days(week, today);
    assertThat(range.contains(day)).isTrue();
    assertThat(range.days()).isEqualTo(7);
    assertThat(range.first().getDayOfWeek()).isEqualTo(DayOfWeek.MONDAY);
  }

  /** Either the text means days, or the message says what may be written. */
  @Property
  void anythingElseIsRefusedWithWhatIsAllowed(
      @ForAll("nearly") String text, @ForAll("days") LocalDate today) {
    try {
      assertThat(days(text, today).days()).isBetween(1, 31);
    } catch (IllegalArgumentException e) {
      assertThat(e).hasMessageContaining(text).hasMessageContaining(DayExpression.ALLOWED);
    }
  }

  @Provide
  static Arbitrary<String> nearly() {
    return Arbitraries.strings().withChars("0123456789-Wd").ofMinLength(0).ofMaxLength(10);
  }

  @Example
  void whatDoesNotExistIsRefused() {
    for (String text :
        new String[] {
          "2026-02-29",
          "2026-13",
          "2026-00",
          "2025-W53",
          "2026-W00",
          "-0d",
          "--7d",
          "-7",
          "7d",
          "tomorrow",
          "Yesterday",
          "",
          " 2026-03-31",
          "2026-3-1",
          "+2026-03-31",
          "２０２６-03-31"
        }) {
      assertThatIllegalArgumentException()
          .as(text)
          .isThrownBy(() -> DayExpression.parse(text))
          .withMessageContaining(DayExpression.ALLOWED);
    }
    assertThat(days("2026-W53", TODAY))
        .isEqualTo(new DayRange(LocalDate.of(2026, 12, 28), LocalDate.of(2027, 1, 3)));
  }

  @Example
  void aMonthIsNotOneDay() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> DayExpression.parse("2026-03").day(TODAY))
        .withMessageContaining("31 days");
  }
}
