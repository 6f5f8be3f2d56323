package fathomexport.testing;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A proxy before PostgreSQL that reads the protocol as it passes, tells of the points that matter
 * to a window, and does to the connection what it is told to. Needs {@code sslmode=disable}.
 */
public final class PostgresProxy implements AutoCloseable {
  /** What a connection has come to. The message of the point has not been passed on yet. */
  public enum Point {
    /** The server says that all rows of a COPY have come. */
    COPIED("the reply to COPY"),
    /** The client asks for COMMIT of what it copied. */
    COMMIT_ASKED("COMMIT"),
    /** The server says that it has committed what was copied. */
    COMMIT_ANSWERED("the reply to COMMIT");

    private final String message;

    Point(String message) {
      this.message = message;
    }

    /** The message that is on its way. */
    public String said() {
      return message;
    }
  }

  /** What becomes of the connection. */
  public enum Deed {
    /** All goes on. */
    PASS,
    /** Both ends are closed before the message is passed on. */
    CUT,
    /** Nothing passes any more, either way, and no end hears that the other is gone. */
    STALL
  }

  /** Is told of every point, on the connection's thread; nth counts this point from 1. */
  @FunctionalInterface
  public interface Watcher {
    Deed at(Point point, int nth);
  }

  /** A deed that is done once, after so many bytes of either way. */
  private record AtByte(long offset, Deed deed) {}

  private static final int SMALL = 4 * 1024;

  private final ServerSocket listener;
  private final String host;
  private final int port;
  private final ConcurrentLinkedQueue<Link> links = new ConcurrentLinkedQueue<>();
  private final Map<Point, AtomicInteger> seen = new ConcurrentHashMap<>();
  private final AtomicLong passed = new AtomicLong();
  private final AtomicReference<@Nullable AtByte> atByte = new AtomicReference<>();
  private volatile Watcher watcher = (point, nth) -> Deed.PASS;

  public PostgresProxy(String host, int port) {
    this.host = host;
    this.port = port;
    try {
      listener = new ServerSocket();
      // A stall is to be felt by the one who sends, and not to vanish in buffers.
      listener.setReceiveBufferSize(SMALL);
      listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    start(this::accept);
  }

  public int port() {
    return listener.getLocalPort();
  }

  /** Tells this one from now on; points are counted anew. */
  public void watch(Watcher newWatcher) {
    seen.clear();
    watcher = newWatcher;
  }

  /** Does this once, at the nth time that a connection comes to the point. */
  public void at(Point point, int nth, Deed deed) {
    watch((p, n) -> p == point && n == nth ? deed : Deed.PASS);
  }

  /** Does this once, after so many bytes from now on, of all connections and both ways. */
  public void atByte(long offset, Deed deed) {
    passed.set(0);
    atByte.set(new AtByte(offset, deed));
  }

  /** Bytes that were passed on since {@link #atByte}, or the start. */
  public long passed() {
    return passed.get();
  }

  /** How often a point was seen since {@link #watch}. */
  public int seen(Point point) {
    AtomicInteger times = seen.get(point);
    return times == null ? 0 : times.get();
  }

  /** Passes everything on again; connections that stall are closed. */
  public void heal() {
    watch((point, nth) -> Deed.PASS);
    atByte.set(null);
    links.stream().filter(link -> link.stalled).forEach(Link::close);
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        Socket server;
        try {
          server = new Socket(host, port);
        } catch (IOException e) {
          // The server is down: so is this connection.
          client.close();
          continue;
        }
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        Link link = new Link(client, server);
        links.add(link);
        start(() -> link.pass(client, server, true));
        start(() -> link.pass(server, client, false));
      }
    } catch (IOException e) {
      // Closed: nobody is let in any more.
    }
  }

  private Deed tell(Link link, Point point) {
    if (point == Point.COPIED) {
      link.copied = true;
    } else if (!link.copied) {
      // Not a window's transaction.
      return Deed.PASS;
    } else if (point == Point.COMMIT_ANSWERED) {
      link.copied = false;
    }
    return watcher.at(
        point, seen.computeIfAbsent(point, p -> new AtomicInteger()).incrementAndGet());
  }

  /** One client's connection. */
  private final class Link {
    private final Socket client;
    private final Socket server;
    private volatile boolean stalled;
    private volatile boolean copied;

    Link(Socket client, Socket server) {
      this.client = client;
      this.server = server;
    }

    /** Passes message by message; the client's first one has no type. */
    void pass(Socket from, Socket to, boolean fromClient) {
      try {
        DataInputStream in = new DataInputStream(from.getInputStream());
        OutputStream out = to.getOutputStream();
        boolean untyped = fromClient;
        byte[] buffer = new byte[64 * 1024];
        while (true) {
          byte[] head = new byte[untyped ? 4 : 5];
          in.readFully(head);
          int length = ByteBuffer.wrap(head, untyped ? 0 : 1, 4).getInt() - 4;
          char type = untyped ? 0 : (char) head[0];
          untyped = false;
          if (buffer.length < length) {
            buffer = new byte[length];
          }
          in.readFully(buffer, 0, length);
          Point point = point(fromClient, type, buffer, length);
          if (point != null && !done(tell(this, point))) {
            return;
          }
          if (!forward(out, head, head.length) || !forward(out, buffer, length)) {
            return;
          }
        }
      } catch (EOFException e) {
        end();
      } catch (IOException e) {
        // One of the two is gone: so is the connection.
        end();
      }
    }

    /** An end that goes while the connection stalls is not seen by the other. */
    private void end() {
      if (!stalled) {
        close();
      }
    }

    /** Whether to go on. */
    private boolean done(Deed deed) {
      switch (deed) {
        case PASS -> {}
        case CUT -> close();
        case STALL -> stalled = true;
      }
      return deed == Deed.PASS && !stalled;
    }

    private boolean forward(OutputStream out, byte[] bytes, int length) throws IOException {
      if (stalled) {
        return false;
      }
      AtByte due = atByte.get();
      long before = passed.getAndAdd(length);
      if (due != null
          && before <= due.offset()
          && before + length > due.offset()
          && atByte.compareAndSet(due, null)) {
        out.write(bytes, 0, (int) (due.offset() - before));
        out.flush();
        return done(due.deed());
      }
      out.write(bytes, 0, length);
      return true;
    }

    void close() {
      try {
        // The client is reset, so that nothing that is on its way reaches it any more.
        client.setSoLinger(true, 0);
      } catch (IOException e) {
        // It is closed already.
      }
      for (Socket socket : new Socket[] {client, server}) {
        try {
          socket.close();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }

  private static @Nullable Point point(boolean fromClient, char type, byte[] body, int length) {
    if (fromClient) {
      return (type == 'Q' && text(body, 0, length).equals("COMMIT"))
              || (type == 'P' && text(body, end(body, 0, length) + 1, length).equals("COMMIT"))
          ? Point.COMMIT_ASKED
          : null;
    }
    if (type != 'C') {
      return null;
    }
    String tag = text(body, 0, length);
    if (tag.equals("COMMIT")) {
      return Point.COMMIT_ANSWERED;
    }
    return tag.startsWith("COPY ") ? Point.COPIED : null;
  }

  /** The text that begins here and ends with a zero byte. */
  private static String text(byte[] body, int from, int length) {
    return new String(body, from, end(body, from, length) - from, StandardCharsets.UTF_8);
  }

  private static int end(byte[] body, int from, int length) {
    int end = from;
    while (end < length && body[end] != 0) {
      end++;
    }
    return end;
  }

  private static void start(Runnable work) {
    Thread thread = new Thread(work, "postgres-proxy");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    links.forEach(Link::close);
  }
}
