package fathomexport.sink.postgres.db;

import fathomexport.sink.SinkException;
import java.io.EOFException;
import java.security.cert.CertificateException;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * What a failed statement or connection means, with what to do about it. The only place that tells
 * failures apart by their SQLSTATE for people.
 *
 * @param kind what follows for the run
 * @param message the server's or driver's words, and what to do
 */
public record DatabaseFailure(SinkException.Kind kind, String message) {
  /**
   * Connections that a run has open at a time: one that commits and reads the ledger, one that
   * holds the pipeline's lock, one for each of the account's quotas (of reports, of lists), one for
   * what is learned meanwhile. A migration needs three before that.
   */
  static final int CONNECTIONS = 5;

  /** A password or a role that the server does not accept. */
  private static final String AUTHORIZATION = "28";

  private static final String NO_SUCH_DATABASE = "3D000";
  private static final String REJECTED = "08004";
  private static final String TOO_MANY_CONNECTIONS = "53300";
  private static final String READ_ONLY = "25006";
  private static final String DISK_FULL = "53100";
  private static final Set<String> COMING_OR_GOING = Set.of("57P01", "57P02", "57P03");

  /**
   * Classes and codes of SQLSTATEs by which a table refuses rows: values that do not fit, broken
   * constraints, exceptions that a trigger or rule raises, missing privileges, a replica identity
   * that a publication lacks, row-level security, values that an index cannot hold, damaged pages.
   */
  private static final Set<String> REFUSING =
      Set.of(
          "09", "0A", "22", "23", "27", "2F", "38", "39", "42501", "428C9", "44", "54", "55000",
          "P0", "XX001", "XX002");

  /** What a connection or statement has failed of, whatever it was for. */
  static DatabaseFailure of(SQLException failure, String place, String user) {
    String state = String.valueOf(failure.getSQLState());
    String words = "PostgreSQL at " + place + ": " + words(failure);
    if (state.startsWith(AUTHORIZATION)) {
      return new DatabaseFailure(
          SinkException.Kind.ACCESS,
          words
              + ". Check user and password under postgres: in the settings (user is "
              + user
              + "), and whether the server's pg_hba.conf lets this machine in");
    }
    if (state.equals(NO_SUCH_DATABASE)) {
      return new DatabaseFailure(
          SinkException.Kind.SETTINGS,
          words + ". Create the database, or correct postgres.url in the settings");
    }
    if (isWithoutTls(failure)) {
      return new DatabaseFailure(
          SinkException.Kind.SETTINGS,
          words
              + ". postgres.url in the settings asks for TLS (sslmode): have the server offer it"
              + " with a certificate that sslrootcert trusts, or choose another sslmode");
    }
    if (state.equals(TOO_MANY_CONNECTIONS)) {
      return new DatabaseFailure(
          SinkException.Kind.UNAVAILABLE,
          words
              + ". A run needs up to "
              + CONNECTIONS
              + " connections at a time: raise max_connections or the CONNECTION LIMIT of the role"
              + " or database, or run when fewer are in use");
    }
    if (state.equals(READ_ONLY)) {
      return new DatabaseFailure(
          SinkException.Kind.UNAVAILABLE,
          words
              + ". The database is read-only, as a standby is, also after a failover: postgres.url"
              + " must lead to the primary (name all hosts and add targetServerType=primary)");
    }
    if (COMING_OR_GOING.contains(state)) {
      return new DatabaseFailure(
          SinkException.Kind.UNAVAILABLE,
          words + ". The server is starting up or shutting down: run again when it is up");
    }
    if (state.equals(DISK_FULL)) {
      return new DatabaseFailure(
          SinkException.Kind.UNAVAILABLE, words + ". Make room on the database server's disk");
    }
    return new DatabaseFailure(SinkException.Kind.UNAVAILABLE, words);
  }

  /** The same of the first SQL exception among the causes; empty when there is none. */
  public static Optional<SQLException> in(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof SQLException sql) {
        return Optional.of(sql);
      }
    }
    return Optional.empty();
  }

  /** Whether the next connection would be refused just so: waiting is of no use. */
  public static boolean isPermanent(SQLException failure) {
    String state = String.valueOf(failure.getSQLState());
    return state.startsWith(AUTHORIZATION)
        || state.equals(NO_SUCH_DATABASE)
        || isWithoutTls(failure);
  }

  private static boolean isWithoutTls(SQLException failure) {
    if (REJECTED.equals(failure.getSQLState())
        && String.valueOf(failure.getMessage()).toUpperCase(Locale.ROOT).contains("SSL")) {
      return true;
    }
    boolean untrusted = false;
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof EOFException) {
        // A server that goes in the middle of the handshake.
        return false;
      }
      untrusted |=
          t instanceof SSLHandshakeException
              || t instanceof SSLPeerUnverifiedException
              || t instanceof CertificateException;
    }
    return untrusted;
  }

  /** Whether a table refuses the rows that it was given; others may take theirs. */
  public static boolean refuses(SQLException failure) {
    String state = String.valueOf(failure.getSQLState());
    return REFUSING.contains(state)
        || (state.length() > 2 && REFUSING.contains(state.substring(0, 2)))
        || (state.startsWith("42") && where(failure).contains("function "));
  }

  /**
   * Why a table does not take rows: the server's words in one line, with what of the table it is
   * and what to do.
   */
  public static String refusal(SQLException failure, String table) {
    ServerErrorMessage server =
        failure instanceof PSQLException sql ? sql.getServerErrorMessage() : null;
    StringBuilder text = new StringBuilder(words(failure));
    String constraint = server == null ? null : server.getConstraint();
    if (constraint != null && text.indexOf(constraint) < 0) {
      text.append(" (").append(constraint).append(')');
    }
    String where = where(failure);
    if (where.contains("function ")) {
      text.append(" (in ").append(where).append(')');
    }
    String hint = server == null ? null : server.getHint();
    if (hint != null) {
      text.append(" (").append(hint).append(')');
    }
    return text.append(". ").append(advice(failure, table)).toString();
  }

  private static String advice(SQLException failure, String table) {
    String state = String.valueOf(failure.getSQLState());
    if (state.equals("55000")) {
      return "Give the table a replica identity (ALTER TABLE "
          + table
          + " REPLICA IDENTITY FULL), or leave it out of the publication";
    }
    if (state.equals("42501") || state.equals("0A000")) {
      return "Grant the settings' role what it lacks, or switch the table's row-level security off"
          + " for it (ALTER TABLE "
          + table
          + " NO FORCE ROW LEVEL SECURITY, or a role with BYPASSRLS)";
    }
    return "Remove what refuses the rows from "
        + table
        + ", or change it so that it takes what the API reports; then run again";
  }

  /** What the server was doing, in one line; empty when it does not say. */
  private static String where(SQLException failure) {
    ServerErrorMessage server =
        failure instanceof PSQLException sql ? sql.getServerErrorMessage() : null;
    String where = server == null ? null : server.getWhere();
    return where == null ? "" : where.lines().findFirst().orElse("");
  }

  /** The server's own message in one line, without the rows that it quotes; else the driver's. */
  private static String words(SQLException failure) {
    ServerErrorMessage server =
        failure instanceof PSQLException sql ? sql.getServerErrorMessage() : null;
    String message =
        server == null || server.getMessage() == null
            ? String.valueOf(failure.getMessage())
            : server.getSeverity() + ": " + server.getMessage();
    return message.lines().map(String::strip).reduce((a, b) -> a + " " + b).orElse("");
  }
}
