package fathomexport.typing;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalLong;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a number is, and what only Java's own parsers take for one. */
class NumbersTest {
  private static final BigInteger LEAST = BigInteger.valueOf(Long.MIN_VALUE);
  private static final BigInteger MOST = BigInteger.valueOf(Long.MAX_VALUE);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "-",
        "+5",
        " 5",
        "5 ",
        "5\n",
        "\u00a05",
        "1d",
        "1f",
        "1L",
        "0x10",
        "1_000",
        "1,000",
        "NaN",
        "Infinity",
        "-Infinity",
        "٣",
        "१२",
        "５",
        "--1",
        "1-",
        "null",
        "true",
        "1e",
        "e5",
        "1e999",
        "1e+",
        "1.",
        ".5",
        "-.5",
        "1.2.3",
        "1,5"
      })
  void noNumbers(String text) {
    assertThat(whole(text)).isEmpty();
    assertThat(decimal(text)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.0", "1e3", "9223372036854775808", "-9223372036854775809"})
  void decimalsThatAreNotWholeOrTooLarge(String text) {
    assertThat(whole(text)).isEmpty();
    assertThat(decimal(text)).contains(new BigDecimal(text));
  }

  @ParameterizedTest
  @CsvSource({
    "0,0",
    "-0,0",
    "007,7",
    "-1,-1",
    "9223372036854775807,9223372036854775807",
    "-9223372036854775808,-9223372036854775808"
  })
  void wholeNumbers(String text, long value) {
    assertThat(whole(text)).hasValue(value);
  }

  @Provide
  Arbitrary<BigInteger> aroundTheEnds() {
    return Arbitraries.oneOf(
        Arbitraries.bigIntegers(),
        Arbitraries.integers().between(-30, 30).map(i -> MOST.add(BigInteger.valueOf(i))),
        Arbitraries.integers().between(-30, 30).map(i -> LEAST.add(BigInteger.valueOf(i))));
  }

  @Property(tries = 500)
  void aWholeNumberIsReadWhenItFits64Bits(@ForAll("aroundTheEnds") BigInteger value) {
    if (value.compareTo(LEAST) < 0 || value.compareTo(MOST) > 0) {
      assertThat(whole(value.toString())).isEmpty();
    } else {
      assertThat(whole(value.toString())).hasValue(value.longValueExact());
    }
  }

  @Property(tries = 500)
  void whatIsReadIsWhatIsWritten(@ForAll("scraps") String text) {
    whole(text).ifPresent(v -> assertThat(new BigInteger(text)).isEqualTo(BigInteger.valueOf(v)));
    assertThat(decimal(text).isPresent())
        .isEqualTo(text.matches("-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]{1,2})?"));
    decimal(text).ifPresent(v -> assertThat(v.doubleValue()).isFinite());
  }

  @Provide
  Arbitrary<String> scraps() {
    return Arbitraries.strings().withChars("0123456789.-+eE ").ofMaxLength(12);
  }

  /** Read from within a longer text, whose ends are digits. */
  private static OptionalLong whole(String text) {
    byte[] utf8 = ("9" + text + "9").getBytes(StandardCharsets.UTF_8);
    return Numbers.whole(utf8, 1, utf8.length - 1);
  }

  private static Optional<BigDecimal> decimal(String text) {
    byte[] utf8 = ("9" + text + "9").getBytes(StandardCharsets.UTF_8);
    return Numbers.decimal(utf8, 1, utf8.length - 1);
  }
}
