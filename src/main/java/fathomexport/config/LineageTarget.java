package fathomexport.config;

import fathomexport.report.SecretRef;
import java.io.Serializable;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A receiver of OpenLineage events. */
public sealed interface LineageTarget extends Serializable {

  /**
   * A server.
   *
   * @param url base of {@code /api/v1/lineage}, without a trailing slash
   * @param apiKey sent as a bearer token; null if the server requires none
   */
  record Server(URI url, @Nullable SecretRef apiKey) implements LineageTarget {
    public Server {
      Optional<String> refused = refusal(url, apiKey != null);
      if (refused.isPresent()) {
        throw new IllegalArgumentException("lineage url " + refused.get());
      }
    }

    /** Returns why a URL cannot be used. Omits the URL, because it may hold a password. */
    static Optional<String> refusal(URI url, boolean withKey) {
      Optional<String> notABase = Settings.notABase(url);
      if (notABase.isPresent()) {
        return notABase;
      }
      if (!Settings.isHttp(url, "https") && !Settings.isHttp(url, "http")) {
        return Optional.of("must be http or https");
      }
      if (withKey && !Settings.isPrivate(url)) {
        return Optional.of("must be https (http only to this machine: the API key is sent along)");
      }
      return Optional.empty();
    }
  }

  /**
   * A file to which each event is appended as one line.
   *
   * @param path absolute; a text, because a path is not serializable
   */
  record Lines(String path) implements LineageTarget {
    public Lines {
      if (!Path.of(path).isAbsolute()) {
        throw new IllegalArgumentException("lineage file must be absolute: " + path);
      }
    }
  }
}
