package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.LineageServer;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who is notified of a run that failed and of one that works again, and what this costs a run. */
@Timeout(300)
class NotifyTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 6, 1);
  private static final LocalDate LAST = LocalDate.of(2026, 6, 12);
  private static final Instant NOW = Instant.parse("2026-06-10T14:00:00Z");
  private static final Duration DAY = Duration.ofDays(1);
  private static final String TOKEN = SimulatorToken.STANDARD.secret();
  private static final String KEY_VARIABLE = "NOTIFY_KEY";
  private static final String KEY = "Bearer k3y-0f-the-chat";
  private static final Question TRAFFIC = Question.pageviews("traffic_daily", "day");
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path directory;

  private final Behaviour normal = Behaviour.unlimited();
  @RegisterExtension final Fixture fixture = new Fixture();
  private FathomSimulator api;
  private Installation installation;
  private String sections = "parquet: {root: warehouse}\n";

  @BeforeEach
  void install() throws IOException {
    api = fixture.api(World.dozen(21, FIRST, LAST, 0), normal);
    installation =
        new Installation(directory, fixture.database(), api.baseUri(), TOKEN, NOW)
            .variable(KEY_VARIABLE, KEY)
            .variable("PATH", System.getenv("PATH"))
            .pipeline("nightly", "[INDCRFTS, KTMTRAIL]", "[parquet]", List.of(TRAFFIC));
  }

  /** Writes settings with this section; a line is indented as it is to stand. */
  private void notify(String... lines) {
    settings("notify:\n  " + String.join("\n  ", lines) + "\n");
  }

  private void settings(String more) {
    installation.settings(
        "api:\n  base_url: %s\n  token: {env: %s}\n  requests_per_minute: 1000\n  patience: 1s\n"
                .formatted(api.baseUri(), Installation.TOKEN_VARIABLE)
            + sections
            + more);
  }

  /** A program that keeps what it receives, one line per call. */
  private String program(String after) throws IOException {
    Path program = directory.resolve("tell");
    Files.writeString(
        program,
        """
        #!/bin/sh
        cat >> told.ndjson
        echo "$*" >> arguments
        env > environment
        %s
        """
            .formatted(after));
    assertThat(program.toFile().setExecutable(true)).isTrue();
    return "command: [./tell, --to, 'the team']";
  }

  private List<JsonNode> notified() throws IOException {
    Path file = directory.resolve("told.ndjson");
    if (!Files.exists(file)) {
      return List.of();
    }
    List<JsonNode> all = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      all.add(JSON.readTree(line));
    }
    return all;
  }

  private static List<String> warnings(Installation.Ended ended) {
    return ended.err().lines().filter(line -> line.contains("notify: ")).toList();
  }

  private void siteRefused() {
    api.behave(
        normal.withFault(
            FaultRule.when(
                r -> r.aggregation() > 0 && "KTMTRAIL".equals(r.site()),
                new Fault.Status(403, "application/json", "{\"error\":\"no access\"}", Map.of()))));
  }

  @Test
  void aFailureReachesTheCommandAndTheWebhookWithoutSecrets() throws IOException {
    siteRefused();
    try (LineageServer server = LineageServer.start()) {
      notify(
          program(""),
          "webhook: {url: '" + server.url() + "/hook?room=1', secret: {env: NOTIFY_KEY}}",
          "ping: {url: '" + server.url() + "/ping', fail_url: '" + server.url() + "/ping/fail'}");

      Installation.Ended ended = installation.run("run", "nightly");

      assertThat(ended.code()).as(ended.said()).isEqualTo(77);
      assertThat(warnings(ended)).isEmpty();
      assertThat(server.received())
          .extracting(r -> r.method() + " " + r.path())
          .containsExactly("POST /hook?room=1", "GET /ping/fail");
      LineageServer.Received hook = server.received().get(0);
      assertThat(hook.authorization()).isEqualTo(KEY);
      assertThat(hook.type()).startsWith("application/json");
      JsonNode summary = hook.event();
      assertThat(notified()).containsExactly(summary);
      assertThat(summary.path("event").asText()).isEqualTo("failure");
      assertThat(summary.path("exit_code").asInt()).isEqualTo(77);
      assertThat(summary.path("pipeline").asText()).isEqualTo("nightly");
      assertThat(summary.path("command").asText()).isEqualTo("run");
      assertThat(summary.path("run_id").asText()).isNotEmpty();
      assertThat(summary.path("windows").path("failed").asInt()).isPositive();
      assertThat(summary.path("windows").path("committed").asInt()).isPositive();
      assertThat(summary.path("messages").toString()).contains("KTMTRAIL", "no access");
      assertThat(summary.path("text").asText())
          .startsWith("fathom-export run nightly: ")
          .contains("(exit 77)", "no access", "What to do: ");
      assertThat(hook.body()).doesNotContain(TOKEN).doesNotContain("k3y-0f");
      assertThat(Files.readString(directory.resolve("arguments"))).isEqualTo("--to the team\n");
      assertThat(Files.readString(directory.resolve("environment")))
          .as("the variables of secrets are kept from the program")
          .contains("PATH=")
          .doesNotContain(TOKEN)
          .doesNotContain("k3y-0f");
    }
  }

  /** A window failed if its own query did; what the run left because of it is for the next run. */
  @Test
  void whatARunLeftHasNotFailed() throws IOException {
    notify(program(""));
    api.behave(normal.withFault(FaultRule.when(r -> r.aggregation() > 0, Fault.status(401))));

    Installation.Ended ended =
        installation.run("run", "nightly", "--json", "--metrics-file", "nightly.prom");

    assertThat(ended.code()).as(ended.said()).isEqualTo(77);
    JsonNode result = JSON.readTree(ended.out());
    assertThat(result.path("windows_planned").asInt()).isEqualTo(2);
    assertThat(result.path("windows_failed").asInt()).as(ended.said()).isEqualTo(1);
    assertThat(result.path("windows_not_begun").asInt()).isEqualTo(1);
    assertThat(result.path("windows_skipped").asInt()).isEqualTo(1);
    assertThat(Files.readString(directory.resolve("nightly.prom")))
        .contains("outcome=\"failed\"} 1\n", "outcome=\"not_begun\"} 1\n");
    JsonNode windows = notified().get(0).path("windows");
    assertThat(windows.path("failed").asInt()).isEqualTo(1);
    assertThat(windows.path("not_begun").asInt()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"[parquet]", "[postgres]"})
  void theFirstGoodRunAfterABadOneIsReportedOnce(String sinks) throws IOException {
    sections =
        sinks.equals("[parquet]")
            ? sections
            : "postgres: {url: '%s', user: %s, password: {env: %s}}\n"
                .formatted(
                    installation.database().url(),
                    installation.database().user(),
                    TestDatabase.PASSWORD_VARIABLE);
    installation.pipeline("nightly", "[INDCRFTS, KTMTRAIL]", sinks, List.of(TRAFFIC));
    notify(program(""));
    assertThat(installation.run("run", "nightly").code()).isZero();
    assertThat(notified()).as("a good night is not news").isEmpty();
    siteRefused();
    assertThat(installation.at(NOW.plus(DAY)).run("run", "nightly").code()).isEqualTo(77);
    api.behave(normal);

    assertThat(installation.at(NOW.plus(DAY.multipliedBy(2))).run("run", "nightly").code())
        .isZero();
    assertThat(installation.at(NOW.plus(DAY.multipliedBy(3))).run("run", "nightly").code())
        .isZero();

    assertThat(notified())
        .extracting(t -> t.path("event").asText())
        .containsExactly("failure", "recovery");
    JsonNode recovery = notified().get(1);
    assertThat(recovery.path("previous_exit_code").asInt()).isEqualTo(77);
    assertThat(recovery.path("previous_started_at").asText()).isEqualTo(NOW.plus(DAY).toString());
    assertThat(recovery.path("text").asText())
        .contains("works again", "the run of " + NOW.plus(DAY) + " had exit 77");
  }

  /** Also after nights of which no run began: the good one that follows is news. */
  @Test
  void theFirstGoodRunAfterNightsThatCouldNotBeginIsReported() throws IOException {
    notify(program(""));
    assertThat(installation.run("run", "nightly").code()).isZero();
    installation.withoutVariable(Installation.TOKEN_VARIABLE);
    assertThat(installation.at(NOW.plus(DAY)).run("run", "nightly").code()).isEqualTo(77);
    installation.variable(Installation.TOKEN_VARIABLE, TOKEN);
    assertThat(installation.at(NOW.plus(DAY.multipliedBy(2))).run("run", "nightly").code())
        .isZero();
    api.behave(
        normal.withFault(
            FaultRule.when(r -> true, new Fault.Status(503, "application/json", "{}", Map.of()))));
    assertThat(installation.at(NOW.plus(DAY.multipliedBy(3))).run("run", "nightly").code())
        .isEqualTo(75);
    api.behave(normal);
    assertThat(installation.at(NOW.plus(DAY.multipliedBy(4))).run("run", "nightly").code())
        .isZero();
    settings("notify:\n  " + program("") + "\ncolour: blue\n");
    assertThat(installation.at(NOW.plus(DAY.multipliedBy(5))).run("run", "nightly").code())
        .isEqualTo(78);
    notify(program(""));
    String status = installation.run("status", "nightly").out();
    assertThat(status).contains("! run of 2026-06-15 14:00 UTC (exit 78): could not begin: ");
    assertThat(status).contains("colour");
    assertThat(installation.at(NOW.plus(DAY.multipliedBy(6))).run("run", "nightly").code())
        .isZero();
    assertThat(installation.at(NOW.plus(DAY.multipliedBy(7))).run("run", "nightly").code())
        .isZero();

    assertThat(notified())
        .extracting(t -> t.path("event").asText() + " " + t.path("previous_exit_code").asText("-"))
        .containsExactly(
            "failure -", "recovery 77", "failure -", "recovery 75", "failure -", "recovery 78");
  }

  /** A database that was down keeps no record of that; the file beside it does. */
  @Test
  void theFirstGoodRunAfterAnOutageOfTheDatabaseIsReported() throws IOException {
    String there = database(installation.database().url());
    installation.pipeline("nightly", "[INDCRFTS, KTMTRAIL]", "[postgres]", List.of(TRAFFIC));
    sections = there;
    notify(program(""));
    assertThat(installation.run("run", "nightly").code()).isZero();
    sections = database("jdbc:postgresql://127.0.0.1:9/none");
    notify(program(""));
    installation.inRealTime();
    assertThat(installation.at(NOW.plus(DAY)).run("run", "nightly").code()).isEqualTo(74);
    installation.hurried();
    sections = there;
    notify(program(""));

    assertThat(installation.at(NOW.plus(DAY.multipliedBy(2))).run("run", "nightly").code())
        .isZero();

    assertThat(notified())
        .extracting(t -> t.path("event").asText())
        .containsExactly("failure", "recovery");
    assertThat(notified().get(1).path("previous_exit_code").asInt()).isEqualTo(74);
  }

  private String database(String url) {
    return "postgres: {url: '%s', user: %s, password: {env: %s}}\n"
        .formatted(url, installation.database().user(), TestDatabase.PASSWORD_VARIABLE);
  }

  @Test
  void aRunThatCannotBeginIsReported() throws IOException {
    notify(program(""));
    installation.withoutVariable(Installation.TOKEN_VARIABLE);

    assertThat(installation.run("run", "nightly").code()).isEqualTo(77);

    assertThat(notified()).hasSize(1);
    assertThat(notified().get(0).path("messages").toString()).contains(Installation.TOKEN_VARIABLE);
    assertThat(notified().get(0).path("run_id").isNull()).isTrue();
  }

  /** Settings with a mistake, a pipeline that is not there, a wrong option: still reported. */
  @Test
  void aMistakeInTheConfigurationIsReported() throws IOException {
    settings("notify:\n  " + program("") + "\ncolour: blue\n");
    assertThat(installation.run("run", "nightly").code()).isEqualTo(78);
    notify(program(""));
    assertThat(installation.run("run", "nigtly").code()).isEqualTo(78);
    assertThat(installation.run("run", "nightly", "--forse").code()).isEqualTo(2);
    assertThat(installation.run("status", "--nosuch").code()).isEqualTo(2);

    assertThat(notified())
        .extracting(t -> t.path("exit_code").asInt())
        .as("status is not among the commands that are reported")
        .containsExactly(78, 78, 2);
    assertThat(notified().get(0).path("messages").toString()).contains("colour");
    assertThat(notified().get(1).path("messages").toString()).contains("nigtly");
    assertThat(notified().get(2).path("messages").toString()).contains("--forse");
  }

  @Test
  void theKeysOfAPipelineTakeThePlaceOfTheSettings() throws IOException {
    try (LineageServer server = LineageServer.start()) {
      notify(program(""), "ping: {url: '" + server.url() + "/all'}");
      Path pipeline = directory.resolve("pipelines/nightly.yaml");
      Files.writeString(
          pipeline,
          Files.readString(pipeline)
              + "notify: {ping: {url: '"
              + server.url()
              + "/nightly'}, exit_codes: [0]}\n");

      assertThat(installation.run("run", "nightly").code()).isZero();
      assertThat(
              installation
                  .run("backfill", "nightly", "--from", "2026-06-01", "--to", "2026-06-02")
                  .code())
          .isZero();
      siteRefused();
      assertThat(installation.run("run", "nightly", "--force").code()).isEqualTo(77);

      assertThat(server.received())
          .extracting(r -> r.method() + " " + r.path())
          .as("only the run resets the switch, and only a good one")
          .containsExactly("GET /nightly");
      assertThat(notified()).extracting(t -> t.path("event").asText()).containsExactly("success");
    }
  }

  /** The exit code is the run's, whatever becomes of the notification. */
  @Test
  void aNotificationThatFailsIsOneLine() throws IOException {
    siteRefused();
    try (LineageServer server = LineageServer.answering(500)) {
      installation.variable("HOOK", server.url() + "/hidden-path");
      notify(
          program("echo first; echo 'the channel is closed' >&2; exit 3"),
          "webhook: {url: {env: HOOK}}",
          "ping: {url: 'http://127.0.0.1:1/hidden-too', fail_url: 'http://127.0.0.1:1/hidden-too'}");

      Installation.Ended ended = installation.run("run", "nightly");

      assertThat(ended.code()).as(ended.said()).isEqualTo(77);
      assertThat(warnings(ended)).as(ended.said()).hasSize(3);
      assertThat(warnings(ended).get(0))
          .contains("command ./tell", "exit code 3: the channel is closed", "(tried twice)");
      assertThat(warnings(ended).get(1)).contains("webhook", "answered 500", "(tried twice)");
      assertThat(warnings(ended).get(2)).contains("ping to 127.0.0.1", "(tried twice)");
      assertThat(ended.said()).doesNotContain("hidden-path").doesNotContain("hidden-too");
      assertThat(server.received()).hasSize(2);
      assertThat(notified()).hasSize(2);
    }
  }

  @Test
  void noReceiverIsWaitedForLong() throws IOException {
    siteRefused();
    try (LineageServer server = LineageServer.mute()) {
      notify(program("exec sleep 600"), "webhook: {url: '" + server.url() + "'}", "timeout: 300ms");

      Installation.Ended ended = installation.run("run", "nightly");

      assertThat(ended.code()).isEqualTo(77);
      assertThat(warnings(ended)).hasSize(2);
      assertThat(warnings(ended).get(0)).contains("did not end within 300 ms");
    }
  }

  @Test
  void aProgramThatIsNotThereOrDoesNotRead() throws IOException {
    siteRefused();
    notify("command: [/no/such/program]");
    assertThat(warnings(installation.run("run", "nightly")))
        .singleElement()
        .asString()
        .contains("command /no/such/program", "No such file");
    notify("command: ['true']");
    assertThat(warnings(installation.run("run", "nightly"))).isEmpty();
  }

  /** A scheduler that tries again says so; only its last try is news. */
  @Test
  void exitCode75IsReportedWhenNoTryIsLeft() throws IOException {
    notify(program(""));
    api.behave(
        normal.withFault(
            FaultRule.when(r -> true, new Fault.Status(503, "application/json", "{}", Map.of()))));
    installation.variable("FATHOM_EXPORT_TRIES_LEFT", "2");
    assertThat(installation.run("run", "nightly").code()).isEqualTo(75);
    assertThat(notified()).isEmpty();
    installation.variable("FATHOM_EXPORT_TRIES_LEFT", "0");
    assertThat(installation.run("run", "nightly").code()).isEqualTo(75);
    assertThat(notified()).extracting(t -> t.path("exit_code").asInt()).containsExactly(75);
  }

  @Test
  void whatWasStoppedAsAskedIsReportedOnlyWhereItIsChosen() throws IOException {
    notify(program(""));
    assertThat(stopped()).isEqualTo(143);
    assertThat(notified()).isEmpty();
    notify(program(""), "exit_codes: [143]");
    assertThat(stopped()).isEqualTo(143);
    assertThat(notified()).extracting(t -> t.path("event").asText()).containsExactly("stopped");
  }

  private int stopped() {
    return installation.runUntil(api, r -> r.aggregation() > 0, "run", "nightly", "--force").code();
  }

  @Test
  void theCommandNotifySendsATest() throws IOException {
    try (LineageServer server = LineageServer.start()) {
      notify(
          program(""),
          "webhook: {url: '" + server.url() + "/hook'}",
          "ping: {url: '" + server.url() + "/ping'}");

      Installation.Ended ended = installation.run("notify", "nightly");

      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(ended.out())
          .contains(
              "command ./tell: sent", "webhook to 127.0.0.1: sent", "ping to 127.0.0.1: sent");
      assertThat(notified()).extracting(t -> t.path("event").asText()).containsExactly("test");
      assertThat(server.received()).hasSize(2);
      assertThat(api.log().all()).isEmpty();
    }
    Installation.Ended failed = installation.run("--json", "notify", "nightly");
    assertThat(failed.code()).isEqualTo(75);
    assertThat(JSON.readTree(failed.out()).get(1).path("failure").asText()).contains("tried twice");

    settings("");
    Installation.Ended without = installation.run("notify", "nightly");
    assertThat(without.code()).isEqualTo(78);
    assertThat(without.err())
        .contains("no notification is configured", "conf/fathom-export.yaml", "nightly");
  }

  @Test
  void validateSaysWhoIsNotifiedAndWhatIsMissing() throws IOException {
    notify("command: [./tell]", "webhook: {url: {env: HOOK}, secret: {env: NOSUCH}}");

    Installation.Ended ended = installation.run("validate");

    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(ended.out()).contains("nightly notifies by command ./tell, a webhook");
    assertThat(ended.err()).contains("notify.webhook.url", "HOOK", "NOSUCH", "./tell");
  }
}
