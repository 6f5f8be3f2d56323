package fathomexport.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.behaviour.Quota;
import fathomexport.simulator.behaviour.Quota.Model;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** Timetables: so many seconds after a quarter past a minute, admitted or how long to wait. */
class QuotaMeterTest {
  private static final Instant START = Instant.parse("2026-06-11T10:00:15Z");

  /** Sends a request; zero or the seconds to wait. */
  private static double at(QuotaMeter meter, double seconds) {
    return meter.admit(START.plusMillis((long) (seconds * 1000))).toMillis() / 1000.0;
  }

  private static QuotaMeter three(Model model) {
    return new QuotaMeter(Quota.aMinute(model, 3));
  }

  @Test
  void a_fixed_window_starts_with_its_first_request() {
    QuotaMeter meter = three(Model.FIXED_FROM_FIRST_HIT);
    assertThat(at(meter, 0)).isZero();
    assertThat(at(meter, 58)).isZero();
    assertThat(at(meter, 59)).isZero();
    assertThat(at(meter, 59.5)).isEqualTo(0.5);
    assertThat(at(meter, 60)).isZero();
    assertThat(at(meter, 60)).isZero();
    assertThat(at(meter, 61)).isZero();
    assertThat(at(meter, 62)).isEqualTo(58);
    // The next window starts only with the next request.
    assertThat(at(meter, 170)).isZero();
    assertThat(at(meter, 181)).isZero();
    assertThat(at(meter, 229)).isZero();
    assertThat(at(meter, 229)).isEqualTo(1);
  }

  @Test
  void a_calendar_window_starts_on_the_minute() {
    QuotaMeter meter = three(Model.CALENDAR);
    assertThat(at(meter, 0)).isZero();
    assertThat(at(meter, 1)).isZero();
    assertThat(at(meter, 44)).isZero();
    assertThat(at(meter, 44)).isEqualTo(1);
    assertThat(at(meter, 45)).isZero();
    assertThat(at(meter, 45)).isZero();
    assertThat(at(meter, 45)).isZero();
    assertThat(at(meter, 50)).isEqualTo(55);
  }

  @Test
  void a_sliding_window_forgets_one_by_one() {
    QuotaMeter meter = three(Model.SLIDING);
    assertThat(at(meter, 0)).isZero();
    assertThat(at(meter, 20)).isZero();
    assertThat(at(meter, 40)).isZero();
    assertThat(at(meter, 59)).isEqualTo(1);
    assertThat(at(meter, 60)).isZero();
    assertThat(at(meter, 61)).isEqualTo(19);
    assertThat(at(meter, 80)).isZero();
  }

  @Test
  void a_bucket_refills_evenly() {
    QuotaMeter meter = three(Model.TOKEN_BUCKET);
    assertThat(at(meter, 0)).isZero();
    assertThat(at(meter, 0)).isZero();
    assertThat(at(meter, 0)).isZero();
    assertThat(at(meter, 0)).isEqualTo(20);
    assertThat(at(meter, 19.5)).isEqualTo(0.5);
    assertThat(at(meter, 20)).isZero();
    assertThat(at(meter, 39)).isEqualTo(1);
    assertThat(at(meter, 500)).isZero();
    assertThat(at(meter, 500)).isZero();
    assertThat(at(meter, 500)).isZero();
    assertThat(at(meter, 500)).isEqualTo(20);
  }

  @Test
  void refused_requests_do_not_count() {
    for (Model model : Model.values()) {
      QuotaMeter meter = three(model);
      for (int i = 0; i < 50; i++) {
        at(meter, 0.1 * i);
      }
      assertThat(at(meter, 65)).as(model.name()).isZero();
    }
  }

  @Test
  void no_limit() {
    QuotaMeter meter = three(Model.NONE);
    for (int i = 0; i < 1_000; i++) {
      assertThat(meter.admit(START)).isEqualTo(Duration.ZERO);
    }
  }
}
