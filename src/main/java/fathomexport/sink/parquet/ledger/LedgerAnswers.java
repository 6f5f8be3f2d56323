package fathomexport.sink.parquet.ledger;

import fathomexport.ledger.LedgerException;
import fathomexport.report.FileTrouble;
import fathomexport.sink.parquet.file.DamagedFileException;
import fathomexport.sink.parquet.file.Layout;
import java.io.IOException;
import java.time.DateTimeException;

/**
 * Runs queries on the ledger's files and translates failures into the exceptions of the ledger's
 * interface.
 */
final class LedgerAnswers {
  private final Layout layout;
  private final String otherwise;

  /** Creates it for the ledger of a warehouse. */
  LedgerAnswers(Layout layout) {
    this(layout, FileTrouble.OTHER_ROOT);
  }

  /**
   * @param otherwise what helps if files can be written here and cannot be made to
   */
  LedgerAnswers(Layout layout, String otherwise) {
    this.layout = layout;
    this.otherwise = otherwise;
  }

  /** A read or write of the ledger's files. */
  @FunctionalInterface
  interface Question<T> {
    T ask() throws IOException;
  }

  <T> T of(Question<T> question) {
    try {
      return question.ask();
    } catch (DamagedFileException e) {
      throw LedgerException.ofDamage(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new LedgerException(
          "cannot read or write the ledger in "
              + layout.root()
              + ": "
              + FileTrouble.words(e, otherwise),
          e);
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new LedgerException(
          "the ledger in " + layout.own() + " contains invalid data: " + e.getMessage(), e);
    }
  }
}
