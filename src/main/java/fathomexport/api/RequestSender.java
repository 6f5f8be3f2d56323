package fathomexport.api;

import fathomexport.api.CallAttempt.Fault;
import fathomexport.api.CallWaits.WaitTooLongException;
import fathomexport.api.GuardedHandler.HandlerException;
import fathomexport.api.Transport.BodyReader;
import fathomexport.api.pacing.Permits;
import fathomexport.api.pacing.StoppedException;
import fathomexport.report.SiteId;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Sends single requests, each with a permit. It counts those that are billed, reports each to the
 * listener, and records the wait that its response asks for. Whether a request is repeated is up to
 * the caller.
 */
final class RequestSender {
  private final String baseUrl;
  private final RunControls controls;
  private final Transport transport;
  private final ClientState state;
  private final CallWaits waits;

  /** Number of billed requests of this sender. */
  private final AtomicLong billed = new AtomicLong();

  RequestSender(
      String baseUrl,
      RunControls controls,
      Transport transport,
      ClientState state,
      CallWaits waits) {
    this.baseUrl = baseUrl;
    this.controls = controls;
    this.transport = transport;
    this.state = state;
    this.waits = waits;
  }

  /** An action that runs before each attempt. */
  interface Preparation {
    void prepare() throws IOException;

    /** Called when a request is sent, which does not happen if no connection comes about. */
    default void sent() {}
  }

  /** Returns the number of billed requests that this sender has sent. */
  long billed() {
    return billed.get();
  }

  /**
   * Waits for a permit and sends a request.
   *
   * @param site the site of the query; null if it is about none
   * @param attempt 1 for the first attempt of a call
   * @param reader reads the body of an answer
   * @throws WaitTooLongException if no permit is free before the end of the longest wait that the
   *     run accepts
   */
  <T> CallAttempt<T> send(
      Endpoint endpoint,
      @Nullable SiteId site,
      String pathAndQuery,
      int attempt,
      Preparation preparation,
      BodyReader<T> reader)
      throws InterruptedException, StoppedException {
    RequestListener listener = controls.listener();
    Permits.Permit permit = waits.permit(endpoint);
    try {
      preparation.prepare();
    } catch (IOException e) {
      permit.close();
      throw new HandlerException(e);
    }
    long start = controls.time().nanos();
    boolean usable = false;
    try {
      Runnable sent =
          () -> {
            if (endpoint.billed()) {
              state.billed.incrementAndGet();
              billed.incrementAndGet();
            }
            preparation.sent();
            listener.on(new RequestListener.Event.Sent(endpoint, attempt));
          };
      CallAttempt<T> end =
          transport.attempt(
              baseUrl + pathAndQuery,
              permit,
              sent,
              endpoint.maxBodyBytes(),
              endpoint.billed(),
              reader);
      if (end instanceof CallAttempt.Faulty<T> faulty) {
        waits.obey(endpoint, site, faulty);
        waits.attemptFailed(Duration.ofNanos(controls.time().nanos() - start));
      }
      if (end instanceof CallAttempt.Faulty<T> faulty && faulty.fault() == Fault.LIMIT) {
        permit.limited();
        state.limited.set(true);
        listener.on(new RequestListener.Event.Limited(endpoint));
      }
      usable = end instanceof CallAttempt.Usable<T>;
      return end;
    } finally {
      permit.close();
      Duration took = Duration.ofNanos(controls.time().nanos() - start);
      listener.on(new RequestListener.Event.Answered(endpoint, attempt, usable, took));
    }
  }
}
