package fathomexport.fetch.rows;

import fathomexport.api.answer.AnswerParser;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.QueryShape;
import fathomexport.report.rows.RowSource;
import fathomexport.report.rows.RowSpool;
import fathomexport.typing.RawRows;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Responses of the API, written as it sends them and read by the parser that reads them. */
public final class Responses {
  private Responses() {}

  /**
   * A row of a report of pageviews.
   *
   * @param label the date as the API writes it; not sent without date grouping
   * @param path the group; not sent if the shape has no fields
   */
  public record Row(String label, String path, long pageviews) {
    public static Row of(LocalDate day, String path) {
      return new Row(day.toString(), path, 1);
    }
  }

  /** Returns a query for pageviews. */
  public static QueryShape shape(DateGrouping grouping, Field... fields) {
    return new QueryShape(
        Entity.PAGEVIEW, List.of(Aggregate.PAGEVIEWS), grouping, List.of(fields), List.of());
  }

  /** Passes a response to a page. */
  public static PageReader read(PageReader page, QueryShape shape, List<Row> rows) {
    byte[] json = json(shape, rows).getBytes(StandardCharsets.UTF_8);
    try {
      AnswerParser.parse(new ByteArrayInputStream(json), shape, page);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return page;
  }

  public static PageReader read(PageReader page, QueryShape shape, Row... rows) {
    return read(page, shape, Arrays.asList(rows));
  }

  private static String json(QueryShape shape, List<Row> rows) {
    return rows.stream().map(row -> json(shape, row)).collect(Collectors.joining(",", "[", "]"));
  }

  private static String json(QueryShape shape, Row row) {
    List<String> cells = new ArrayList<>();
    if (shape.dateGrouping().hasBuckets()) {
      cells.add("\"date\":\"" + row.label() + "\"");
    }
    shape.fields().forEach(f -> cells.add("\"" + f.apiName() + "\":\"" + row.path() + "\""));
    cells.add("\"pageviews\":\"" + row.pageviews() + "\"");
    return "{" + String.join(",", cells) + "}";
  }

  /** Reads what a spool holds, for shapes of one field: the days of the rows and their groups. */
  public static List<String> texts(RowSpool spool) {
    List<String> texts = new ArrayList<>();
    try (RowSource source = spool.read()) {
      RawRows.RawRowReader row = new RawRows.RawRowReader(source, 2);
      while (row.next()) {
        texts.add(LocalDate.ofEpochDay(row.period()) + " " + row.text(0));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return texts;
  }
}
