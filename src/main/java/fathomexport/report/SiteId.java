package fathomexport.report;

import java.io.Serializable;

/**
 * The id of a site as the API reports it, such as {@code CDBUGS}: non-blank text without control
 * characters. {@code .} and {@code ..} are invalid because they would change a URL's path.
 */
public record SiteId(String value) implements Serializable, Comparable<SiteId> {
  /** Maximum length of an id, in characters. */
  public static final int LONGEST = 128;

  public SiteId {
    if (value.isBlank()
        || value.equals(".")
        || value.equals("..")
        || value.length() > LONGEST
        || !StoredText.isSendable(value)
        || value.codePoints().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException(
          "a site id is 1 to "
              + LONGEST
              + " characters without control characters, and neither . nor ..: '"
              + Excerpt.of(value)
              + "'");
    }
  }

  @Override
  public int compareTo(SiteId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
