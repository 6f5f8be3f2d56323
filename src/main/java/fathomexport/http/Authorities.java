package fathomexport.http;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * The certificate authorities that connections trust: those of Java, and those of a file that the
 * settings name, such as a company's whose proxy opens TLS connections.
 */
final class Authorities {
  private Authorities() {}

  /**
   * Has a client trust the authorities of a file as well.
   *
   * @throws UnusableSettingsException if the file has no certificate that can be read
   */
  static void trust(String file, OkHttpClient.Builder client) {
    Collection<? extends Certificate> own = read(file);
    try {
      KeyStore all = KeyStore.getInstance(KeyStore.getDefaultType());
      all.load(null, null);
      int number = 0;
      for (X509Certificate known : manager(null).getAcceptedIssuers()) {
        all.setCertificateEntry("java-" + number++, known);
      }
      for (Certificate certificate : own) {
        all.setCertificateEntry("own-" + number++, certificate);
      }
      X509TrustManager both = manager(all);
      SSLContext tls = SSLContext.getInstance("TLS");
      tls.init(null, new TrustManager[] {both}, null);
      client.sslSocketFactory(tls.getSocketFactory(), both);
    } catch (GeneralSecurityException | IOException e) {
      throw new UnusableSettingsException(
          "api.ca_certificates: " + file + " cannot be trusted: " + e.getMessage(), e);
    }
  }

  private static Collection<? extends Certificate> read(String file) {
    Collection<? extends Certificate> found;
    try (InputStream in = Files.newInputStream(Path.of(file))) {
      found = CertificateFactory.getInstance("X.509").generateCertificates(in);
    } catch (NoSuchFileException e) {
      throw new UnusableSettingsException("api.ca_certificates: there is no file " + file, e);
    } catch (IOException e) {
      throw new UnusableSettingsException(
          "api.ca_certificates: " + file + " cannot be read: " + e, e);
    } catch (CertificateException e) {
      throw new UnusableSettingsException(
          "api.ca_certificates: "
              + file
              + " is not a file of certificates in PEM: "
              + e.getMessage(),
          e);
    }
    if (found.isEmpty()) {
      throw new UnusableSettingsException(
          "api.ca_certificates: "
              + file
              + " holds no certificate; write them in PEM, as"
              + " -----BEGIN CERTIFICATE----- and so on");
    }
    return found;
  }

  private static X509TrustManager manager(@Nullable KeyStore store)
      throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    for (TrustManager manager : factory.getTrustManagers()) {
      if (manager instanceof X509TrustManager x509) {
        return x509;
      }
    }
    throw new GeneralSecurityException("this Java has no manager of X.509 certificates");
  }
}
