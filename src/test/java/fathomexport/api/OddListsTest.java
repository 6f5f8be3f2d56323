package fathomexport.api;

import static fathomexport.api.ScriptedServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.ScriptedServer.Step;
import fathomexport.api.answer.Listed;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Lists of sites with records that are none: those are named, the others are taken. */
@Timeout(300)
class OddListsTest {
  private static final String GOOD = "{\"id\":\"GOOD\",\"name\":\"a site\"}";
  private static final int ENDLESS_MEGABYTES = 300;

  static Stream<Arguments> records() {
    return Stream.of(
        Arguments.of("{}", "record 2 of a page", "no id"),
        Arguments.of("{\"id\":\"\"}", "''", "1 to 128 characters"),
        Arguments.of("{\"id\":null}", "record 2 of a page", "no id"),
        Arguments.of("{\"id\":{\"a\":[1]}}", "record 2 of a page", "no id"),
        Arguments.of("{\"id\":\"a\\nb\"}", "'a\\u000ab'", "control characters"),
        Arguments.of("{\"id\":\".\"}", "'.'", "neither . nor .."),
        Arguments.of("{\"id\":\"..\"}", "'..'", "neither . nor .."),
        Arguments.of("[]", "record 2 of a page", "not an object"),
        Arguments.of("[[{\"id\":\"X\"}]]", "record 2 of a page", "not an object"),
        Arguments.of("\"x\"", "record 2 of a page", "not an object"),
        Arguments.of("null", "record 2 of a page", "not an object"),
        Arguments.of(
            "{\"id\":\"" + "i".repeat(10_000) + "\"}",
            "'" + "i".repeat(60) + "… (10000 characters)'",
            "1 to 128 characters"));
  }

  @ParameterizedTest
  @MethodSource("records")
  void anOddRecordIsNamedAndTheOthersAreTaken(String odd, String name, String why)
      throws Exception {
    try (ScriptedServer server =
            new ScriptedServer(
                json("{\"object\":\"list\",\"data\":[" + GOOD + "," + odd + "],\"has_more\":true}"),
                json("{\"has_more\":false,\"data\":[{\"id\":\"LAST\"}]}"));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      Listed<Site> sites = fixture.client.sites().value().orElseThrow();
      assertThat(sites.found())
          .extracting(Site::id)
          .containsExactly(new SiteId("GOOD"), new SiteId("LAST"));
      assertThat(sites.odd())
          .singleElement()
          .satisfies(
              line ->
                  assertThat(line)
                      .startsWith(name)
                      .contains(why)
                      .hasSizeLessThan(300)
                      .doesNotContain("\n"));
    }
  }

  @ParameterizedTest
  @MethodSource("records")
  void anAnswerThatIsNoListIsUnusable(String body, String name, String why) throws Exception {
    try (ScriptedServer server = new ScriptedServer(json(body));
        ClientFixture fixture = new ClientFixture(server.baseUrl())) {
      assertThat(fixture.client.sites())
          .isInstanceOfSatisfying(
              Outcome.Malformed.class, m -> assertThat(m.reason()).hasSizeLessThan(300));
    }
  }

  /** The answer is cut after the few megabytes that a list may have. */
  @Test
  void aListOfHundredsOfMegabytesIsRefusedEarly() throws Exception {
    long[] sent = {0};
    Step endless =
        (socket, out, server) -> {
          out.write(
              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.UTF_8));
          out.write("{\"data\":[".getBytes(StandardCharsets.UTF_8));
          byte[] megabyte =
              (GOOD + ",").repeat((1 << 20) / GOOD.length()).getBytes(StandardCharsets.UTF_8);
          for (int i = 0; i < ENDLESS_MEGABYTES; i++) {
            out.write(megabyte);
            sent[0] += megabyte.length;
          }
        };
    try (ScriptedServer server = new ScriptedServer(endless);
        ClientFixture fixture = ClientFixture.of(server.baseUrl(), ClientFixture.policy())) {
      assertThat(fixture.client.sites())
          .isInstanceOfSatisfying(
              Outcome.Malformed.class,
              m -> {
                assertThat(m.lasting()).isTrue();
                assertThat(m.reason()).contains("longer than 4194304 bytes");
              });
      assertThat(server.requests()).hasSize(1);
      assertThat(sent[0]).as("read no further").isLessThan((long) ENDLESS_MEGABYTES << 19);
    }
  }
}
