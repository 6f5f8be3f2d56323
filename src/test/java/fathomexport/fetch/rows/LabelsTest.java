package fathomexport.fetch.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import fathomexport.report.DateGrouping;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Locale;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Labels of buckets: the API's four forms, and nothing that is only like them. */
class LabelsTest {
  private static final LocalDate DAY = LocalDate.of(2026, 1, 26);

  @Test
  void theFourForms() {
    long micros = DAY.atTime(14, 0).toEpochSecond(ZoneOffset.UTC) * 1_000_000;
    assertThat(Labels.parse(DateGrouping.HOUR, "2026-01-26 14:00:00"))
        .contains(new Labels.Label(DAY, micros));
    assertThat(Labels.parse(DateGrouping.DAY, "2026-01-26"))
        .contains(new Labels.Label(DAY, DAY.toEpochDay()));
    LocalDate january = DAY.withDayOfMonth(1);
    assertThat(Labels.parse(DateGrouping.MONTH, "2026-01"))
        .contains(new Labels.Label(january, january.toEpochDay()));
    assertThat(Labels.parse(DateGrouping.YEAR, "2026"))
        .contains(new Labels.Label(january, january.toEpochDay()));
    assertThatIllegalArgumentException().isThrownBy(() -> Labels.parse(DateGrouping.NONE, "2026"));
  }

  @ParameterizedTest
  @CsvSource({
    "DAY,2026-02-29",
    "DAY,2026-1-26",
    "DAY,26-01-26",
    "DAY,2026-01-26 00:00:00",
    "DAY,2026-01",
    "DAY,' 2026-01-26'",
    "DAY,'2026-01-26 '",
    "DAY,٢٠٢٦-٠١-٢٦",
    "DAY,2026/01/26",
    "DAY,''",
    "DAY,2026-01-26Z",
    "DAY,-2026-01-26x",
    "DAY,0",
    "HOUR,2026-01-26",
    "HOUR,2026-01-26T14:00:00",
    "HOUR,2026-01-26 24:00:00",
    "HOUR,2026-01-26 14:00",
    "HOUR,2026-01-26 14:00:60",
    "HOUR,2026-01-26 14:00:00.0",
    "HOUR,2026-01-26 14:00:00+01:00",
    "MONTH,2026-13",
    "MONTH,2026-1",
    "MONTH,2026-01-01",
    "YEAR,26",
    "YEAR,2026-01",
    "YEAR,02026"
  })
  void noLabels(DateGrouping grouping, String text) {
    assertThat(Labels.parse(grouping, text)).isEmpty();
  }

  @Property(tries = 300)
  void everyHourAndDayOfFourCenturies(@ForAll @LongRange(min = 0, max = 3_500_000) long hours) {
    LocalDateTime hour = LocalDateTime.of(1900, 1, 1, 0, 0).plusHours(hours);
    String day = hour.toLocalDate().toString();
    assertThat(Labels.parse(DateGrouping.DAY, day).orElseThrow().period())
        .isEqualTo(hour.toLocalDate());
    String label = String.format(Locale.ROOT, "%s %02d:00:00", day, hour.getHour());
    Labels.Label read = Labels.parse(DateGrouping.HOUR, label).orElseThrow();
    assertThat(read.period()).isEqualTo(hour.toLocalDate());
    assertThat(read.time()).isEqualTo(hour.toEpochSecond(ZoneOffset.UTC) * 1_000_000);
  }

  @ParameterizedTest
  @CsvSource({
    "HOUR,+999999999-01-01 00:00:00",
    "HOUR,-999999999-01-01 00:00:00",
    "DAY,+12026-01-01",
    "DAY,-0001-01-01"
  })
  void yearsBeyondFourDigitsAreNoLabels(DateGrouping grouping, String text) {
    assertThat(Labels.parse(grouping, text)).isEmpty();
  }
}
