package fathomexport.beam;

/**
 * Counts the lanes that are being exported in this process. The Direct Runner polls without a pause
 * while a thread of its pool is idle, for hours if one lane takes longer than the others; therefore
 * a lane that has ended keeps its thread until all have ended.
 */
final class LaneThreads {
  private int underWay;

  synchronized void begin() {
    underWay++;
  }

  /** Ends a lane and waits for the others that have begun. */
  synchronized void end() {
    underWay--;
    notifyAll();
    try {
      while (underWay > 0) {
        wait();
      }
    } catch (InterruptedException e) {
      // The runner shuts its threads down.
      Thread.currentThread().interrupt();
    }
  }
}
