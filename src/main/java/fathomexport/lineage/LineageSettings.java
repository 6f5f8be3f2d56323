package fathomexport.lineage;

import fathomexport.report.SecretRef;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The target of lineage events.
 *
 * @param namespace namespace of the jobs in the events
 * @param timeout deadline of one event, from connecting to the response's headers; also the maximum
 *     wait for open events at the end of a run
 */
public record LineageSettings(Target target, String namespace, Duration timeout) {

  /** A receiver of events. */
  public sealed interface Target {

    /**
     * A server.
     *
     * @param url base of {@code /api/v1/lineage}
     * @param apiKey sent as a bearer token; null if the server requires none
     */
    record Server(URI url, @Nullable SecretRef apiKey) implements Target {
      @Override
      public String toString() {
        return url.toString();
      }
    }

    /** A file to which each event is appended as one line. */
    record Lines(Path file) implements Target {
      @Override
      public String toString() {
        return file.toString();
      }
    }
  }
}
