package fathomexport.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class StoredTextProperties {
  @Property(tries = 5000)
  void whatWasEncodedIsDecoded(@ForAll("texts") String text) {
    assertThat(StoredText.decode(StoredText.encode(text))).isEqualTo(text);
  }

  @Property
  void anyTextAtAllIsDecoded(@ForAll String text) {
    assertThat(StoredText.decode(StoredText.encode(text))).isEqualTo(text);
  }

  @Property(tries = 5000)
  void whatIsStoredIsUtf8WithoutZeros(@ForAll("texts") String text) {
    String stored = StoredText.encode(text);
    assertThat(stored.indexOf(0)).isNegative();
    byte[] bytes = stored.getBytes(StandardCharsets.UTF_8);
    assertThat(new String(bytes, StandardCharsets.UTF_8)).isEqualTo(stored);
    assertThat(StoredText.isSendable(stored)).isTrue();
  }

  @Property(tries = 5000)
  void ordinaryTextStaysTheSame(@ForAll("texts") String text) {
    boolean ordinary =
        StoredText.isSendable(text)
            && text.indexOf(0) < 0
            && !text.matches("(?s).*\\\\u(0000|d[89a-f][0-9a-f]{2}).*");
    if (ordinary) {
      assertThat(StoredText.encode(text)).isSameAs(text);
      assertThat(StoredText.decode(text)).isEqualTo(text);
    } else {
      assertThat(StoredText.encode(text)).isNotEqualTo(text);
    }
  }

  /** Every text of up to six of the pieces that matter, so that nothing is left to chance. */
  @Example
  void noTwoTextsAreStoredAlike() {
    List<String> pieces = List.of("\\", "u", "0000", "\0", "\ud83d", "\ude00", "d83d", "x");
    Map<String, String> textOf = new HashMap<>();
    Map<String, String> texts = new HashMap<>(Map.of("", ""));
    for (int length = 1; length <= 5; length++) {
      Map<String, String> longer = new HashMap<>();
      for (String text : texts.keySet()) {
        for (String piece : pieces) {
          longer.put(text + piece, "");
        }
      }
      for (String text : longer.keySet()) {
        String other = textOf.putIfAbsent(StoredText.encode(text), text);
        assertThat(other == null || other.equals(text)).as("%s and %s", text, other).isTrue();
      }
      texts = longer;
    }
  }

  @Example
  void theRulesAsTheyAreDocumented() {
    assertThat(StoredText.encode("/a\ud83d")).isEqualTo("/a\\ud83d");
    assertThat(StoredText.encode("/a\ud83c")).isEqualTo("/a\\ud83c");
    assertThat(StoredText.encode("/a\0")).isEqualTo("/a\\u0000");
    assertThat(StoredText.encode("/a\ufffd")).isEqualTo("/a\ufffd");
    assertThat(StoredText.encode("/a\\u0000")).isEqualTo("/a\\\\u0000");
    assertThat(StoredText.encode("/a\\\0")).isEqualTo("/a\\\\\\u0000");
    assertThat(StoredText.encode("C:\\users\\u00e4\\uD83D\\ud7ff\ud83d\ude00"))
        .isEqualTo("C:\\users\\u00e4\\uD83D\\ud7ff\ud83d\ude00");
  }

  @Provide
  static Arbitrary<String> texts() {
    Arbitrary<String> pieces =
        Arbitraries.oneOf(
            Arbitraries.of("\\", "\\\\", "u", "\\u0000", "\\ud83d", "d83d", "0000", "\0", "/a"),
            Arbitraries.of("\ud83d", "\ude00", "\ud83d\ude00", "\udfff", "\ud800", "\ufffd", "ä"),
            Arbitraries.chars().all().map(String::valueOf));
    return pieces.list().ofMaxSize(8).map(list -> String.join("", list));
  }
}
