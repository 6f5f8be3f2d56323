package fathomexport.sink.postgres.schema;

import fathomexport.sink.postgres.db.Queries;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import org.jspecify.annotations.Nullable;

/**
 * Finds out from Flyway's history, with one query, whether there is nothing to migrate. Each run
 * asks this. Flyway itself opens four connections to answer it, and scans the class path twice,
 * which takes longer than a short night takes for everything else. In any doubt the answer is no,
 * and Flyway decides.
 */
final class AppliedMigrations {
  private static final ClassLoader LOADER = AppliedMigrations.class.getClassLoader();

  /** The types of rows that a plain migration leaves; a repair, for example, leaves others. */
  private static final Set<String> PLAIN = Set.of("SCHEMA", "SQL", "JDBC");

  private AppliedMigrations() {}

  private record Applied(
      String type, String description, String script, int checksum, boolean success) {}

  /**
   * Returns whether the history contains all scripts of this program and no others, and these
   * reports in their present definition.
   */
  static boolean includeAll(Connection connection, List<ReportMigration> reports)
      throws SQLException {
    if (!isReadable(connection)) {
      return false;
    }
    List<Applied> history =
        Queries.list(
            connection,
            "SELECT type, description, script, coalesce(checksum, 0) AS checksum, success FROM "
                + Migrations.HISTORY
                + " ORDER BY installed_rank",
            p -> {},
            r ->
                new Applied(
                    r.text("type"),
                    r.text("description"),
                    r.text("script"),
                    r.integer("checksum"),
                    r.flag("success")));
    Map<String, Integer> scripts = new HashMap<>();
    Map<String, Integer> definitions = new HashMap<>();
    for (Applied applied : history) {
      if (!applied.success() || !PLAIN.contains(applied.type())) {
        return false;
      }
      switch (applied.type()) {
        case "SQL" -> scripts.put(applied.script(), applied.checksum());
        case "JDBC" -> definitions.put(applied.description(), applied.checksum());
        default -> {
          // Flyway notes that it has created the schemas.
        }
      }
    }
    return reports.stream()
            .allMatch(r -> r.getChecksum().equals(definitions.get(r.getDescription())))
        && scripts().filter(scripts::equals).isPresent();
  }

  /** Returns whether there is a history, and the role may read it. */
  static boolean isReadable(Connection connection) throws SQLException {
    return Queries.first(
            connection,
            """
            SELECT pg_catalog.to_regnamespace('fathom') IS NOT NULL
                   AND coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass(?), 'SELECT'),
                                false) AS readable\
            """,
            p -> p.text(Migrations.HISTORY),
            r -> r.flag("readable"))
        .orElse(false);
  }

  /** Returns the checksum of each script of this program; empty if they cannot be listed. */
  private static Optional<Map<String, Integer>> scripts() {
    try {
      Map<String, Integer> checksums = new HashMap<>();
      for (URL folder : Collections.list(LOADER.getResources(Migrations.SCRIPTS_FOLDER))) {
        List<String> names = names(folder);
        if (names == null) {
          return Optional.empty();
        }
        for (String name : names) {
          checksums.put(name, checksum(name));
        }
      }
      return Optional.of(checksums);
    } catch (IOException e) {
      throw new UncheckedIOException("the scripts of the program cannot be read", e);
    }
  }

  /** Returns the names of the files in a folder of the class path; null if it cannot be listed. */
  private static @Nullable List<String> names(URL folder) throws IOException {
    if (folder.getProtocol().equals("file")) {
      try (Stream<Path> files = Files.list(Path.of(URI.create(folder.toString())))) {
        return files.map(file -> String.valueOf(file.getFileName())).toList();
      }
    }
    URLConnection connection = folder.openConnection();
    if (!(connection instanceof JarURLConnection jar)) {
      return null;
    }
    // A jar from the cache would be shared, and could not be closed.
    jar.setUseCaches(false);
    String prefix = Migrations.SCRIPTS_FOLDER + "/";
    List<String> names = new ArrayList<>();
    try (JarFile file = jar.getJarFile()) {
      file.stream()
          .map(ZipEntry::getName)
          .filter(name -> name.startsWith(prefix) && name.length() > prefix.length())
          .forEach(name -> names.add(name.substring(prefix.length())));
    }
    return names;
  }

  /** Computes Flyway's checksum of a script: that of its lines, without their ends. */
  private static int checksum(String name) throws IOException {
    CRC32 crc = new CRC32();
    try (InputStream in = LOADER.getResourceAsStream(Migrations.SCRIPTS_FOLDER + "/" + name)) {
      if (in == null) {
        throw new IOException("script " + name + " is listed, but not there");
      }
      BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        crc.update(line.getBytes(StandardCharsets.UTF_8));
      }
    }
    return (int) crc.getValue();
  }
}
