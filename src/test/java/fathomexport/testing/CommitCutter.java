package fathomexport.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A proxy before PostgreSQL that can lose the connection at the one moment that matters: around a
 * COMMIT. Passes everything on until it is told to cut, cuts once, and passes everything on again.
 */
public final class CommitCutter implements AutoCloseable {
  private static final byte[] COMMIT = {'C', 'O', 'M', 'M', 'I', 'T', 0};

  /** What to do with the next COMMIT. */
  public enum Cut {
    NOTHING,
    /** The server commits; the client does not hear of it. */
    REPLY,
    /** The server does not hear of it, and sees the client go. */
    REQUEST,
    /** The server does not hear of it, and believes that the client is still there. */
    REQUEST_UNNOTICED,
    /** The server commits, the client does not hear of it, and cannot connect again. */
    REPLY_AND_ALL_THAT_FOLLOWS
  }

  private final ServerSocket listener;
  private final String host;
  private final int port;
  private final AtomicReference<Cut> next = new AtomicReference<>(Cut.NOTHING);
  private final AtomicInteger commits = new AtomicInteger();
  private final ConcurrentLinkedQueue<Socket> sockets = new ConcurrentLinkedQueue<>();

  /** Whether nobody is let in any more. */
  private volatile boolean shut;

  public CommitCutter(String host, int port) {
    this.host = host;
    this.port = port;
    try {
      listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    start(this::accept);
  }

  public int port() {
    return listener.getLocalPort();
  }

  public void cutNext(Cut cut) {
    commits.set(0);
    next.set(cut);
  }

  /** How many commits clients sent since {@link #cutNext}. */
  public int commits() {
    return commits.get();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        if (shut) {
          // It came in while the door was being closed.
          client.close();
          return;
        }
        Socket server = new Socket(host, port);
        sockets.add(client);
        sockets.add(server);
        start(() -> pass(server, client));
        start(() -> passUntilCut(client, server));
      }
    } catch (IOException e) {
      // Closed: nobody is let in any more, and who is in stays.
    }
  }

  private void pass(Socket from, Socket to) {
    try (from;
        to) {
      from.getInputStream().transferTo(to.getOutputStream());
    } catch (IOException e) {
      // One of the two is gone: so is the connection.
    }
  }

  private void passUntilCut(Socket client, Socket server) {
    byte[] buffer = new byte[256 * 1024];
    try {
      InputStream in = client.getInputStream();
      OutputStream out = server.getOutputStream();
      int read;
      while ((read = in.read(buffer)) >= 0) {
        Cut cut = Cut.NOTHING;
        if (holdsCommit(buffer, read)) {
          commits.incrementAndGet();
          cut = next.getAndSet(Cut.NOTHING);
        }
        switch (cut) {
          case NOTHING -> {
            out.write(buffer, 0, read);
            out.flush();
          }
          case REQUEST -> {
            server.close();
            client.close();
            return;
          }
          case REQUEST_UNNOTICED -> {
            shutdown(client);
            return;
          }
          case REPLY -> {
            deaf(client, server, buffer, read);
            return;
          }
          case REPLY_AND_ALL_THAT_FOLLOWS -> {
            shut = true;
            listener.close();
            deaf(client, server, buffer, read);
            return;
          }
        }
      }
      server.close();
    } catch (IOException e) {
      // One of the two is gone: so is the connection.
    }
  }

  /** The client is cut off first, so that nothing of the server's answer can reach it. */
  private static void deaf(Socket client, Socket server, byte[] last, int length)
      throws IOException {
    shutdown(client);
    server.getOutputStream().write(last, 0, length);
    server.shutdownOutput();
  }

  private static void shutdown(Socket client) throws SocketException, IOException {
    client.setSoLinger(true, 0);
    client.shutdownOutput();
  }

  private static boolean holdsCommit(byte[] buffer, int length) {
    for (int i = 0; i + COMMIT.length <= length; i++) {
      int j = 0;
      while (j < COMMIT.length && buffer[i + j] == COMMIT[j]) {
        j++;
      }
      if (j == COMMIT.length) {
        return true;
      }
    }
    return false;
  }

  private static void start(Runnable work) {
    Thread thread = new Thread(work, "commit-cutter");
    thread.setDaemon(true);
    thread.start();
  }

  private void closeAll() {
    for (Socket socket : sockets) {
      try {
        socket.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    closeAll();
  }
}
