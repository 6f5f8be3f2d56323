package fathomexport.fetch.partition;

import fathomexport.fetch.partition.Split.KeptRows;
import fathomexport.report.Filter;
import fathomexport.report.Operator;
import fathomexport.report.StoredText;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Fetches a partition without relying on an order: splits it until each piece fits in a response.
 */
final class PiecesFrame extends UnsortedFrame {
  /** Share of a response that a piece should fill, since the sizes are estimates. */
  private static final double FILL = 0.7;

  private final int field;
  private final Part.Watch watch;
  private final long rows;

  /** Whether this is a piece of a partition that was split; the rest counts as a piece. */
  private final boolean broken;

  /**
   * @param rows estimated number of rows
   * @param broken whether this is a piece of a partition that was split; the rest counts as a piece
   */
  PiecesFrame(
      SplitCourse course, Part part, int field, Part.Watch watch, long rows, boolean broken) {
    super(course, part);
    this.field = field;
    this.watch = watch;
    this.rows = rows;
    this.broken = broken;
  }

  @Override
  KeptRows tooLarge(SplitAnswer answer) {
    Map<@Nullable String, Integer> values = answer.sample().values(field);
    if (answer.taken() == 0) {
      return course.otherwise(part.exhausting(field), course.first(), rows);
    }
    if (!broken) {
      course.mayMissNulls(new NullsFrame(course, part, field, watch, true));
      course.mayMissNulls(new NullsFrame(course, part, field, watch, false));
    }
    if (fields.byExpression(field)) {
      if (values.size() == 1 && values.containsKey(null)) {
        course.fetchFirst(fields.onlyNulls(part, field), answer.sample(), rows);
        course.push(
            piece(List.of(fields.filter(field, Operator.MATCHING, "^")), Objects::nonNull, rows));
        return KeptRows.NOTHING;
      }
      if (byLeadingCharacters(answer)) {
        return KeptRows.NOTHING;
      }
    }
    return byValues(answer)
        ? KeptRows.NOTHING
        : course.otherwise(part.exhausting(field), answer.sample(), rows);
  }

  private PiecesFrame piece(List<Filter> filters, Part.Test test, long about) {
    return new PiecesFrame(course, part.where(filters, field, test), field, watch, about, true);
  }

  /**
   * Creates a piece of the rows that no other piece contains. It is requested at once if the
   * response contained such rows, otherwise only if rows are missing.
   *
   * @param seen rows of the response that the other pieces contain
   */
  private void leaveOver(List<Filter> filters, Part.Test test, SplitAnswer answer, int seen) {
    long left = answer.taken() - seen;
    PiecesFrame rest = piece(filters, test, Math.max(1, all() * left / answer.taken()));
    if (left > 0) {
      course.push(rest);
    } else {
      course.postpone(rest);
    }
  }

  /** Estimates the rows of this partition, which exceeds the limit. */
  private long all() {
    return Math.max(rows, course.limit() + course.limit() / 2);
  }

  /**
   * Splits the partition by the character after the common prefix of all values of the response.
   * Returns false if that is not possible.
   */
  private boolean byLeadingCharacters(SplitAnswer answer) {
    Map<String, Integer> folded = new HashMap<>();
    answer
        .sample()
        .values(field)
        .forEach(
            (value, n) -> {
              if (value != null) {
                folded.merge(Patterns.fold(value), n, Integer::sum);
              }
            });
    if (folded.size() < 2) {
      return false;
    }
    String common = common(folded.keySet());
    TreeMap<Integer, Integer> next = new TreeMap<>();
    int seen = 0;
    for (Map.Entry<String, Integer> value : folded.entrySet()) {
      if (value.getKey().length() > common.length()
          && Patterns.sendable(value.getKey().codePointAt(common.length()))) {
        next.merge(value.getKey().codePointAt(common.length()), value.getValue(), Integer::sum);
        seen += value.getValue();
      }
    }
    if (next.isEmpty()) {
      return false;
    }
    String start = "^" + Patterns.anyCase(common);
    Filter complement =
        fields.filter(field, Operator.NOT_MATCHING, start + Patterns.anyCaseOf(next.keySet()));
    if (Patterns.encodedLength(complement) > fields.room(part) / 2) {
      return false;
    }
    Set<Integer> leading = Set.copyOf(next.keySet());
    leaveOver(List.of(complement), v -> !begins(v, common, leading), answer, seen);
    long all = all();
    TreeSet<Integer> bucket = new TreeSet<>();
    double filled = 0;
    for (Map.Entry<Integer, Integer> character : next.entrySet()) {
      double more = (double) all * character.getValue() / answer.taken();
      if (!bucket.isEmpty() && filled + more > FILL * course.limit()) {
        pushBucket(start, common, bucket, filled);
        bucket.clear();
        filled = 0;
      }
      bucket.add(character.getKey());
      filled += more;
    }
    pushBucket(start, common, bucket, filled);
    return true;
  }

  private void pushBucket(String start, String common, Set<Integer> bucket, double filled) {
    Set<Integer> leading = Set.copyOf(bucket);
    course.push(
        piece(
            List.of(fields.filter(field, Operator.MATCHING, start + Patterns.anyCaseOf(leading))),
            v -> begins(v, common, leading),
            (long) filled));
  }

  /** Splits the partition by the values of the response. Returns false if that is not possible. */
  private boolean byValues(SplitAnswer answer) {
    List<Map.Entry<@Nullable String, Integer>> values =
        new ArrayList<>(answer.sample().values(field).entrySet());
    values.sort(Map.Entry.<@Nullable String, Integer>comparingByValue().reversed());
    Map<String, Integer> chosen = new LinkedHashMap<>();
    int seen = 0;
    int left = fields.room(part) / 2;
    for (Map.Entry<@Nullable String, Integer> entry : values) {
      String value = entry.getKey();
      if (value == null
          || !StoredText.isSendable(value)
          || chosen.size() == SplitFields.MOST_VALUES) {
        continue;
      }
      left -= Patterns.encodedLength(fields.filter(field, Operator.IS_NOT, value));
      if (left < 0) {
        break;
      }
      chosen.put(value, entry.getValue());
      seen += entry.getValue();
    }
    if (chosen.isEmpty()) {
      return false;
    }
    Set<String> apart = Set.copyOf(chosen.keySet());
    leaveOver(
        fields.excluding(field, chosen, fields.room(part)),
        v -> v == null || !apart.contains(v),
        answer,
        seen);
    long all = all();
    chosen.forEach(
        (value, n) ->
            course.fetchFirst(
                part.where(List.of(fields.filter(field, Operator.IS, value)), field, value::equals)
                    .fixing(field),
                answer.sample(),
                all * n / answer.taken()));
    return true;
  }

  private static boolean begins(@Nullable String value, String common, Set<Integer> leading) {
    if (value == null) {
      return false;
    }
    String folded = Patterns.fold(value);
    return folded.startsWith(common)
        && folded.length() > common.length()
        && leading.contains(folded.codePointAt(common.length()));
  }

  /** Returns the longest common prefix of whole characters that can be sent. */
  private static String common(Set<String> texts) {
    String common = texts.iterator().next();
    for (String text : texts) {
      int i = 0;
      while (i < Math.min(common.length(), text.length())
          && common.codePointAt(i) == text.codePointAt(i)
          && Patterns.sendable(common.codePointAt(i))) {
        i += Character.charCount(common.codePointAt(i));
      }
      common = common.substring(0, Math.min(i, common.length()));
    }
    return common;
  }
}
