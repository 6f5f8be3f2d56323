package fathomexport.beam;

import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.UnknownHostException;
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
      String why =
          e instanceof UnknownHostException
              ? "the name of the host is unknown"
              : String.valueOf(e.getMessage());
      throw new ExportFailedException(
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
  }

  /**
   * How an address is named.
   *
   * @param option of Beam
   * @param service what listens there
   */
  record Named(Engine engine, String option, String service) {}
}
