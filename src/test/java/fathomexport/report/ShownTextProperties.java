package fathomexport.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class ShownTextProperties {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Characters that must never be shown, whatever stands beside them. */
  private static boolean dangerous(int c) {
    return c < 0x20
        || (c >= 0x7f && c <= 0x9f)
        || c == 0x061c
        || c == 0x200b
        || c == 0x200e
        || c == 0x200f
        || (c >= 0x2028 && c <= 0x202e)
        || (c >= 0x2060 && c <= 0x206f)
        || c == 0xfeff
        || (c >= 0xd800 && c <= 0xdfff)
        || (c >= 0xe0000 && c <= 0xe007f);
  }

  @Property(tries = 2000)
  void nothingDangerousIsShown(@ForAll String text) {
    for (String shown :
        List.of(ShownText.line(text), ShownText.words(text), ShownText.cell(text))) {
      assertThat(shown.codePoints().noneMatch(ShownTextProperties::dangerous)).isTrue();
    }
    assertThat(
            ShownText.lines(text)
                .codePoints()
                .noneMatch(c -> dangerous(c) && c != '\n' && c != '\r' && c != '\t'))
        .isTrue();
  }

  @Example
  void everyDangerousCharacterBetweenLettersAndBetweenEmoji() {
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      if (dangerous(c)) {
        for (String beside : List.of("a", "日", "\ud83d\udc69", "م")) {
          String shown = ShownText.line(beside + Character.toString(c) + beside);
          assertThat(shown).as("U+%04X", c).startsWith(beside + "\\u").endsWith(beside);
        }
      }
    }
  }

  @Property
  void jsonMeansTheSame(@ForAll List<String> texts) throws IOException {
    String json = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(texts);
    String shown = ShownText.json(json);
    assertThat(JSON.readTree(shown)).isEqualTo(JSON.readTree(json));
    assertThat(shown.lines().count()).isEqualTo(json.lines().count());
  }

  @Example
  void lettersOfAllScriptsAndEmojiStay() {
    for (String text :
        List.of(
            "été Größe",
            "日本語 한국어",
            "مرحبا שלום",
            "می\u200cخواهم",
            "क्\u200dष",
            "\ud83d\udc69\u200d\ud83d\udcbb \u2764\ufe0f\u200d\ud83d\udd25",
            "C:\\users",
            "a\u00a0b")) {
      assertThat(ShownText.line(text)).isEqualTo(text);
      assertThat(ShownText.cell(text)).isEqualTo(text);
    }
  }

  @Example
  void codesAreVisible() {
    assertThat(ShownText.line("a\u001b[31m\nb\u202e\u0085\ud83d\u007f"))
        .isEqualTo("a\\u001b[31m\\u000ab\\u202e\\u0085\\ud83d\\u007f");
    assertThat(ShownText.lines("a\n\tb\u001b")).isEqualTo("a\n\tb\\u001b");
    assertThat(ShownText.line("a\u200db")).isEqualTo("a\\u200db");
  }

  @Example
  void whatIsTooLongIsShortenedAndItsLengthNamed() {
    String id = "x".repeat(10_000);
    assertThat(ShownText.line("site " + id + " is gone"))
        .isEqualTo("site " + "x".repeat(100) + "…(10000 characters) is gone");
    assertThat(ShownText.cell(id)).hasSizeLessThan(130).endsWith("…(10000 characters)");
    assertThat(ShownText.cell("\ud83d\ude00".repeat(400)))
        .isEqualTo("\ud83d\ude00".repeat(100) + "…(400 characters)");
    assertThat(ShownText.line("a b ".repeat(5_000))).endsWith("…(20000 characters)");
    assertThat(ShownText.words("a b ".repeat(5_000))).hasSize(20_000);
  }
}
