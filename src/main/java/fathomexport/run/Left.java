package fathomexport.run;

import fathomexport.report.Program;
import java.util.Collection;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What an export that ended early has left for the next one.
 *
 * @param windows number of windows that were not begun
 * @param requests about how many requests they take
 * @param nights how many more times the same budget is needed; 0 if the export had none
 * @param time the shortest time in which the quota allows these requests, for people
 */
public record Left(long windows, long requests, long nights, String time) {
  private static final Pattern WORDS = Pattern.compile("[0-9,]+ windows? left, about .*");

  /** Begins the message in the record of a run that names the command that continues it. */
  private static final String CONTINUATION = "continue with: ";

  /**
   * Returns the message that names the command that continues a run. The record keeps the arguments
   * alone: who reads it may start the program otherwise.
   */
  public static String continuation(String arguments) {
    return CONTINUATION + arguments;
  }

  /** Finds in the messages of a run the command that continues it. */
  public static Optional<String> continuationIn(Collection<String> messages) {
    return messages.stream()
        .filter(Left::isContinuation)
        .map(m -> Program.command(m.substring(CONTINUATION.length())))
        .findFirst();
  }

  /** Returns whether a message of a run names the command that continues it. */
  public static boolean isContinuation(String message) {
    return message.startsWith(CONTINUATION);
  }

  /** Returns it as one line, which is also a message in the record of the run. */
  public String words() {
    return number(windows)
        + (windows == 1 ? " window" : " windows")
        + " left, about "
        + number(requests)
        + (requests == 1 ? " request, " : " requests, ")
        + (nights == 0
            ? time + " at the quota"
            : nights == 1 ? "one more night" : number(nights) + " more nights");
  }

  private static String number(long n) {
    return String.format(Locale.ROOT, "%,d", n);
  }

  /** Returns whether a message of a run says what it has left. */
  public static boolean isLeft(String message) {
    return WORDS.matcher(message).matches();
  }

  /**
   * Returns whether a window of this outcome is left for another export: it was not begun because
   * the export was stopped, halted, or had spent its budget.
   */
  public static boolean isLeft(WindowOutcome outcome) {
    return outcome.failure() != null && isCause(outcome.message());
  }

  /** Returns whether windows with this message are left for another export. */
  public static boolean isCause(String message) {
    return message.startsWith(WindowOutcome.NOT_FETCHED + ": ")
        || message.startsWith(WindowOutcome.HALTED)
        || message.startsWith(WindowOutcome.LANE_ENDED);
  }

  /** Finds in the messages of a run what it has left. */
  public static Optional<String> in(Collection<String> messages) {
    return messages.stream().filter(Left::isLeft).findFirst();
  }
}
