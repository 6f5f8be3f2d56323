package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** All that happened to a day is shown, however much has happened to other days since. */
class ExplainTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 1, 1);
  private static final LocalDate SECOND = FIRST.plusDays(1);
  private static final LocalDate LAST = FIRST.plusDays(55);
  private static final Instant NOW = Instant.parse("2025-10-28T14:00:00Z");
  private static final String SITE = "BERLIN";
  private static final int PATHS = 10;
  private static final Question PAGES = Question.pageviews("pages_daily", "day", "pathname");

  private final ObjectMapper json = new ObjectMapper();
  private final World world = World.empty().addSite(SITE, ZoneId.of("Europe/Berlin"));
  @RegisterExtension final Fixture fixture = new Fixture();
  private FathomSimulator api;
  private TestDatabase database;
  private Installation installation;

  @BeforeEach
  void start(@TempDir Path directory) throws IOException {
    for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
      for (int path = 0; path < PATHS; path++) {
        view(day, path);
      }
    }
    api = fixture.api(world, Behaviour.unlimited());
    database = fixture.database();
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW);
  }

  private void view(LocalDate day, int path) {
    world.add(SITE, world.viewAt(SITE, day.atTime(12, path)).path("/" + path));
  }

  private void backfill(LocalDate from, LocalDate to, int code) {
    Installation.Ended ended =
        installation.run(
            "backfill", "all", "--from", from.toString(), "--to", to.toString(), "--force");
    assertThat(ended.code()).as(ended.said()).isEqualTo(code);
  }

  /** What is said of a day, by the only sink. */
  private JsonNode part(LocalDate day) throws IOException {
    Installation.Ended ended =
        installation.run("explain", "pages_daily", SITE, day.toString(), "--json");
    assertThat(ended.code()).as(ended.said()).isZero();
    JsonNode parts = json.readTree(ended.out()).path("parts");
    assertThat(parts).as(ended.out()).hasSize(1);
    return parts.get(0);
  }

  private static List<String> texts(JsonNode list) {
    List<String> texts = new ArrayList<>();
    list.forEach(node -> texts.add(node.isTextual() ? node.textValue() : node.toString()));
    return texts;
  }

  @ParameterizedTest
  @ValueSource(strings = {"postgres", "parquet"})
  void aDaysChangesAreShownBehindHundredsOfNewerOnes(String sink) throws IOException {
    installation.pipeline("all", "all", "[" + sink + "]", List.of(PAGES));
    backfill(FIRST, LAST, 0);
    view(FIRST, 1);
    backfill(FIRST, FIRST, 0);
    view(FIRST, 2);
    backfill(FIRST, FIRST, 0);
    for (LocalDate day = SECOND; !day.isAfter(LAST); day = day.plusDays(1)) {
      view(day, 3);
    }
    backfill(SECOND, LAST, 0);
    // Rows, visits, uniques and pageviews of 55 later days: more than 200 newer lines.
    assertThat(part(LAST).path("changes").findValuesAsText("measure"))
        .contains("rows", "visits", "uniques", "pageviews");

    List<String> pageviews = new ArrayList<>();
    for (JsonNode change : part(FIRST).path("changes")) {
      if (change.path("measure").textValue().equals("pageviews")) {
        pageviews.add(change.path("before").asInt() + " by " + change.path("after").asInt());
      }
    }
    assertThat(pageviews).containsExactly("11 by 12", "10 by 11");
  }

  @ParameterizedTest
  @ValueSource(strings = {"postgres", "parquet"})
  void aDaysQuarantineIsShownBehindHundredsOfNewerRows(String sink) throws IOException {
    installation.pipeline("all", "all", "[" + sink + "]", List.of(PAGES));
    Behaviour corrupt = Behaviour.unlimited();
    for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
      corrupt = corrupt.withCorruptCell(new Behaviour.CorruptCell(SITE, day, "visits", "1d"));
    }
    backfill(FIRST, FIRST, 0);
    api.behave(corrupt);
    backfill(FIRST, FIRST, 65);
    backfill(SECOND, SECOND, 65);
    // Several windows, since only the first 100 rows of each are kept: 210 newer rows.
    LocalDate from = SECOND.plusDays(1);
    for (int window = 0; window < 3; window++) {
      backfill(from, from.plusDays(6), 65);
      assertThat(texts(part(from).path("quarantined"))).hasSize(7 * PATHS);
      from = from.plusDays(7);
    }

    JsonNode kept = part(FIRST);
    assertThat(kept.path("stored").booleanValue()).as("what was stored stands").isTrue();
    assertThat(kept.path("attempt").isObject()).as("%s", kept).isTrue();
    assertQuarantined(kept, FIRST);
    JsonNode never = part(SECOND);
    assertThat(never.path("stored").booleanValue()).as("nothing was ever stored").isFalse();
    assertQuarantined(never, SECOND);
  }

  /** All rows of the day are there, and none of another window. */
  private static void assertQuarantined(JsonNode part, LocalDate day) {
    assertThat(texts(part.path("quarantined")))
        .as("%s", part)
        .hasSize(PATHS)
        .allSatisfy(row -> assertThat(row).contains("1d").contains(day.toString()));
  }
}
