package fathomexport.beam;

/**
 * The lanes that are under way in this process. The Direct Runner polls without a pause while a
 * thread of its pool is free, for hours where one lane is longer than the others: so a lane that
 * has ended keeps its thread until all have.
 */
final class LaneThreads {
  private int underWay;

  synchronized void begin() {
    underWay++;
  }

  /** Ends a lane, and waits for the others that have begun. */
  synchronized void end() {
    underWay--;
    notifyAll();
    try {
      while (underWay > 0) {
        wait();
      }
    } catch (InterruptedException e) {
      // The runner wants its thread back.
      Thread.currentThread().interrupt();
    }
  }
}
