package fathomexport.beam;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.SocketTimeoutException;
import java.net.URL;
import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;

/**
 * The REST service of a Flink cluster's manager. Flink's own client tries an address for a minute
 * before it gives up, and says so in a stack trace.
 */
record FlinkMaster(String host, int port) implements ClusterMaster {
  private static final Named NAMED = new Named(Engine.FLINK, "flinkMaster", "its REST service");

  /** Flink's own default. */
  static final int PORT = 8081;

  private static final int OK = 200;
  private static final int MOST_PORT = 65_535;

  /** A host, in brackets if its address has colons, and its port. */
  private static final Pattern ADDRESS =
      Pattern.compile("(?:\\[([0-9A-Fa-f:.]+)]|([^\\s:/\\[\\]]+))(?::(\\d{1,5}))?/?");

  /**
   * What a cluster has to run lanes in.
   *
   * @param version of Flink
   */
  record Room(int workers, int slots, int free, String version) {
    /** Returns it for people. */
    String words() {
      return workers == 0
          ? "no TaskManager is registered"
          : counted(workers, "TaskManager")
              + " with "
              + counted(slots, "slot")
              + ", "
              + free
              + " free";
    }
  }

  /** Returns a number with its noun. */
  static String counted(long count, String noun) {
    return count + " " + noun + (count == 1 ? "" : "s");
  }

  /**
   * Returns the manager at an address as {@code --flinkMaster} takes it; empty if it stands for a
   * Flink within this process, such as {@code [local]}.
   *
   * @param defaultPort for an address without a port
   * @throws ExportFailedException if it is no address
   */
  static Optional<FlinkMaster> at(String address, int defaultPort) {
    if (address.startsWith("[") && address.endsWith("]") && !address.contains(":")) {
      return Optional.empty();
    }
    Matcher parts = ADDRESS.matcher(address.replaceFirst("^https?://", ""));
    if (parts.matches()) {
      int port = parts.group(3) == null ? defaultPort : Integer.parseInt(parts.group(3));
      if (port <= MOST_PORT) {
        String host = parts.group(1) == null ? parts.group(2) : parts.group(1);
        return Optional.of(new FlinkMaster(host, port));
      }
    }
    throw new ExportFailedException(
        FailureKind.CONFIGURATION,
        "Beam's options behind --: --flinkMaster=" + address + " is no address; allowed: HOST:PORT",
        null);
  }

  @Override
  public void requireReachable() {
    ClusterMaster.connect(host, port, NAMED);
    boolean flink;
    try {
      Answer overview = ask("/overview");
      // A manager that wants a login answers with another status, and one that begins with 503.
      flink =
          overview.status() == OK
              ? hasRoom(overview.json())
              : overview.status() > 0 && overview.status() != HttpURLConnection.HTTP_NOT_FOUND;
    } catch (SocketTimeoutException e) {
      throw ClusterMaster.silent(host, port, NAMED, e);
    } catch (IOException e) {
      flink = false;
    }
    if (!flink) {
      throw ClusterMaster.another(
          toString(), NAMED, "does not answer as Flink's REST service does: it is not Flink's");
    }
  }

  /**
   * Returns what room the cluster has; empty if it does not say, such as one that wants a login.
   */
  @Override
  public Optional<Room> room() {
    return answer("/overview").map(Answer::json).flatMap(FlinkMaster::room);
  }

  /**
   * Returns why the newest job of a name failed, as a stack trace; empty if none of that name has,
   * or the cluster does not say.
   */
  Optional<String> failureOf(String job) {
    return answer("/jobs/overview").map(Answer::json).stream()
        .flatMap(all -> StreamSupport.stream(all.path("jobs").spliterator(), false))
        .filter(j -> j.path("name").asText().equals(job))
        .filter(j -> j.path("state").asText().equals("FAILED"))
        .max(Comparator.comparingLong(j -> j.path("start-time").asLong()))
        .flatMap(j -> answer("/jobs/" + j.path("jid").asText() + "/exceptions"))
        .map(answer -> answer.json().path("root-exception").asText())
        .filter(trace -> !trace.isEmpty());
  }

  /**
   * An answer of HTTP.
   *
   * @param status -1 if the answer is not of HTTP
   * @param json missing if the answer is none
   */
  private record Answer(int status, JsonNode json) {}

  /** Asks the REST service; empty if it does not answer. */
  private Optional<Answer> answer(String path) {
    try {
      return Optional.of(ask(path));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private Answer ask(String path) throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection) new URL("http", host, port, path).openConnection(Proxy.NO_PROXY);
    connection.setConnectTimeout((int) PATIENCE.toMillis());
    connection.setReadTimeout((int) PATIENCE.toMillis());
    connection.setInstanceFollowRedirects(false);
    connection.setRequestProperty("Connection", "close");
    try {
      int status = connection.getResponseCode();
      if (status != OK) {
        return new Answer(status, MissingNode.getInstance());
      }
      try (InputStream in = connection.getInputStream()) {
        return new Answer(status, new ObjectMapper().readTree(in));
      } catch (JsonProcessingException e) {
        return new Answer(status, MissingNode.getInstance());
      }
    } finally {
      connection.disconnect();
    }
  }

  private static boolean hasRoom(JsonNode overview) {
    return overview.path("slots-total").isInt();
  }

  private static Optional<Room> room(JsonNode overview) {
    return hasRoom(overview)
        ? Optional.of(
            new Room(
                overview.path("taskmanagers").asInt(),
                overview.path("slots-total").asInt(),
                overview.path("slots-available").asInt(),
                overview.path("flink-version").asText()))
        : Optional.empty();
  }

  @Override
  public String toString() {
    return host + ":" + port;
  }
}
