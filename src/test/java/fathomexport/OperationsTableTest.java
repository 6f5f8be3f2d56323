package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Each row of the table of known causes in {@code docs/operations.md} names tests that exist. */
class OperationsTableTest {
  private static final Path PAGE = Path.of("docs/operations.md");
  private static final String HEAD = "| cause | exit | what the tool says | what to do | test |";
  private static final Pattern NAME = Pattern.compile("`(?:([A-Z]\\w*Test)\\b\\.?)?([a-z]\\w*)?`");

  /** What tests of a part below the commands expect instead of an exit code. */
  private static final Map<String, String> KINDS =
      Map.of("65", "INCOMPLETE", "70", "FAULT", "74", "STORAGE", "77", "PERMISSION");

  private static List<String> rows() throws IOException {
    List<String> lines = Files.readAllLines(PAGE);
    int head = lines.indexOf(HEAD);
    assertThat(head).as("the table's head in %s", PAGE).isNotNegative();
    return lines.subList(head + 2, lines.size()).stream()
        .takeWhile(line -> line.startsWith("|"))
        .toList();
  }

  private static Map<String, String> sources() throws IOException {
    Map<String, String> sources = new TreeMap<>();
    try (Stream<Path> files = Files.walk(Path.of("src/test/java"))) {
      for (Path file : (Iterable<Path>) files::iterator) {
        String name = file.getFileName().toString();
        if (name.endsWith("Test.java")) {
          sources.merge(name.replace(".java", ""), Files.readString(file), (a, b) -> a + "\n" + b);
        }
      }
    }
    return sources;
  }

  /** Returns what is wrong with the tests that a row names. */
  private static List<String> problems(String row, Map<String, String> sources) {
    String[] cells = row.split("(?<!\\\\)\\|", -1);
    if (cells.length != 7) {
      return List.of("it has " + (cells.length - 2) + " cells: " + row);
    }
    List<String> problems = new ArrayList<>();
    String source = null;
    String test = "";
    Matcher names = NAME.matcher(cells[5]);
    while (names.find()) {
      if (names.group(1) != null) {
        test = names.group(1);
        source = sources.get(test);
      }
      String method = names.group(2);
      if (source == null) {
        problems.add("no test " + names.group());
      } else if (method != null
          && !Pattern.compile("@[\\w.]*Test\\b(?:(?!\\n  }\\n)[\\s\\S])*?void " + method + "\\(")
              .matcher(source)
              .find()) {
        problems.add("no method " + method + " in " + test);
      }
    }
    if (test.isEmpty()) {
      problems.add("no test is named: " + row);
    }
    return problems;
  }

  @Test
  void eachCauseHasATest() throws IOException {
    Map<String, String> sources = sources();
    List<String> rows = rows();

    assertThat(rows).hasSizeGreaterThan(30);
    assertThat(rows.stream().flatMap(row -> problems(row, sources).stream())).isEmpty();
  }

  /** The parts of a text in Java that {@code +} joins, as one. */
  private static String joined(String source) {
    return source.replaceAll("\"\\s*\\+\\s*\"", "").replace("\\\"", "\"");
  }

  /**
   * Returns the quotes of what the tool says that neither the program nor a test of the row has. A
   * test has those that are the words of the server or of the system.
   */
  private static List<String> unknownQuotes(
      String row, String program, Map<String, String> sources) {
    String[] cells = row.split("(?<!\\\\)\\|", -1);
    StringBuilder known = new StringBuilder(program);
    Matcher tests = NAME.matcher(cells[5]);
    while (tests.find()) {
      if (tests.group(1) != null) {
        known.append(joined(sources.getOrDefault(tests.group(1), "")));
      }
    }
    List<String> unknown = new ArrayList<>();
    Matcher quotes = Pattern.compile("`([^`]+)`").matcher(cells[3]);
    while (quotes.find()) {
      for (String part : quotes.group(1).split("…", -1)) {
        if (known.indexOf(part.strip()) < 0) {
          unknown.add("'" + part.strip() + "' of: " + row);
        }
      }
    }
    return unknown;
  }

  /** What the table quotes is what the program says. */
  @Test
  void eachQuoteIsSaid() throws IOException {
    StringBuilder program = new StringBuilder();
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      for (Path file : (Iterable<Path>) files::iterator) {
        if (file.toString().endsWith(".java")) {
          program.append(joined(Files.readString(file)));
        }
      }
    }
    Map<String, String> sources = sources();

    assertThat(rows().stream().flatMap(r -> unknownQuotes(r, program.toString(), sources).stream()))
        .isEmpty();
    assertThat(unknownQuotes("| a | b | `no such words` | d | `E` |", "such words", sources))
        .hasSize(1);
    assertThat(unknownQuotes("| a | b | `such … words` | d | `E` |", "such words", sources))
        .isEmpty();
  }

  /** Returns the quoted words that stand in more than one row: such rows are about one cause. */
  private static List<String> repeatedQuotes(List<String> rows) {
    Map<String, Integer> counts = new TreeMap<>();
    for (String row : rows) {
      Pattern.compile("`([^`]+ [^`]+)`")
          .matcher(row.split("(?<!\\\\)\\|", -1)[3])
          .results()
          .map(quote -> quote.group(1))
          .distinct()
          .forEach(quote -> counts.merge(quote, 1, Integer::sum));
    }
    return counts.entrySet().stream().filter(e -> e.getValue() > 1).map(Map.Entry::getKey).toList();
  }

  /** Whoever looks for the words of a message finds one row. */
  @Test
  void whatIsQuotedStandsInOneRow() throws IOException {
    assertThat(repeatedQuotes(rows())).isEmpty();
    assertThat(repeatedQuotes(List.of("| a | b | `two words` |", "| c | d | `two words`, 401 |")))
        .containsExactly("two words");
  }

  /** Returns the exit codes of a row that none of its tests expects. */
  private static List<String> untestedCodes(String row, Map<String, String> sources) {
    String[] cells = row.split("(?<!\\\\)\\|", -1);
    StringBuilder tests = new StringBuilder();
    Matcher names = NAME.matcher(cells[5]);
    while (names.find()) {
      tests.append(sources.getOrDefault(String.valueOf(names.group(1)), ""));
    }
    if (!tests.toString().contains(".code()")) {
      // They test a part below the command.
      return List.of();
    }
    return Pattern.compile("\\b(?:65|(?<!otherwise )7\\d|2(?= on the command line))\\b")
        .matcher(cells[2])
        .results()
        .map(code -> code.group())
        .filter(code -> !Pattern.compile("\\b" + code + "\\b").matcher(tests).find())
        .filter(code -> tests.indexOf("FailureKind." + KINDS.get(code)) < 0)
        .map(code -> code + " of: " + row)
        .toList();
  }

  @Test
  void eachExitCodeIsExpectedByATest() throws IOException {
    Map<String, String> sources = sources();

    assertThat(rows().stream().flatMap(row -> untestedCodes(row, sources).stream())).isEmpty();
    Map<String, String> some = Map.of("SomeTest", "assertThat(ended.code()).isEqualTo(78)");
    assertThat(untestedCodes("| a | 74 of `check` | c | d | `SomeTest.there` |", some)).hasSize(1);
    assertThat(untestedCodes("| a | 78, not retried | c | d | `SomeTest.there` |", some)).isEmpty();
  }

  @Test
  void aTestThatIsGoneIsFound() {
    Map<String, String> sources = Map.of("SomeTest", "  @Test\n  void there() {\n  }\n");

    assertThat(problems("| a | b | c | d | `SomeTest.there` |", sources)).isEmpty();
    assertThat(problems("| a | b | c | d | `SomeTest` |", sources)).isEmpty();
    assertThat(problems("| a | b | c | d | `SomeTest.gone` |", sources)).hasSize(1);
    assertThat(problems("| a | b | c | d | `SomeTest.there`, `gone` |", sources)).hasSize(1);
    assertThat(problems("| a | b | c | d | `OtherTest.there` |", sources)).hasSize(1);
    assertThat(problems("| a | b | c | d | |", sources)).hasSize(1);
    assertThat(problems("| a | b | c | d |", sources)).hasSize(1);
  }
}
