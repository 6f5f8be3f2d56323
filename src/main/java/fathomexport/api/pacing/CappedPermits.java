package fathomexport.api.pacing;

import java.time.Instant;
import java.util.function.Consumer;

/**
 * Limits the number of requests that a run sends, retries included. A permit that no request was
 * sent with does not count. Thread-safe.
 */
public final class CappedPermits implements Permits {
  private final Permits permits;
  private final long most;
  private final RequestTally tally;

  /**
   * @param most maximum number of requests, 1 or more
   */
  public CappedPermits(Permits permits, long most) {
    this(permits, most, RequestTally.ofThisProcess());
  }

  /**
   * @param most maximum number of requests, 1 or more
   * @param tally counts them, of other processes as well
   */
  public CappedPermits(Permits permits, long most, RequestTally tally) {
    if (most < 1) {
      throw new IllegalArgumentException("at most " + most + " requests");
    }
    this.permits = permits;
    this.most = most;
    this.tally = tally;
  }

  /** The run has used all its requests. */
  public static final class CapReachedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final long most;

    CapReachedException(long most) {
      super("no more than " + most + " requests");
      this.most = most;
    }

    public long most() {
      return most;
    }
  }

  @Override
  public Permit acquire(Consumer<Wait> waiting) throws InterruptedException, StoppedException {
    take();
    Permit permit = null;
    try {
      permit = permits.acquire(waiting);
      return new Counted(permit);
    } finally {
      if (permit == null) {
        tally.giveBack();
      }
    }
  }

  private void take() {
    if (!tally.take(most)) {
      throw new CapReachedException(most);
    }
  }

  @Override
  public void deferUntil(Instant time) {
    permits.deferUntil(time);
  }

  @Override
  public void close() {
    permits.close();
  }

  private final class Counted implements Permit {
    private final Permit permit;
    private boolean sent;
    private boolean closed;

    Counted(Permit permit) {
      this.permit = permit;
    }

    @Override
    public synchronized boolean begin() {
      boolean stands = permit.begin();
      sent |= stands;
      return stands;
    }

    @Override
    public void limited() {
      permit.limited();
    }

    @Override
    public synchronized void close() {
      if (!closed) {
        closed = true;
        if (!sent) {
          tally.giveBack();
        }
      }
      permit.close();
    }
  }
}
