package fathomexport.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** The time that requests take at the quotas of one or several accounts. */
class AccountQuotasTest {
  private static final AccountQuotas QUOTAS =
      new AccountQuotas(
          Map.of("slow", new AccountLimits(1, 100), "fast", new AccountLimits(10, 1000)));

  /** The first minute's requests are sent at once. */
  @Test
  void requestsTakeTheMinutesAfterTheFirst() {
    assertThat(QUOTAS.minutes("fast", 0)).isZero();
    assertThat(QUOTAS.minutes("fast", 10)).isZero();
    assertThat(QUOTAS.minutes("fast", 11)).isEqualTo(1);
    assertThat(QUOTAS.minutes("slow", 11)).isEqualTo(10);
  }

  @Test
  void accountsAreAskedSideBySide() {
    assertThat(QUOTAS.minutes(Map.of("slow", 11L, "fast", 50L))).isEqualTo(10);
    assertThat(QUOTAS.minutes(Map.of())).isZero();
  }

  @Test
  void togetherTheyAllowWhatIsSentUntilTheLastIsDone() {
    assertThat(QUOTAS.perMinute(Map.of("slow", 10L, "fast", 50L)))
        .as("60 requests in 10 minutes")
        .isEqualTo(6);
    assertThat(QUOTAS.perMinute(Map.of("fast", 50L))).isEqualTo(10);
    assertThat(QUOTAS.perMinute(Map.of())).as("the lowest quota").isEqualTo(1);
  }

  @Test
  void anAccountThatIsNotConfiguredIsAMistake() {
    assertThat(QUOTAS.rowLimit("slow")).isEqualTo(100);
    assertThatThrownBy(() -> QUOTAS.rowLimit("other"))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("other");
  }
}
