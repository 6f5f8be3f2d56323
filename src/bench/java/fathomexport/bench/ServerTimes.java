package fathomexport.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The processor time of a server and of the processes that it has started, from {@code /proc}.
 *
 * <p>When the server has waited for a process that ended, the kernel moves the time of this process
 * to the server's. The files of all processes cannot be read at one moment, so that they are read
 * again until no time was moved meanwhile. A process that has ended and that the server has not
 * waited for yet still has its file.
 */
final class ServerTimes {
  /** The fields of a state after the name of the process. */
  private static final int STATE = 0;

  private static final int PARENT = 1;
  private static final int FIRST_TIME = 11;
  private static final int FIRST_TIME_OF_ENDED = 13;
  private static final int TIMES_END = 15;

  /** The state while the kernel moves the time of a process: it may be in both places. */
  private static final String BEING_REMOVED = "X";

  private static final Pattern NUMBER = Pattern.compile("\\d+");

  /** Few processes of a server end within the milliseconds that one reading takes. */
  private static final int MOST_READINGS = 100;

  private final Path processes;
  private final long server;

  /**
   * @param processes {@code /proc}, or a directory like it
   * @param server the process id of the server
   */
  ServerTimes(Path processes, long server) {
    this.processes = processes;
    this.server = server;
  }

  /**
   * Returns the process id of the server that a process of its own belongs to.
   *
   * @param process the id of a process that the server has started
   */
  static long serverOf(Path processes, long process) throws IOException {
    return Long.parseLong(state(processes.resolve(Long.toString(process)))[PARENT]);
  }

  /**
   * Returns the ticks of processor time so far: of the server, of the processes that it has started,
   * and of those of them that have ended.
   *
   * @throws IOException if a process cannot be read, or if processes of the server keep ending while
   *     they are read
   */
  long ticks() throws IOException {
    Path own = processes.resolve(Long.toString(server));
    String[] before = state(own);
    for (int i = 0; i < MOST_READINGS; i++) {
      OptionalLong started = ticksOfStarted();
      String[] after = state(own);
      if (started.isPresent()
          && ticks(before, FIRST_TIME_OF_ENDED) == ticks(after, FIRST_TIME_OF_ENDED)) {
        return ticks(after, FIRST_TIME) + started.getAsLong();
      }
      before = after;
    }
    throw new IOException(
        "the processor time of process "
            + server
            + " is not known: in each of "
            + MOST_READINGS
            + " readings, processes that it has started ended while they were read");
  }

  /** Returns the ticks of the processes that the server has started; nothing if one is in doubt. */
  private OptionalLong ticksOfStarted() throws IOException {
    long ticks = 0;
    try (Stream<Path> all = Files.list(processes)) {
      for (Path process : all.filter(this::isAnother).toList()) {
        String[] state;
        try {
          state = state(process);
        } catch (IOException e) {
          if (Files.exists(process)) {
            throw e;
          }
          // It was removed, so that its time is the server's now if the server had started it.
          continue;
        }
        if (Long.parseLong(state[PARENT]) == server) {
          if (state[STATE].equals(BEING_REMOVED)) {
            return OptionalLong.empty();
          }
          ticks += ticks(state, FIRST_TIME);
        }
      }
    }
    return OptionalLong.of(ticks);
  }

  private boolean isAnother(Path directory) {
    String name = directory.getFileName().toString();
    return NUMBER.matcher(name).matches() && Long.parseLong(name) != server;
  }

  /** Returns the fields of the state of a process after its name, which may hold anything. */
  private static String[] state(Path process) throws IOException {
    String text = Files.readString(process.resolve("stat"));
    return text.substring(text.lastIndexOf(')') + 2).split(" ", -1);
  }

  private static long ticks(String[] state, int first) {
    long ticks = 0;
    for (int i = first; i < TIMES_END; i++) {
      ticks += Long.parseLong(state[i]);
    }
    return ticks;
  }
}
