package fathomexport.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What this process holds open of what the product opens: files below temporary directories,
 * sockets, and threads. Files and sockets are known where the system shows them in {@code
 * /proc/self}; elsewhere only threads are compared.
 *
 * @param threads the living threads of the product
 * @param files what each file descriptor refers to, by the descriptor
 */
record OpenThings(Set<Thread> threads, Map<String, String> files) {
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
  private static final List<Path> CONNECTIONS =
      List.of(Path.of("/proc/self/net/tcp"), Path.of("/proc/self/net/tcp6"));
  private static final String SOCKET = "socket:[";

  /** The names that the product gives to threads which end with the run, or before. */
  static final Set<String> THREADS =
      Set.of("account", "cluster", "commit", "fetch", "lineage", "lock-watch", "reports");

  /** The beginnings of the directories below which rows spill and tests have their files. */
  private static final List<String> DIRECTORIES =
      List.of(temporary("fathom-export-spill-"), TestDirectories.beginning());

  /** The descriptors of the class path, which stay: there are hundreds, so they are read once. */
  private static final Set<String> CLASS_PATH = ConcurrentHashMap.newKeySet();

  /** The ports of the PostgreSQL servers of this process's tests. */
  private static final Set<Integer> DATABASES = ConcurrentHashMap.newKeySet();

  private static String temporary(String prefix) {
    return Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath() + "/" + prefix;
  }

  /** Makes the connections to a PostgreSQL server known as such. */
  static void database(int port) {
    DATABASES.add(port);
  }

  /** Returns whether files and sockets can be seen on this system. */
  static boolean seesFiles() {
    return Files.isDirectory(DESCRIPTORS);
  }

  static OpenThings now() {
    return new OpenThings(livingThreads(), seesFiles() ? descriptors() : Map.of());
  }

  private static Set<Thread> livingThreads() {
    ThreadGroup all = Thread.currentThread().getThreadGroup();
    for (ThreadGroup above = all.getParent(); above != null; above = above.getParent()) {
      all = above;
    }
    Thread[] found = new Thread[2 * all.activeCount() + 16];
    int number = all.enumerate(found);
    Set<Thread> threads = new HashSet<>();
    for (int i = 0; i < number; i++) {
      if (THREADS.contains(found[i].getName())) {
        threads.add(found[i]);
      }
    }
    return threads;
  }

  private static Map<String, String> descriptors() {
    Map<String, String> files = new HashMap<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(DESCRIPTORS)) {
      for (Path descriptor : all) {
        String number = descriptor.getFileName().toString();
        if (!CLASS_PATH.contains(number)) {
          String target = target(descriptor);
          if (target.endsWith(".jar")) {
            CLASS_PATH.add(number);
          } else {
            files.put(number, target);
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return files;
  }

  private static String target(Path descriptor) throws IOException {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (NoSuchFileException e) {
      return ""; // Closed since it was listed.
    }
  }

  /**
   * Returns what is open now and was not open before, in words: files of the product, connections
   * to a database, and threads.
   */
  Set<String> since(OpenThings before) {
    Set<String> left = new TreeSet<>();
    for (Thread thread : threads) {
      if (!before.threads.contains(thread) && thread.isAlive()) {
        left.add("the thread " + thread.getName() + " runs");
      }
    }
    Set<String> known = new HashSet<>(before.files.values());
    Set<String> sockets = new HashSet<>();
    for (String file : files.values()) {
      if (!known.contains(file)) {
        if (file.startsWith(SOCKET)) {
          sockets.add(file);
        } else if (DIRECTORIES.stream().anyMatch(file::startsWith)) {
          left.add("the file " + file + " is open");
        }
      }
    }
    // The table of all connections is read only if there are sockets to look up.
    if (!sockets.isEmpty() && !DATABASES.isEmpty()) {
      long open = connections().stream().filter(sockets::contains).count();
      if (open > 0) {
        left.add(open + " connections to the database are open");
      }
    }
    return left;
  }

  /**
   * Returns the sockets whose other end is a database of the tests, without those that tests keep.
   */
  private static Set<String> connections() {
    Set<String> sockets = new HashSet<>();
    Set<Integer> kept = KeptSockets.ports();
    for (Path table : CONNECTIONS) {
      try {
        for (String line : Files.exists(table) ? Files.readAllLines(table) : List.<String>of()) {
          // "sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode ..."
          String[] fields = line.strip().split("\\s+", 11);
          if (fields[2].indexOf(':') > 0
              && DATABASES.contains(port(fields[2]))
              && !kept.contains(port(fields[1]))) {
            sockets.add(SOCKET + fields[9] + "]");
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return sockets;
  }

  /** Reads the port of an address such as {@code 0100007F:1538}. */
  private static int port(String address) {
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1), 16);
  }
}
