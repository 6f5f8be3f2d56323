package fathomexport.testing;

import fathomexport.report.StoredText;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/**
 * Texts as sites, events and filters may hold them: any Unicode, and what URLs and JSON dislike.
 */
public final class OddTexts {
  private OddTexts() {}

  public static Arbitrary<String> any() {
    Arbitrary<String> unicode =
        Arbitraries.strings().all().ofMaxLength(12).filter(StoredText::isSendable);
    Arbitrary<String> nasty =
        Arbitraries.of(
            "&=?#",
            "a+b c",
            "%20",
            "\"\\",
            "[{]}",
            "\n\t",
            "/a/b",
            "été",
            "\uD83D\uDE00",
            "^/(a|b)$",
            "\u2028");
    return Arbitraries.frequencyOf(
        Tuple.of(2, unicode),
        Tuple.of(1, nasty),
        Tuple.of(1, Combinators.combine(nasty, unicode, nasty).as((a, b, c) -> a + b + c)));
  }
}
