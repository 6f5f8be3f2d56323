package fathomexport.export;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.run.Budget;
import fathomexport.run.Left;
import fathomexport.run.PlannedRun;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Accounts are asked side by side, each at its own quota and with its own budget. */
class RemainingTest {
  private static PlannedRun planned(long ofShop, PlannedRun.AccountPart... parts) {
    return new PlannedRun(
        "run",
        "all",
        "run",
        Instant.parse("2026-06-20T12:00:00Z"),
        2,
        2,
        100 + ofShop,
        20,
        Map.of("a", 100L, "s", ofShop),
        List.of(parts),
        List.of(),
        Map.of(),
        null);
  }

  private static final PlannedRun.AccountPart AGENCY =
      new PlannedRun.AccountPart("agency", Set.of("a"), 10);
  private static final PlannedRun.AccountPart SHOP =
      new PlannedRun.AccountPart("shop", Set.of("s"), 5);

  private static Left left(PlannedRun planned, long sent, Budget budget) {
    return Remaining.all(planned, sent, budget);
  }

  @Test
  void theNightsAreThoseOfTheAccountWithTheMostRequests() {
    Budget hundred = new Budget(100L, null);
    assertThat(left(planned(100, AGENCY, SHOP), 200, hundred).words())
        .isEqualTo("2 windows left, about 200 requests, one more night");
    assertThat(left(planned(900, AGENCY, SHOP), 200, hundred).nights()).isEqualTo(9);
  }

  @Test
  void theTimeIsThatOfTheAccountThatTakesLongest() {
    assertThat(left(planned(100, AGENCY, SHOP), 0, Budget.UNLIMITED).time()).isEqualTo("19 min");
    assertThat(
            left(planned(1_000, AGENCY, SHOP), 1_100, new Budget(null, Duration.ofMinutes(50)))
                .nights())
        .as("200 minutes, whatever both have sent together")
        .isEqualTo(4);
  }

  @Test
  void oneAccountIsAskedForAll() {
    PlannedRun one = planned(900, new PlannedRun.AccountPart("", Set.of("a", "s"), 10));
    Left time = left(one, 250, new Budget(null, Duration.ofMinutes(50)));
    assertThat(time.requests()).isEqualTo(1_000);
    assertThat(time.nights()).isEqualTo(4);
    assertThat(left(one, 0, Budget.UNLIMITED).time()).isEqualTo("99 min");
  }
}
