package fathomexport.sink.parquet.ledger;

import fathomexport.ledger.LedgerException;
import fathomexport.sink.parquet.file.DamagedFileException;
import fathomexport.sink.parquet.file.DurableFiles;
import fathomexport.sink.parquet.file.Layout;
import java.io.IOException;
import java.time.DateTimeException;

/**
 * Answers from files: what goes wrong with a file becomes what the ledger's interface says of it.
 */
final class LedgerAnswers {
  private final Layout layout;

  LedgerAnswers(Layout layout) {
    this.layout = layout;
  }

  /** Something that is found out, or done, by way of files. */
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
          "the ledger below " + layout.root() + " does not answer: " + DurableFiles.reason(e), e);
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new LedgerException(
          "the ledger below " + layout.own() + " holds what it should not: " + e.getMessage(), e);
    }
  }
}
