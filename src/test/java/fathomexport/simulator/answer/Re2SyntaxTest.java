package fathomexport.simulator.answer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** What the simulator takes for RE2, RE2 takes. */
class Re2SyntaxTest {

  @Example
  void whatOnlyOtherEnginesKnow() {
    for (String pattern :
        List.of(
            "a(?=b)",
            "a(?!b)",
            "(?<=a)b",
            "(?<!a)b",
            "(?>a)",
            "(a)\\1",
            "(?<n>a)\\k<n>",
            "a++",
            "a*+",
            "a?+",
            "a{2}+",
            "{0}",
            "(?i){2}",
            "a|*",
            "a{2}{3}",
            "[a&&b]",
            "\\Z",
            "\\G",
            "\\R",
            "\\h",
            "\\cA",
            "\\u00e9",
            "a{1001}",
            "\\0101",
            "[a[b]]",
            "\\X")) {
      assertThat(Re2Syntax.unknown(pattern)).as(pattern).isPresent();
    }
  }

  @Example
  void whatBothKnow() {
    for (String pattern :
        List.of(
            "",
            "^",
            "^/blog/(?:a|b)*$",
            "^[^\\x00-a]",
            "^\\/a\\.b\\?",
            "^[aA]b+?c{2,5}",
            "(?i)x",
            "^\u00e9[\u00e9\u00c9]",
            "[]a]",
            "\\x0a\\-\\\"")) {
      assertThat(Re2Syntax.unknown(pattern)).as(pattern).isEmpty();
      assertThat(com.google.re2j.Pattern.compile(pattern)).as(pattern).isNotNull();
    }
  }

  @Provide
  Arbitrary<String> patterns() {
    return Arbitraries.of(
            "a", "b", "0", "9", "^", "$", ".", "*", "+", "?", "{", "}", "1", ",", "(", ")", "(?:",
            "(?=", "(?<", "(?i)", "[", "]", "[^", "-", "&", "|", "\\", "\\x", "\\d", "\\Q", ":",
            "<", "\u00e9")
        .list()
        .ofMaxSize(7)
        .map(parts -> String.join("", parts));
  }

  @Property(tries = 4_000)
  void whatPassesIsRe2(@ForAll("patterns") String pattern) {
    if (Re2Syntax.unknown(pattern).isPresent()) {
      return;
    }
    try {
      Pattern.compile(pattern);
    } catch (PatternSyntaxException e) {
      return; // Refused by the simulator as well.
    }
    assertThatCode(() -> com.google.re2j.Pattern.compile(pattern))
        .as(pattern)
        .doesNotThrowAnyException();
  }
}
