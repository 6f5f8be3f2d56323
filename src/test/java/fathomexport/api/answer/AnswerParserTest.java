package fathomexport.api.answer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.api.answer.AggregationAnswer.Contents;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.QueryShape;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AnswerParserTest {
  private static final QueryShape SHAPE =
      new QueryShape(
          Entity.PAGEVIEW,
          List.of(Aggregate.VISITS, Aggregate.BOUNCE_RATE),
          DateGrouping.DAY,
          List.of(Field.PATHNAME),
          List.of());

  private final List<String> rows = new ArrayList<>();

  private Contents parse(String body) throws IOException {
    return parse(body, SHAPE);
  }

  private Contents parse(String body, QueryShape shape) throws IOException {
    return AnswerParser.parse(
        new ByteArrayInputStream(body.getBytes(StandardCharsets.UTF_8)),
        shape,
        new RowHandler() {
          @Override
          public void restart() {
            rows.clear();
          }

          @Override
          public void row(RawRow row) {
            rows.add(
                row.bucketKind()
                    + "="
                    + row.bucketText()
                    + (shape.fields().isEmpty()
                        ? ""
                        : " " + row.fieldKind(0) + "=" + row.fieldText(0))
                    + " "
                    + row.aggregateKind(0)
                    + "="
                    + row.aggregateText(0));
          }
        });
  }

  @Test
  void tellsApartWhatACellMayHold() throws Exception {
    Contents contents =
        parse(
            """
            [{"date":"2026-06-11","pathname":"/a","visits":"12"},
             {"visits":12,"pathname":null,"date":"2026-06-12"},
             {"date":"2026-06-13","pathname":"","visits":1.50E+2},
             {"date":"2026-06-14","pathname":true,"visits":{"a":[1,"x"]}},
             {"date":"2026-06-15"},
             {}]
            """);
    assertThat(rows)
        .containsExactly(
            "STRING=2026-06-11 STRING=/a STRING=12",
            "STRING=2026-06-12 NULL=null NUMBER=12",
            "STRING=2026-06-13 STRING= NUMBER=1.50E+2",
            "STRING=2026-06-14 OTHER=true OTHER={\"a\":[1,\"x\"]}",
            "STRING=2026-06-15 MISSING=null MISSING=null",
            "MISSING=null MISSING=null MISSING=null");
    assertThat(contents.rows()).isEqualTo(6);
    assertThat(contents.unknownKeys()).isZero();
    assertThat(contents.legacyEnvelope()).isFalse();
  }

  @Test
  void theBucketIsUnderDateOrElseUnderTimestamp() throws Exception {
    parse(
        """
        [{"date":"a","timestamp":"b"},{"timestamp":"b","date":"a"},{"timestamp":"b"},
         {"timestamp":"b","date":null}]
        """);
    assertThat(rows)
        .extracting(r -> r.substring(0, r.indexOf(' ')))
        .containsExactly("STRING=a", "STRING=a", "STRING=b", "NULL=null");
  }

  @Test
  void withoutDateGroupingThereIsNoBucket() throws Exception {
    Contents contents =
        parse(
            "[{\"date\":\"2026-01-01\",\"visits\":\"0\",\"bounce_rate\":null}]",
            new QueryShape(
                Entity.PAGEVIEW,
                List.of(Aggregate.VISITS),
                DateGrouping.NONE,
                List.of(),
                List.of()));
    assertThat(rows).containsExactly("MISSING=null STRING=0");
    assertThat(contents.unknownNames()).containsExactly("date", "bounce_rate");
  }

  @Test
  void keysThatWereNotAskedForAreCountedAndSkipped() throws Exception {
    Contents contents =
        parse("[{\"x\":{\"visits\":1},\"visits\":\"3\",\"y\":[[]]},{\"x\":1,\"visits\":\"4\"}]");
    assertThat(rows)
        .extracting(r -> r.substring(r.lastIndexOf(' ') + 1))
        .containsExactly("STRING=3", "STRING=4");
    assertThat(contents.unknownKeys()).isEqualTo(3);
    assertThat(contents.unknownNames()).containsExactly("x", "y");
  }

  @Test
  void cellsWithUnstorableCharactersAreEscapedAndCounted() throws Exception {
    Contents contents =
        parse(
            "[{\"pathname\":\"/a\\u0000b\\ud800c\\ud83d\\ude00\\udc00\"},{\"pathname\":\"/\\u0000\"},{\"pathname\":\"/\\u0000\"}]");
    assertThat(rows)
        .extracting(r -> r.split(" ", -1)[1])
        .containsExactly(
            "STRING=/a\\u0000b\\ud800c\uD83D\uDE00\\udc00", "STRING=/\\u0000", "STRING=/\\u0000");
    assertThat(contents.escapedCells()).isEqualTo(3);
  }

  @Test
  void theOlderEnvelopeIsAccepted() throws Exception {
    Contents contents =
        parse(
            "{\"object\":\"list\",\"url\":\"/v1\",\"data\":[{\"visits\":\"3\"}],\"has_more\":false}");
    assertThat(contents.legacyEnvelope()).isTrue();
    assertThat(contents.rows()).isEqualTo(1);
    assertThatThrownBy(() -> parse("{\"data\":[{\"visits\":\"3\"}],\"has_more\":true}"))
        .isInstanceOfSatisfying(
            UnusableAnswerException.class, e -> assertThat(e.lasting()).isTrue());
  }

  @Test
  void anEmptyArrayIsAnAnswer() throws Exception {
    assertThat(parse(" [ ] ").rows()).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "  ",
        "null",
        "\"x\"",
        "12",
        "<html></html>",
        "[",
        "[{\"visits\":\"1\"}",
        "[{\"visits\":\"1\"},",
        "[{\"visits\":\"1",
        "[{\"visits\":}]",
        "[{\"visits\":\"1\"}] x",
        "[{\"visits\":\"1\"}][]",
        "[{\"visits\":\"1\"}]]",
        "[[]]",
        "[1]",
        "[null]",
        "[{\"visits\":\"1\",\"visits\":\"2\"}]",
        "[{\"visits\":NaN}]",
        "[{\"visits\":01}]",
        "[{'visits':1}]",
        "[{\"visits\":1,}]",
        "{}",
        "{\"error\":\"x\"}",
        "{\"data\":{}}",
        "{\"data\":[],\"data\":[]}",
        "{\"data\":[]",
      })
  void anythingElseIsUnusable(String body) {
    assertThatThrownBy(() -> parse(body)).isInstanceOf(UnusableAnswerException.class);
  }

  @Test
  void invalidUtf8IsUnusable() {
    byte[] body = "[{\"pathname\":\"/é\"}]".getBytes(StandardCharsets.ISO_8859_1);
    assertThatThrownBy(
            () -> AnswerParser.parse(new ByteArrayInputStream(body), SHAPE, new Collected(SHAPE)))
        .isInstanceOf(UnusableAnswerException.class);
  }

  @Test
  void aRowIsShownAsTheJsonThatItWas() throws Exception {
    List<String> shown = new ArrayList<>();
    String row =
        "{\"date\":\"2026-06-11\",\"pathname\":\"/\\\"\",\"visits\":1e3,\"bounce_rate\":{\"a\":null}}";
    AnswerParser.parse(
        new ByteArrayInputStream(
            ("[" + row + ",{\"visits\":null}]").getBytes(StandardCharsets.UTF_8)),
        SHAPE,
        new RowHandler() {
          @Override
          public void restart() {}

          @Override
          public void row(RawRow r) {
            shown.add(r.number() + r.toJson());
          }
        });
    assertThat(shown).containsExactly("1" + row, "2{\"visits\":null}");
  }
}
