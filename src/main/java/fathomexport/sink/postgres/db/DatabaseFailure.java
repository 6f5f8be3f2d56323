package fathomexport.sink.postgres.db;

import fathomexport.report.Program;
import fathomexport.sink.SinkException;
import java.io.EOFException;
import java.io.IOException;
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
 * The meaning of a failed statement or connection, with the remedy. Messages for users that depend
 * on the SQLSTATE are collected here.
 *
 * @param kind the consequence for the run
 * @param message the server's or driver's message, and the remedy
 */
public record DatabaseFailure(SinkException.Kind kind, String message) {
  /**
   * The most connections that a run has open at once: one that commits and reads the ledger, one
   * that holds the pipeline's lock, one for each quota of the account (reports, lists), one for
   * lessons that are learned meanwhile, one that asks who holds a lock that others wait for. A
   * migration needs four before that.
   */
  static final int CONNECTIONS = 6;

  /** The SQLSTATE class of a password or role that the server does not accept. */
  private static final String AUTHORIZATION = "28";

  private static final String NO_SUCH_DATABASE = "3D000";
  private static final String REJECTED = "08004";
  private static final String TOO_MANY_CONNECTIONS = "53300";
  private static final String UNREACHABLE = "08001";
  private static final String READ_ONLY = "25006";
  private static final String DISK_FULL = "53100";
  private static final String INSUFFICIENT_PRIVILEGE = "42501";
  private static final String LOCK_NOT_AVAILABLE = "55P03";
  private static final String DEPENDENT_OBJECTS = "2BP01";

  /** SQLSTATEs for a missing table or schema. */
  private static final Set<String> NO_TABLE = Set.of("42P01", "3F000");

  private static final String NO_COLUMN = "42703";
  private static final Set<String> SHUTTING_DOWN = Set.of("57P01", "57P02", "57P03", "57P05");
  private static final Set<String> WORTH_REPEATING = Set.of("40001", "40P01");
  private static final Set<String> COMING_OR_GOING = Set.of("57P01", "57P02", "57P03");

  /**
   * Classes and codes of SQLSTATEs with which a table refuses rows: values that do not fit, broken
   * constraints, exceptions from a trigger or rule, missing privileges, a replica identity that a
   * publication lacks, row-level security, values that an index cannot hold, damaged pages.
   */
  private static final Set<String> REFUSING =
      Set.of(
          "09", "0A", "22", "23", "27", "2F", "38", "39", "42501", "428C9", "44", "54", "55000",
          "P0", "XX001", "XX002");

  /** Classifies the failure of a connection or of any statement. */
  static DatabaseFailure of(SQLException failure, String place, String user) {
    String state = String.valueOf(failure.getSQLState());
    String words = "PostgreSQL at " + place + ": " + words(failure);
    if (state.startsWith(AUTHORIZATION) && words.contains("not permitted to log in")) {
      return new DatabaseFailure(
          SinkException.Kind.ACCESS,
          words
              + ". A first migration by an administrator creates the roles of fathom-export without"
              + " login. As an administrator: ALTER ROLE "
              + Sql.name(user)
              + " LOGIN PASSWORD '...';");
    }
    if (state.startsWith(AUTHORIZATION)) {
      return new DatabaseFailure(
          SinkException.Kind.ACCESS,
          words
              + ". Check user and password under postgres: in the settings (user is "
              + user
              + "), and whether the server's pg_hba.conf allows connections from this machine");
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
              + ". postgres.url in the settings requires TLS (sslmode): enable TLS on the server,"
              + " with a certificate that sslrootcert trusts, or choose another sslmode");
    }
    if (state.equals(TOO_MANY_CONNECTIONS)) {
      return new DatabaseFailure(
          SinkException.Kind.UNAVAILABLE,
          words
              + ". A run needs up to "
              + CONNECTIONS
              + " connections at a time, with several accounts 2 per account and "
              + CONNECTIONS
              + " more: raise max_connections or the CONNECTION LIMIT of the role or database, or"
              + " run when fewer are in use");
    }
    if (state.equals(READ_ONLY)) {
      return new DatabaseFailure(
          SinkException.Kind.UNAVAILABLE,
          words
              + ". The database is read-only, like a standby, or after a failover: postgres.url"
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
    if (state.equals(UNREACHABLE)) {
      return new DatabaseFailure(
          SinkException.Kind.UNAVAILABLE,
          words.replaceFirst("\\.$", "")
              + ". Start the server, or correct postgres.url in the settings");
    }
    return new DatabaseFailure(SinkException.Kind.UNAVAILABLE, words);
  }

  /** Returns the first SQL exception among the causes, if any. */
  public static Optional<SQLException> in(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof SQLException sql) {
        return Optional.of(sql);
      }
    }
    return Optional.empty();
  }

  /**
   * Returns whether the next connection would fail in the same way, so that waiting does not help.
   */
  public static boolean isPermanent(SQLException failure) {
    String state = String.valueOf(failure.getSQLState());
    return state.startsWith(AUTHORIZATION)
        || state.equals(NO_SUCH_DATABASE)
        || isWithoutTls(failure);
  }

  /**
   * Returns whether the connection is lost, so that the outcome of its last statement is unknown.
   */
  public static boolean lost(SQLException e) {
    String state = e.getSQLState();
    return state == null
        || state.startsWith("08")
        || SHUTTING_DOWN.contains(state)
        || e.getCause() instanceof IOException;
  }

  /** Returns whether a retry on a new connection may succeed. */
  public static boolean worthRepeating(SQLException e) {
    return lost(e) || WORTH_REPEATING.contains(String.valueOf(e.getSQLState()));
  }

  /** Returns whether the role in the settings lacks a right for a statement. */
  public static boolean isDenied(SQLException e) {
    return INSUFFICIENT_PRIVILEGE.equals(e.getSQLState());
  }

  /** Returns whether a table or its schema does not exist. */
  public static boolean isMissingTable(SQLException e) {
    return NO_TABLE.contains(String.valueOf(e.getSQLState()));
  }

  /**
   * Returns whether a table, its schema or a column does not exist: the database was never
   * migrated, or by an older version.
   */
  public static boolean isNotMigrated(SQLException e) {
    return isMissingTable(e) || NO_COLUMN.equals(e.getSQLState());
  }

  /** Returns whether a lock was not granted at once, or not within the time for it. */
  public static boolean isLockNotAvailable(SQLException e) {
    return LOCK_NOT_AVAILABLE.equals(e.getSQLState());
  }

  /** Why an object of the database could not be replaced or dropped. */
  public enum Obstacle {
    /** Other objects depend on it. */
    DEPENDED_ON,
    /** A query uses it, and did not end within the time that a lock is waited for. */
    LOCKED,
    /** The role lacks the right, such as that of the object's owner. */
    DENIED,
    /** Anything else; the server's message says what. */
    OTHER
  }

  /** Returns why an object could not be replaced or dropped. */
  public static Obstacle obstacle(SQLException e) {
    if (DEPENDENT_OBJECTS.equals(e.getSQLState())) {
      return Obstacle.DEPENDED_ON;
    }
    if (isLockNotAvailable(e)) {
      return Obstacle.LOCKED;
    }
    return isDenied(e) ? Obstacle.DENIED : Obstacle.OTHER;
  }

  /** Returns the message for a statement that the role may not run, with the command that helps. */
  public String denial() {
    return message
        + ". The role in the settings lacks a right: `"
        + Program.command("check")
        + "` with the pipeline names what is missing, with the GRANT statements";
  }

  private static boolean isWithoutTls(SQLException failure) {
    if (REJECTED.equals(failure.getSQLState())
        && String.valueOf(failure.getMessage()).toUpperCase(Locale.ROOT).contains("SSL")) {
      return true;
    }
    boolean untrusted = false;
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof EOFException) {
        // The server closed the connection during the handshake.
        return false;
      }
      untrusted |=
          t instanceof SSLHandshakeException
              || t instanceof SSLPeerUnverifiedException
              || t instanceof CertificateException;
    }
    return untrusted;
  }

  /** Returns whether a table refuses the given rows; other tables may accept theirs. */
  public static boolean refuses(SQLException failure) {
    String state = String.valueOf(failure.getSQLState());
    return REFUSING.contains(state)
        || (state.length() > 2 && REFUSING.contains(state.substring(0, 2)))
        || (state.startsWith("42") && where(failure).contains("function "));
  }

  /**
   * Returns why a table refuses rows, in one line: the server's message, the part of the table
   * concerned, and the remedy.
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
    if (isDenied(failure) || state.equals("0A000")) {
      return "Grant the missing rights to the role in the settings, or switch row-level security"
          + " off"
          + " for that role (ALTER TABLE "
          + table
          + " NO FORCE ROW LEVEL SECURITY, or a role with BYPASSRLS)";
    }
    return "Remove the constraint, trigger or rule that rejects the rows from "
        + table
        + ", or change it so that it accepts what the API reports; then run again";
  }

  /** Returns the context that the server reports, in one line; empty if it reports none. */
  private static String where(SQLException failure) {
    ServerErrorMessage server =
        failure instanceof PSQLException sql ? sql.getServerErrorMessage() : null;
    String where = server == null ? null : server.getWhere();
    return where == null ? "" : where.lines().findFirst().orElse("");
  }

  /**
   * Returns the server's message in one line, without the rows that it quotes, or else the
   * driver's.
   */
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
