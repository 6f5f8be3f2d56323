package fathomexport.sink.postgres.ledger;

import fathomexport.ledger.Learned;
import fathomexport.ledger.LedgerException;
import fathomexport.ledger.LessonLedger;
import fathomexport.ledger.OffsetSupport;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The lessons in table {@code learned}. */
final class LessonTable implements LessonLedger {
  private final LedgerQueries queries;

  LessonTable(LedgerQueries queries) {
    this.queries = queries;
  }

  private record Lesson(
      String kind, String account, String shape, int number, @Nullable String answer) {}

  @Override
  public Learned learned() {
    List<Lesson> lessons =
        queries.list(
            "SELECT kind, account, shape, number, answer FROM fathom_ops.learned",
            p -> {},
            r ->
                new Lesson(
                    r.text("kind"),
                    r.text("account"),
                    r.text("shape"),
                    r.integer("number"),
                    r.textOrNull("answer")));
    Map<String, Integer> maxDays = new HashMap<>();
    Optional<Integer> rowCap = Optional.empty();
    int mostRows = 0;
    Map<Learned.Whose, Integer> limits = new HashMap<>();
    Map<String, OffsetSupport> offsets = new HashMap<>();
    for (Lesson lesson : lessons) {
      switch (lesson.kind()) {
        case "max_days" -> maxDays.put(lesson.shape(), lesson.number());
        case "row_cap" -> rowCap = Optional.of(lesson.number());
        case "most_rows" -> mostRows = lesson.number();
        case "limit" ->
            limits.put(new Learned.Whose(lesson.account(), lesson.shape()), lesson.number());
        case "offset" ->
            offsets.put(lesson.account(), OffsetSupport.of(String.valueOf(lesson.answer())));
        default -> throw new LedgerException("a lesson of an unknown kind: " + lesson.kind(), null);
      }
    }
    return new Learned(maxDays, rowCap, mostRows, limits, offsets);
  }

  @Override
  public void learn(Learned.Lesson lesson) {
    if (lesson instanceof Learned.Lesson.MaxDays max) {
      least("max_days", "", max.shapeKey(), max.days());
    } else if (lesson instanceof Learned.Lesson.MaxDaysUnknown max) {
      queries.update(
          "DELETE FROM fathom_ops.learned WHERE kind = 'max_days' AND shape = ?",
          p -> p.text(max.shapeKey()));
    } else if (lesson instanceof Learned.Lesson.RowCap cap) {
      least("row_cap", "", "", cap.rows());
    } else if (lesson instanceof Learned.Lesson.MostRows most) {
      most("most_rows", most.rows());
    } else if (lesson instanceof Learned.Lesson.Limit limit) {
      least("limit", limit.account(), limit.shapeKey(), limit.rows());
    } else if (lesson instanceof Learned.Lesson.LimitUnknown limit) {
      queries.update(
          "DELETE FROM fathom_ops.learned WHERE kind = 'limit' AND account = ? AND shape = ?",
          p -> p.text(limit.account()).text(limit.shapeKey()));
    } else if (lesson instanceof Learned.Lesson.Offset offset) {
      queries.update(
          """
          INSERT INTO fathom_ops.learned AS known (kind, account, shape, answer)
          VALUES ('offset', ?, '', ?)
          ON CONFLICT (kind, account, shape) DO UPDATE
             SET answer = excluded.answer, learned_at = pg_catalog.now()
           WHERE known.answer <> excluded.answer\
          """,
          p -> p.text(offset.account()).text(offset.support().label()));
    } else if (lesson instanceof Learned.Lesson.OffsetUnknown offset) {
      queries.update(
          "DELETE FROM fathom_ops.learned WHERE kind = 'offset' AND account = ?",
          p -> p.text(offset.account()));
    }
  }

  /** Stores a lesson; of two lessons of one kind, the smaller number remains. */
  private void least(String kind, String account, String shape, int number) {
    queries.update(
        """
        INSERT INTO fathom_ops.learned AS known (kind, account, shape, number)
        VALUES (?, ?, ?, ?)
        ON CONFLICT (kind, account, shape) DO UPDATE
           SET number = excluded.number, learned_at = pg_catalog.now()
         WHERE excluded.number < known.number\
        """,
        p -> p.text(kind).text(account).text(shape).integer(number));
  }

  /** Stores a lesson; of two lessons of one kind, the greater number remains. */
  private void most(String kind, int number) {
    queries.update(
        """
        INSERT INTO fathom_ops.learned AS known (kind, account, shape, number)
        VALUES (?, '', '', ?)
        ON CONFLICT (kind, account, shape) DO UPDATE
           SET number = excluded.number, learned_at = pg_catalog.now()
         WHERE excluded.number > known.number\
        """,
        p -> p.text(kind).integer(number));
  }
}
