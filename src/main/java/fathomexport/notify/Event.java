package fathomexport.notify;

import java.util.Locale;

/** Why people are notified. */
enum Event {
  /** An exit code that the configuration names, other than those below. */
  FAILURE,
  /** Exit code 0 after an earlier run that was reported. */
  RECOVERY,
  /** Exit code 0, where the configuration names it. */
  SUCCESS,
  /** Exit code 143 or 130, where the configuration names it. */
  STOPPED,
  /** A test, which no run stands behind. */
  TEST;

  String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
