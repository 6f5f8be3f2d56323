package fathomexport.fetch.limits;

import fathomexport.ledger.Learned;
import fathomexport.ledger.Ledger;
import fathomexport.ledger.LedgerException;
import fathomexport.sink.Sink;
import fathomexport.sinks.Sinks;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes what a run learns of the API to the ledgers of its sinks. Thread-safe. */
final class LessonWriter {
  private static final Logger LOG = LoggerFactory.getLogger(Knowledge.class);

  private final List<Ledger> ledgers;

  LessonWriter(Sinks sinks) {
    this.ledgers = sinks.all().stream().map(Sink::ledger).toList();
  }

  /**
   * Writes a lesson to the ledger of every sink, since a later run may use only one of them. Only a
   * failure of the first ledger is an error.
   *
   * @throws LedgerException if the first ledger cannot be reached
   * @throws fathomexport.sink.SinkException if the first ledger refuses the lesson
   */
  synchronized void learn(Learned.Lesson lesson) {
    for (Ledger ledger : ledgers.subList(1, ledgers.size())) {
      try {
        ledger.learn(lesson);
      } catch (LedgerException e) {
        LOG.warn(
            "could not store what was learned about the API in one of the ledgers: {}",
            e.getMessage());
      }
    }
    ledgers.get(0).learn(lesson);
  }
}
