package fathomexport.export;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.SiteId;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Sites that have left the list are queried in turns, so that none waits for ever. */
class QueriedSitesTest {
  private static Set<SiteId> sites(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> new SiteId("S%04d".formatted(i)))
        .collect(Collectors.toSet());
  }

  @Test
  void fewAreAllQueried() {
    assertThat(MissingSites.queried(sites(25), 20_000)).hasSize(25);
  }

  @Test
  void ofManyEachHasItsTurn() {
    for (int count : new int[] {26, 60, 101}) {
      Set<SiteId> queried = new HashSet<>();
      for (int day = 0; day < (count + 24) / 25; day++) {
        assertThat(MissingSites.queried(sites(count), 20_000 + day)).hasSize(25);
        queried.addAll(MissingSites.queried(sites(count), 20_000 + day));
      }
      assertThat(queried).as(count + " sites").hasSize(count);
    }
  }
}
