package fathomexport.beam;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a run says while none of its lanes is under way. */
class ClusterWaitTest {
  private static final Optional<FlinkMaster.Room> HALF_FREE = room(4, 2);

  private static Optional<FlinkMaster.Room> room(int slots, int free) {
    return Optional.of(new FlinkMaster.Room(slots / 2, slots, free, "1.19.0"));
  }

  @Test
  void slotsAreNotWaitedForWhileThereAreFreeOnes() {
    assertThat(ClusterWait.waitedFor(Engine.FLINK, 2, 0, HALF_FREE))
        .isEqualTo("waiting until the workers have loaded the program and begin 2 lanes on");
    assertThat(ClusterWait.advice(Engine.FLINK, 2, HALF_FREE)).startsWith("There are free slots: ");
    assertThat(ClusterWait.advice(Engine.FLINK, 2, room(4, 1)))
        .startsWith("Start more TaskManagers");
    assertThat(ClusterWait.waitedFor(Engine.FLINK, 2, 0, room(0, 0)))
        .isEqualTo("waiting for 2 slots of");
    assertThat(ClusterWait.waitedFor(Engine.FLINK, 2, 0, room(2, 0)))
        .isEqualTo(ClusterWait.waitedFor(Engine.FLINK, 2, 0, Optional.empty()))
        .isEqualTo(
            "waiting for free slots, or until the workers have loaded the program, for 2 lanes on");
  }

  @Test
  void lostWorkersAreNotSaidToLoadTheProgram() {
    assertThat(ClusterWait.waitedFor(Engine.FLINK, 2, 1, HALF_FREE))
        .isEqualTo(
            "no sign of life from the workers of 1 lane: waiting until the lanes begin again on");
  }

  @Test
  void aSingleLostLaneIsNamedWithWhatItWaitsFor() {
    assertThat(ClusterWait.lost(Engine.SPARK, 1, "host-2"))
        .isEqualTo(
            "lane 2: no sign of life from worker host-2. The lane waits until another executor is"
                + " there, or another lane has ended");
    assertThat(ClusterWait.lost(Engine.FLINK, 0, "host-1")).endsWith("until Flink begins it again");
  }
}
