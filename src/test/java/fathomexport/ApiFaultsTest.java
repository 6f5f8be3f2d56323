package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.world.World;
import fathomexport.testing.FaultDrill;
import fathomexport.testing.FaultTable;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every faulty answer, by way of the command: one of them is got over by asking again; one that
 * stays ends the run with words, and the next run makes all whole.
 */
@ExtendWith(FaultTable.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ApiFaultsTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 10, 27);
  private static final LocalDate LAST = LocalDate.of(2025, 11, 5);
  private static final String SITES = "[INDCRFTS, KTMTRAIL]";

  /** For a whole answer, from connect to last byte. */
  private static final String TIMEOUT = "  timeout: 2s\n";

  /** Longer than that. */
  private static final Duration TOO_LONG = Duration.ofSeconds(4);

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("pages_daily", "day", "hostname", "pathname"),
          Question.events("goals_daily", "day"));

  private FaultDrill drill;

  @BeforeAll
  void undisturbed(@TempDir Path directory) {
    drill =
        new FaultDrill(
            directory, World.dozen(31, FIRST, LAST, 0), FIRST, LAST, SITES, TIMEOUT, REPORTS);
  }

  @AfterAll
  void close() {
    drill.close();
  }

  /** One of each kind. */
  private static final Set<String> SOME =
      Set.of(
          "429 with seconds",
          "503",
          "body cut off, without a length",
          "stall after the headers",
          "200 with a web page",
          "damaged gzip");

  static Stream<Arguments> someFaults() {
    return faults().filter(fault -> SOME.contains(fault.get()[0]));
  }

  static Stream<Arguments> otherFaults() {
    return faults().filter(fault -> !SOME.contains(fault.get()[0]));
  }

  static Stream<Arguments> faults() {
    return Stream.of(
        fault("429 with seconds", drill -> Fault.tooMany("1")),
        fault("429 with a date", drill -> Fault.tooMany(inTwoSeconds(drill.now()))),
        fault("500", drill -> Fault.status(500)),
        fault("502 with a web page", drill -> page(502)),
        fault("503", drill -> Fault.status(503)),
        fault("504", drill -> Fault.status(504)),
        fault("connection reset", drill -> new Fault.HangUp()),
        fault("body cut off, with its length", drill -> new Fault.CutOff(0.5, false)),
        fault("body cut off, without a length", drill -> new Fault.CutOff(0.5, true)),
        fault("body in drips", drill -> new Fault.Drip(1, Duration.ofMillis(200))),
        fault("stall after the headers", drill -> new Fault.StallAfterHeaders(TOO_LONG)),
        fault("no answer in time", drill -> new Fault.Delay(TOO_LONG)),
        fault("200 without a body", drill -> Fault.empty()),
        fault("200 with a web page", drill -> Fault.html()),
        fault("200 with half of a JSON text", drill -> Fault.body("[{\"date\":\"2025-10-27\",")),
        fault("damaged gzip", drill -> new Fault.BrokenGzip()));
  }

  private static Arguments fault(String name, Function<FaultDrill, Fault> fault) {
    return Arguments.of(name, fault);
  }

  private static Fault page(int status) {
    return new Fault.Status(
        status, "text/html", "<!DOCTYPE html><title>Bad gateway</title>", Map.of());
  }

  private static String inTwoSeconds(Instant now) {
    return DateTimeFormatter.RFC_1123_DATE_TIME.format(now.plusSeconds(2).atOffset(ZoneOffset.UTC));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("otherFaults")
  @Tag("chaos")
  void onceAnyOtherIsGotOver(String name, Function<FaultDrill, Fault> fault) {
    once(name, fault.apply(drill));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("someFaults")
  void onceIsGotOver(String name, Function<FaultDrill, Fault> fault) {
    once(name, fault.apply(drill));
  }

  /** A quota's whole minute is waited for. */
  @Test
  @Tag("chaos")
  void aRefusalWithoutATime() {
    once("429 without a time", Fault.status(429));
  }

  private void once(String name, Fault fault) {
    try (FaultDrill.Trial trial = drill.trial().hurried()) {
      drill.api().behave(drill.normal().withFault(FaultRule.onAggregation(2, fault)));
      Installation.Ended ended = trial.run("once: " + name);
      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(trial.asked()).as("one request more").isEqualTo(drill.requests() + 1);
      trial.finish();
      assertThat(trial.asked()).as("nothing left to do").isEqualTo(drill.requests() + 1);
    }
  }

  /** After a while it stays: what was exported by then is kept, the rest is said to be missing. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("faults")
  @Tag("chaos")
  void oneThatStaysIsSaid(String name, Function<FaultDrill, Fault> fault) {
    stays(name, fault.apply(drill));
  }

  @Test
  void aServerThatStaysDownIsSaid() {
    stays("503", Fault.status(503));
  }

  /** As something that stands in front of the API may: later it may not. */
  @Test
  void aPageInPlaceOfAnswersIsSaid() {
    stays("200 with a web page", Fault.html());
  }

  private void stays(String name, Fault fault) {
    try (FaultDrill.Trial trial = drill.trial().hurried()) {
      drill.api().behave(drill.normal().withFault(FaultRule.when(r -> r.aggregation() > 3, fault)));
      Installation.Ended ended = trial.run("from then on: " + name);
      assertThat(ended.code()).as(ended.said()).isEqualTo(75);
      // Which of these ends it depends on how many sites are left by then, and on how their windows
      // are spread over the lanes: one site's trouble is not called the API's.
      assertThat(ended.said())
          .containsPattern(
              "the API is unavailable: it has not answered any (request|query about a site) for 1 s"
                  + "|the retries of site [A-Z]+ and report [a-z_+]+ in this run are used up"
                  + "|\\(attempt (\\d+) of \\2\\)");
      trial.finish();
    }
  }
}
