package fathomexport.sink.parquet.ledger;

import fathomexport.ledger.LedgerException;
import fathomexport.sink.parquet.file.DamagedFileException;
import fathomexport.sink.parquet.file.DurableFiles;
import fathomexport.sink.parquet.file.Layout;
import java.io.IOException;
import java.time.DateTimeException;

/**
 * Runs queries on the ledger's files and translates failures into the exceptions of the ledger's
 * interface.
 */
final class LedgerAnswers {
  private final Layout layout;

  LedgerAnswers(Layout layout) {
    this.layout = layout;
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
          "cannot read the ledger in " + layout.root() + ": " + DurableFiles.reason(e), e);
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new LedgerException(
          "the ledger in " + layout.own() + " contains invalid data: " + e.getMessage(), e);
    }
  }
}
