package fathomexport.plan;

import fathomexport.report.Field;
import fathomexport.report.Filter;
import fathomexport.report.Operator;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Fetches a period that alone reaches the row limit, in parts by filters. Sorted by one of its
 * fields, an answer of {@code limit} rows holds every row of all the field's values but the last
 * one's: those are kept, and the next answer is asked for from the last one on. A value that alone
 * fills an answer becomes a part of its own, walked by another field. That takes little more than
 * rows / limit requests.
 *
 * <p>Nothing is taken on trust: each row is held to the exact rules of its part, so that none comes
 * twice whatever a filter means to the server, and a server that sorts otherwise, or whose
 * expressions miss something, shows in the period's total. Then the period is had in parts that
 * need no order: by leading characters in any case, each with its complement.
 *
 * <p>A state machine without I/O: {@link #ask()}, {@link #row} for each row of the answer, then
 * {@link #answered} or {@link #refused}, until {@link #done()}; then {@link #missing}, while rows
 * are.
 */
public final class Split {
  /** Bytes that filters may take of a URL, the report's own included. */
  private static final int MOST_BYTES = 6_000;

  /** Values that one walk may exclude one by one, or part by. */
  private static final int MOST_VALUES = 60;

  /** Answers in a row of which nothing could be kept. */
  private static final int MOST_FRUITLESS = 60;

  private static final double LARGE_BLOCK = 0.6;
  private static final double FILL = 0.7;

  private final List<Field> fields;
  private final int room;
  private final int limit;
  private final long estimate;
  private final Sample first;
  private final Set<Integer> constant = new HashSet<>();
  private final Set<Integer> banned = new HashSet<>();
  private final Deque<Frame> stack = new ArrayDeque<>();

  /** Complements that are likely empty, asked for only when something is missing. */
  private final Deque<Frame> later = new ArrayDeque<>();

  private final Deque<Nulls> unseenNulls = new ArrayDeque<>();
  private final EnumSet<FieldOrder> orders = EnumSet.allOf(FieldOrder.class);
  private boolean sortable = true;
  private boolean matchable = true;
  private FieldOrder order = FieldOrder.CODE_POINT;

  /** Whether the order has been relied on since the start. */
  private boolean bounded;

  private boolean nullsFirst;
  private Answer answer;
  private int parts;
  private int fruitless;
  private @Nullable String failure;

  /**
   * A question: the period's, with these filters besides the report's own.
   *
   * @param sortBy null for no particular order
   */
  public record Ask(List<Filter> filters, @Nullable Field sortBy, boolean ascending) {}

  /** What of an answer is to be kept, of the rows that were taken. */
  public enum Kept {
    ALL,
    /** The rows before the last that {@link #blockStarts()} was true for. */
    BEFORE_LAST_BLOCK,
    NOTHING,
    /** Nothing, and nothing of any answer before: it starts over. */
    RESTART
  }

  /** What can be done about rows that are missing. */
  public enum Recourse {
    /** There is more to ask for. */
    ASK,
    /** It can be tried in another way, from the start: what was kept is to be dropped. */
    RESTART,
    NONE
  }

  /**
   * @param fields the grouping
   * @param own the report's own filters
   * @param limit rows to ask for
   * @param first the rows that reached the limit
   * @param estimate how many rows there may be
   */
  public Split(List<Field> fields, List<Filter> own, int limit, Sample first, long estimate) {
    this.fields = List.copyOf(fields);
    this.room = MOST_BYTES - own.stream().mapToInt(Patterns::encodedLength).sum();
    this.limit = limit;
    this.first = first;
    this.answer = new Answer(-1, true);
    this.estimate = Math.max(estimate, limit + 1L);
    for (Filter filter : own) {
      if (filter.operator() == Operator.IS) {
        constant.add(fields.indexOf(filter.property()));
      }
    }
    start();
  }

  private void start() {
    stack.clear();
    later.clear();
    unseenNulls.clear();
    bounded = false;
    int field = choose(Part.ALL, first, banned);
    if (field < 0) {
      failure =
          banned.isEmpty()
              ? "no field of the grouping can be filtered on"
              : "rows without a value cannot be asked for";
    } else {
      stack.push(frame(Part.ALL, field, estimate));
    }
  }

  /** Whether all parts that are known of have come, or it has failed. */
  public boolean done() {
    return failure != null || stack.isEmpty();
  }

  /** Why the period cannot be had in parts; null while it may be. */
  public @Nullable String failure() {
    return failure;
  }

  /** Answers so far of which rows were kept. */
  public int parts() {
    return parts;
  }

  /** In which order answers are taken to come; for people. */
  public String way() {
    return sortable ? "sorted by " + order : "in parts without an order";
  }

  /** Whether sorted answers have turned out to be of use. */
  public boolean sortable() {
    return sortable;
  }

  /** Goes without sorted answers from the start: they were of no use before. */
  public void unsortable() {
    if (sortable) {
      sortable = false;
      start();
    }
  }

  /** The next question. Asking again before it is answered gives the same. */
  public Ask ask() {
    if (done()) {
      throw new IllegalStateException("the period is split");
    }
    Frame frame = stack.element();
    Ask ask = frame.ask();
    answer = new Answer(frame.sortedBy(), ask.ascending());
    return ask;
  }

  /**
   * Looks at the next row of the answer.
   *
   * @param cells the texts of its fields, null where there is none
   * @return whether it is to be taken
   */
  public boolean row(@Nullable String[] cells) {
    return answer.row(cells, stack.element());
  }

  /** Whether the row that was last looked at is the first of a block that an answer may cut. */
  public boolean blockStarts() {
    return answer.blockStarts;
  }

  /**
   * Takes the end of the answer.
   *
   * @param rows how many it had
   */
  public Kept answered(long rows) {
    Frame frame = stack.element();
    Kept kept = frame.end(answer, rows >= limit);
    if (kept == Kept.ALL || kept == Kept.BEFORE_LAST_BLOCK) {
      parts++;
      fruitless = 0;
    } else if (++fruitless > MOST_FRUITLESS && failure == null) {
      fail("the server's answers to filters make no sense");
    }
    return kept;
  }

  /**
   * Takes a refusal of the question.
   *
   * @return what is to be done with what was kept; {@link Kept#NOTHING} when it has failed
   */
  public Kept refused(String words) {
    Ask ask = stack.element().ask();
    boolean expression =
        ask.filters().stream()
            .anyMatch(
                f -> f.operator() == Operator.MATCHING || f.operator() == Operator.NOT_MATCHING);
    if (expression && matchable) {
      matchable = false;
      return restart();
    }
    if (ask.sortBy() != null && sortable) {
      sortable = false;
      return restart();
    }
    fail(words);
    return Kept.NOTHING;
  }

  /**
   * What can be done when the parts are fewer than the period's total.
   *
   * @param known whether there is a total: without one only what may be missing is asked for
   */
  public Recourse missing(boolean known) {
    if (failure != null) {
      return Recourse.NONE;
    }
    if (!later.isEmpty()) {
      stack.push(later.remove());
      return Recourse.ASK;
    }
    while (!unseenNulls.isEmpty()) {
      Nulls nulls = unseenNulls.remove();
      if (!nulls.watch.seen() && !(sortable && nullsFirst)) {
        stack.push(nulls);
        return Recourse.ASK;
      }
    }
    if (known && sortable) {
      sortable = false;
      restart();
      return failure == null ? Recourse.RESTART : Recourse.NONE;
    }
    return Recourse.NONE;
  }

  private Kept restart() {
    start();
    return Kept.RESTART;
  }

  private Kept fail(String reason) {
    failure = reason;
    stack.clear();
    return Kept.NOTHING;
  }

  // --- Fields

  /** The field that cuts best, going by a sample; -1 when none is left. */
  private int choose(Part part, Sample sample, Set<Integer> not) {
    int best = -1;
    long least = Long.MAX_VALUE;
    for (int i = 0; i < fields.size(); i++) {
      if (fields.get(i).operators().isEmpty()
          || constant.contains(i)
          || part.fixed().contains(i)
          || part.exhausted().contains(i)
          || not.contains(i)) {
        continue;
      }
      long cost = sample.most(i) * 1_000L - Math.min(sample.distinct(i), 999);
      if (sample.distinct(i) < 2) {
        cost += 4_000_000_000_000L;
      } else if (!byExpression(i) && sample.distinct(i) > MOST_VALUES) {
        cost += 2_000_000_000_000L;
      }
      if (cost < least) {
        least = cost;
        best = i;
      }
    }
    return best;
  }

  private boolean byExpression(int field) {
    return matchable && fields.get(field).kind() == Field.Kind.TEXT;
  }

  private Frame frame(Part part, Sample sample, long rows) {
    int field = choose(part, sample, Set.of());
    return field < 0 ? new Whole(part) : frame(part, field, rows);
  }

  private Frame frame(Part part, int field, long rows) {
    Part.Watch watch = new Part.Watch(field);
    return sortable
        ? new Sorted(part.watching(watch), field, watch)
        : new Pieces(part.watching(watch), field, watch, rows, false);
  }

  private Filter filter(int field, Operator operator, String value) {
    return new Filter(fields.get(field), operator, value);
  }

  private int room(Part part) {
    return room - part.encodedLength();
  }

  /** Filters that exclude values, the ones of most rows first, as far as there is room. */
  private List<Filter> excluding(int field, Map<String, Integer> values, int left) {
    List<Filter> filters = new ArrayList<>();
    List<Map.Entry<String, Integer>> largest = new ArrayList<>(values.entrySet());
    largest.sort(Map.Entry.<String, Integer>comparingByValue().reversed());
    int length = 0;
    for (Map.Entry<String, Integer> value : largest) {
      Filter filter = filter(field, Operator.IS_NOT, value.getKey());
      length += Patterns.encodedLength(filter);
      if (length > left) {
        break;
      }
      filters.add(filter);
    }
    return filters;
  }

  // --- Answers

  /** The answer in hand. */
  private final class Answer {
    private final int sortedBy;
    private final boolean ascending;
    private final Sample sample = new Sample(fields.size());
    private final Map<String, Integer> blockOf = new HashMap<>();
    private final Map<String, Integer> complete = new HashMap<>();
    private final Set<String> inBlock = new HashSet<>();
    private boolean any;
    private boolean blockStarts;
    private int blocks;
    private @Nullable String last;
    private String lastFolded = "";

    /** The value before the last block. */
    private @Nullable String before;

    private boolean nullComplete;
    private boolean scattered;
    private long takenBefore;
    private long taken;

    Answer(int sortedBy, boolean ascending) {
      this.sortedBy = sortedBy;
      this.ascending = ascending;
    }

    boolean row(@Nullable String[] cells, Frame frame) {
      if (sortedBy >= 0) {
        follow(cells[sortedBy]);
      }
      boolean belongs = frame.part.holds(cells) && frame.takes(cells);
      if (belongs) {
        frame.part.taken(cells);
        sample.add(cells);
        taken++;
      }
      return belongs;
    }

    private void follow(@Nullable String value) {
      blockStarts = false;
      if (any && Objects.equals(value, last)) {
        return;
      }
      String folded = value == null ? "" : Patterns.fold(value);
      if (!any || (value == null) != (last == null) || !folded.equals(lastFolded)) {
        endBlock();
      }
      if (any && ascending && value != null) {
        String previous = last;
        nullsFirst |= previous == null;
        if (previous != null && byExpression(sortedBy)) {
          orders.removeIf(o -> o.compare(previous, value) > 0);
        }
      }
      if (value != null) {
        inBlock.add(value);
        Integer block = blockOf.putIfAbsent(value, blocks);
        scattered |= block != null && block != blocks;
      }
      any = true;
      last = value;
      lastFolded = folded;
    }

    private void endBlock() {
      if (any) {
        if (last == null) {
          scattered |= nullComplete;
          nullComplete = true;
        } else {
          before = last;
          sample
              .values(sortedBy)
              .forEach(
                  (value, rows) -> {
                    if (value != null) {
                      complete.merge(value, rows, Integer::sum);
                    }
                  });
        }
      }
      takenBefore = taken;
      sample.clear();
      inBlock.clear();
      blocks++;
      blockStarts = true;
    }

    boolean blockIsNull() {
      return last == null;
    }

    /** The value of most rows that were taken of the last block; null when there is none. */
    @Nullable String dominant() {
      return sample.values(sortedBy).entrySet().stream()
          .filter(e -> e.getKey() != null)
          .max(Map.Entry.comparingByValue())
          .map(Map.Entry::getKey)
          .orElse(null);
    }

    long takenOfBlock() {
      return taken - takenBefore;
    }
  }

  // --- Frames

  /** A part that is being had. */
  private abstract static class Frame {
    final Part part;

    Frame(Part part) {
      this.part = part;
    }

    abstract Ask ask();

    /** The field whose blocks matter; -1 when none does. */
    abstract int sortedBy();

    /** Whether a row of the part is not had yet. */
    abstract boolean takes(@Nullable String[] cells);

    abstract Kept end(Answer a, boolean full);
  }

  private Ask question(Part part, List<Filter> more, int sortBy, boolean ascending) {
    List<Filter> filters = new ArrayList<>(part.filters());
    filters.addAll(more);
    return new Ask(List.copyOf(filters), sortBy < 0 ? null : fields.get(sortBy), ascending);
  }

  private Kept unsplittable(Part part) {
    return fail(
        part.filters().isEmpty()
            ? "no field of the grouping can be walked by"
            : "a part of it has more rows than the limit and no field left to walk it by");
  }

  /** The walk is at its end, but that rows without a value, known to exist, did not come. */
  private Kept bereft(Part part) {
    if (!banned.add(part.bereft())) {
      return fail("rows without " + fields.get(part.bereft()).apiName() + " cannot be asked for");
    }
    return restart();
  }

  /** Walks what is left of a part by another field. */
  private Kept otherwise(Part rest, Sample sample, long rows) {
    int field = choose(rest, sample, Set.of());
    if (field < 0) {
      return unsplittable(rest);
    }
    stack.push(frame(rest, field, rows));
    return Kept.NOTHING;
  }

  /** A part that no field is left to walk by. */
  private final class Whole extends Frame {
    Whole(Part part) {
      super(part);
    }

    @Override
    Ask ask() {
      return question(part, List.of(), -1, true);
    }

    @Override
    int sortedBy() {
      return -1;
    }

    @Override
    boolean takes(@Nullable String[] cells) {
      return true;
    }

    @Override
    Kept end(Answer a, boolean full) {
      if (full) {
        return unsplittable(part);
      }
      if (a.taken == 0 && part.bereft() >= 0) {
        return bereft(part);
      }
      stack.remove();
      return Kept.ALL;
    }
  }

  /** A walk through a part in the order of one field. */
  private final class Sorted extends Frame {
    private final int field;
    private final Part.Watch watch;
    private final boolean byExpression;
    private boolean moved;

    /** All values up to this one are had; null for none. */
    private @Nullable String after;

    /** From where on to ask. */
    private String prefix = "";

    /** Values that are had, or are parts of their own; the latter count as the largest. */
    private final Map<String, Integer> apart = new LinkedHashMap<>();

    private boolean nullDone;

    Sorted(Part part, int field, Part.Watch watch) {
      super(part);
      this.field = field;
      this.watch = watch;
      this.byExpression = byExpression(field);
    }

    private List<Filter> added() {
      if (!moved) {
        return List.of();
      }
      List<Filter> filters = new ArrayList<>();
      int left = room(part);
      if (byExpression) {
        Filter from = filter(field, Operator.MATCHING, order.from(prefix));
        filters.add(from);
        left -= Patterns.encodedLength(from);
      }
      // Leaves some room for what may have to be added below.
      filters.addAll(excluding(field, apart, left * 3 / 4));
      return filters;
    }

    @Override
    Ask ask() {
      return question(part, added(), field, true);
    }

    @Override
    int sortedBy() {
      return field;
    }

    @Override
    boolean takes(@Nullable String[] cells) {
      return remains(cells[field]);
    }

    private boolean remains(@Nullable String value) {
      if (value == null) {
        return !nullDone && !(byExpression && moved);
      }
      return (after == null || order.compare(value, after) > 0) && !apart.containsKey(value);
    }

    @Override
    Kept end(Answer a, boolean full) {
      if (a.scattered || (byExpression && !orders.contains(order))) {
        if (a.scattered || orders.isEmpty()) {
          sortable = false;
          return restart();
        }
        order = orders.iterator().next();
        if (bounded) {
          return restart();
        }
      }
      if (!full) {
        return last(a);
      }
      String dominant = a.dominant();
      if (a.blocks == 1) {
        if (a.blockIsNull()) {
          return fullOfNulls(a);
        }
        return dominant != null && setApart(dominant, a) ? Kept.NOTHING : stuck(a);
      }
      if (a.blockIsNull() && byExpression) {
        stack.remove();
        stack.push(new Nulls(part, field, watch, false));
        return Kept.BEFORE_LAST_BLOCK;
      }
      boolean further = a.nullComplete && !nullDone;
      nullDone |= a.nullComplete;
      further |= byExpression ? moveBehind(a) : exclude(a);
      boolean large = a.takenOfBlock() >= LARGE_BLOCK * limit;
      if ((large || !further) && dominant != null && setApart(dominant, a)) {
        further = true;
      }
      return further ? Kept.BEFORE_LAST_BLOCK : stuck(a);
    }

    private Kept last(Answer a) {
      if (a.taken == 0 && part.bereft() >= 0 && !moved) {
        return bereft(part);
      }
      stack.remove();
      if (moved && !nullDone && !watch.seen()) {
        unseenNulls.add(new Nulls(part, field, watch, false));
      }
      return Kept.ALL;
    }

    private boolean moveBehind(Answer a) {
      String reached = a.before;
      boolean further = reached != null && (after == null || order.compare(reached, after) > 0);
      if (further) {
        after = reached;
      }
      String from = a.inBlock.stream().min(order::compare).orElse("");
      prefix = order.separator(after, from, room(part) / 2);
      String done = after;
      apart.keySet().removeIf(v -> done != null && order.compare(v, done) <= 0);
      moved = true;
      bounded = true;
      return further || a.takenBefore > 0;
    }

    private boolean exclude(Answer a) {
      boolean further = false;
      for (Map.Entry<String, Integer> value : a.complete.entrySet()) {
        further |= apart.putIfAbsent(value.getKey(), value.getValue()) == null;
      }
      moved = true;
      return further;
    }

    /** Makes a value a part of its own. */
    private boolean setApart(String value, Answer a) {
      Filter is = filter(field, Operator.IS, value);
      if (apart.containsKey(value) || Patterns.encodedLength(is) > room(part) / 2) {
        return false;
      }
      apart.put(value, Integer.MAX_VALUE);
      moved = true;
      bounded |= byExpression;
      stack.push(
          frame(part.where(List.of(is), field, value::equals).fixing(field), a.sample, limit));
      return true;
    }

    private Kept fullOfNulls(Answer a) {
      if (byExpression && !moved) {
        moved = true;
        nullDone = true;
        stack.push(frame(onlyNulls(part, field), a.sample, limit));
        return Kept.NOTHING;
      }
      return stuck(a);
    }

    private Kept stuck(Answer a) {
      stack.remove();
      if (moved && byExpression && !nullDone && !watch.seen()) {
        unseenNulls.add(new Nulls(part, field, watch, false));
      }
      Part rest = part.where(added(), field, rule()).exhausting(field);
      return otherwise(moved ? rest : part.exhausting(field), a.sample, limit);
    }

    /** What remains at this time. */
    private Part.Test rule() {
      Set<String> had = Set.copyOf(apart.keySet());
      String done = after;
      boolean nulls = remains(null);
      return v ->
          v == null ? nulls : (done == null || order.compare(v, done) > 0) && !had.contains(v);
    }
  }

  private Part onlyNulls(Part part, int field) {
    return part.where(List.of(filter(field, Operator.NOT_MATCHING, "^")), field, Objects::isNull)
        .bereftOf(field);
  }

  /** The rows without a value: first or last of all, whatever the order. */
  private final class Nulls extends Frame {
    private final int field;
    private final Part.Watch watch;
    private final boolean ascending;

    Nulls(Part part, int field, Part.Watch watch, boolean ascending) {
      super(part);
      this.field = field;
      this.watch = watch;
      this.ascending = ascending;
    }

    @Override
    Ask ask() {
      return question(part, List.of(), field, ascending);
    }

    @Override
    int sortedBy() {
      return field;
    }

    @Override
    boolean takes(@Nullable String[] cells) {
      return cells[field] == null;
    }

    @Override
    Kept end(Answer a, boolean full) {
      stack.remove();
      if (full && a.blocks == 1 && a.blockIsNull()) {
        if (byExpression(field)) {
          stack.push(frame(onlyNulls(part, field), a.sample, limit));
          return Kept.NOTHING;
        }
        return bereft(part.bereftOf(field));
      }
      boolean cut = a.scattered || (full && a.any && a.blockIsNull());
      if (a.taken == 0 || cut) {
        watch.forget();
        return Kept.NOTHING;
      }
      return Kept.ALL;
    }
  }

  /** A part that is broken into smaller ones until each fits in an answer: needs no order. */
  private final class Pieces extends Frame {
    private final int field;
    private final Part.Watch watch;
    private final long rows;

    /** Whether it is what is left beside other pieces, or one of them. */
    private final boolean broken;

    Pieces(Part part, int field, Part.Watch watch, long rows, boolean broken) {
      super(part);
      this.field = field;
      this.watch = watch;
      this.rows = rows;
      this.broken = broken;
    }

    @Override
    Ask ask() {
      return question(part, List.of(), -1, true);
    }

    @Override
    int sortedBy() {
      return -1;
    }

    @Override
    boolean takes(@Nullable String[] cells) {
      return true;
    }

    @Override
    Kept end(Answer a, boolean full) {
      stack.remove();
      if (!full) {
        return a.taken == 0 && part.bereft() >= 0 ? bereft(part) : Kept.ALL;
      }
      Map<@Nullable String, Integer> values = a.sample.values(field);
      if (a.taken == 0) {
        return otherwise(part.exhausting(field), first, rows);
      }
      if (!broken) {
        unseenNulls.add(new Nulls(part, field, watch, true));
        unseenNulls.add(new Nulls(part, field, watch, false));
      }
      if (byExpression(field)) {
        if (values.size() == 1 && values.containsKey(null)) {
          stack.push(frame(onlyNulls(part, field), a.sample, rows));
          stack.push(
              new Pieces(
                  part.where(
                      List.of(filter(field, Operator.MATCHING, "^")), field, Objects::nonNull),
                  field,
                  watch,
                  rows,
                  true));
          return Kept.NOTHING;
        }
        if (byLeadingCharacters(a)) {
          return Kept.NOTHING;
        }
      }
      return byValues(a) ? Kept.NOTHING : otherwise(part.exhausting(field), a.sample, rows);
    }

    /** Breaks it by the character behind what all values that were seen begin with. */
    private boolean byLeadingCharacters(Answer a) {
      Map<String, Integer> folded = new HashMap<>();
      a.sample
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
        if (value.getKey().length() > common.length()) {
          next.merge(value.getKey().codePointAt(common.length()), value.getValue(), Integer::sum);
          seen += value.getValue();
        }
      }
      String start = "^" + Patterns.anyCase(common);
      Filter complement =
          filter(field, Operator.NOT_MATCHING, start + Patterns.anyCaseOf(next.keySet()));
      if (Patterns.encodedLength(complement) > room(part) / 2) {
        return false;
      }
      long all = Math.max(rows, limit + limit / 2);
      Set<Integer> leading = Set.copyOf(next.keySet());
      Pieces rest =
          new Pieces(
              part.where(List.of(complement), field, v -> !begins(v, common, leading)),
              field,
              watch,
              Math.max(1, all * (a.taken - seen) / a.taken),
              true);
      if (a.taken > seen) {
        stack.push(rest);
      } else {
        later.add(rest);
      }
      TreeSet<Integer> bucket = new TreeSet<>();
      double filled = 0;
      for (Map.Entry<Integer, Integer> character : next.entrySet()) {
        double more = (double) all * character.getValue() / a.taken;
        if (!bucket.isEmpty() && filled + more > FILL * limit) {
          push(start, common, bucket, filled);
          bucket.clear();
          filled = 0;
        }
        bucket.add(character.getKey());
        filled += more;
      }
      push(start, common, bucket, filled);
      return true;
    }

    private void push(String start, String common, Set<Integer> bucket, double filled) {
      Set<Integer> leading = Set.copyOf(bucket);
      stack.push(
          new Pieces(
              part.where(
                  List.of(filter(field, Operator.MATCHING, start + Patterns.anyCaseOf(leading))),
                  field,
                  v -> begins(v, common, leading)),
              field,
              watch,
              (long) filled,
              true));
    }

    /** Breaks it by the values that were seen. */
    private boolean byValues(Answer a) {
      List<Map.Entry<@Nullable String, Integer>> values =
          new ArrayList<>(a.sample.values(field).entrySet());
      values.sort(Map.Entry.<@Nullable String, Integer>comparingByValue().reversed());
      Map<String, Integer> chosen = new LinkedHashMap<>();
      int seen = 0;
      int left = room(part) / 2;
      for (Map.Entry<@Nullable String, Integer> entry : values) {
        String value = entry.getKey();
        if (value == null || chosen.size() == MOST_VALUES) {
          continue;
        }
        left -= Patterns.encodedLength(filter(field, Operator.IS_NOT, value));
        if (left < 0) {
          break;
        }
        chosen.put(value, entry.getValue());
        seen += entry.getValue();
      }
      if (chosen.isEmpty()) {
        return false;
      }
      long all = Math.max(rows, limit + limit / 2);
      Set<String> apart = Set.copyOf(chosen.keySet());
      Pieces rest =
          new Pieces(
              part.where(
                  excluding(field, chosen, room(part)),
                  field,
                  v -> v == null || !apart.contains(v)),
              field,
              watch,
              Math.max(1, all * (a.taken - seen) / a.taken),
              true);
      if (a.taken > seen) {
        stack.push(rest);
      } else {
        later.add(rest);
      }
      chosen.forEach(
          (value, n) ->
              stack.push(
                  frame(
                      part.where(List.of(filter(field, Operator.IS, value)), field, value::equals)
                          .fixing(field),
                      a.sample,
                      all * n / a.taken)));
      return true;
    }
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

  /** What all texts begin with, in whole characters. */
  private static String common(Set<String> texts) {
    String common = texts.iterator().next();
    for (String text : texts) {
      int i = 0;
      while (i < Math.min(common.length(), text.length())
          && common.codePointAt(i) == text.codePointAt(i)) {
        i += Character.charCount(common.codePointAt(i));
      }
      common = common.substring(0, Math.min(i, common.length()));
    }
    return common;
  }
}
