package fathomexport.notify;

import java.io.IOException;

/** One way to notify people. */
interface Delivery {
  /** Returns the name for people, without secrets. */
  String name();

  /**
   * Delivers the summary once.
   *
   * @throws IOException if it was not accepted; the message gives the reason
   * @throws RuntimeException for the same reasons
   * @throws InterruptedException if this thread was interrupted
   */
  void deliver(String summary) throws IOException, InterruptedException;
}
