package fathomexport.typing;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.Aggregate;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.QueryShape;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.Window;
import fathomexport.report.rows.RowSorter;
import fathomexport.report.rows.RowSource;
import fathomexport.report.rows.RowSpool;
import fathomexport.testing.TestReports;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which numbers may be stored, and what is said of the others. */
class RowTyperTest {
  private static final LocalDate DAY = LocalDate.of(2026, 3, 1);

  @TempDir Path directory;

  /** Types a row of one text and these numbers. Returns why it is refused; empty if it is typed. */
  private List<String> refusals(Report report, String field, List<String> numbers)
      throws IOException {
    Slice slice =
        new Slice(new SiteId("CDBUGS"), report.entity() == Entity.EVENT ? "sign up" : null);
    QueryShape shape =
        new QueryShape(
            report.entity(),
            report.aggregates(),
            report.dateGrouping(),
            report.fields(),
            report.filters());
    Window window = new Window(report.name(), slice, report.dateGrouping(), new DayRange(DAY, DAY));
    List<String> refused = new ArrayList<>();
    List<LocalDate> typed = new ArrayList<>();
    try (RowSpool raw = new RowSpool(directory);
        RowSpool out = new RowSpool(directory);
        RowSorter sorter = new RowSorter(directory)) {
      RawRows.RawRowWriter writer = new RawRows.RawRowWriter(raw);
      writer.start(DAY.toEpochDay(), DAY.toEpochDay());
      writer.cell(CellKind.STRING, field.getBytes(StandardCharsets.UTF_8));
      for (String number : numbers) {
        writer.cell(CellKind.NUMBER, number.getBytes(StandardCharsets.UTF_8));
      }
      writer.end();
      try (RowSource source = raw.read()) {
        new RowTyper(report, window, shape, false)
            .type(
                new RawRows.RawRowReader(source, 1 + numbers.size()),
                sorter,
                out,
                new Collecting(typed, refused));
      }
      assertThat(out.rows()).isEqualTo(typed.size()).isEqualTo(1 - refused.size());
    }
    return refused;
  }

  private record Collecting(List<LocalDate> typed, List<String> refused)
      implements RowTyper.Findings {
    @Override
    public void typed(
        LocalDate period,
        long time,
        List<Aggregate> measures,
        long[] values,
        byte[] row,
        int length) {
      typed.add(period);
    }

    @Override
    public void rate(long visits, BigDecimal rate) {}

    @Override
    public void refused(LocalDate period, String json, String reason) {
      refused.add(reason);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "3, 4, 1.5, 12.5,",
    "0, 0, 0, 0,",
    "-1, 4, 1.5, 12.5, 'visits is -1, not a whole number of 64 bits'",
    "3, -4, 1.5, 12.5, 'pageviews is -4, not a whole number of 64 bits'",
    "3, 4, -1.5, 12.5, 'avg_duration is -1.5, not a decimal number, 0 or more, or null'",
    "3, 4, 1.5, -0.1, 'bounce_rate is -0.1, not a decimal number, 0 or more, or null'"
  })
  void aNegativeMeasureIsRefused(
      String visits, String pageviews, String duration, String rate, @Nullable String reason)
      throws IOException {
    Report report =
        TestReports.measuring(
            "pages",
            List.of(
                Aggregate.VISITS,
                Aggregate.PAGEVIEWS,
                Aggregate.AVG_DURATION,
                Aggregate.BOUNCE_RATE),
            Field.PATHNAME);
    assertThat(refusals(report, "/", List.of(visits, pageviews, duration, rate)))
        .isEqualTo(reason == null ? List.of() : List.of(reason));
  }

  /** Refunds make a value negative, and nothing else of an event. */
  @ParameterizedTest
  @CsvSource({
    "1, 1, -995,",
    "-1, 1, 995, 'conversions is -1, not a whole number of 64 bits'",
    "1, -1, 995, 'unique_conversions is -1, not a whole number of 64 bits'"
  })
  void onlyTheValueOfAnEventMayBeNegative(
      String conversions, String unique, String value, @Nullable String reason) throws IOException {
    assertThat(refusals(TestReports.goals(), "a", List.of(conversions, unique, value)))
        .isEqualTo(reason == null ? List.of() : List.of(reason));
  }
}
