package fathomexport.sink;

import java.util.ArrayList;
import java.util.List;

/**
 * What a sink could not do while it was prepared, although it is ready.
 *
 * @param notices what is not up to date, with the remedy, in sentences for people
 * @param statements statements that create and grant what the connected role may not, for an
 *     administrator; an installation with a single role needs none of them
 */
public record Migrated(List<String> notices, List<String> statements) {
  /** Everything was done. */
  public static final Migrated WHOLLY = new Migrated(List.of(), List.of());

  public Migrated {
    notices = List.copyOf(notices);
    statements = List.copyOf(statements);
  }

  /** Returns everything for the person who migrates: the statements after a line that explains. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>(notices);
    if (!statements.isEmpty()) {
      lines.add(
          "Roles: these statements need more rights than the settings' role has. They are needed"
              + " only if separate roles load, read and migrate. Run them, and then migrate again:");
      statements.forEach(s -> lines.add("  " + s));
    }
    return lines;
  }

  /** Combines the outcomes of two sinks. */
  public Migrated plus(Migrated other) {
    List<String> allNotices = new ArrayList<>(notices);
    allNotices.addAll(other.notices);
    List<String> allStatements = new ArrayList<>(statements);
    allStatements.addAll(other.statements);
    return new Migrated(allNotices, allStatements);
  }
}
