package fathomexport.testing;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.Digests;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.Deflater;

/**
 * The program in a jar, with an archive of class data beside it, as users start it: a process then
 * starts in a third of the time. Both lie below {@code target/} and are made by the first test of a
 * build that starts a process; the JVMs of a build share them.
 */
public final class PackagedProgram {
  private static final Path FOLDER = Path.of("target", "packaged").toAbsolutePath();
  private static final Path JAR = FOLDER.resolve("fathom-export.jar");
  private static final Path ARCHIVE = FOLDER.resolve("classes.jsa");

  /** Of what the jar and the archive were made. */
  private static final Path MADE_OF = FOLDER.resolve("made-of");

  private static final List<Path> ENTRIES = entries();
  private static final PackagedProgram CURRENT = current();

  private final List<String> java;

  private PackagedProgram(List<String> java) {
    this.java = java;
  }

  /**
   * Returns the beginning of a command that starts the program; the class to start comes next.
   *
   * @param jvmOptions beside those that make a process quick to start
   */
  public static List<String> command(List<String> jvmOptions) {
    return CURRENT.command(jvmOptions, classPath());
  }

  /** Returns the same for a class of the tests. */
  public static List<String> commandWithTests(List<String> jvmOptions) {
    return CURRENT.command(jvmOptions, classPath() + File.pathSeparator + testClasses());
  }

  private List<String> command(List<String> jvmOptions, String classPath) {
    List<String> command = new ArrayList<>(java);
    command.addAll(jvmOptions);
    command.addAll(List.of("-cp", classPath));
    return command;
  }

  private static String classPath() {
    return ENTRIES.stream()
        .map(entry -> Files.isDirectory(entry) ? JAR : entry)
        .map(Path::toString)
        .collect(Collectors.joining(File.pathSeparator));
  }

  /** This process's own class path without the tests, whatever directory it is named from. */
  private static List<Path> entries() {
    String path =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return Arrays.stream(path.split(File.pathSeparator))
        .map(entry -> Path.of(entry).toAbsolutePath())
        .filter(
            entry ->
                !Files.isDirectory(entry) || Files.exists(entry.resolve("fathomexport/Main.class")))
        .toList();
  }

  private static Path testClasses() {
    try {
      return Path.of(
          PackagedProgram.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  @SuppressWarnings("try") // the lock works by being held
  private static PackagedProgram current() {
    List<String> java =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx256m",
                "-Xlog:disable"));
    try {
      Files.createDirectories(FOLDER);
      try (FileChannel channel =
              FileChannel.open(
                  FOLDER.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock lock = channel.lock()) {
        String madeOf = madeOf();
        if (!Files.exists(MADE_OF) || !Files.readString(MADE_OF).equals(madeOf)) {
          Files.deleteIfExists(MADE_OF);
          Files.deleteIfExists(ARCHIVE);
          writeJar();
          writeArchive(java);
          Files.writeString(MADE_OF, madeOf);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    java.add("-XX:SharedArchiveFile=" + ARCHIVE);
    return new PackagedProgram(List.copyOf(java));
  }

  /** Changes with the Java version, the libraries and each of the program's files. */
  private static String madeOf() throws IOException {
    StringBuilder all = new StringBuilder();
    all.append(System.getProperty("java.home")).append(Runtime.version()).append(classPath());
    for (Path classes : ENTRIES) {
      if (Files.isDirectory(classes)) {
        try (Stream<Path> files = Files.walk(classes)) {
          for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
            all.append(file).append(Files.size(file)).append(Files.getLastModifiedTime(file));
          }
        }
      }
    }
    return Digests.hex(all.toString());
  }

  private static void writeJar() throws IOException {
    Path unfinished = FOLDER.resolve("fathom-export.jar.new");
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(unfinished))) {
      // Stored and not compressed: it is read more often than it is written.
      out.setLevel(Deflater.NO_COMPRESSION);
      for (Path classes : ENTRIES.stream().filter(Files::isDirectory).toList()) {
        try (Stream<Path> files = Files.walk(classes)) {
          for (Path file : files.filter(f -> !f.equals(classes)).sorted().toList()) {
            // Folders, too: Flyway finds its scripts by theirs.
            boolean folder = Files.isDirectory(file);
            out.putNextEntry(new JarEntry(classes.relativize(file) + (folder ? "/" : "")));
            if (!folder) {
              Files.copy(file, out);
            }
            out.closeEntry();
          }
        }
      }
    }
    Files.move(unfinished, JAR, StandardCopyOption.ATOMIC_MOVE);
  }

  /** A small backfill into both sinks, which needs most of the classes that any command needs. */
  private static void writeArchive(List<String> java) throws IOException {
    Path directory = Files.createTempDirectory(FOLDER, "archived");
    LocalDate first = LocalDate.of(2025, 10, 1);
    LocalDate last = first.plusDays(4);
    try (TestDatabase database = TestDatabase.migrated();
        FathomSimulator api =
            FathomSimulator.start(World.dozen(1, first, last, 0), Behaviour.unlimited())) {
      Installation installation =
          new Installation(
                  directory,
                  database,
                  api.baseUri(),
                  SimulatorToken.STANDARD.secret(),
                  Instant.EPOCH)
              .pipeline(
                  "all",
                  "[INDCRFTS]",
                  "[postgres, parquet]",
                  List.of(
                      Question.pageviews("pages_daily", "day", "hostname", "pathname"),
                      Question.events("goals_daily", "day")));
      List<String> command = new ArrayList<>(java);
      command.addAll(
          List.of(
              "-XX:ArchiveClassesAtExit=" + ARCHIVE,
              "-cp",
              classPath(),
              "fathomexport.Main",
              "backfill",
              "all",
              "--from",
              first.toString(),
              "--to",
              last.toString()));
      Path said = directory.resolve("said");
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .redirectOutput(said.toFile());
      builder.environment().putAll(installation.variables());
      assertThat(builder.start().waitFor()).as(Files.readString(said)).isZero();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    assertThat(ARCHIVE).isNotEmptyFile();
  }
}
