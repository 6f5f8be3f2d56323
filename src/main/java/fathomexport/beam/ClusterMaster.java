package fathomexport.beam;

import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/** The manager of a cluster, which a run asks before an engine's own client does. */
interface ClusterMaster {
  /** How long an answer is waited for. */
  Duration PATIENCE = Duration.ofSeconds(5);

  /**
   * Connects.
   *
   * @throws ExportFailedException if there is no connection within five seconds
   */
  void requireReachable();

  /** How long a port that is not to speak HTTP is listened to. */
  Duration LISTENED = Duration.ofSeconds(1);

  /** Returns what room the cluster has; empty if it does not say. */
  Optional<FlinkMaster.Room> room();

  /**
   * Connects to an address.
   *
   * @param named what is there, by which option, and what else could be named
   */
  static void connect(String host, int port, Named named) {
    try (Socket socket = new Socket(Proxy.NO_PROXY)) {
      socket.connect(new InetSocketAddress(host, port), (int) PATIENCE.toMillis());
    } catch (IOException e) {
      throw silent(host, port, named, e);
    }
  }

  /** Returns the failure of a run whose manager does not answer. */
  static ExportFailedException silent(String host, int port, Named named, IOException e) {
    String why =
        e instanceof UnknownHostException
            ? "the name of the host is unknown"
            : String.valueOf(e.getMessage());
    return new ExportFailedException(
        FailureKind.TRY_LATER,
        "the manager of the "
            + named.engine().title()
            + " cluster at "
            + host
            + ":"
            + port
            + " (--"
            + named.option()
            + ") does not answer: "
            + why
            + ". Start it, or name the address of "
            + named.service()
            + "; then run this again",
        e);
  }

  /**
   * Returns whether a port answers in HTTP. A port of another protocol closes the connection, or
   * says nothing for a second.
   */
  static boolean speaksHttp(String host, int port) {
    try (Socket socket = new Socket(Proxy.NO_PROXY)) {
      socket.connect(new InetSocketAddress(host, port), (int) PATIENCE.toMillis());
      socket.setSoTimeout((int) LISTENED.toMillis());
      socket.getOutputStream().write("HEAD / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      InputStream in = socket.getInputStream();
      return new String(in.readNBytes("HTTP/".length()), StandardCharsets.US_ASCII).equals("HTTP/");
    } catch (IOException e) {
      // It was there a moment ago, so that this is how it answers what it does not understand.
      return false;
    }
  }

  /** Returns the failure of a run whose option names a port of something else. */
  static ExportFailedException another(String address, Named named, String what) {
    return new ExportFailedException(
        FailureKind.CONFIGURATION,
        "Beam's options behind --: --"
            + named.option()
            + "="
            + address
            + " "
            + what
            + ". Name the address of "
            + named.service(),
        null);
  }

  /**
   * How an address is named.
   *
   * @param option of Beam
   * @param service what listens there
   */
  record Named(Engine engine, String option, String service) {}
}
