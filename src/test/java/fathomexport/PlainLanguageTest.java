package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Searches everything that a reader sees for habits of language that make sentences hard to
 * understand: the messages, help texts and comments of the production code, the comments in the
 * database, the documents, and the shipped configuration.
 */
class PlainLanguageTest {
  /** A habit, with the words that a reader expects instead. */
  private enum Habit {
    TOLD("report, notify, record or log", "\\b(told|hears? of|hearing of)\\b"),
    BE_HAD("get, fetch or obtain", "\\b(be|being) had\\b"),
    ANEW("again", "\\banew\\b"),
    OF_OURS("internal error, or the name of the part", "\\bof ours\\b"),
    GOES_ON("continue or resume", "\\b(goes|went|going) on\\b"),
    SOMEBODY(
        "the name of the person or the part",
        "\\b(somebody|nobody|someone|anybody|whoever|who waits)\\b"),
    OF_ITS_OWN("separate", "\\ban? (\\w+ )?\\w+ of (its|their) own\\b"),
    A_DAY("per", "\\b(an? \\w+|one request|as many rows) an? \\w+"),
    THING_OF_THE_PAST("settled, deleted or over", "\\bthings? of the past\\b");

    private final String better;
    private final Pattern pattern;

    Habit(String better, String regex) {
      this.better = better;
      this.pattern = Pattern.compile(regex, Pattern.CASE_INSENSITIVE);
    }

    boolean isIn(String text) {
      return pattern.matcher(text).find();
    }
  }

  /** Released migrations must not change, because Flyway compares them with their checksums. */
  private static final String FIRST_MIGRATION_IN_PLAIN_LANGUAGE = "V018";

  /** Lines of one sentence, and the parts of one string. */
  private static final Pattern CONTINUED =
      Pattern.compile("\"\\s*\\+\\s*\"|[ \\t]*\\R\\s*(\\*(?!/)|//|#|--)?[ \\t]*");

  /** A name that a habit of sentences does not find, with verbs that need an adverb. */
  private static final Pattern RIDDLE =
      Pattern.compile("\\b(?!NEEDS_)[A-Z]+S_AN?_[A-Z]+\\b|^(goe?s?On|sits?Out)([A-Z]\\w*)?$");

  private static final Pattern NAME = Pattern.compile("\\b[A-Za-z]\\w{3,}\\b");
  private static final Pattern WORD_BEGINS =
      Pattern.compile("_|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])");

  /** Comments, texts and characters of Java code. */
  private static final Pattern NO_CODE =
      Pattern.compile(
          "(?s)\"\"\".*?(?<!\\\\)\"\"\"|\"(?:\\\\.|[^\"\\\\\\n])*+\"|'(?:\\\\.|[^'\\\\])'"
              + "|/\\*.*?\\*/|//[^\\n]*");

  @ParameterizedTest
  @EnumSource
  void readersFindNone(Habit habit) throws IOException {
    List<String> found = new ArrayList<>();
    for (Path file : files()) {
      String text = sentences(Files.readString(file));
      habit
          .pattern
          .matcher(text)
          .results()
          .forEach(match -> found.add(file + ": ..." + around(text, match) + "..."));
    }
    assertThat(found).as("better: %s", habit.better).isEmpty();
  }

  /** Names of fields, constants and methods are read aloud, too, those of tests above all. */
  @Test
  void namesHaveNone() throws IOException {
    List<String> found = new ArrayList<>();
    for (String folder : List.of("src/main", "src/test", "src/bench")) {
      for (Path file : below(folder, f -> hasEnding(f, "java"))) {
        if (!file.endsWith("PlainLanguageTest.java")) {
          NAME.matcher(code(Files.readString(file)))
              .results()
              .map(MatchResult::group)
              .filter(PlainLanguageTest::isRiddle)
              .forEach(name -> found.add(file + ": " + name));
        }
      }
    }
    assertThat(found).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "requestsTold",
        "WINDOWS_A_NOTE",
        "goOnTo",
        "sitsOut",
        "aKilledRunBlocksNobody",
        "aStoppedNightGoesOn",
        "a_quota_begins_anew",
        "aDatabaseThatCannotBeHad"
      })
  void aRiddleIsFound(String name) {
    assertThat(isRiddle(name)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"SITES_AT_A_TIME", "sites", "goOnline", "NEEDS_A_ROLE", "ofANewSite"})
  void aPlainNameIsNone(String name) {
    assertThat(isRiddle(name)).isFalse();
  }

  private static boolean isRiddle(String name) {
    String words = WORD_BEGINS.matcher(name).replaceAll(" ");
    return RIDDLE.matcher(name).find()
        || Arrays.stream(Habit.values()).anyMatch(h -> h.isIn(words));
  }

  /** Returns Java code without its comments and texts. */
  private static String code(String java) {
    return NO_CODE.matcher(java).replaceAll(" ");
  }

  @ParameterizedTest
  @CsvSource({
    "TOLD, the end of a request is told later",
    "TOLD, Hears of signals",
    "BE_HAD, no control totals could be had",
    "ANEW, Asks anew",
    "OF_OURS, a fault of ours",
    "GOES_ON, the next one goes on from here",
    "SOMEBODY, whoever waited is gone",
    "SOMEBODY, that no lock is held by anybody",
    "OF_ITS_OWN, each with a server of its own",
    "OF_ITS_OWN, a small server of its own",
    "A_DAY, one request a site and kind of query",
    "A_DAY, a row a report and site",
    "A_DAY, an archive a version",
    "THING_OF_THE_PAST, made the row a thing of the past"
  })
  void aHabitIsFound(Habit habit, String text) {
    assertThat(habit.isIn(text)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "one row per report and site",
        "On a terminal, a bar shows the progress",
        "Each file contains the certificates of its own periods",
        "a private copy",
        "an ongoing run had begun"
      })
  void plainTextHasNone(String text) {
    assertThat(Habit.values()).noneMatch(habit -> habit.isIn(text));
  }

  @Test
  void aSentenceIsFoundAcrossLines() {
    for (String text :
        List.of(
            "could be\n   * had here",
            "could be\n   // had here",
            "could be\n# had here",
            "could be\n-- had here",
            "could be \"\n          + \"had here",
            "could be\"\n          + \" had here")) {
      assertThat(Habit.BE_HAD.isIn(sentences(text))).as(text).isTrue();
    }
  }

  @Test
  void allKindsOfTextsAreRead() throws IOException {
    List<Path> files = files();
    assertThat(files)
        .contains(
            Path.of("README.md"),
            Path.of("docs/operations.md"),
            Path.of("conf/fathom-export.yaml"),
            Path.of("conf/schedule/run-locked"),
            Path.of("pipelines/nightly.yaml"),
            Path.of("sql/V018__comments.sql"),
            Path.of("src/main/java/fathomexport/Main.java"),
            Path.of("src/main/resources/fathomexport/cli/output/status.mustache"))
        .doesNotContain(Path.of("sql/V001__control_tables.sql"))
        .noneMatch(file -> file.startsWith("docs/decisions"));
  }

  /** Joins the lines of comments, and the parts of strings, into sentences. */
  private static String sentences(String text) {
    return CONTINUED.matcher(text).replaceAll(PlainLanguageTest::joint);
  }

  private static String joint(MatchResult between) {
    return between.group().startsWith("\"") ? "" : " ";
  }

  private static String around(String text, MatchResult match) {
    return text.substring(
        Math.max(0, match.start() - 40), Math.min(text.length(), match.end() + 40));
  }

  private static List<Path> files() throws IOException {
    List<Path> files = new ArrayList<>();
    files.addAll(List.of(Path.of("README.md"), Path.of("ARCHITECTURE.md")));
    files.addAll(List.of(Path.of("CONTRIBUTING.md"), Path.of("fathom-export")));
    files.addAll(
        below("docs", file -> hasEnding(file, "md") && !file.startsWith("docs/decisions")));
    files.addAll(below("conf", file -> true));
    files.addAll(below("pipelines", file -> true));
    files.addAll(below("sql", PlainLanguageTest::mayChange));
    files.addAll(below("src/main", file -> hasEnding(file, "java", "mustache", "xml")));
    return files;
  }

  private static boolean mayChange(Path migration) {
    String name = Path.of("sql").relativize(migration).toString();
    return !name.startsWith("V") || name.compareTo(FIRST_MIGRATION_IN_PLAIN_LANGUAGE) >= 0;
  }

  private static boolean hasEnding(Path file, String... endings) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    return Arrays.stream(endings).anyMatch(ending -> name.endsWith("." + ending));
  }

  private static List<Path> below(String folder, Predicate<Path> wanted) throws IOException {
    try (Stream<Path> files = Files.walk(Path.of(folder))) {
      return files.filter(Files::isRegularFile).filter(wanted).sorted().toList();
    }
  }
}
