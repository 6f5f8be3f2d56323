package fathomexport.sink.postgres.db;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketOption;
import java.net.SocketTimeoutException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.SocketFactory;
import jdk.net.ExtendedSocketOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sockets with a deadline for each write. The driver's own timeout covers reads only: a write that
 * the server does not accept, such as a COPY into a stalled network, would block forever. Here the
 * deadline closes the socket. A write sends a few dozen kilobytes, so a slow but progressing
 * connection meets it. Keepalive detects a lost peer within a minute.
 */
public final class BoundedSockets extends SocketFactory {
  private static final Logger LOG = LoggerFactory.getLogger(BoundedSockets.class);
  private static final Map<SocketOption<Integer>, Integer> KEEP_ALIVE =
      Map.of(
          ExtendedSocketOptions.TCP_KEEPIDLE,
          20,
          ExtendedSocketOptions.TCP_KEEPINTERVAL,
          10,
          ExtendedSocketOptions.TCP_KEEPCOUNT,
          3);

  private final long millis;

  /**
   * Creates the factory; the driver calls this constructor.
   *
   * @param millis the longest time for one write, in milliseconds
   */
  public BoundedSockets(String millis) {
    this.millis = Long.parseLong(millis);
  }

  @Override
  public Socket createSocket() throws IOException {
    Socket socket = new BoundedSocket(millis);
    for (Map.Entry<SocketOption<Integer>, Integer> option : KEEP_ALIVE.entrySet()) {
      if (socket.supportedOptions().contains(option.getKey())) {
        socket.setOption(option.getKey(), option.getValue());
      }
    }
    return socket;
  }

  @Override
  public Socket createSocket(String host, int port) {
    throw new UnsupportedOperationException("the driver connects its sockets itself");
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress localHost, int localPort) {
    return createSocket(host, port);
  }

  @Override
  public Socket createSocket(InetAddress host, int port) {
    return createSocket(host.getHostAddress(), port);
  }

  @Override
  public Socket createSocket(
      InetAddress address, int port, InetAddress localAddress, int localPort) {
    return createSocket(address, port);
  }

  private static final class BoundedSocket extends Socket {
    private final long millis;

    BoundedSocket(long millis) {
      this.millis = millis;
    }

    @Override
    public OutputStream getOutputStream() throws IOException {
      return new BoundedStream(super.getOutputStream(), this);
    }
  }

  private static final class BoundedStream extends FilterOutputStream {
    private final BoundedSocket socket;

    BoundedStream(OutputStream out, BoundedSocket socket) {
      super(out);
      this.socket = socket;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      CompletableFuture<Boolean> written = new CompletableFuture<>();
      var unused =
          written
              .orTimeout(socket.millis, TimeUnit.MILLISECONDS)
              .whenComplete(
                  (done, late) -> {
                    if (late != null) {
                      close(socket);
                    }
                  });
      try {
        out.write(bytes, from, length);
      } catch (IOException e) {
        if (!written.complete(true)) {
          SocketTimeoutException late =
              new SocketTimeoutException(
                  "the server accepted no data for " + socket.millis + " ms");
          late.initCause(e);
          throw late;
        }
        throw e;
      }
      written.complete(true);
    }

    private static void close(Socket socket) {
      try {
        socket.close();
      } catch (IOException e) {
        LOG.debug("a socket did not close", e);
      }
    }
  }
}
