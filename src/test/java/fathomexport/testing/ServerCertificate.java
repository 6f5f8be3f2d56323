package fathomexport.testing;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** The key of a server with a certificate that only the server itself has signed. */
public final class ServerCertificate {
  private static final String PASSWORD = "made-for-a-test";
  private static final String ALIAS = "test";

  /** The stores that were made, by the names in them: to make one takes a process. */
  private static final Map<String, byte[]> STORES = new ConcurrentHashMap<>();

  private final KeyStore keys;

  private ServerCertificate(KeyStore keys) {
    this.keys = keys;
  }

  /**
   * Makes a key and its certificate, or takes what was made for the same names.
   *
   * @param name the server's common name
   * @param alternatives the names for which the certificate holds, such as {@code DNS:host}
   */
  public static ServerCertificate of(String name, String alternatives) throws Exception {
    byte[] store =
        STORES.computeIfAbsent(name + " " + alternatives, unused -> made(name, alternatives));
    KeyStore keys = KeyStore.getInstance("PKCS12");
    keys.load(new ByteArrayInputStream(store), PASSWORD.toCharArray());
    return new ServerCertificate(keys);
  }

  /** Writes the certificate into a file, for those who are to trust it. */
  public Path exported(Path file) throws Exception {
    String text = Base64.getMimeEncoder().encodeToString(keys.getCertificate(ALIAS).getEncoded());
    return Files.writeString(
        file, "-----BEGIN CERTIFICATE-----\n" + text + "\n-----END CERTIFICATE-----\n");
  }

  /** Returns the context of a server that shows this certificate. */
  public SSLContext context() throws Exception {
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, PASSWORD.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    return context;
  }

  /** The JDK can make certificates by its tool only. */
  private static byte[] made(String name, String alternatives) {
    try {
      Path directory = TestDirectories.create();
      Path store = directory.resolve("server.p12");
      List<String> command =
          List.of(
              Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
              "-J-XX:TieredStopAtLevel=1",
              "-J-XX:+UseSerialGC",
              "-genkeypair",
              "-keyalg",
              "EC",
              "-dname",
              "CN=" + name,
              "-ext",
              "SAN=" + alternatives,
              "-validity",
              "2",
              "-storetype",
              "PKCS12",
              "-alias",
              ALIAS,
              "-keystore",
              store.toString(),
              "-storepass",
              PASSWORD);
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IllegalStateException(
            "keytool: "
                + new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
      }
      byte[] bytes = Files.readAllBytes(store);
      TestDirectories.delete(directory);
      return bytes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
