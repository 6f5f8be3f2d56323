package fathomexport.http;

import java.io.IOException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/** Distinguishes TLS faults that a retry cannot fix from network faults. */
public final class TlsFaults {
  private TlsFaults() {}

  /**
   * Returns the error and how to fix it, or null if another attempt may succeed.
   *
   * @param key the key of the configuration that has the server's address
   */
  public static @Nullable String whatToDo(IOException fault, String key) {
    if (fault instanceof SSLPeerUnverifiedException) {
      return "the server's certificate is for another host name; check "
          + key
          + " ("
          + firstLine(fault)
          + ")";
    }
    if (!(fault instanceof SSLException)) {
      return null;
    }
    if (String.valueOf(fault.getMessage()).contains("Unsupported or unrecognized SSL message")) {
      return "the server does not speak TLS at this port; check host and port of " + key;
    }
    for (Throwable cause = fault.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof CertificateExpiredException
          || cause instanceof CertificateNotYetValidException) {
        return "the server's certificate is not valid at this machine's time; check the clock ("
            + firstLine(cause)
            + ")";
      }
    }
    for (Throwable cause = fault.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof CertificateException || cause instanceof CertPathValidatorException) {
        return "the server's certificate is not trusted ("
            + firstLine(cause)
            + "). If "
            + key
            + " is right and something in between has its own certificate"
            + " authority, name that authority's certificate (a file in PEM) by api.ca_certificates"
            + " in the settings";
      }
    }
    return null;
  }

  private static String firstLine(Throwable cause) {
    return String.valueOf(cause.getMessage()).lines().findFirst().orElse("").strip();
  }
}
