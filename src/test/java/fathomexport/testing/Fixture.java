package fathomexport.testing;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.world.World;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * What a test opens for itself: an API, a database. All of it is closed after the test, the last
 * opened first, also when closing one of them fails.
 */
public final class Fixture implements AfterEachCallback {
  private final Deque<AutoCloseable> open = new ArrayDeque<>();

  /** An API that answers from this world's visits. */
  public FathomSimulator api(World world, Behaviour behaviour) throws IOException {
    return closing(FathomSimulator.start(world, behaviour));
  }

  /** An API that answers from this world's visits, and dates its answers by this clock. */
  public FathomSimulator api(World world, Behaviour behaviour, InstantSource clock)
      throws IOException {
    return closing(FathomSimulator.start(world, behaviour, 0, clock));
  }

  /** A migrated database. */
  public TestDatabase database() {
    return closing(TestDatabase.migrated());
  }

  /** A database that was migrated for these reports. */
  public TestDatabase database(List<Question> reports) {
    return closing(TestDatabase.migrated(reports));
  }

  /** A database in which nothing was ever migrated. */
  public TestDatabase emptyDatabase() {
    return closing(TestDatabase.create());
  }

  private <T extends AutoCloseable> T closing(T resource) {
    open.push(resource);
    return resource;
  }

  @Override
  public void afterEach(ExtensionContext context) throws Exception {
    Exception failure = null;
    while (!open.isEmpty()) {
      failure = closed(open.pop(), failure);
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** Closes one; the failure that is thrown in the end is the first, with the others in it. */
  private static @Nullable Exception closed(AutoCloseable resource, @Nullable Exception before) {
    try {
      resource.close();
      return before;
    } catch (Exception e) {
      if (before == null) {
        return e;
      }
      before.addSuppressed(e);
      return before;
    }
  }
}
