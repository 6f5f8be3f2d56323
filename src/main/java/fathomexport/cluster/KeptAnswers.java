package fathomexport.cluster;

import fathomexport.api.AggregationRequest;
import fathomexport.api.PaidAnswer;
import fathomexport.api.PaidAnswers;
import fathomexport.ledger.LedgerException;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.Slice;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.Queries;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The answers that the attempts at a lane keep for each other on the board: those to the requests
 * of the chunk that is under way, which no ledger has yet, and those without grouping fields about
 * the slice, which certify its other reports, too. Thread-safe.
 */
final class KeptAnswers implements PaidAnswers {
  private static final Logger LOG = LoggerFactory.getLogger(KeptAnswers.class);

  /** The most that is kept of a lane: thousands of full responses. */
  private static final long MOST_BYTES = 64L << 20;

  private final RunBoard board;
  private final String runId;
  private final int lane;
  private final String attempt;

  // Guarded by this.
  /** What earlier attempts have kept, and this one has not asked for yet. */
  private final Map<AggregationRequest, Deque<Kept>> earlier = new HashMap<>();

  /** What this attempt has asked for, in that order. */
  private final List<Kept> own = new ArrayList<>();

  /** The pages of which one is not kept: the others are of no use without it. */
  private @Nullable Pages incomplete;

  /**
   * An answer.
   *
   * @param id null if it is not kept
   */
  private record Kept(@Nullable Long id, AggregationRequest request) {
    boolean isGrouped() {
      return !request.shape().fields().isEmpty();
    }

    /** Returns the day that its page begins with. */
    LocalDate first() {
      DayRange days = request.days();
      return days == null ? LocalDate.MIN : days.first();
    }

    boolean isOf(Slice slice, QueryShape shape) {
      return request.slice().equals(slice) && request.shape().equals(shape);
    }
  }

  /** The pages of a query that begin with the same day: those of a period, or of an offset. */
  private record Pages(Slice slice, QueryShape shape, LocalDate first) {
    static Pages of(Kept kept) {
      return new Pages(kept.request().slice(), kept.request().shape(), kept.first());
    }
  }

  private KeptAnswers(RunBoard board, String runId, int lane, String attempt) {
    this.board = board;
    this.runId = runId;
    this.lane = lane;
    this.attempt = attempt;
  }

  /**
   * Returns what the earlier attempts at a lane have kept, for a new one.
   *
   * @param age if the last attempt ended longer ago, its answers are removed
   */
  static KeptAnswers of(RunBoard board, String runId, int lane, String attempt, Duration age) {
    KeptAnswers answers = new KeptAnswers(board, runId, lane, attempt);
    answers
        .load(age)
        .forEach(
            kept ->
                answers.earlier.computeIfAbsent(kept.request(), r -> new ArrayDeque<>()).add(kept));
    return answers;
  }

  private List<Kept> load(Duration age) {
    return board.with(
        c -> {
          Queries.update(
              c,
              """
              DELETE FROM fathom_ops.cluster_answer WHERE run_id = ? AND lane = ?
                 AND NOT EXISTS (SELECT FROM fathom_ops.cluster_answer
                                  WHERE run_id = ? AND lane = ?
                                    AND kept_at > pg_catalog.now() - ? * interval '1 second')\
              """,
              p -> p.text(runId).integer(lane).text(runId).integer(lane).number(age.toSeconds()));
          return Queries.list(
              c,
              """
              SELECT id, pg_catalog.encode(request, 'hex') AS request
                FROM fathom_ops.cluster_answer WHERE run_id = ? AND lane = ? ORDER BY id\
              """,
              p -> p.text(runId).integer(lane),
              r ->
                  new Kept(
                      r.number("id"),
                      Serialized.read(r.text("request"), AggregationRequest.class)));
        });
  }

  @Override
  public synchronized Optional<PaidAnswer> find(AggregationRequest request, Instant after) {
    Deque<Kept> answers = earlier.getOrDefault(request, new ArrayDeque<>());
    while (!answers.isEmpty()) {
      Kept next = answers.remove();
      own.add(next);
      Optional<PaidAnswer> answer =
          tried(() -> read(next), Optional.<PaidAnswer>empty())
              .filter(kept -> kept.endedAt().isAfter(after));
      if (answer.isPresent()) {
        return answer;
      }
    }
    return Optional.empty();
  }

  private Optional<PaidAnswer> read(Kept kept) {
    return board.with(
        c ->
            Queries.first(
                c,
                "SELECT pg_catalog.encode(answer, 'hex') AS answer FROM fathom_ops.cluster_answer"
                    + " WHERE id = ?",
                p -> p.number(kept.id()),
                r -> Serialized.read(r.text("answer"), PaidAnswer.class)));
  }

  @Override
  public boolean keeps() {
    return true;
  }

  @Override
  public synchronized void keep(AggregationRequest request, PaidAnswer answer) {
    Kept without = new Kept(null, request);
    boolean useless = Pages.of(without).equals(incomplete);
    Optional<Long> id =
        useless ? Optional.empty() : tried(() -> insert(without, answer), Optional.<Long>empty());
    own.add(new Kept(id.orElse(null), request));
    if (id.isEmpty() && !useless && without.isGrouped()) {
      LOG.warn(
          "lane {}: an answer is not kept, so that it is paid for again if this worker is lost",
          lane + 1);
      Pages pages = Pages.of(without);
      incomplete = pages;
      remove(own.stream().filter(kept -> Pages.of(kept).equals(pages)).toList());
    }
  }

  private Optional<Long> insert(Kept kept, PaidAnswer answer) {
    String request = Serialized.write(kept.request());
    String text = Serialized.write(answer);
    return board.with(
        c ->
            Queries.first(
                c,
                """
                INSERT INTO fathom_ops.cluster_answer (run_id, lane, request, answer)
                SELECT l.run_id, l.lane, pg_catalog.decode(?, 'hex'), pg_catalog.decode(?, 'hex')
                  FROM fathom_ops.cluster_lane l
                 WHERE l.run_id = ? AND l.lane = ? AND l.attempt = ?
                   AND ? > (SELECT coalesce(sum(pg_catalog.octet_length(a.answer)), 0)
                              FROM fathom_ops.cluster_answer a
                             WHERE a.run_id = l.run_id AND a.lane = l.lane)
                RETURNING id\
                """,
                p ->
                    p.text(request)
                        .text(text)
                        .text(runId)
                        .integer(lane)
                        .text(attempt)
                        .number(MOST_BYTES),
                r -> r.number("id")));
  }

  @Override
  public synchronized LocalDate beginning(Slice slice, QueryShape shape, LocalDate next) {
    return earlier.values().stream()
        .flatMap(Collection::stream)
        .filter(kept -> kept.isOf(slice, shape) && !kept.first().isAfter(next))
        .map(Kept::first)
        .max(Comparator.naturalOrder())
        .orElse(next);
  }

  @Override
  public synchronized void stored(Slice slice, QueryShape shape, LocalDate next) {
    // The last page may hold rows of the next days, too, and the pages that continue it do.
    LocalDate page =
        own.stream()
            .filter(kept -> kept.isOf(slice, shape) && !kept.first().isAfter(next))
            .map(Kept::first)
            .max(Comparator.naturalOrder())
            .orElse(LocalDate.MAX);
    List<Kept> over = new ArrayList<>();
    boolean reached = false;
    for (Kept kept : own) {
      reached |= kept.isOf(slice, shape) && kept.first().equals(page);
      if (!kept.request().slice().equals(slice) || (kept.isGrouped() && !reached)) {
        over.add(kept);
      }
    }
    remove(over);
  }

  private void remove(List<Kept> some) {
    own.removeIf(Set.copyOf(some)::contains);
    List<String> ids =
        some.stream().map(Kept::id).filter(Objects::nonNull).map(String::valueOf).toList();
    if (ids.isEmpty()) {
      return;
    }
    tried(
        () ->
            board.with(
                c ->
                    Queries.update(
                        c,
                        """
                        DELETE FROM fathom_ops.cluster_answer a USING fathom_ops.cluster_lane l
                         WHERE a.id = ANY (?::text[]::bigint[])
                           AND l.run_id = a.run_id AND l.lane = a.lane AND l.attempt = ?\
                        """,
                        p -> p.texts(ids).text(attempt))),
        0);
  }

  /** What is kept saves requests, and nothing depends on it. */
  private <T> T tried(Supplier<T> work, T otherwise) {
    try {
      return work.get();
    } catch (LedgerException | SinkException e) {
      LOG.warn(
          "lane {}: the answers that are kept cannot be reached: {}", lane + 1, e.getMessage());
      return otherwise;
    }
  }
}
