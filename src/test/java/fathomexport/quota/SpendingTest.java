package fathomexport.quota;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.api.pacing.TimeSource;
import fathomexport.run.Budget;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SpendingTest {
  private final AtomicLong nanos = new AtomicLong();
  private final AtomicLong requests = new AtomicLong();
  private final TimeSource time = new HandTime(nanos);

  private Spending spending(Budget budget) {
    return new Spending("", budget, time, requests::get);
  }

  @Test
  void aTaskBeginsOnlyWhenThereIsEnoughForIt() {
    Spending spending = spending(new Budget(5L, null));
    assertThat(spending.begin(3)).isEmpty();
    assertThat(spending.begin(3).orElseThrow())
        .contains("5 requests", "2 are left", "needs 3 if it has rows");
    assertThat(spending.begin(2)).as("what another task was promised is not left").isEmpty();
    assertThat(spending.begin(1)).isPresent();
    requests.set(4);
    spending.ended(3);
    spending.ended(2);
    assertThat(spending.begin(1)).isEmpty();
    spending.ended(1);
    requests.set(7);
    assertThat(spending.begin(1).orElseThrow()).contains("0 are left");
  }

  @Test
  void noTaskBeginsWhenTheTimeIsOver() {
    Spending spending = spending(new Budget(null, Duration.ofMinutes(30)));
    nanos.set(Duration.ofMinutes(30).toNanos() - 1);
    assertThat(spending.begin(1_000_000)).isEmpty();
    nanos.incrementAndGet();
    assertThat(spending.begin(1).orElseThrow()).contains("30 minutes");
  }

  @Test
  void budgetsOfNothingAreNone() {
    assertThatThrownBy(() -> new Budget(0L, null)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Budget(null, Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
