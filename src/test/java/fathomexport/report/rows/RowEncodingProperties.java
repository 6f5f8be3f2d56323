package fathomexport.report.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.DateGrouping;
import fathomexport.report.TableSchema;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;

/** Rows are read as they were written, and their bytes are ordered as their cells are. */
class RowEncodingProperties {
  private static final TableSchema SCHEMA =
      new TableSchema(
          "r",
          DateGrouping.DAY,
          List.of(
              new Column("a", ColumnType.TEXT, true, Column.Role.FIELD),
              new Column("d", ColumnType.DOUBLE, true, Column.Role.MEASURE),
              new Column("n", ColumnType.BIGINT, true, Column.Role.MEASURE),
              new Column("b", ColumnType.TEXT, true, Column.Role.FIELD),
              new Column("t", ColumnType.TIMESTAMP, false, Column.Role.TIME)));

  /** The cells of a row of {@link #SCHEMA}. */
  record Cells(
      @Nullable String a, @Nullable Double d, @Nullable Long n, @Nullable String b, long t) {

    byte[] encode(RowWriter writer) {
      writer.reset();
      put(writer, a);
      if (d == null) {
        writer.putNull();
      } else {
        writer.real(d);
      }
      if (n == null) {
        writer.putNull();
      } else {
        writer.integer(n);
      }
      put(writer, b);
      writer.integer(t);
      return writer.toBytes();
    }

    private static void put(RowWriter writer, @Nullable String text) {
      if (text == null) {
        writer.putNull();
      } else {
        writer.text(text);
      }
    }

    int compare(Cells o) {
      int order = texts(a, o.a);
      if (order == 0) {
        order = nullable(positive(d), positive(o.d));
      }
      if (order == 0) {
        order = nullable(n, o.n);
      }
      if (order == 0) {
        order = texts(b, o.b);
      }
      return order == 0 ? Long.compare(t, o.t) : order;
    }

    /** One zero: the sign of the other is not kept. */
    static @Nullable Double positive(@Nullable Double d) {
      return d == null ? null : Double.valueOf(d + 0.0);
    }

    private static <T extends Comparable<T>> int nullable(@Nullable T x, @Nullable T y) {
      if (x == null || y == null) {
        return Boolean.compare(x != null, y != null);
      }
      return x.compareTo(y);
    }

    private static int texts(@Nullable String x, @Nullable String y) {
      if (x == null || y == null) {
        return Boolean.compare(x != null, y != null);
      }
      return Arrays.compare(x.codePoints().toArray(), y.codePoints().toArray());
    }
  }

  @Provide
  Arbitrary<Cells> rows() {
    // Few short texts, so that equal cells and prefixes of one another come often.
    Arbitrary<String> texts =
        Arbitraries.oneOf(
            Arbitraries.of("", "a", "aa", "a\u0001", "b", "ä", "\uFFFD", "\uE000", "😀", "a😀"),
            Arbitraries.strings()
                .ofMaxLength(400)
                .filter(
                    s ->
                        s.indexOf(0) < 0
                            && s.codePoints().noneMatch(c -> c >= 0xD800 && c <= 0xDFFF)));
    Arbitrary<Double> reals =
        Arbitraries.oneOf(
            Arbitraries.of(
                0.0,
                -0.0,
                1.0,
                -1.0,
                Double.MIN_VALUE,
                -Double.MIN_VALUE,
                Double.MAX_VALUE,
                -Double.MAX_VALUE,
                20.416666666667),
            Arbitraries.doubles());
    Arbitrary<Long> wholes =
        Arbitraries.oneOf(
            Arbitraries.of(0L, 1L, -1L, 255L, 256L, Long.MIN_VALUE, Long.MAX_VALUE),
            Arbitraries.longs());
    return Combinators.combine(
            texts.injectNull(0.3),
            reals.injectNull(0.3),
            wholes.injectNull(0.3),
            texts.injectNull(0.3),
            wholes)
        .as(Cells::new);
  }

  @Property(tries = 500)
  void readAsWritten(@ForAll("rows") Cells first, @ForAll("rows") Cells second) {
    RowWriter writer = new RowWriter(SCHEMA);
    RowReader reader = new RowReader(SCHEMA);
    // One writer and one reader for both: nothing of the first may show in the second.
    for (Cells cells : List.of(first, second)) {
      byte[] row = cells.encode(writer);
      reader.read(row, row.length);
      assertThat(reader.text(0)).isEqualTo(cells.a);
      assertThat(reader.isNull(1) ? null : reader.real(1)).isEqualTo(Cells.positive(cells.d));
      assertThat(reader.isNull(2) ? null : reader.integer(2)).isEqualTo(cells.n);
      assertThat(reader.text(3)).isEqualTo(cells.b);
      assertThat(reader.integer(4)).isEqualTo(cells.t);
      if (cells.b != null) {
        assertThat(
                new String(
                    reader.bytes(),
                    reader.textStart(3),
                    reader.textLength(3),
                    StandardCharsets.UTF_8))
            .isEqualTo(cells.b);
      }
      assertThat(reader.prefixLength(0)).isZero();
      assertThat(reader.prefixLength(5)).isEqualTo(row.length);
    }
  }

  @Property(tries = 1000)
  void bytesAreOrderedAsCellsAre(@ForAll("rows") Cells one, @ForAll("rows") Cells other) {
    RowWriter writer = new RowWriter(SCHEMA);
    int order = Arrays.compareUnsigned(one.encode(writer), other.encode(writer));
    assertThat(Integer.signum(order)).isEqualTo(Integer.signum(one.compare(other)));
  }

  @Property(tries = 300)
  void rowsThatDifferInTheLastCellAloneAreOrderedByIt(
      @ForAll("rows") Cells one, @ForAll double d, @ForAll long t) {
    RowWriter writer = new RowWriter(SCHEMA);
    for (Cells other :
        List.of(
            new Cells(one.a, one.d, one.n, one.b, t),
            new Cells(one.a, d, one.n, one.b, one.t),
            new Cells(one.a, one.d, null, one.b, one.t),
            new Cells(one.a, one.d, one.n, "", one.t))) {
      int order = Arrays.compareUnsigned(one.encode(writer), other.encode(writer));
      assertThat(Integer.signum(order)).isEqualTo(Integer.signum(one.compare(other)));
    }
  }

  @Property(tries = 300)
  void aRowThatEndsElsewhereIsRefused(@ForAll("rows") Cells cells, @ForAll byte more) {
    byte[] row = cells.encode(new RowWriter(SCHEMA));
    byte[] longer = Arrays.copyOf(row, row.length + 1);
    longer[row.length] = more;
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RowReader(SCHEMA).read(longer, longer.length));
  }

  @Example
  void wrongUseIsRefused() {
    RowWriter writer = new RowWriter(SCHEMA);
    for (double odd :
        new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
      writer.reset().text("a");
      assertThatIllegalArgumentException().isThrownBy(() -> writer.real(odd));
    }
    writer.reset().text("a");
    assertThatIllegalStateException().isThrownBy(writer::toBytes);
    List<Runnable> rest = new ArrayList<>(List.of(writer::putNull, writer::putNull));
    rest.add(writer::putNull);
    rest.forEach(Runnable::run);
    assertThatIllegalArgumentException().isThrownBy(writer::putNull).withMessageContaining("t");
    writer.integer(1);
    assertThatIllegalStateException().isThrownBy(() -> writer.integer(1));
    byte[] row = writer.toBytes();
    RowReader reader = new RowReader(SCHEMA).read(row, row.length);
    assertThatIllegalStateException().isThrownBy(() -> reader.real(1));
    assertThatIllegalStateException().isThrownBy(() -> reader.integer(2));
  }
}
