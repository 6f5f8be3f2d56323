package fathomexport.lineage;

import fathomexport.report.SecretRef;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Where events go.
 *
 * @param namespace of the jobs in them
 * @param timeout of one event from connecting to the answer's head; also what the end of a run
 *     waits for those that are still under way
 */
public record LineageSettings(Target target, String namespace, Duration timeout) {

  /** What takes events. */
  public sealed interface Target {

    /**
     * A server.
     *
     * @param url what {@code /api/v1/lineage} is added to
     * @param apiKey sent as a bearer token; null where the server asks for none
     */
    record Server(URI url, @Nullable SecretRef apiKey) implements Target {
      @Override
      public String toString() {
        return url.toString();
      }
    }

    /** A file that grows by a line an event. */
    record Lines(Path file) implements Target {
      @Override
      public String toString() {
        return file.toString();
      }
    }
  }
}
