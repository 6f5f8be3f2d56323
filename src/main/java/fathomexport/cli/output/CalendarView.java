package fathomexport.cli.output;

import fathomexport.inspect.StatusOverview;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/**
 * The calendar of a line: one row per month and one column per day of the month. Consecutive days
 * of the same state form one path, which keeps the calendars of many years small.
 *
 * @param height height of the SVG picture in its user units; a cell is 9 by 9
 * @param gridHeight height of the cells alone
 * @param scale id of the labels, which calendars of the same months share
 * @param paths the days by state
 */
record CalendarView(int height, int gridHeight, String scale, List<Path> paths) {
  private static final int CELL = 9;
  private static final int LEFT = 45;
  private static final int DAYS = 31;

  /** Consecutive days of the same state. */
  record Path(String state, String d, String title) {}

  /** The labels beside the cells. */
  record Scale(String id, List<Label> labels) {
    static Scale of(YearMonth first, int months) {
      List<Label> labels = new ArrayList<>();
      for (int day = 1; day <= DAYS; day += 5) {
        labels.add(new Label(LEFT + (day - 1) * CELL + CELL / 2.0, 6.5, true, String.valueOf(day)));
      }
      for (int i = 0; i < months; i++) {
        labels.add(new Label(0, CELL + i * CELL + 7.0, false, first.plusMonths(i).toString()));
      }
      return new Scale(id(first, months), labels);
    }

    private static String id(YearMonth first, int months) {
      return "s" + first + "-" + months;
    }
  }

  /** One label of a scale. */
  record Label(double x, double y, boolean middle, String text) {}

  static YearMonth firstMonth(List<StatusOverview.Span> spans) {
    return YearMonth.from(spans.get(0).first());
  }

  static int months(List<StatusOverview.Span> spans) {
    return Math.toIntExact(
        ChronoUnit.MONTHS.between(
                firstMonth(spans), YearMonth.from(spans.get(spans.size() - 1).last()))
            + 1);
  }

  /**
   * @param spans one or more, in order
   */
  static CalendarView of(List<StatusOverview.Span> spans) {
    YearMonth start = firstMonth(spans);
    int months = months(spans);
    List<Path> paths = new ArrayList<>();
    for (StatusOverview.Span span : spans) {
      paths.add(
          new Path(
              span.state().key(),
              cells(span, start),
              (span.first().equals(span.last())
                      ? span.first().toString()
                      : span.first() + " .. " + span.last())
                  + ": "
                  + span.state().label()));
    }
    return new CalendarView(
        CELL + months * CELL, months * CELL, Scale.id(start, months), List.copyOf(paths));
  }

  private static String cells(StatusOverview.Span span, YearMonth start) {
    StringBuilder d = new StringBuilder();
    for (LocalDate day = span.first(); !day.isAfter(span.last()); ) {
      LocalDate end = YearMonth.from(day).atEndOfMonth();
      LocalDate to = end.isAfter(span.last()) ? span.last() : end;
      int width = (to.getDayOfMonth() - day.getDayOfMonth() + 1) * CELL;
      long row = ChronoUnit.MONTHS.between(start, YearMonth.from(day));
      d.append('M')
          .append(LEFT + (day.getDayOfMonth() - 1) * CELL)
          .append(' ')
          .append(CELL + row * CELL)
          .append('h')
          .append(width)
          .append("v9h-")
          .append(width)
          .append('z');
      day = to.plusDays(1);
    }
    return d.toString();
  }
}
