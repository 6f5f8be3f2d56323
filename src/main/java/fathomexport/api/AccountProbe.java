package fathomexport.api;

import fathomexport.api.CallAttempt.Fault;
import fathomexport.api.CallWaits.WaitTooLongException;
import fathomexport.api.answer.Lookups;
import fathomexport.api.pacing.StoppedException;

/**
 * Finds out whether the API answers for the account, and so whether the API is down or only the
 * sites whose queries failed.
 */
final class AccountProbe {
  private final RequestSender sender;
  private final ClientState state;
  private final UnavailableWords words;

  AccountProbe(RequestSender sender, ClientState state, UnavailableWords words) {
    this.sender = sender;
    this.state = state;
    this.words = words;
  }

  /**
   * Returns whether the API responds to a request that does not depend on a site, if only with a
   * 429. Not billed.
   */
  boolean answers() throws InterruptedException, StoppedException {
    return state.asked.of(null).isEmpty()
        && (!(sender.send(Endpoint.TOKEN, null, "/token", 1, () -> {}, Lookups::token)
                instanceof CallAttempt.Faulty<?> faulty)
            || faulty.fault() == Fault.LIMIT);
  }

  /**
   * Decides, when the patience is over, whether the API is down or the sites that failed are: the
   * account's endpoint knows.
   */
  void findOutWhatIsDown() throws InterruptedException, StoppedException {
    if (state.limited.get()) {
      state.downWords =
          "it has accepted no request"
              + words.patience()
              + ", but asked to wait (429) or failed each time"
              + ": "
              + state.breaker.reason();
      state.breaker.apiIsDown();
      return;
    }
    boolean answers;
    try {
      answers = answers();
    } catch (WaitTooLongException e) {
      answers = true; // Only a limit of the account's endpoint is known.
    }
    if (answers) {
      state.breaker.sitesAreDown();
    } else {
      state.downWords =
          "it has not answered any request" + words.patience() + ": " + state.breaker.reason();
      state.breaker.apiIsDown();
    }
  }
}
