package fathomexport.api.answer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import fathomexport.api.answer.AggregationAnswer.Contents;
import fathomexport.api.answer.Collected.Cell;
import fathomexport.api.answer.RawRow.JsonKind;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.QueryShape;
import fathomexport.report.StoredText;
import fathomexport.testing.OddTexts;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class AnswerParserProperties {
  private static final QueryShape SHAPE =
      new QueryShape(
          Entity.PAGEVIEW,
          List.of(Aggregate.VISITS, Aggregate.PAGEVIEWS, Aggregate.BOUNCE_RATE),
          DateGrouping.DAY,
          List.of(Field.HOSTNAME, Field.PATHNAME),
          List.of());
  private static final List<String> NAMES =
      List.of("date", "hostname", "pathname", "visits", "pageviews", "bounce_rate");

  @Property
  void everyCellComesBackWhateverTheOrderOfKeys(
      @ForAll("rows") List<List<Cell>> rows, @ForAll long seed) throws Exception {
    Collected got = new Collected(SHAPE);
    byte[] body = json(rows, new Random(seed)).getBytes(StandardCharsets.UTF_8);
    Contents contents = AnswerParser.parse(new ByteArrayInputStream(body), SHAPE, got);
    assertThat(got.rows).isEqualTo(stored(rows));
    assertThat(contents.escapedCells())
        .isEqualTo(rows.stream().flatMap(List::stream).filter(c -> !stored(c).equals(c)).count());
    assertThat(contents.rows()).isEqualTo(rows.size());
    assertThat(contents.bytes()).isEqualTo(body.length);
  }

  @Property(tries = 200)
  void noBeginningOfAnAnswerIsAnAnswer(@ForAll("rows") List<List<Cell>> rows, @ForAll long seed) {
    byte[] body = json(rows, new Random(seed)).getBytes(StandardCharsets.UTF_8);
    int cut = new Random(seed).nextInt(body.length);
    assertThatThrownBy(
            () ->
                AnswerParser.parse(
                    new ByteArrayInputStream(body, 0, cut), SHAPE, new Collected(SHAPE)))
        .isInstanceOf(UnusableAnswerException.class);
  }

  private static List<List<Cell>> stored(List<List<Cell>> rows) {
    return rows.stream()
        .map(row -> row.stream().map(AnswerParserProperties::stored).toList())
        .toList();
  }

  private static Cell stored(Cell cell) {
    return cell.kind() == JsonKind.STRING
        ? new Cell(JsonKind.STRING, StoredText.encode(String.valueOf(cell.text())))
        : cell;
  }

  /** As a JSON string, in which only an escape can be half of a surrogate pair. */
  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder();
    for (char c : JsonStringEncoder.getInstance().quoteAsString(text)) {
      quoted.append(
          Character.isSurrogate(c) ? String.format("\\u%04x", (int) c) : String.valueOf(c));
    }
    return quoted.toString();
  }

  private static String json(List<List<Cell>> rows, Random random) {
    return rows.stream()
        .map(
            row -> {
              List<String> members = new ArrayList<>();
              for (int i = 0; i < row.size(); i++) {
                Cell cell = row.get(i);
                String value =
                    cell.kind() == JsonKind.STRING
                        ? '"' + quoted(String.valueOf(cell.text())) + '"'
                        : String.valueOf(cell.text());
                if (cell.kind() != JsonKind.MISSING) {
                  members.add('"' + NAMES.get(i) + "\":" + value);
                }
              }
              Collections.shuffle(members, random);
              return "{" + String.join(",", members) + "}";
            })
        .collect(Collectors.joining(",", "[", "]"));
  }

  @Provide
  Arbitrary<List<List<Cell>>> rows() {
    Arbitrary<Cell> strings =
        Arbitraries.oneOf(
                OddTexts.any(),
                Arbitraries.of("", "12", "/", "/a\ud83d", "/a\ud83c", "/a\0", "/a\\u0000"),
                Arbitraries.strings().all().ofMaxLength(5))
            .map(t -> new Cell(JsonKind.STRING, t));
    Arbitrary<Cell> numbers =
        Arbitraries.of("0", "-0", "12", "1.5", "20.416666666667", "1E400", "99999999999999999999")
            .map(t -> new Cell(JsonKind.NUMBER, t));
    Arbitrary<Cell> rest =
        Arbitraries.of(
            new Cell(JsonKind.MISSING, null),
            new Cell(JsonKind.NULL, null),
            new Cell(JsonKind.OTHER, "true"),
            new Cell(JsonKind.OTHER, "[1,{\"visits\":2}]"));
    return Arbitraries.oneOf(strings, numbers, rest)
        .list()
        .ofSize(NAMES.size())
        .list()
        .ofMaxSize(8);
  }
}
