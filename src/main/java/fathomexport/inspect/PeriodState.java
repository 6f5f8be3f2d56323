package fathomexport.inspect;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** The state of a period. If several apply, the first counts. */
public enum PeriodState {
  /**
   * The numbers disagree, rows were rejected, the last attempt failed, or what was not over when it
   * was measured is of a site or event that is retired, so that it will never be whole.
   */
  INCOMPLETE(
      "incomplete",
      'I',
      "the last attempt failed, its numbers disagree, or it was not over and is no longer listed"),
  /** Within the covered range, but never measured. */
  MISSING("missing", 'M', "never measured"),
  /** Fetched under another definition of the report, or in another time zone of the site. */
  STALE("stale", 'S', "asked for under another definition or zone"),
  /** Not over when it was measured. */
  PROVISIONAL("provisional", 'P', "partial: not over when it was measured"),
  /** No control was possible, so the sums are not checked. */
  UNCERTIFIED("uncertified", 'U', "no control was possible"),
  /** Certified, without rows. */
  NOTHING("nothing measured", 'N', "certified: there was nothing"),
  /** The sums equal the control totals. */
  CERTIFIED("certified", 'C', "the sums equal the control");

  private final String label;
  private final char letter;
  private final String meaning;

  PeriodState(String label, char letter, String meaning) {
    this.label = label;
    this.letter = letter;
    this.meaning = meaning;
  }

  public String label() {
    return label;
  }

  /** Returns a letter for the state, so that colour is not the only cue. */
  public char letter() {
    return letter;
  }

  public String meaning() {
    return meaning;
  }

  /** Returns the state's name in JSON and in style sheets. */
  @JsonValue
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }
}
