package fathomexport.beam;

import java.util.Optional;

/** What a run says of the lanes that it waits for. */
final class ClusterWait {
  private ClusterWait() {}

  /**
   * Says what lanes wait for. The slots that their job holds are not free, while its workers load
   * the program; only where there are enough free ones is it certain that none is waited for.
   *
   * @param lost the number of lanes that had begun and whose workers no longer show that they live
   */
  static String waitedFor(Engine engine, long lanes, long lost, Optional<FlinkMaster.Room> room) {
    if (lost > 0) {
      return "no sign of life from the workers of "
          + FlinkMaster.counted(lost, "lane")
          + ": waiting until the lanes begin again on";
    }
    if (room.isPresent() && room.get().slots() == 0) {
      return "waiting for " + FlinkMaster.counted(lanes, "slot") + " of";
    }
    String counted = FlinkMaster.counted(lanes, "lane");
    return isFree(lanes, room)
        ? "waiting until the workers have loaded the program and begin " + counted + " on"
        : "waiting for free "
            + engine.places()
            + ", or until the workers have loaded the program, for "
            + counted
            + " on";
  }

  /**
   * Says that one lane is lost while others are under way, and what it waits for.
   *
   * @param lane its number, from 0
   * @param host the worker that it was on
   */
  static String lost(Engine engine, int lane, String host) {
    return "lane "
        + (lane + 1)
        + ": no sign of life from worker "
        + host
        + ". The lane waits until "
        + (engine == Engine.SPARK
            ? "another executor is there, or another lane has ended"
            : "Flink begins it again");
  }

  /** Says what to do if lanes have waited for too long. */
  static String advice(Engine engine, long lanes, Optional<FlinkMaster.Room> room) {
    return isFree(lanes, room)
        ? "There are free slots: look into the logs of the TaskManagers, or set a longer"
            + " slot.request.timeout if they take so long to load the program; then run this again"
        : "Start more " + engine.workers() + ", or end other jobs, and run this again";
  }

  private static boolean isFree(long lanes, Optional<FlinkMaster.Room> room) {
    return room.filter(r -> r.free() >= lanes).isPresent();
  }
}
