package fathomexport.config;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.config.Settings.Api;
import fathomexport.config.Settings.Postgres;
import fathomexport.report.Currencies;
import fathomexport.report.SecretRef;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each {@code bad/NAME.yaml} is refused with exactly the lines of {@code bad/NAME.txt}. {@code
 * settings-*} are settings; {@code pipeline-*} are pipelines of an installation that has PostgreSQL
 * and no Parquet.
 */
class BadFilesTest {
  static final Path BAD = directory();

  private final ConfigLoader loader = new ConfigLoader(BAD);

  @ParameterizedTest
  @MethodSource("files")
  void isRefusedWithEveryProblem(String name) throws IOException {
    assertThat(
            problems(name).stream()
                .map(Problem::render)
                .collect(Collectors.joining("\n", "", "\n")))
        .isEqualTo(Files.readString(BAD.resolve(name + ".txt")));
  }

  @ParameterizedTest
  @MethodSource("files")
  void neverShowsASecret(String name) {
    assertThat(problems(name)).noneMatch(p -> p.render().contains("hunter2"));
  }

  private List<Problem> problems(String name) {
    String file = name + ".yaml";
    return name.startsWith("settings")
        ? loader.settings(Path.of(file)).problems()
        : loader.pipeline(file, postgresOnly()).problems();
  }

  private static Settings postgresOnly() {
    return new Settings(
        BAD.resolve("conf/fathom-export.yaml").toString(),
        Api.withDefaults(Api.DEFAULT_BASE_URL, new SecretRef.Env("FATHOM_API_TOKEN")),
        List.of(),
        new Postgres("jdbc:postgresql://127.0.0.1/analytics", "loader", null),
        null,
        null,
        Currencies.NONE);
  }

  static List<String> files() {
    try (Stream<Path> files = Files.list(BAD)) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(f -> f.endsWith(".yaml"))
          .map(f -> f.substring(0, f.length() - ".yaml".length()))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path directory() {
    try {
      return Path.of(BadFilesTest.class.getResource("bad").toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
