package fathomexport;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Handles SIGINT and SIGTERM, including a second signal, which a shutdown hook would not receive.
 * Uses reflection, because the class for signals is not part of Java's API, and compilers warn of
 * its use without a way to suppress the warning.
 */
final class Signals {
  private static final List<String> NAMES = List.of("INT", "TERM");

  private Signals() {}

  /**
   * Passes the numbers of signals to the handler from now on. A signal that the parent process has
   * set to be ignored, as {@code nohup} does, remains ignored.
   *
   * @return false if this JVM does not allow programs to handle signals
   */
  static boolean handle(IntConsumer handler) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> type = Class.forName("sun.misc.SignalHandler");
      Object ignore = type.getField("SIG_IGN").get(null);
      Object proxy =
          Proxy.newProxyInstance(
              Signals.class.getClassLoader(),
              new Class<?>[] {type},
              (self, method, arguments) ->
                  switch (method.getName()) {
                    case "handle" -> {
                      handler.accept((int) signal.getMethod("getNumber").invoke(arguments[0]));
                      yield null;
                    }
                    case "equals" -> self == arguments[0];
                    case "hashCode" -> System.identityHashCode(self);
                    default -> "signals";
                  });
      for (String name : NAMES) {
        Object one = signal.getConstructor(String.class).newInstance(name);
        Object before = signal.getMethod("handle", signal, type).invoke(null, one, proxy);
        if (before == ignore) {
          signal.getMethod("handle", signal, type).invoke(null, one, ignore);
        }
      }
      return true;
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException) {
        // The JVM was started with -Xrs, or uses the signal itself.
        return false;
      }
      throw new IllegalStateException("signals cannot be handled", e);
    } catch (ReflectiveOperationException e) {
      // A Java without the module jdk.unsupported.
      return false;
    }
  }
}
