package fathomexport.inspect;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** What is known of a period, the worst that applies first. */
public enum PeriodState {
  /** The numbers disagree, rows were refused, or the last attempt failed. */
  INCOMPLETE("incomplete", 'I', "the last attempt failed, or its numbers disagree"),
  /** Within what is covered, but never measured. */
  MISSING("missing", 'M', "never measured"),
  /** Asked for under another definition of the report, or in another zone of the site. */
  STALE("stale", 'S', "asked for under another definition or zone"),
  /** It was not over when it was measured. */
  PROVISIONAL("provisional", 'P', "not over when it was measured"),
  /** No control was possible. */
  UNCERTIFIED("uncertified", 'U', "no control was possible"),
  /** Certified, with no row. */
  NOTHING("nothing measured", 'N', "certified: there was nothing"),
  /** The control agrees. */
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

  /** One letter for it, so that it is not told by colour alone. */
  public char letter() {
    return letter;
  }

  public String meaning() {
    return meaning;
  }

  /** Its name in JSON and as a style. */
  @JsonValue
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }
}
