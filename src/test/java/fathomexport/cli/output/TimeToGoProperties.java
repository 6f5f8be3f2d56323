package fathomexport.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** The time to go is what the quota makes the rest take, whatever was fast or slow before. */
class TimeToGoProperties {
  private static final Instant START = Instant.parse("2026-11-25T09:30:00Z");
  private static final Duration MINUTE = Duration.ofMinutes(1);

  /**
   * A run under the quota as its permits give it, each answer taking some time: at each request,
   * what is said to be left must be what the last request then waits for, but for the answers'
   * time.
   */
  @Property(tries = 200)
  void saysWhatTheQuotaWillMakeIt(
      @ForAll @IntRange(min = 1, max = 20) int quota,
      @ForAll @Size(min = 1, max = 40) List<@IntRange(min = 1, max = 5) Integer> windows,
      @ForAll @IntRange(min = 0, max = 3) int answerSeconds) {
    Map<String, Long> expected = new HashMap<>();
    for (int i = 0; i < windows.size(); i++) {
      expected.put("w" + i, (long) windows.get(i));
    }
    TimeToGo toGo = new TimeToGo(quota, expected);
    List<Instant> sent = new ArrayList<>();
    Map<Integer, Duration> said = new HashMap<>();
    Instant now = START;
    for (int i = 0; i < windows.size(); i++) {
      for (int k = 0; k < windows.get(i); k++) {
        if (sent.size() >= quota) {
          Instant free = sent.get(sent.size() - quota).plus(MINUTE);
          now = free.isAfter(now) ? free : now;
        }
        said.put(sent.size(), toGo.at(now));
        toGo.sent(now);
        sent.add(now);
        now = now.plusSeconds(answerSeconds);
      }
      toGo.ended("w" + i, windows.get(i), false);
    }
    Instant last = sent.get(sent.size() - 1);
    said.forEach(
        (request, left) -> {
          Duration real = Duration.between(sent.get(request), last);
          // Answers take time that is no wait for the quota.
          Duration answers = Duration.ofSeconds((long) answerSeconds * (sent.size() - request));
          assertThat(left)
              .as("at request %s of %s", request, sent.size())
              .isLessThanOrEqualTo(real)
              .isGreaterThanOrEqualTo(real.minus(answers));
        });
    assertThat(toGo.requestsLeft()).isZero();
    assertThat(toGo.at(now)).isZero();
  }

  /** A window of many requests ends in pieces that nobody has foreseen. */
  @Example
  void piecesTakeFromWhatIsLeft() {
    TimeToGo toGo = new TimeToGo(10, Map.of("whole", 70L, "other", 5L));
    for (int i = 0; i < 30; i++) {
      toGo.sent(START);
    }
    assertThat(toGo.requestsLeft()).isEqualTo(45);
    toGo.ended("piece 1", 30, false);
    assertThat(toGo.requestsLeft()).isEqualTo(45);
    for (int i = 0; i < 40; i++) {
      toGo.sent(START);
    }
    toGo.ended("piece 2", 40, false);
    assertThat(toGo.requestsLeft()).isEqualTo(5);
  }

  @Example
  void aBurstIsNoRate() {
    Map<String, Long> expected =
        IntStream.range(0, 30).boxed().collect(Collectors.toMap(i -> "w" + i, i -> 1L));
    TimeToGo toGo = new TimeToGo(10, expected);
    assertThat(toGo.at(START)).isEqualTo(Duration.ofMinutes(2));
    for (int i = 0; i < 10; i++) {
      toGo.sent(START.plusMillis(i));
      toGo.ended("w" + i, 1, false);
    }
    // A third is done within a second; the rest takes two minutes, not two seconds.
    assertThat(toGo.at(START.plusSeconds(1)))
        .isBetween(Duration.ofSeconds(118), Duration.ofSeconds(120));
    toGo.pausedUntil(START.plusSeconds(600));
    assertThat(toGo.at(START.plusSeconds(1))).isGreaterThan(Duration.ofSeconds(599));
  }

  @Example
  void whatFailedIsNotWaitedFor() {
    TimeToGo toGo = new TimeToGo(10, Map.of("a", 5L, "b", 1L));
    for (int i = 0; i < 3; i++) {
      toGo.sent(START);
    }
    assertThat(toGo.requestsLeft()).isEqualTo(3);
    toGo.ended("a", 0, true);
    assertThat(toGo.requestsLeft()).isEqualTo(1);
  }
}
