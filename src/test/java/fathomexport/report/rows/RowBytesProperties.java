package fathomexport.report.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.DateGrouping;
import fathomexport.report.TableSchema;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;

/** What is written is read, and rows order by their bytes as by their cells. */
class RowBytesProperties {
  private static final TableSchema SCHEMA =
      new TableSchema(
          "rows",
          DateGrouping.DAY,
          List.of(
              new Column("t", ColumnType.TEXT, true, Column.Role.FIELD),
              new Column("n", ColumnType.BIGINT, true, Column.Role.MEASURE),
              new Column("d", ColumnType.DOUBLE, true, Column.Role.MEASURE),
              new Column("u", ColumnType.TEXT, true, Column.Role.FIELD),
              new Column("h", ColumnType.TIMESTAMP, false, Column.Role.TIME)));

  /** A row's cells as values. */
  record Cells(
      @Nullable String t, @Nullable Long n, @Nullable Double d, @Nullable String u, long h) {}

  @Provide
  Arbitrary<Cells> cells() {
    Arbitrary<String> text =
        Arbitraries.oneOf(
                Arbitraries.of("", "a", "aa", "b", "\u0001", "ä", "\uFFFD", "😀", "\uE000"),
                Arbitraries.strings().withCharRange('\u0001', '\uD7FF').ofMaxLength(20))
            .injectNull(0.2);
    Arbitrary<Long> whole =
        Arbitraries.oneOf(
                Arbitraries.of(0L, 1L, -1L, Long.MIN_VALUE, Long.MAX_VALUE, 255L, 256L),
                Arbitraries.longs())
            .injectNull(0.2);
    Arbitrary<Double> real =
        Arbitraries.oneOf(
                Arbitraries.of(
                    0.0,
                    -0.0,
                    1.0,
                    -1.0,
                    Double.MIN_VALUE,
                    -Double.MIN_VALUE,
                    Double.MAX_VALUE,
                    -Double.MAX_VALUE),
                Arbitraries.doubles())
            .injectNull(0.2);
    return net.jqwik.api.Combinators.combine(text, whole, real, text, Arbitraries.longs())
        .as(Cells::new);
  }

  private static byte[] write(Cells cells) {
    RowWriter writer = new RowWriter(SCHEMA);
    writer.text(cells.t());
    if (cells.n() == null) {
      writer.putNull();
    } else {
      writer.integer(cells.n());
    }
    if (cells.d() == null) {
      writer.putNull();
    } else {
      writer.real(cells.d());
    }
    writer.text(cells.u());
    writer.integer(cells.h());
    return writer.toBytes();
  }

  private static Cells read(byte[] row) {
    RowReader reader = new RowReader(SCHEMA).read(row, row.length);
    return new Cells(
        reader.text(0),
        reader.isNull(1) ? null : Long.valueOf(reader.integer(1)),
        reader.isNull(2) ? null : Double.valueOf(reader.real(2)),
        reader.text(3),
        reader.integer(4));
  }

  @Property(tries = 2000)
  void whatIsWrittenIsRead(@ForAll("cells") Cells cells) {
    Double d = cells.d();
    // The two zeros are one number.
    Cells expected =
        d != null && d == 0.0 ? new Cells(cells.t(), cells.n(), 0.0, cells.u(), cells.h()) : cells;

    assertThat(read(write(cells))).isEqualTo(expected);
  }

  @Property(tries = 5000)
  void bytesOrderAsCellsDo(@ForAll("cells") Cells a, @ForAll("cells") Cells b) {
    assertThat(Integer.signum(Arrays.compareUnsigned(write(a), write(b))))
        .isEqualTo(Integer.signum(compare(a, b)));
  }

  @Property(tries = 2000)
  void bytesOrderAsTheLaterCellsDoWhereTheFirstAreEqual(
      @ForAll("cells") Cells a, @ForAll("cells") Cells b, @ForAll boolean numbersToo) {
    Cells like =
        new Cells(a.t(), numbersToo ? a.n() : b.n(), numbersToo ? a.d() : b.d(), b.u(), b.h());

    assertThat(Integer.signum(Arrays.compareUnsigned(write(a), write(like))))
        .isEqualTo(Integer.signum(compare(a, like)));
  }

  private static int compare(Cells a, Cells b) {
    List<Integer> orders = new ArrayList<>();
    orders.add(texts(a.t(), b.t()));
    orders.add(nullsFirst(a.n(), b.n()));
    Double x = a.d();
    Double y = b.d();
    orders.add(x != null && y != null && x.doubleValue() == y.doubleValue() ? 0 : nullsFirst(x, y));
    orders.add(texts(a.u(), b.u()));
    orders.add(Long.compare(a.h(), b.h()));
    return orders.stream().filter(o -> o != 0).findFirst().orElse(0);
  }

  private static <T extends Comparable<T>> int nullsFirst(@Nullable T a, @Nullable T b) {
    if (a == null || b == null) {
      return Boolean.compare(a != null, b != null);
    }
    return a.compareTo(b);
  }

  /** By code point, which is not the order of Java's chars. */
  private static int texts(@Nullable String a, @Nullable String b) {
    if (a == null || b == null) {
      return Boolean.compare(a != null, b != null);
    }
    return Arrays.compare(a.codePoints().toArray(), b.codePoints().toArray());
  }

  @Example
  void refusesWhatHasNoPlace() {
    RowWriter writer = new RowWriter(SCHEMA);
    assertThatIllegalArgumentException().isThrownBy(() -> writer.reset().real(Double.NaN));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> writer.reset().real(Double.NEGATIVE_INFINITY));
    assertThatIllegalStateException().isThrownBy(() -> writer.reset().toBytes());
    byte[] whole = write(new Cells("a", 1L, 2.0, "b", 3));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RowReader(SCHEMA).read(whole, whole.length - 1));
    writer.reset().text("a");
    writer.integer(1);
    writer.real(1);
    writer.text("b");
    assertThatIllegalArgumentException().isThrownBy(writer::putNull).withMessageContaining("h");
    writer.integer(1);
    assertThatIllegalStateException().isThrownBy(() -> writer.integer(1));
  }

  @Example
  void aPrefixEndsWithItsCell() {
    byte[] row = write(new Cells("ab", null, 1.5, null, 7));
    RowReader reader = new RowReader(SCHEMA).read(row, row.length);

    assertThat(reader.prefixLength(0)).isZero();
    assertThat(reader.prefixLength(1)).isEqualTo(4);
    assertThat(reader.prefixLength(2)).isEqualTo(5);
    assertThat(reader.prefixLength(5)).isEqualTo(row.length);
    assertThat(reader.textLength(0)).isEqualTo(2);
    assertThatIllegalStateException().isThrownBy(() -> reader.integer(1));
  }
}
