package fathomexport.testing;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test that left something open: a connection to the database, a file, a thread of the
 * product. JUnit registers it for every test, before all other extensions, so that it looks after
 * everything else has been closed. What a class's tests share was open before the test, so it does
 * not count.
 */
public final class LeakCheck implements BeforeEachCallback, AfterEachCallback {
  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(LeakCheck.class);

  /** How long something that is being closed may take on a busy machine. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @Override
  public void beforeEach(ExtensionContext context) {
    context.getStore(NAMESPACE).put(OpenThings.class, OpenThings.now());
  }

  @Override
  public void afterEach(ExtensionContext context) {
    LoadBuilder.closeAll();
    OpenThings before = context.getStore(NAMESPACE).remove(OpenThings.class, OpenThings.class);
    // A test that has failed may have failed before it closed what it had opened.
    if (before != null && context.getExecutionException().isEmpty()) {
      requireClosed(before, PATIENCE);
    }
  }

  /**
   * Waits until everything is closed that was not open before.
   *
   * @throws AssertionError if something is still open after this time
   */
  static void requireClosed(OpenThings before, Duration patience) {
    long start = System.nanoTime();
    Set<String> left = OpenThings.now().since(before);
    while (!left.isEmpty()) {
      if (System.nanoTime() - start >= patience.toNanos()) {
        throw new AssertionError("left open by this test: " + String.join(", ", left));
      }
      LockSupport.parkNanos(Duration.ofMillis(2).toNanos());
      left = OpenThings.now().since(before);
    }
  }
}
