package fathomexport.fetch;

import fathomexport.api.Outcome;
import fathomexport.api.Refusal;
import fathomexport.ledger.Learned;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.sinks.Sinks;
import java.nio.file.Path;
import java.util.Map;

/** A real ledger in files, and what runs on it know of the API. */
final class Lessons implements AutoCloseable {
  static final String ACCOUNT = "ours";

  private final Sinks sinks;

  Lessons(Path root) {
    sinks = Sinks.open(null, new ParquetSettings(root), Map.of());
  }

  /** What a run knows that begins now. */
  Knowledge ofARun() {
    return ofARun(ACCOUNT, false);
  }

  Knowledge ofARun(String account, boolean triesLimitAgain) {
    return new Knowledge(sinks, account, triesLimitAgain);
  }

  /** What the ledger holds now. */
  Learned stored() {
    return sinks.ledger().learned();
  }

  /** Returns a refusal with status 400. */
  static Outcome.Refused<Object> refusal(Refusal reason, String words) {
    return new Outcome.Refused<>(400, reason, words, false);
  }

  @Override
  public void close() {
    sinks.close();
  }
}
