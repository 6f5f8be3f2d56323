package fathomexport.api;

import fathomexport.report.QueryShape;
import fathomexport.report.Slice;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Optional;

/**
 * Keeps the answers of {@code /aggregations} that were paid for, where they outlive this process,
 * until what was fetched with them is stored. If the process is lost, the one that begins its work
 * again sends the same requests, and need not pay for those again. Implementations are thread-safe.
 */
public interface PaidAnswers {
  /** Keeps nothing: if this process is lost, so is the run. */
  PaidAnswers NONE =
      new PaidAnswers() {
        @Override
        public Optional<PaidAnswer> find(AggregationRequest request, Instant after) {
          return Optional.empty();
        }

        @Override
        public boolean keeps() {
          return false;
        }

        @Override
        public void keep(AggregationRequest request, PaidAnswer answer) {}

        @Override
        public LocalDate beginning(Slice slice, QueryShape shape, LocalDate next) {
          return next;
        }

        @Override
        public void stored(Slice slice, QueryShape shape, LocalDate next) {}
      };

  /**
   * Returns the next answer that a lost process got to this request. Each is returned once, in the
   * order in which they came: a request that is repeated asks for a newer answer.
   *
   * @param after only an answer that ended after this is of use
   */
  Optional<PaidAnswer> find(AggregationRequest request, Instant after);

  /** Returns whether answers are kept at all. */
  boolean keeps();

  /** Keeps an answer. If that fails, no more is lost than its request. */
  void keep(AggregationRequest request, PaidAnswer answer);

  /**
   * Returns where to begin a range again, so that its requests are those that a lost process sent:
   * the first day of its last page that begins no later than the range.
   *
   * @param next the first day of the range
   */
  LocalDate beginning(Slice slice, QueryShape shape, LocalDate next);

  /**
   * Ends what was fetched of a query before a day, which is stored or given up: no answer about it
   * is needed any more, but those that serve other queries about the slice, too.
   */
  void stored(Slice slice, QueryShape shape, LocalDate next);
}
