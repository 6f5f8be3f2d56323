package fathomexport.plan;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Field;
import fathomexport.report.QueryShape;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.testing.TestReports;
import java.time.LocalDate;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** How a task is cut into what is fetched, confirmed and empty. */
class SegmentTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 3, 1);
  private static final int LIMIT = 1000;

  /** One letter a day: F to fetch, C confirmed, S silent. */
  private static String cut(String days, int rowsPerDay) {
    return cut(days, rowsPerDay, 180);
  }

  private static String cut(String days, int rowsPerDay, int width) {
    Report report = TestReports.pages();
    Slice slice = new Slice(new SiteId("CDBUGS"), null);
    DayRange range = new DayRange(FIRST, FIRST.plusDays(days.length() - 1L));
    FetchTask task =
        new FetchTask(
            new Site(slice.site(), "a site", null),
            slice,
            new QueryShape(
                report.entity(),
                report.aggregates(),
                DateGrouping.DAY,
                List.of(Field.PATHNAME),
                List.of()),
            range,
            List.of(report),
            ControlQuery.of(report, slice, range));
    List<Segment> segments =
        Segment.cut(
            task,
            day ->
                switch (days.charAt(at(day))) {
                  case 'F' -> Segment.Treatment.FETCH;
                  case 'C' -> Segment.Treatment.CONFIRM;
                  default -> Segment.Treatment.SILENT;
                },
            day -> days.charAt(at(day)) == 'S' ? 0 : rowsPerDay,
            LIMIT,
            width);
    LocalDate next = FIRST;
    for (Segment segment : segments) {
      assertThat(segment.days().first()).as("without a hole").isEqualTo(next);
      next = segment.days().last().plusDays(1);
    }
    assertThat(next).isEqualTo(range.last().plusDays(1));
    return segments.stream()
        .map(s -> s.kind().name().substring(0, 1) + s.days().days())
        .collect(Collectors.joining(" "));
  }

  private static int at(LocalDate day) {
    return (int) (day.toEpochDay() - FIRST.toEpochDay());
  }

  @Test
  void whatIsConfirmedOrSilentIsNotFetched() {
    assertThat(cut("CCCF", 10)).isEqualTo("C3 F1");
    assertThat(cut("SSSS", 10)).isEqualTo("S4");
    assertThat(cut("CCSF", 10)).isEqualTo("C2 S1 F1");
    assertThat(cut("FFFF", 10)).isEqualTo("F4");
  }

  @Test
  void fewRowsBetweenAreCheaperThanAnotherRequest() {
    assertThat(cut("FCCF", 10)).isEqualTo("F4");
    assertThat(cut("CFCF", 10)).isEqualTo("C1 F3");
    assertThat(cut("FCFCCFC", 10)).isEqualTo("F6 C1");
    assertThat(cut("FCFS", 10)).isEqualTo("F3 S1");
  }

  @Test
  void oneRequestIsAsWideAsTheApiAllows() {
    assertThat(cut("FCCF", 10, 4)).isEqualTo("F4");
    assertThat(cut("FCCF", 10, 3)).isEqualTo("F1 C2 F1");
  }

  @Test
  void manyRowsBetweenAreNot() {
    assertThat(cut("FCCF", 400)).as("1,600 rows in two requests, or 800").isEqualTo("F1 C2 F1");
    assertThat(cut("FCCCCF", 900)).isEqualTo("F1 C4 F1");
    assertThat(cut("FCFCCCF", 300)).as("900 rows together").isEqualTo("F3 C3 F1");
  }

  @Test
  void silenceBetweenCostsNothing() {
    assertThat(cut("FSSF", 900)).isEqualTo("F4");
    assertThat(cut("SFSFSCSF", 400)).isEqualTo("S1 F3 S1 C1 S1 F1");
  }
}
