package fathomexport.report;

import java.io.Serializable;

/**
 * A site's id as the API gives it, such as {@code CDBUGS}. Any non-blank text without controls; but
 * {@code .} and {@code ..} would be other addresses in a path.
 */
public record SiteId(String value) implements Serializable, Comparable<SiteId> {
  /** Most characters of one. */
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
