package fathomexport.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.cost.AccountQuotas;
import fathomexport.run.Left;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** How times are said to people: a time that rounds to nothing is not said to be nothing. */
class PrinterTest {
  @Test
  void durations() {
    assertThat(Printer.time(Duration.ofMillis(999))).isEqualTo("less than 1 s");
    assertThat(Printer.time(Duration.ofSeconds(1))).isEqualTo("1 s");
    assertThat(Printer.time(Duration.ofSeconds(3 * 60 + 5))).isEqualTo("3 min 5 s");
    assertThat(Printer.time(Duration.ofMinutes(2 * 60 + 7))).isEqualTo("2 h 7 min");
  }

  @Test
  void theTimeAtAQuota() {
    assertThat(AccountQuotas.inWords(0)).isEqualTo("less than a minute");
    assertThat(AccountQuotas.inWords(1)).isEqualTo("1 min");
    assertThat(AccountQuotas.inWords(239)).isEqualTo("4 h");
    assertThat(new Left(2, 3, 0, AccountQuotas.inWords(AccountQuotas.minutes(3, 10))).words())
        .isEqualTo("2 windows left, about 3 requests, less than a minute at the quota");
  }
}
