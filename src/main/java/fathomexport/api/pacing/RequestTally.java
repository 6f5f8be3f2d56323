package fathomexport.api.pacing;

/** Counts the requests that a run sends within its budget. Implementations are thread-safe. */
public interface RequestTally {
  /** Counts one more request, unless this many are counted already; returns whether it did. */
  boolean take(long most);

  /** Takes back a request that was counted and not sent. */
  void giveBack();

  /** Returns the number of requests that are counted. */
  long taken();

  /** Creates a tally of the requests of this process. */
  static RequestTally ofThisProcess() {
    return new RequestTally() {
      private long taken;

      @Override
      public synchronized boolean take(long most) {
        if (taken >= most) {
          return false;
        }
        taken++;
        return true;
      }

      @Override
      public synchronized void giveBack() {
        taken--;
      }

      @Override
      public synchronized long taken() {
        return taken;
      }
    };
  }
}
