package fathomexport.fetch.limits;

import fathomexport.api.Outcome;
import fathomexport.api.answer.Refusal;
import fathomexport.ledger.Learned;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.sinks.Sinks;
import fathomexport.testing.TestDirectories;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A real ledger in files, empty before each test, and what runs on it know of the API. */
public final class Lessons implements BeforeEachCallback, AfterEachCallback {
  public static final String ACCOUNT = "ours";

  private @Nullable Path root;
  private @Nullable Sinks opened;

  @Override
  public void beforeEach(ExtensionContext context) throws IOException {
    root = TestDirectories.create();
    opened = Sinks.open(null, new ParquetSettings(root()), Map.of());
  }

  @Override
  public void afterEach(ExtensionContext context) throws IOException {
    sinks().close();
    TestDirectories.delete(root());
  }

  /** The directory that the ledger is in. */
  public Path root() {
    return Objects.requireNonNull(root);
  }

  private Sinks sinks() {
    return Objects.requireNonNull(opened);
  }

  /** What a run knows that begins now. */
  public Knowledge ofARun() {
    return ofARun(ACCOUNT, false);
  }

  public Knowledge ofARun(String account, boolean triesAgain) {
    return new Knowledge(sinks(), account, triesAgain);
  }

  /** What the ledger holds now. */
  public Learned stored() {
    return sinks().ledger().learned();
  }

  /** Returns a refusal with status 400. */
  public static Outcome.Refused<Object> refusal(Refusal reason, String words) {
    return new Outcome.Refused<>(400, reason, words, false);
  }
}
