package fathomexport.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import javax.net.SocketFactory;

/**
 * Makes the sockets of the connections that tests keep for their next query. The leak check leaves
 * them out: they are not the product's. The PostgreSQL driver creates it by the name of its class.
 */
public final class KeptSockets extends SocketFactory {
  private static final Set<Socket> SOCKETS = ConcurrentHashMap.newKeySet();

  /** Opens a connection that its test, or the tests' server, keeps. */
  static Connection connect(String url, String user, String password) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", user);
    properties.setProperty("password", password);
    properties.setProperty("socketFactory", KeptSockets.class.getName());
    return DriverManager.getConnection(url, properties);
  }

  /** Returns the local ports of the sockets that are open. */
  static Set<Integer> ports() {
    SOCKETS.removeIf(Socket::isClosed);
    return SOCKETS.stream().map(Socket::getLocalPort).collect(Collectors.toSet());
  }

  @Override
  public Socket createSocket() {
    Socket socket = new Socket();
    SOCKETS.add(socket);
    return socket;
  }

  @Override
  public Socket createSocket(String host, int port) throws IOException {
    return kept(new Socket(host, port));
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress local, int localPort)
      throws IOException {
    return kept(new Socket(host, port, local, localPort));
  }

  @Override
  public Socket createSocket(InetAddress host, int port) throws IOException {
    return kept(new Socket(host, port));
  }

  @Override
  public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort)
      throws IOException {
    return kept(new Socket(host, port, local, localPort));
  }

  private static Socket kept(Socket socket) {
    SOCKETS.add(socket);
    return socket;
  }
}
