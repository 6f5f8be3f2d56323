package fathomexport.testing;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** The key of a server with a certificate that only the server itself has signed. */
public final class ServerCertificate {
  private static final String PASSWORD = "made-for-a-test";

  private final Path store;

  private ServerCertificate(Path store) {
    this.store = store;
  }

  /**
   * Makes a key and its certificate.
   *
   * @param directory where both are written
   * @param name the server's common name
   * @param alternatives the names for which the certificate holds, such as {@code DNS:host}
   */
  public static ServerCertificate make(Path directory, String name, String alternatives)
      throws Exception {
    ServerCertificate made = new ServerCertificate(directory.resolve("server.p12"));
    made.keytool(
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
        "PKCS12");
    return made;
  }

  /** Writes the certificate into a file, for those who are to trust it. */
  public Path exported(Path file) throws Exception {
    keytool("-exportcert", "-rfc", "-file", file.toString());
    return file;
  }

  /** Returns the context of a server that shows this certificate. */
  public SSLContext context() throws Exception {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD.toCharArray());
    }
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, PASSWORD.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    return context;
  }

  private void keytool(String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    command.addAll(
        List.of("-alias", "test", "-keystore", store.toString(), "-storepass", PASSWORD));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IllegalStateException(
          "keytool: "
              + new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    }
  }
}
