package fathomexport.report;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/** Suggests the allowed value closest to an invalid one. */
public final class NearMiss {
  private static final int SHORTEST_PART = 3;

  private NearMiss() {}

  /** Returns the closest allowed text, if one is close enough. */
  public static Optional<String> of(String written, Collection<String> allowed) {
    String plain = plain(written);
    String best = null;
    int least = plain.length() <= 3 ? 2 : plain.length() <= 8 ? 3 : 4;
    for (String candidate : allowed) {
      int distance = distance(plain, plain(candidate));
      boolean longer = best != null && distance == least && candidate.length() > best.length();
      if (distance < least || longer) {
        least = distance;
        best = candidate;
      }
    }
    if (best != null || plain.length() < SHORTEST_PART) {
      return Optional.ofNullable(best);
    }
    return only(allowed, c -> plain(c).startsWith(plain))
        .or(() -> only(allowed, c -> plain(c).contains(plain)));
  }

  /** Returns {@code (did you mean 'x'?)} or an empty text. */
  public static String hint(String written, Collection<String> allowed) {
    return of(written, allowed).map(meant -> " (did you mean '" + meant + "'?)").orElse("");
  }

  private static Optional<String> only(Collection<String> allowed, Predicate<String> which) {
    List<String> found = allowed.stream().filter(which).toList();
    return found.size() == 1 ? Optional.of(found.get(0)) : Optional.empty();
  }

  private static String plain(String text) {
    return text.strip().toLowerCase(Locale.ROOT).replace('-', '_').replace(' ', '_');
  }

  /** Computes the Levenshtein distance: insertions, deletions and replacements. */
  private static int distance(String a, String b) {
    int[] previous = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] row = new int[b.length() + 1];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(replaced, 1 + Math.min(previous[j], row[j - 1]));
      }
      previous = row;
    }
    return previous[b.length()];
  }
}
