package fathomexport.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A proxy before PostgreSQL that can lose the connection at the one moment that matters: around a
 * COMMIT, or around a statement that is a transaction by itself. Passes everything on until {@link
 * #cutNext}, cuts once, and passes everything on again.
 */
public final class CommitCutter implements AutoCloseable {
  private static final String COMMIT = "COMMIT\0";

  /** What to do with the next COMMIT. */
  public enum Cut {
    NOTHING,
    /** The server commits; the client does not hear of it. */
    REPLY,
    /** The server does not hear of it, and sees the client go. */
    REQUEST,
    /** The server does not hear of it, and believes that the client is still there. */
    REQUEST_UNNOTICED,
    /** The client sees the connection go at once; the server commits at {@link #deliver}. */
    REQUEST_LATE,
    /** The server commits, the client does not hear of it, and cannot connect again. */
    REPLY_AND_ALL_THAT_FOLLOWS
  }

  private final ServerSocket listener;
  private final String host;
  private final int port;
  private final AtomicReference<Cut> next = new AtomicReference<>(Cut.NOTHING);
  private final AtomicInteger commits = new AtomicInteger();
  private final CountDownLatch delivery = new CountDownLatch(1);
  private final ConcurrentLinkedQueue<Socket> sockets = new ConcurrentLinkedQueue<>();

  /** The text that the message to cut contains. */
  private volatile byte[] awaited = COMMIT.getBytes(StandardCharsets.UTF_8);

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
    cutNext(cut, COMMIT);
  }

  /** Cuts at the next message with this text. */
  public void cutNext(Cut cut, String text) {
    awaited = text.getBytes(StandardCharsets.UTF_8);
    commits.set(0);
    next.set(cut);
  }

  /** Passes the message on that {@link Cut#REQUEST_LATE} has kept. */
  public void deliver() {
    delivery.countDown();
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
        if (holdsAwaited(buffer, read)) {
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
          case REQUEST_LATE -> {
            shutdown(client);
            delivery.await();
            out.write(buffer, 0, read);
            server.shutdownOutput();
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
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
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

  private boolean holdsAwaited(byte[] buffer, int length) {
    byte[] text = awaited;
    for (int i = 0; i + text.length <= length; i++) {
      if (Arrays.equals(buffer, i, i + text.length, text, 0, text.length)) {
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
    deliver();
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    closeAll();
  }
}
